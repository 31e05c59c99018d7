"""A replay as JUnit XML and as a page: what an app sends is data in both."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as xml
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from recorder.replay.compare import Difference
from recorder.replay.html import page
from recorder.replay.junit import junit
from recorder.replay.report import OutputReport, Report, Reports, StepReport
from recorder.session import File

HOSTILE = "<script>alert(1)</script> \"'&]]>\x00\ud800\x1b[31m{{ 1 }}"


def a_report(text: str = HOSTILE) -> Reports:
    difference = Difference(path=text, recorded=text, live=f"{text} more", why="differs")
    wrong = OutputReport(name="o", label=text, recorded=text, value=text, differences=(difference,))
    steps = (
        StepReport(id="c1", name="a", endpoint=text, status="ok"),
        StepReport(id="c2", name="b", endpoint="/b", status="ok", outputs=(wrong,), notes=(text,)),
        StepReport(id="c3", name="c", endpoint="/c", status="failed", expected=False, error=text),
        StepReport(
            id="c4", name="d", endpoint="/d", status="not_run", expected=False, error="it needs what c3 gives"
        ),
        StepReport(id="c5", name="e", endpoint="/e"),
    )
    run = Report(url="http://x", steps=steps, values={"name": text}, changes=(text,), timed_out=3)
    return Reports(url="http://x", runs=(run,))


def test_junit_counts_what_differs_what_failed_and_what_was_not_done() -> None:
    (suite,) = xml.fromstring(junit(a_report(), HOSTILE))
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["5", "1", "1", "2"]
    verdicts = [[child.tag for child in case if child.tag != "system-out"] for case in suite.iter("testcase")]
    assert verdicts == [[], ["failure"], ["error"], ["skipped"], ["skipped"]]


@given(st.text())
def test_junit_is_xml_whatever_the_app_said(text: str) -> None:
    assert len(list(xml.fromstring(junit(a_report(text), text)).iter("testcase"))) == 5


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)


def test_the_page_has_no_script_and_asks_nothing_of_the_network(tmp_path: Path) -> None:
    text = page(a_report(), HOSTILE, tmp_path, tmp_path)
    parsed = Tags()
    parsed.feed(text)
    assert "script" not in parsed.tags
    assert "default-src 'none'" in text
    assert "http" not in "".join(text.split('src="')[1:])
    assert "Not as recorded" in text


def test_a_picture_stands_beside_the_one_that_came_and_never_one_from_elsewhere(tmp_path: Path) -> None:
    files, copies = tmp_path / "s", tmp_path / "copies"
    for folder in (files / "s.files", copies):
        folder.mkdir(parents=True)
    (files / "s.files" / "was").write_bytes(b"\x89PNG was")
    (copies / "now").write_bytes(b"\x89PNG now")
    (tmp_path / "secret").write_bytes(b"\x89PNG secret")
    sha256 = hashlib.sha256(b"\x89PNG was").hexdigest()
    was = File(name="was.png", type="image/png", path="s.files/was", sha256=sha256)
    outside = File(name="was.png", type="image/png", path="../secret", sha256="x")
    now = File(name="now.png", type="image/png", sha256="now")
    differences = tuple(Difference(path="", recorded=one, live=now, why="other") for one in (was, outside))
    step = StepReport(
        id="c1",
        name="a",
        endpoint="/a",
        status="ok",
        outputs=(OutputReport(name="o", differences=differences),),
    )
    text = page(Reports(url="", runs=(Report(url="", steps=(step,)),)), "s", files, copies)
    assert text.count("data:image/png;base64,") == 3
    assert text.count("its bytes are not here") == 1
