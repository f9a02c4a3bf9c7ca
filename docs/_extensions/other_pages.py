"""Pages that the index names nowhere still get their place: ``@other-how-tos@`` and ``@other-pages@`` become their lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MARKS = {"@other-how-tos@": "how-to", "@other-pages@": ""}


def _fill(app: Any, _docname: str, source: list[str]) -> None:
    for mark, folder in MARKS.items():
        if mark in source[0]:
            lines = source[0].splitlines()
            pages = sorted(f"{folder}/{path.stem}".strip("/") for path in (Path(app.srcdir) / folder).glob("*.md"))
            others = [page for page in pages if page not in lines and page != "index"]
            source[0] = source[0].replace(f"{mark}\n", "".join(f"{page}\n" for page in others))


def setup(app: Any) -> dict[str, Any]:
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}
