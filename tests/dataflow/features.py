"""What a world is made of: features with sources and sinks, decoys, noise."""

from __future__ import annotations

from typing import Any

from tests.dataflow import documents, encodings, looks, sockets
from tests.dataflow.cookies import COOKIES, UNSEEN
from tests.dataflow.generated import generated
from tests.dataflow.making import Making
from tests.dataflow.sinks import SINKS, Sink
from tests.dataflow.sources import SOURCES, Given, Source
from tests.dataflow.stories import STORIES
from tests.dataflow.world import Deed, Exchange, World


def world(seed: int, source: str = "", sink: str = "") -> World:
    """The world of a seed, with at least one feature of the given kinds."""
    m = Making(seed)
    rng = m.rng
    first = Exchange(path=[], how="document", optional=True)
    first.before = rng.random() < 0.5
    m.add(first)
    m.open(first)
    _load(m)
    for number in range(rng.choice((1, 1, 2, 2, 3))):
        _noise(m)
        if rng.random() < 0.2 and (number or not (source or sink)):
            kind = rng.choice(sorted(STORIES))
            m.kinds.append(kind)
            STORIES[kind](m)
        elif rng.random() < 0.15 and (number or not (source or sink)):
            generated(m)
        else:
            _feature(m, source if not number else "", sink if not number else "")
    _noise(m)
    return m.world(seed)


def _load(m: Making) -> None:
    """What the page reads as it loads."""
    for name in m.rng.sample(("me", "settings", "flags", "menu"), m.rng.randint(0, 2)):
        noise = Exchange(path=["api", name], answer={"name": name, **m.filler()}, optional=True, noise=True)
        noise.before = m.doc.exchange.before
        m.add(noise)


def _noise(m: Making) -> None:
    """What a page asks by itself, again and again or to tell its maker."""
    rng = m.rng
    kind = rng.choice(("", "", "", "poll", "telemetry", "read"))
    noise: dict[str, Any] = {"optional": True, "noise": True, "pause": 4000.0}
    number = len(m.exchanges)
    if kind == "poll":
        for _ in range(rng.randint(3, 5)):
            m.add(
                Exchange(
                    path=["api", "status", str(number)], answer={"state": "idle", "busy": False}, **noise
                )
            )
    elif kind == "telemetry":
        body = {"event": "view", "page": "/", "session": looks.valued("hex", rng)}
        m.add(
            Exchange(
                method="POST",
                path=["collect"],
                body_kind="json",
                body=body,
                status=204,
                media="",
                how="beacon",
                **noise,
            )
        )
    elif kind == "read":
        m.add(
            Exchange(path=["api", "notifications", str(number)], answer={"items": [], **m.filler()}, **noise)
        )


def _feature(m: Making, source_kind: str, sink_kind: str) -> None:
    """A value that the app gives and a request that sends it."""
    rng = m.rng
    source = SOURCES[source_kind or rng.choice(sorted(SOURCES))]
    sink = SINKS[sink_kind or rng.choice(sorted(SINKS))]
    if source.kind == "HttpOnly cookie":
        sink = SINKS["cookie"]
    elif sink.kind == "cookie" and source.kind not in COOKIES:
        source = SOURCES[rng.choice(COOKIES)]
    elif source.kind in COOKIES and sink.kind in UNSEEN:
        sink = SINKS[rng.choice(("header", "form field", "JSON leaf"))]
    both = tuple(look for look in source.fitting if look in sink.fitting)
    noun = m.noun()
    fitting = both if _can_be_weak(source, sink) else tuple(look for look in both if not _may_be_weak(look))
    key = rng.choice(
        (looks.id_names(noun, rng), looks.id_names(noun, rng), f"{noun}_{rng.choice(looks.SECRETS)}", "id")
    )
    if (source.telling or sink.telling) and not any(look in looks.RICH for look in fitting):
        return
    m.telling = source.telling or sink.telling
    if key == "id" and not source.kind.startswith(("JSON member", "JSON nested", "JSON list")):
        key = looks.id_names(noun, rng)
    given = source.give(m, noun, key, fitting)
    m.telling = False
    sent_as = _sent_as(m, given, sink)
    deed = given.deed or Deed(name=rng.choice(("Go", "Send", "Apply", "Run")))
    sink.send(m, given, sent_as, deed)
    for kind in (source.kind, sink.kind):
        m.kinds.append(kind)


def _may_be_weak(look: str) -> bool:
    return look in ("lower", "short alnum", "small number", "number", "digits")


def _can_be_weak(source: Source, sink: Sink) -> bool:
    """Whether there is a second witness: names on both sides, or the record that the person chose."""
    return source.chosen or (source.named and sink.named)


def _sent_as(m: Making, given: Given, sink: Sink) -> str:
    """The name under which the value is sent: related to where it was if the value alone says too little."""
    rng = m.rng
    own = given.key
    if own.startswith(("X-", "data-")) or "-" in own:
        own = own.removeprefix("X-").removeprefix("data-").replace("-", "_").lower()
    related = [own] if own and own != "id" else [f"{given.noun}_id", f"{given.noun}Id"]
    if own.lower().removeprefix(given.noun).lstrip("_") in ("id", "uid"):
        related.append(f"{given.noun}_id")
    if given.deed is not None or not looks.is_weak(given.symbol.recorded):
        related += rng.sample(("x", "target_ref", "for", "ctx", "sel"), 2)
    return rng.choice(related)


__all__ = ["Given", "documents", "encodings", "sockets", "world"]
