"""Conversations over WebSockets, in turns: what is said on one before the next call is part of one, what is said after
it of the next."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import msgspec

from recorder.adapters.http.reasons import LOAD_MS
from recorder.adapters.http.traffic import Exchange, Said

PUSHED = "made by the page"
"""How the reason begins for which a WebSocket is no call over which nobody said anything."""


class Turn(msgspec.Struct, kw_only=True, frozen=True, eq=False):
    """A call's part of what went between pages and servers. ``messages``: of a WebSocket. ``opens``: the exchange
    begins with it. ``after``: the exchange before it, on which what was only heard may follow."""

    exchange: Exchange
    at: float
    messages: tuple[Said, ...] = ()
    opens: bool = True
    after: Exchange | None = None

    @property
    def spoken(self) -> Said | None:
        """The first message that a person's act sent."""
        return next((m for m in self.messages if m.sent and m.act is not None), None)


def turns(exchanges: list[Exchange], whys: dict[Exchange, str]) -> list[Turn]:
    """All of ``exchanges`` in the order in which their parts began.

    Args:
        whys: why those are no calls that are none; what is said over a WebSocket before and after a call is apart.
    """
    points = sorted(_points([e for e in exchanges if e not in whys]), key=lambda point: point[0])
    found: list[Turn] = []
    for exchange in exchanges:
        if exchange.method != "WS":
            found.append(Turn(exchange=exchange, at=exchange.at))
            continue
        # Of what is of no interest the parts are of none either.
        is_told = whys.get(exchange, PUSHED).startswith(PUSHED)
        others = [(at, other) for at, other in points if other is not exchange] if is_told else []
        found += _conversation(exchange, others)
    # What a message led to is often of the same moment; what led to a message never is.
    return sorted(found, key=lambda turn: (turn.at, turn.opens))


def _points(kept: list[Exchange]) -> Iterator[tuple[float, Exchange]]:
    for exchange in kept:
        if exchange.method != "WS":
            yield exchange.at, exchange
        else:
            yield from ((m.at, exchange) for m in exchange.messages if m.sent and not m.before)


def _conversation(socket: Exchange, others: list[tuple[float, Exchange]]) -> list[Turn]:
    moments = [at for at, _ in others]
    latest = bisect_left(moments, socket.at)
    parts: list[tuple[int, list[Said]]] = [(latest, [])]
    for message in _said(socket):
        reached = bisect_left(moments, message.at)
        if reached != parts[-1][0]:
            parts.append((reached, []))
        parts[-1][1].append(message)
    return [
        Turn(
            exchange=socket,
            at=messages[0].at if number else socket.at,
            messages=tuple(messages),
            opens=not number,
            after=others[reached - 1][1] if number and reached else None,
        )
        for number, (reached, messages) in enumerate(parts)
    ]


def _said(socket: Exchange) -> list[Said]:
    """The messages, but of those from before the recording only what page and server said as it was opened."""
    begun: list[Said] = []
    for message in socket.messages:
        if message.before and (message.act is not None or message.at - socket.at > LOAD_MS):
            break
        if message.before:
            begun.append(message)
    return begun + [m for m in socket.messages if not m.before]
