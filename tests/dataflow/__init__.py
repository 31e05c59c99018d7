"""Conversations of web apps whose data flow is known, made from a seed: how well the recorder finds links.

``template`` has values by name and texts made of them, ``looks`` the values, ``world`` an app and a conversation with
it, ``sources``, ``sinks`` and ``making`` make one from a seed. ``events`` records it, ``running`` runs a workflow
against a fresh start of it, ``scoring`` compares what was sent with what is right, and ``oracle`` writes the right
workflow from the world's own knowledge. ``python -m tests.dataflow`` prints the table.
"""
