"""What is taken for a secret, by the page's script and by Python: one policy, and one table for both."""

from __future__ import annotations

import base64
import functools
import json
import re
import subprocess
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest

from recorder import events
from recorder import session as sessions
from recorder.adapters import Selection, workflow
from recorder.adapters.http.fold import HttpFold
from recorder.events import (
    Act,
    AnyEvent,
    Body,
    Done,
    Made,
    Mark,
    PageOpened,
    Request,
    Response,
    Secret,
    Typed,
)
from recorder.redact import Redactor, digest, redacted, secret_in, settled, spellings, undigested
from recorder.render import render
from tests.planted import HERE, by_the_page, cases, facts
from tests.planted.known import opaque, planted

ALLOWED: dict[str, str] = {}
"""Planted secrets that come through, each with the reason."""


def every() -> list[tuple[str, str, str]]:
    return [*planted(), *cases("unseen"), *cases("second")]


@functools.lru_cache(maxsize=1)
def _page() -> list[str]:
    given = [facts(place, text) for place, text, _ in [*every(), *cases("plain")]]
    return [json.dumps(made, ensure_ascii=False) for made in by_the_page(given)]


@functools.lru_cache(maxsize=1)
def _python() -> list[str]:
    made = []
    for place, text, _ in [*every(), *cases("plain")]:
        redactor = Redactor()
        made.append(json.dumps([redactor.clean(fact) for fact in facts(place, text)], ensure_ascii=False))
    return made


_BY_CHANCE = re.compile(
    r'"(?:digest|salt)": ?"[^"]*"|(?<=recorder-secret:)[0-9a-f]{16}|(?<=recorder-secret%3A)[0-9a-f]{16}'
)
"""Random texts, which may hold a secret of three or four characters by chance."""


SIDES = {"page": _page, "python": _python}


@pytest.mark.parametrize("side", SIDES)
def test_of_250_planted_secrets_none_comes_through(side: str) -> None:
    table = every()
    assert len(table) >= 250 and len(cases("unseen")) == 60
    through = [
        f"{place}: {text[:120]!r}: {secret}"
        for (place, text, secret), made in zip(
            table, (_BY_CHANCE.sub("", made) for made in SIDES[side]()), strict=False
        )
        if {secret, unquote(secret), json.dumps(secret)[1:-1]}
        & {part for part in (secret, unquote(secret)) if part in made}
    ]
    through = [each for each in through if not any(known in each for known in ALLOWED)]
    assert not through, "\n".join(through)


@pytest.mark.parametrize("side", SIDES)
def test_what_is_plainly_no_secret_stays(side: str) -> None:
    plain = cases("plain")
    made = SIDES[side]()[-len(plain) :]
    gone = [
        f"{place}: {text}: {kept}"
        for (place, text, kept), m in zip(plain, made, strict=True)
        if kept not in m
    ]
    assert not gone, "\n".join(gone)


@pytest.mark.parametrize("side", SIDES)
def test_slashes_in_base64_make_no_path(side: str) -> None:
    piece = "/sHpl/jzx9k3QmT7vLw2Pq8RzY/JZt4ojqZ"
    short, long = f"data:image/png;base64,iVBOR{piece}", "9j4AAQ" * 60 + piece + "AbCd9" * 60
    for text in (short, long):
        body = facts("body:application/json", json.dumps({"image": text}))
        if side == "page":
            made = json.dumps(by_the_page([body]))
        else:
            made = json.dumps([Redactor().clean(fact) for fact in body])
        assert text in made


def test_both_sides_leave_valid_json() -> None:
    for place, text, _ in every():
        if place.endswith("application/json") and not place.startswith("chunk"):
            redactor = Redactor()
            for fact in facts(place, text):
                if body := redactor.clean(fact).get("body"):
                    json.loads(body["text"])


def test_both_sides_make_the_same_digest() -> None:
    texts = ["", "a", "hunter2hunter", "ü😀\u2028", "x" * 500, "1f4k9" + opaque()]
    program = (HERE.parents[1] / "static/recorder/redact.js").read_text(encoding="utf-8")
    start = program.index("function digest(text)")
    function = program[start : program.index("\n}", start) + 2]
    script = f"{function}\nconsole.log(JSON.stringify({json.dumps(texts)}.map(digest)));"
    done = subprocess.run(["node", "-e", script], capture_output=True, check=True, text=True)
    assert json.loads(done.stdout) == [digest(text) for text in texts]


