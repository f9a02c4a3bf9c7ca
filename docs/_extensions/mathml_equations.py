"""Formulas as MathML, made by the same code that writes them in reports: browsers draw them without a script or a network."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes


def _inline(self: Any, node: nodes.Element) -> None:
    from quantal.report import mathml

    self.body.append(f'<span class="math">{mathml(node.astext())}</span>')
    raise nodes.SkipNode


def _display(self: Any, node: nodes.Element) -> None:
    from quantal.report import mathml

    anchor = f' id="{escape(node["ids"][0])}"' if node["ids"] else ""
    lines = [part for part in node.astext().split(r"\\") if part.strip()]
    body = "".join(f"<div>{mathml(part.strip(), block=True)}</div>" for part in lines)
    self.body.append(f'<div class="math"{anchor}>{body}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    return {"parallel_read_safe": True}
