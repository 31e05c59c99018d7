"""Data flow: where each value that a call sends came from, decided by what was observed. Pure.

``texts`` measures how unlikely it is that two texts are equal by chance, and how well two names agree. ``sent``
lists what calls send, ``received`` indexes what the app sent, ``person`` holds what the person typed, chose and
clicked, and ``made`` what the page made itself. ``choice`` selects items of lists by what the person chose,
``forms`` finds the fields of submitted forms. ``decision`` weighs the candidates for each sent value and keeps
the evidence.
"""