def test_a_typed_password_is_found_in_base64_too() -> None:
    redactor = Redactor()
    value = "open sesame 42"
    redactor.clean(facts("body:application/json", json.dumps({"password": value}))[0])
    coded = base64.b64encode(value.encode()).decode()
    made = redactor.clean(
        {"t": "request", "id": "r", "method": "GET", "url": f"https://a.test/?q={coded}", "headers": []}
    )
    assert coded not in json.dumps(made)


FILES = {
    ".env": b"OPENAI_API_KEY=abcdefgh12345678\n",
    "prod.env": b"X=1\n",
    ".npmrc": b"//registry.test/:_authToken=abc123abc123\n",
    ".netrc": b"machine a.test login ann password pw-123\n",
    "sa.json": b'{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\\nabc"}',
    "notes.txt": b"export DB_PASSWORD=correct-horse\n",
    "id_rsa": b"-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_secrets_is_not_kept(name: str) -> None:
    assert secret_in(FILES[name], name)
    address = "data:text/plain;base64," + base64.b64encode(FILES[name]).decode()
    fact = facts(f"file:{name}", address)
    assert "value" not in by_the_page([fact])[0][0]["body"]["parts"][0]
    assert "value" not in Redactor().clean(fact[0])["body"]["parts"][0]


@pytest.mark.parametrize("name", ["letter.txt", "photo.png", "table.csv", "app.json"])
def test_an_ordinary_file_is_kept(name: str) -> None:
    assert not secret_in(b"name,weight\noil,12\nthe password is secret\n", name)


# Secrets decided over the whole recording


SALT = "1x2y3z"


def told(value: str, name: str = "RECORDER_SECRET_AUTHORIZATION", nonce: str = "0123456789abcdef") -> Secret:
    return Secret(
        page="p", seq=9, at=9.0, name=name, placeholder=f"[recorder-secret:{nonce}:{name}]",
        digest=digest(SALT + value), length=len(value), salt=SALT,
    )  # fmt: skip


def exchange(reply: str, header: str, url: str = "https://app.test/me") -> list[AnyEvent]:
    first = Request(page="p", seq=1, at=1.0, id="r1", method="POST", url="https://app.test/keys")
    answer = Response(
        page="p", seq=2, at=2.0, id="r1", status=200, headers=(("content-type", "application/json"),)
    )
    done = Done(page="p", seq=3, at=3.0, id="r1", body=Body(kind="text", text=reply))
    second = Request(
        page="p", seq=4, at=4.0, id="r2", method="GET", url=url, headers=(("authorization", header),)
    )
    return [first, answer, done, second]


def dumped(made: list[AnyEvent]) -> str:
    return "\n".join(map(events.dump, made))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda value: json.dumps({"key": value}),
        lambda value: json.dumps({"note": f"your key is {value}, keep it"}),
        lambda value: f"<p>{value}</p>",
        lambda value: json.dumps({"next": f"https://app.test/cb?code={quote(value)}&x=1"}),
        lambda value: json.dumps({"inner": json.dumps({"key": value})}),
    ],
)
@pytest.mark.parametrize("value", ["kx83hf92jd83hf92", "a1b2-c3d4-e5f6-g7h8-i9j0", "Xk9$mQ2!vL7#pR4w"])
def test_what_the_app_gave_before_it_was_known_for_a_secret_has_its_placeholder(
    value: str, wrap: Callable[[str], str]
) -> None:
    secret = told(value)
    made, is_other = settled([*exchange(wrap(value), f"Token {secret.placeholder}"), secret])
    assert is_other and value not in dumped(made)
    assert dumped(made).count(secret.placeholder) == 3


def test_a_recording_in_which_nothing_stood_in_clear_stays_as_it_is() -> None:
    told_events = [*exchange('{"key": "other"}', "x"), told(opaque())]
    assert settled(told_events) == (told_events, False)


