"""Values that the page makes itself: random ones, moments, digests."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from tests.dataflow import looks
from tests.dataflow.making import Making
from tests.dataflow.sinks import SINKS
from tests.dataflow.sources import Given
from tests.dataflow.template import Fn, Node, Now, Ref, cat
from tests.dataflow.world import Control, Exchange, Locator, Symbol

PLACES = (
    "header",
    "JSON leaf",
    "JSON leaf, nested",
    "query value",
    "form field",
    "path segment",
    "GraphQL variable",
    "multipart field",
)
FORMS = ("uuid", "hex", "base64", "base64url")


def generated(m: Making, kind: str = "") -> None:
    """A request, or two, that send what the page made."""
    kind = kind or m.rng.choice((*FORMS, "time", "time", "digest", "digest", "challenge"))
    if kind in FORMS:
        _random(m, kind)
    elif kind == "time":
        _time(m)
    elif kind == "digest":
        _digest(m)
    else:
        _challenge(m)


def _symbol(m: Making, form: str, size: int = 0) -> tuple[Symbol, dict[str, Any]]:
    rng = m.rng
    if form == "uuid":
        text = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        symbol = m.symbol("generated", "random UUID", text, None, form=form)
        return symbol, {"how": "uuid", "value": Ref(symbol.name)}
    size = size or rng.choice((8, 12, 16, 20, 32))
    while True:
        content = rng.getrandbits(8 * size).to_bytes(size, "big")
        plain = base64.b64encode(content).decode()
        url = base64.urlsafe_b64encode(content).decode().rstrip("=")
        # Where both are the same, nothing shows which one it is.
        if form == "hex" or plain != url:
            break
    text = {"hex": content.hex(), "base64": plain, "base64url": url}[form]
    symbol = m.symbol("generated", f"random {form}", text, None, form=form, size=size)
    return symbol, {"how": "random", "value": content.hex()}


def _random(m: Making, form: str) -> None:
    symbol, made = _symbol(m, form)
    noun = m.noun()
    places = [place for place in PLACES if not (form == "base64" and place == "path segment")]
    key = m.rng.choice((f"{noun}_key", "client_ref", "nonce", "Idempotency-Key", "request_id", f"{noun}_id"))
    given = Given(symbol=symbol, noun=noun, key=key)
    for number in range(m.rng.choice((1, 1, 2))):
        place = m.rng.choice(places)
        exchange = SINKS[place].send(m, given, key, m.click("Send"))
        m.kinds.append(place)
        if not number:
            exchange.made.append(made)
            if (
                m.rng.random() < 0.3
                and isinstance(exchange.answer, dict)
                and "jsonrpc" not in exchange.answer
            ):
                exchange.answer = {**exchange.answer, "accepted": Ref(symbol.name)}
    m.kinds.append(symbol.source)


def _writing(m: Making, members: dict[str, Node], controls: tuple[Control, ...] = ()) -> Exchange:
    exchange = m.api(
        m.noun(), "POST", verb=m.verb(), body_kind=m.rng.choice(("json", "json", "form")), answer={"ok": True}
    )
    exchange.deed = m.click("Send", controls=controls)
    members = m.shuffled({**members, "source": "web"})
    exchange.body = members if exchange.body_kind == "json" else list(members.items())
    return exchange


def _time(m: Making) -> None:
    form: Any = m.rng.choice(("ms", "s", "iso"))
    key = m.rng.choice(("timestamp", "sentAt", "client_time", "at"))
    _writing(m, {key: Now(form)})
    m.kinds.append("time")


def _digest(m: Making) -> None:
    rng = m.rng
    typed = m.typed()
    control = Control(label="Answer", field="answer", node=Ref(typed.name))
    algorithm: Any = rng.choice(("md5", "sha1", "sha256"))
    parts: tuple[Node, ...] = (Ref(typed.name),)
    # Of what no witness told, only the digest of one value can be recognized.
    if algorithm != "md5" and rng.random() < 0.6:
        exchange = m.api(m.noun(), "GET", verb="challenge", answer={"ok": True})
        strong = tuple(look for look in looks.ANYWHERE if look not in ("lower", "short alnum"))
        nonce = m.received("part of a digest", strong)
        nonce.locator = Locator(m.index(exchange), path=("nonce",))
        exchange.answer = {**m.filler(), "nonce": Ref(nonce.name)}
        parts = rng.choice(((Ref(nonce.name), Ref(typed.name)), (Ref(nonce.name), ":", Ref(typed.name))))
    of: Node = parts[0] if len(parts) == 1 else cat(*parts)
    digest = Fn(algorithm, of)
    members: dict[str, Node] = {rng.choice(("hash", "signature", "proof")): digest}
    if rng.random() < 0.7:
        members["answer"] = Ref(typed.name)
    exchange = _writing(m, members, (control,))
    if algorithm != "md5":
        exchange.made.append(
            {"how": "digest", "value": digest, "of": of, "algorithm": f"SHA-{algorithm[3:]}"}
        )
    m.kinds.append("digest")


def _challenge(m: Making) -> None:
    """A verifier whose digest is sent first, as in OAuth."""
    symbol, made = _symbol(m, "base64url", 32)
    ref = Ref(symbol.name)
    digest = Fn("sha256url", ref)
    exchange = m.api(m.noun(), "GET", verb="authorize", answer={"ok": True})
    exchange.query = [("code_challenge_method", "S256"), ("code_challenge", digest)]
    exchange.made += [made, {"how": "digest", "value": Fn("sha256", ref), "of": ref, "algorithm": "SHA-256"}]
    _writing(m, {"code_verifier": ref})
    m.kinds.append("challenge")
