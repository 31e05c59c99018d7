"""Data flow: where each value that a call sends came from, decided by what was observed. Pure.

``texts`` measures how unlikely it is that two equal texts are equal by chance, and how well two names agree.
``received`` indexes what the app sent. ``typed`` and ``made`` hold what the person and the page made.
``choice`` selects items of lists by what the person chose. ``decision`` weighs the candidates for one sent
value and keeps the evidence.
"""