def test_one_value_has_one_placeholder_in_all_documents() -> None:
    value = opaque()
    one, two = told(value), told(value, "RECORDER_SECRET_TOKEN", "fedcba9876543210")
    made, _ = settled([*exchange("{}", one.placeholder), one, *exchange("{}", two.placeholder), two])
    assert two.placeholder not in dumped(made) and dumped(made).count(one.placeholder) == 3


def test_an_imported_recording_is_decided_over_the_whole_of_it_too() -> None:
    value = opaque()
    opened = PageOpened(page="p", seq=0, at=0.0, url="https://app.test/")
    made = redacted([opened, *exchange(json.dumps({"key": value}), f"Token {value}")])
    assert value not in dumped(made)
    (secret,) = (event for event in made if isinstance(event, Secret))
    assert dumped(made).count(secret.placeholder) == 3


def test_a_value_that_the_app_gave_is_linked_and_asks_for_no_variable() -> None:
    value = "kx83hf92jd83hf92"
    secret = told(value)
    fold = HttpFold()
    before = [
        Mark(page="", seq=0, at=0.0, what="start", url="https://app.test/"),
        PageOpened(page="p", seq=1, at=0.5, url="https://app.test/"),
        Act(page="p", seq=1, at=0.9, id="a1", kind="click", role="button", name="Go"),
    ]
    made, _ = settled([*before, *exchange(json.dumps({"key": value}), f"Token {secret.placeholder}"), secret])
    for event in made:
        fold.feed(event)
    fold.feed(Response(page="p", seq=5, at=5.0, id="r2", status=200))
    fold.feed(Done(page="p", seq=6, at=6.0, id="r2", body=Body(kind="text", text="{}")))
    session = fold.session()
    assert value not in sessions.dump(session)
    text = render(workflow(session, Selection(raw=True)), "python")
    assert "RECORDER_SECRET" not in text and '["key"]' in text, text


def test_a_token_of_letters_only_has_its_placeholder_where_it_is_all_of_a_value() -> None:
    secret = told("kqzvbmwt")
    given = json.dumps({"key": "kqzvbmwt", "about": "the word kqzvbmwt in a sentence"})
    made, _ = settled([*exchange(given, f"Token {secret.placeholder}"), secret])
    assert dumped(made).count(secret.placeholder) == 3
    assert "the word kqzvbmwt in a sentence" in dumped(made)


def test_a_word_that_only_the_app_calls_a_secret_stays_where_it_stands_elsewhere() -> None:
    secret = told("English")
    given = json.dumps([{"token": secret.placeholder}, {"language": "English"}])
    told_events = [*exchange(given, "x"), secret]
    assert settled(told_events) == (told_events, False)


def test_what_was_typed_and_is_sent_as_a_secret_later_is_no_longer_told_in_clear() -> None:
    secret = told("open sesame")
    typed = Typed(page="p", seq=9, at=0.1, control="i1", kind="text", value="open sesame", label="Phrase")
    other = Typed(
        page="p", seq=8, at=0.1, control="i2", kind="text", value="I say open sesame", label="Story"
    )
    made, _ = settled([typed, other, *exchange("{}", secret.placeholder), secret])
    assert [event.value for event in made if isinstance(event, Typed)] == [secret.placeholder, other.value]


@pytest.mark.parametrize("form", ["hex", "base64", "base64url", "uuid"])
def test_bytes_that_the_page_drew_and_a_secret_spells_are_drawn_again(form: str) -> None:
    content = bytes(range(200, 216))
    secret = told(spellings(content)[form])  # type: ignore[index]
    drawn = Made(page="p", seq=7, at=0.1, how="random", value=content.hex())
    made, _ = settled([drawn, *exchange("{}", secret.placeholder), secret])
    (found,) = (event for event in made if isinstance(event, Made))
    assert (found.value, found.form, found.size) == (secret.placeholder, form, 16)


def test_a_settled_secret_leaves_no_digest_to_guess_it_by() -> None:
    secret = undigested(told("kqzvbmwt"))
    assert isinstance(secret, Secret) and (secret.digest, secret.length, secret.salt) == ("", 0, "")
