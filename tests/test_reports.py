"""Which page is asked to report what, and which is told of which event: tables, without a page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from recorder.capture.pacing import SECONDS, SELDOM, Paced
from recorder.capture.reports import STREAMED, STREAMED_SECONDS, Reports, Streams
from recorder.events import Loaded, Streamed

HERE, ELSEWHERE = "http://app.test", "http://other.test"


@dataclass
class Page:
    page: str
    origin: str = HERE
    greeted: bool = True
    takes_scripts: bool = True
    heard_at: float = 0.0
    asked: set[str] = field(default_factory=set)


def script(id: str = "s1") -> Loaded:
    return Loaded(id=id, method="GET", url=f"{HERE}/{id}.js", how="script", at=0, text="x")


def download(id: str = "s1") -> Loaded:
    return Loaded(id=id, method="GET", url=f"{HERE}/{id}.csv", how="download", at=0)


def event(number: int = 1) -> Streamed:
    return Streamed(url=f"{HERE}/stream", began=0, at=0, type="news", id="", data=str(number))


def test_the_page_of_the_origin_that_spoke_last_is_asked_once() -> None:
    reports = Reports()
    reports.expect(script(), HERE)
    early, late = Page("early", heard_at=1), Page("late", heard_at=2)
    others = [Page("foreign", ELSEWHERE, heard_at=3), Page("silent", greeted=False, heard_at=4)]
    assert [(page.page, loaded.id) for page, loaded in reports.allot([early, late, *others])] == [
        ("late", "s1")
    ]
    assert list(reports.allot([early, late])) == []


def test_another_page_is_asked_where_the_one_that_was_is_gone() -> None:
    reports, gone, left = Reports(), Page("gone", heard_at=2), Page("left", heard_at=1)
    reports.expect(script(), HERE)
    assert [page for page, _ in reports.allot([gone, left])] == [gone]
    assert [page for page, _ in reports.allot([left])] == [left]
    reports.told("s1")
    assert list(reports.allot([Page("new")])) == []


def test_a_download_is_asked_of_one_page_only_and_a_script_of_those_that_take_them() -> None:
    reports, page, other = Reports(), Page("one", takes_scripts=False), Page("other", takes_scripts=False)
    reports.expect(script("s1"), HERE)
    reports.expect(download("s2"), HERE)
    assert [loaded.id for _, loaded in reports.allot([page])] == ["s2"]
    assert list(reports.allot([other])) == []


def test_an_event_of_a_stream_is_told_once_to_each_page_of_its_origin() -> None:
    streams, page, foreign, late = Streams(), Page("one"), Page("two", ELSEWHERE), Page("late")
    assert streams.add(event(), HERE, 100.0, [page, foreign]) == [page]
    assert streams.missed_by(page, 100.0) == streams.missed_by(foreign, 100.0) == []
    assert streams.missed_by(late, 100.0) == [event()]
    assert streams.missed_by(late, 100.0) == []


def test_events_of_streams_are_kept_for_a_while_and_not_without_bound() -> None:
    streams = Streams()
    for number in range(STREAMED + 100):
        streams.add(event(number), HERE, 100.0, [])
    missed = streams.missed_by(Page("late"), 100.0)
    assert STREAMED <= len(missed) <= STREAMED + 1 and missed[-1] == event(STREAMED + 99)
    assert streams.missed_by(Page("later"), 100.0 + STREAMED_SECONDS) == []


async def test_work_that_is_asked_for_many_times_is_done_once() -> None:
    done, over = 0, asyncio.Event()

    def work() -> None:
        nonlocal done
        done += 1
        over.set()

    paced = Paced(work)
    for _ in range(100):
        paced.soon()
    await asyncio.wait_for(over.wait(), 30)
    assert done == 1
    paced.soon()
    paced.now()
    assert done == 2 and paced._timer is None


def test_costly_work_is_done_more_seldom_but_not_for_ever() -> None:
    paced = Paced(lambda: None, share=30)
    pauses = []
    for paced.took in (0.0, 0.001, 0.01, 100.0):
        pauses.append(paced.pause)
    assert pauses == [SECONDS, SECONDS, 0.3, SELDOM]
