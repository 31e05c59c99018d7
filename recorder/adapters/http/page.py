"""What of an HTML document a later request can use: its forms' fields, its links, its title.

Scripts read the same out of the answer they get, by the same rules.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

MOST_LINKS = 500


_INLINE = re.compile(
    r"""([\w$-]*(?:csrf|xsrf|token|nonce)[\w$-]*)["']?\s*[:=]\s*["']([^"'<>\s]{8,400})["']""", re.IGNORECASE
)
"""What a script of the page is given to send: ``csrfToken = "…"``, ``"nonce": "…"``."""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.fields: dict[str, str] = {}
        self.links: list[str] = []
        self._in_title = False
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._in_script = tag == "script"
        if tag == "title":
            self._in_title = True
        elif (
            tag == "input"
            and found.get("type", "").lower() == "hidden"
            and found.get("name")
            and "value" in found
        ):
            self.fields.setdefault(found["name"], found["value"])
        elif tag == "meta" and found.get("name") and "content" in found:
            self.fields.setdefault(found["name"], found["content"])
        address = found.get("href") if tag == "a" else found.get("action") if tag == "form" else None
        if address and address not in self.links and len(self.links) < MOST_LINKS:
            self.links.append(address)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif self._in_script:
            for name, value in _INLINE.findall(data):
                self.fields.setdefault(name, value)


def read_page(text: str, url: str) -> dict[str, Any]:
    """``title``, ``url`` as given, ``fields`` (by name: the first value of a hidden input, a meta element, or a token
    that a script is given; what can be seen is the person's to change) and ``links`` (of links and forms as they are
    written, each once)."""
    page = _Page()
    try:
        page.feed(text)
    except (ValueError, AssertionError):
        pass  # What could be read of it is there.
    return {"title": page.title.strip(), "url": url, "fields": page.fields, "links": page.links}
