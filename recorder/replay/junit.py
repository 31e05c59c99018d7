"""A replay as JUnit XML, which build servers read: a suite a run, a case a step.

The form is the one that Jenkins and its kin agree on (``testsuites``, ``testsuite``, ``testcase`` with ``failure``,
``error`` or ``skipped``).
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as xml

from recorder.replay.report import Report, Reports, StepReport

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(reports: Reports, name: str) -> bytes:
    """The text of the file, in UTF-8.

    Args:
        name: what the session is called.
    """
    root = xml.Element("testsuites", name=_text(name), time=f"{reports.seconds:.3f}")
    for number, run in enumerate(reports.runs, 1):
        _suite(root, run, _text(name if len(reports.runs) == 1 else f"{name} run {number}"))
    xml.indent(root)
    text: str = xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _suite(root: xml.Element, run: Report, name: str) -> None:
    cases = [(step, _verdict(step)) for step in run.steps]
    suite = xml.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(sum(verdict == "failure" for _, verdict in cases)),
        errors=str(sum(verdict == "error" for _, verdict in cases)),
        skipped=str(sum(verdict == "skipped" for _, verdict in cases)),
        time=f"{run.seconds:.3f}",
    )
    if run.values:
        properties = xml.SubElement(suite, "properties")
        for key, value in run.values.items():
            xml.SubElement(properties, "property", name=_text(key), value=_text(value))
    for step, verdict in cases:
        case = xml.SubElement(
            suite,
            "testcase",
            classname=name,
            name=_text(f"{step.id} {step.endpoint}"),
            time=f"{step.seconds:.3f}",
        )
        if verdict:
            told = step.sentences() or [step.error or "not done"]
            found = xml.SubElement(case, verdict, message=_text(told[0]))
            if verdict != "skipped":
                found.text = _text("\n".join(told))
        if step.notes or step.not_compared:
            xml.SubElement(case, "system-out").text = _text(
                "\n".join([*step.notes, step.not_compared]).strip()
            )
    if run.changes:
        xml.SubElement(suite, "system-out").text = _text("\n".join(run.changes))


def _verdict(step: StepReport) -> str:
    """``failure`` where outputs differ, ``error`` where the call did not end as it did, ``skipped`` where it was
    not made, empty where all is well."""
    if step.status in ("waiting", "stopped", "not_run"):
        return "skipped"
    if not step.expected:
        return "error"
    return "" if step.ok else "failure"


def _text(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
