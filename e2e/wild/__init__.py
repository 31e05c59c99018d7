"""Real applications that nobody here wrote: is each job that a person does in them done again by its script?

One file per application, a module with:

=================== ==============================================================================================
``REQUIREMENTS``    pinned PyPI requirements, or npm packages where ``NPM`` is true; the first is the application
``ACTS``            what the person does, an act a line
``SECRETS``         optional: what the person knows, by the end of the name that a script asks for it by
``START``           optional: the address that the person opens first (``/``)
``start(instance)`` starts the application on a fresh folder with known credentials
``drive(page, folder)``  the person's job, on a page that shows ``START``; only clicks and typing
``more(instance)``  creates one more record of the same kind, through the application's own API or command
``state(instance)`` what there is now, by the application's own API or database, without ids, times and tokens
=================== ==============================================================================================

:mod:`e2e.wild.running` records the job, makes the script, and holds what the script and ``recorder replay`` do against
what the same person does by hand. All three find a fresh instance with one record more than the recording had.
"""
