"""What a world is made of: features with sources and sinks, decoys, noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.dataflow import documents, encodings, looks, sockets
from tests.dataflow.cookies import COOKIES, UNSEEN
from tests.dataflow.generated import generated
from tests.dataflow.making import Making
from tests.dataflow.sinks import SINKS, Sink
from tests.dataflow.sources import SOURCES, Given, Source
from tests.dataflow.stories import STORIES
from tests.dataflow.template import cat
from tests.dataflow.world import Deed, Exchange, World

DOCUMENTS = frozenset(documents.KINDS)


def world(seed: int, source: str = "", sink: str = "") -> World:
    """The world of a seed, with at least one feature of the given kinds."""
    m = Making(seed)
    rng = m.rng
    first = Exchange(path=[], how="document", optional=True)
    first.before = rng.random() < 0.5
    m.add(first)
    m.open(first)
    _load(m)
    pending: list[Callable[[], None]] = []
    for number in range(rng.choice((1, 1, 2, 2, 3))):
        _noise(m)
        if rng.random() < 0.25 and (number or not (source or sink)):
            kind = rng.choice(sorted(STORIES))
            m.kinds.append(kind)
            STORIES[kind](m)
        elif rng.random() < 0.15 and (number or not (source or sink)):
            generated(m)
        else:
            pending.append(_feature(m, source if not number else "", sink if not number else ""))
        # What was given is sent at once, or after something else was given.
        while pending and rng.random() < 0.75:
            pending.pop(0)()
    for send in pending:
        send()
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
    kind = rng.choice(("", "", "", "", "poll", "telemetry", "read", "tracker"))
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
    elif kind == "tracker":
        noise |= {"elsewhere": "https://metrics.example", "pause": 500.0}
        query: list[tuple[Any, Any]] = [("v", "2"), ("tid", "G-1234"), ("cid", looks.valued("digits", rng))]
        m.add(Exchange(path=["g", "collect"], query=query, status=204, media="", **noise))
    elif kind == "read":
        m.add(
            Exchange(path=["api", "notifications", str(number)], answer={"items": [], **m.filler()}, **noise)
        )


def _feature(m: Making, source_kind: str, sink_kind: str) -> Callable[[], None]:
    """A value that the app gives; what is returned adds the requests that send it."""
    rng = m.rng
    source = SOURCES[source_kind or rng.choice(sorted(SOURCES))]
    sink = SINKS[sink_kind or rng.choice(sorted(SINKS))]
    if source.kind == "HttpOnly cookie":
        sink = SINKS["cookie"]
    elif sink.kind == "cookie" and source.kind not in COOKIES:
        source = SOURCES[rng.choice(COOKIES)]
    elif source.kind in COOKIES and sink.kind in UNSEEN:
        sink = SINKS[rng.choice(("header", "form field", "JSON leaf"))]
    noun = m.noun()
    key = rng.choice(
        (looks.id_names(noun, rng), looks.id_names(noun, rng), f"{noun}_{rng.choice(looks.SECRETS)}", "id")
    )
    fitting = tuple(look for look in source.fitting if look in sink.fitting)
    # A segment of a path is named by what it is the id of.
    is_told = _is_id(noun, key) or source.chosen or sink.kind not in ("path segment", "address and body")
    if not (is_told and _can_be_weak(source, sink)):
        fitting = tuple(look for look in fitting if not _may_be_weak(look))
    if (source.telling or sink.telling) and not any(look in looks.RICH for look in fitting):
        return lambda: None
    m.telling = source.telling or sink.telling
    if key == "id" and not source.kind.startswith(("JSON member", "JSON nested", "JSON list")):
        key = looks.id_names(noun, rng)
    given = source.give(m, noun, key, fitting)
    m.telling = False

    def send() -> None:
        deed = given.deed or Deed(name=rng.choice(("Go", "Send", "Apply", "Run")))
        first = sink.send(m, given, _sent_as(m, given, sink), deed)
        m.kinds.extend((source.kind, sink.kind))
        _echo(m, given, first)
        again = SINKS[rng.choice(sorted(SINKS))]
        if rng.random() < 0.2 and _fits_again(given, source, again):
            # The same value in another request, which nothing but the value belongs to.
            given.deed = None
            _echo(m, given, again.send(m, given, _sent_as(m, given, again), m.click()))
            m.kinds.append(again.kind)

    if source.kind in DOCUMENTS:
        # The person acts in the document that holds the value.
        send()
        return lambda: None
    return send


def _fits_again(given: Given, source: Source, sink: Sink) -> bool:
    value = given.symbol.recorded
    plain = isinstance(value, str) and value.isascii() and value.replace("_", "").replace("-", "").isalnum()
    fresh = isinstance(given.symbol.fresh, str) and given.symbol.fresh.isascii()
    rich = any(not (c.isalnum() or c in "-_.") for c in str(given.symbol.fresh))
    if source.kind in COOKIES or sink.kind.startswith("cookie") or sink.telling or looks.is_weak(value):
        return False
    return plain and fresh and not rich


def _echo(m: Making, given: Given, exchange: Exchange) -> None:
    """Sometimes the app says again what it was sent."""
    answer = exchange.answer
    if (
        exchange.media != "json"
        or not isinstance(answer, dict)
        or "jsonrpc" in answer
        or m.rng.random() > 0.2
    ):
        return
    name = m.rng.choice(("message", "target", "saved"))
    ref = given.ref
    exchange.answer = {**answer, name: cat("Done: ", ref, ".") if name == "message" else ref}


def _may_be_weak(look: str) -> bool:
    return look in ("lower", "short alnum", "small number", "number", "digits")


def _can_be_weak(source: Source, sink: Sink) -> bool:
    """Whether there is a second witness: names on both sides, or the record that the person chose. Inside a longer text
    there is none."""
    return sink.named and (source.chosen or source.named)


def _is_id(noun: str, key: str) -> bool:
    return key.lower().removeprefix(noun).lstrip("_") in ("id", "uid")


def _sent_as(m: Making, given: Given, sink: Sink) -> str:
    """The name under which the value is sent: related to where it was if the value alone says too little."""
    rng = m.rng
    own = given.key
    if own.startswith(("X-", "data-")) or "-" in own:
        own = own.removeprefix("X-").removeprefix("data-").replace("-", "_").lower()
    related = [own] if own and own != "id" else [f"{given.noun}_id", f"{given.noun}Id"]
    if _is_id(given.noun, own):
        related.append(f"{given.noun}_id")
    if given.deed is not None or not looks.is_weak(given.symbol.recorded):
        related += rng.sample(("x", "target_ref", "for", "ctx", "sel"), 2)
    return rng.choice(related)


__all__ = ["Given", "documents", "encodings", "sockets", "world"]
