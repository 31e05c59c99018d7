"""The way into the page: linked modules, a tag in a document that passes through, an amended policy."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.capture import documents
from recorder.capture.inject import (
    HtmlInjector,
    LinkError,
    amend_csp,
    init_script,
    link,
    recorder_script,
    script_tag,
    static_folder,
    worker_script,
)

TAG = b"[TAG]"


def inject(document: bytes, *cuts: int) -> bytes:
    """``document`` with the tag in it, fed in pieces that end at ``cuts``."""
    injector = HtmlInjector(TAG)
    ends = [0, *sorted(cut % (len(document) + 1) for cut in cuts), len(document)]
    return b"".join(injector.feed(document[a:b]) for a, b in pairwise(ends)) + injector.finish()


# The script


def write(folder: Path, **modules: str) -> Path:
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    return folder


def test_modules_are_joined_in_the_order_of_their_imports(tmp_path: Path) -> None:
    write(
        tmp_path,
        main='import { b } from "./b.js";\nimport {\n  a,\n} from "./a.js";\n\nexport function start() { return b + a; }\n',
        b='import { a } from "./a.js";\n/** @type {import("./a.js").T} */\nexport const b = `import x ${a}`;\n',
        a="export const a = 1;\nexport class T {}\nexport async function f() {}\n",
    )
    script = link(tmp_path, "main.js", "start();")
    assert re.findall(r"^// (\w+)\.js$", script, re.MULTILINE) == ["a", "b", "main"]
    assert not re.search(r"^(?:import|export)\b", script, re.MULTILINE)
    assert script.startswith('(() => {\n"use strict";') and script.endswith("start();\n})();\n")


def test_a_module_of_another_folder_is_joined_once_whoever_names_it(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    write(
        tmp_path / "one",
        main='import { b } from "../two/b.js";\nimport { a } from "./a.js";\nexport const m = a + b;\n',
    )
    write(tmp_path / "one", a="export const a = 1;\n")
    write(tmp_path / "two", b='import { a } from "../one/a.js";\nexport const b = a;\n')
    script = link(tmp_path, "one/main.js", "m;")
    assert re.findall(r"^// (\S+)\.js$", script, re.MULTILINE) == ["one/a", "two/b", "one/main"]


@pytest.mark.parametrize(
    "source",
    [
        'import a from "./a.js";',
        'import * as a from "./a.js";',
        'import { a as b } from "./a.js";',
        'import "./a.js";',
        'import { a } from "elsewhere";',
        'import { missing } from "./a.js";',
        "export default 1;",
        'export { a } from "./a.js";',
        'export * from "./a.js";',
        'const x = await import("./a.js");',
        "const x = import.meta.url;",
        "const { x } = window;",
        "var x = 1;",
        "await 1;",
        'import { a } from "./a.js";\nconst b = 1;\nfunction b() {}',
        'import { a } from "./a.js";\nconst a = 1;',
        'import { c } from "./circle.js";',
    ],
)
def test_a_form_that_would_change_its_meaning_is_refused(tmp_path: Path, source: str) -> None:
    circle = 'import { start } from "./main.js";\nexport const c = 1;\n'
    write(tmp_path, main=source + "\nexport function start() {}\n", a="export const a = 1;\n", circle=circle)
    with pytest.raises(LinkError):
        link(tmp_path, "main.js", "start();")


def test_the_recorder_itself_links_and_every_module_is_part_of_it() -> None:
    script = recorder_script()
    folder = static_folder()
    modules = {path.relative_to(folder).as_posix() for path in folder.rglob("*.js")}
    modules = {name for name in modules if not name.endswith(".test.js")}
    elsewhere = {"recorder/worker.js", "recorder/guard.js", "panel/page.js"}
    assert set(re.findall(r"^// ([\w/-]+\.js)$", script, re.MULTILINE)) == modules - elsewhere
    assert worker_script().rstrip().endswith("watch(); })();")
    assert script.rstrip().endswith('start(fromTag(document.currentScript), "");\n})();')


def test_an_init_script_carries_its_configuration_as_data() -> None:
    script = init_script('b"\u2028</script>', "t")
    assert 'start({"binding": "b\\"\\u2028</script>", "token": "t"}, "");' in script


def test_the_tag_is_a_single_element_whatever_the_token_is() -> None:
    tag = script_tag('"><b>', "n")
    assert tag.count(b"<") == 2 and tag.endswith(b"></script>")
    assert b'data-token="&quot;&gt;&lt;b&gt;"' in tag and b' nonce="n"' in tag
    assert b"nonce" not in script_tag("t")


# The document

DOCUMENTS = [
    (b"<!doctype html><html><head><title>", b"<!doctype html><html><head>[TAG]<title>"),
    (b"<!DOCTYPE html>\n<HTML lang=en>\n<HEAD\n>x", b"<!DOCTYPE html>\n<HTML lang=en>\n<HEAD\n>[TAG]x"),
    (
        b"<html data-a='<head>' b=\"'>\" c=d'><head e=>f",
        b"<html data-a='<head>' b=\"'>\" c=d'><head e=>[TAG]f",
    ),
    (b"<!-- <head> --><!--><!---><head>x", b"<!-- <head> --><!--><!---><head>[TAG]x"),
    (b"<!-- -- - --!><head>x", b"<!-- -- - --!><head>[TAG]x"),
    (b"<!--!><head>--><p>", b"<!--!><head>-->[TAG]<p>"),
    (b'<?xml version="1.0"?>\n<head/>x', b'<?xml version="1.0"?>\n<head/>[TAG]x'),
    (b"<html><body>", b"<html>[TAG]<body>"),
    (b"<!doctype html>\n\n<title>x", b"<!doctype html>\n\n[TAG]<title>x"),
    (b"<header>x</header><head>", b"[TAG]<header>x</header><head>"),
    (b"<htmlx><head>", b"[TAG]<htmlx><head>"),
    (b"</head>x", b"[TAG]</head>x"),
    (b"just text <head>", b"[TAG]just text <head>"),
    (b"\xef\xbb\xbf<head>x", b"\xef\xbb\xbf<head>[TAG]x"),
    (b"\xef\xbb\xbfx", b"\xef\xbb\xbf[TAG]x"),
    (b"<html>\xff\xfe", b"<html>[TAG]\xff\xfe"),  # a mark only at the very beginning
    (b"<html>", b"<html>[TAG]"),
    (b"<html", b"[TAG]<html"),
    (b"<hea", b"[TAG]<hea"),
    (b"<!-- never over", b"<!-- never over"),
    (b"  ", b"  [TAG]"),
    (b"", b""),
    ("<head>ü".encode("latin-1"), b"<head>[TAG]\xfc"),
    ("<head>x".encode("utf-16"), "<head>x".encode("utf-16")),
    ("\ufeff<head>x".encode("utf-16-be"), "\ufeff<head>x".encode("utf-16-be")),
    ("\n<head>x".encode("utf-16-le"), "\n<head>x".encode("utf-16-le")),
    ("<head>x".encode("utf-32-be"), "<head>x".encode("utf-32-be")),
]


@pytest.mark.parametrize(("document", "expected"), DOCUMENTS)
def test_the_tag_stands_where_the_head_begins(document: bytes, expected: bytes) -> None:
    assert inject(document) == expected
    assert inject(document, *range(len(document))) == expected


PIECES = [
    b"<head>",
    b"<html ",
    b"<!--",
    b"-->",
    b"--!>",
    b"<!doctype html>",
    b">",
    b"'",
    b'"',
    b"=",
    b" ",
    b"-",
    b"<",
    b"x",
]
MARKUP = st.lists(
    st.sampled_from([*PIECES, b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"<head", b"/"]), max_size=12
)


@given(MARKUP.map(b"".join) | st.binary(max_size=30), st.lists(st.integers(0, 200), max_size=8))
def test_any_split_of_any_bytes_gives_the_same_document(document: bytes, cuts: list[int]) -> None:
    whole = inject(document)
    assert inject(document, *cuts) == whole
    assert inject(document, *range(len(document))) == whole
    assert whole.replace(TAG, b"", 1) == document


@given(MARKUP.map(b"".join))
def test_no_more_is_held_back_than_may_be_the_place(document: bytes) -> None:
    injector = HtmlInjector(TAG)
    passed = sum(len(injector.feed(document[i : i + 1])) for i in range(len(document)))
    assert len(document) - passed <= 6


def test_a_long_comment_is_not_collected() -> None:
    injector = HtmlInjector(TAG)
    injector.feed(b"<!--")
    assert len(injector.feed(b"-" * 100_000)) >= 100_000 - 3


# The policy


@pytest.mark.parametrize(
    ("given_", "amended"),
    [
        ("img-src *", "img-src *"),
        ("", ""),
        ("script-src 'self'", "script-src 'self' 'nonce-N'"),
        ("Script-Src 'self'; img-src x", "script-src 'self' 'nonce-N'; img-src x"),
        ("script-src 'none'; connect-src 'none'", "script-src 'nonce-N'; connect-src 'self'"),
        ("script-src", "script-src 'nonce-N'"),
        (
            "script-src 'self'; script-src-elem https://x; connect-src wss://y",
            "script-src 'self'; script-src-elem https://x 'nonce-N'; connect-src wss://y 'self'",
        ),
        (
            "script-src 'nonce-a' 'strict-dynamic' 'unsafe-inline'",
            "script-src 'nonce-a' 'strict-dynamic' 'unsafe-inline' 'nonce-N'",
        ),
        # A nonce would switch off the app's own inline scripts.
        ("script-src 'unsafe-inline' https://x", "script-src 'unsafe-inline' https://x 'self'"),
        ("script-src 'self' 'unsafe-inline'", "script-src 'self' 'unsafe-inline'"),
        # Only scripts and connections are widened, not everything that the general directive covers.
        ("default-src 'self'", "default-src 'self'; script-src-elem 'self' 'nonce-N'"),
        ("default-src 'none'; ", "default-src 'none'; script-src-elem 'nonce-N'; connect-src 'self'"),
        (
            "default-src https:, connect-src 'none'",
            "default-src https:; script-src-elem https: 'nonce-N'; connect-src https: 'self', connect-src 'self'",
        ),
        # The first of its name counts.
        ("connect-src 'none'; connect-src *", "connect-src 'self'; connect-src *"),
    ],
)
def test_a_policy_gets_what_it_lacks_and_nothing_more(given_: str, amended: str) -> None:
    assert amend_csp(given_, "N") == amended


# Workers


def worker_answer(status: int, *headers: tuple[str, str]) -> documents.Document | None:
    return documents.worker(
        status, [(name.encode(), value.encode()) for name, value in headers], worker_script()
    )


SCRIPT_TYPE = ("Content-Type", "text/javascript; charset=utf-8")


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_worker_s_script_keeps_its_bytes_and_the_numbers_of_its_lines_behind_ours(size: int) -> None:
    shown = worker_answer(200, SCRIPT_TYPE, ("ETag", '"1"'), ("X-Own", "1"))
    assert shown is not None
    own = "onmessage = () => {};\n// ü\n".encode()
    content = b"".join(shown.feed(own[at : at + size]) for at in range(0, len(own), size)) + shown.finish()
    assert content.endswith(own) and b"\n" not in content[: -len(own)]
    assert [name for name, _ in shown.headers] == [b"Content-Type", b"X-Own", b"Cache-Control"]


@pytest.mark.parametrize(
    ("own", "is_strict"),
    [
        ('"use strict"; x = 1', True),
        ("/* by us */ // and them\n 'use strict'\nx = 1", True),
        ("x = 1", False),
    ],
)
def test_a_worker_that_is_strict_stays_so_behind_our_script(own: str, is_strict: bool) -> None:
    shown = worker_answer(200, SCRIPT_TYPE)
    assert shown is not None
    assert shown.feed(own.encode()).startswith(b'"use strict"; (') is is_strict


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, [SCRIPT_TYPE]),
        (304, [SCRIPT_TYPE]),
        (200, [("Content-Type", "text/html")]),
        (200, [SCRIPT_TYPE, ("Content-Encoding", "br")]),
    ],
)
def test_what_is_no_whole_script_of_a_worker_passes_as_it_came(
    status: int, headers: list[tuple[str, str]]
) -> None:
    assert worker_answer(status, *headers) is None


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Sec-Fetch-Dest": "worker", "Sec-Fetch-Mode": "same-origin"}, "worker"),
        ({"Sec-Fetch-Dest": "serviceworker"}, "service worker"),
        ({"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"}, "document"),
        ({"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Accept": "text/html"}, ""),
    ],
)
def test_what_takes_our_script_is_told_by_what_the_browser_says_it_is_for(
    headers: dict[str, str], kind: str
) -> None:
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert documents.kind_of("GET", given) == kind
