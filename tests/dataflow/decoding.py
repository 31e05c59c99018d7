"""How the recorder decodes a response: the one place of the harness that depends on where that is."""

from __future__ import annotations

import json
from typing import Any

from recorder.adapters.http.fold import HttpFold
from recorder.events import Act, Body, Chunk, Done, Mark, PageOpened, Request, Response
from recorder.markup import elements


def decoded(
    method: str,
    url: str,
    status: int,
    headers: list[tuple[str, str]],
    text: str | None,
    chunks: list[str],
    final: str,
) -> Any:
    """The body of a response as workflows read it. ``final``: the address after redirects."""
    root = "/".join(final.split("/")[:3])
    fold = HttpFold()
    here: dict[str, Any] = {"page": "P", "at": 1000.0}
    for event in (
        Mark(page="", seq=0, at=1000.0, what="start", url=root),
        PageOpened(**here, seq=1, url=root + "/"),
        Act(**here, seq=2, id="a", kind="click", role="button", name="Go"),
        Request(**here, seq=3, id="r", method=method, url=url, act="a"),
        Response(**here, seq=4, id="r", status=status, headers=tuple(headers), url=final),
        *(Chunk(**here, seq=5 + n, id="r", text=chunk) for n, chunk in enumerate(chunks)),
        Done(**here, seq=9999, id="r", body=Body(kind="text", text=text) if text else Body()),
    ):
        fold.feed(event)
    session = fold.session()
    call = session.calls[0] if session.calls else session.omitted[0].call
    output = next((o for o in call.outputs if o.component != "headers"), None)
    value = output.value if output is not None else None
    type = dict(headers).get("content-type", "")
    if "html" in type and (text or "").lstrip()[:1] in ("{", "["):
        return json.loads(text or "")
    if ("html" in type or "xml" in type) and text and not (isinstance(value, dict) and "elements" in value):
        # Until documents are decoded so by the recorder itself.
        known = value if isinstance(value, dict) else {"title": "", "url": final.removeprefix(root)}
        value = {**known, "elements": elements(text)}
    return value
