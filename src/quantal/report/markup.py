"""HTML in which every text is escaped unless it was made here."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

VOID = {"meta", "br", "hr", "col", "input"}


class Html(str):
    """Markup that is safe as it stands; any other string is text, and is escaped when it enters an element."""

    __slots__ = ()


Child = str | None | Iterable[Any]


def element(name: str, /, *children: Child, **attributes: str | None) -> Html:
    """An element with escaped texts and attributes; ``class_`` is class, ``aria_label`` is aria-label, None is left out.

    >>> element("p", "a < b", element("b", "!"), class_="note")
    '<p class="note">a &lt; b<b>!</b></p>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Html:
    """Children one after another, texts escaped."""
    parts = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            parts.append(str(child))
        elif isinstance(child, str):
            parts.append(html.escape(child))
        else:
            parts.append(str(joined(*child)))
    return Html("".join(parts))


def json_script(identity: str, data: Any) -> Html:
    """Data in a script element that no text inside can close.

    >>> json_script("data", {"label": "</script>"})
    '<script type="application/json" id="data">{"label":"\\\\u003c/script\\\\u003e"}</script>'
    """
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(f'<script type="application/json" id="{html.escape(identity)}">{text}</script>')


def table(
    caption: str, head: Iterable[Child], rows: Iterable[Iterable[Child]], *, numeric: Iterable[int] = (), note: str = ""
) -> Html:
    """A table with a caption (and a note in it), column headings and row headings; ``numeric`` columns align right."""
    right = set(numeric)

    def cell(kind: str, place: int, child: Child, scope: str | None = None) -> Html:
        return element(kind, child, scope=scope, class_="num" if place in right else None)

    top = element("tr", [cell("th", i, child, "col") for i, child in enumerate(head)])
    body = [
        element("tr", [cell("th", 0, child, "row") if i == 0 else cell("td", i, child) for i, child in enumerate(row)])
        for row in rows
    ]
    made = element(
        "table",
        element("caption", element("div", caption, element("span", note) if note else None)),
        element("thead", top),
        element("tbody", body),
    )
    return element("div", made, class_="scroll", role="region", aria_label=caption, tabindex="0")
