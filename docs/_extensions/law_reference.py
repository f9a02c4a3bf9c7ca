"""``.. laws::``: every registered law with its formula, parameters, published constants and source."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from docstring_text import escaped
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from quantal.laws import Law
    from quantal.laws.parameter import Parameter


def described(law: Law) -> list[str]:
    """One law as reStructuredText."""
    lines = [f".. _law-{law.name.replace(':', '-').replace(',', '-')}:", "", law.name, "-" * len(law.name), ""]
    if law.title:
        lines += [f"{escaped(law.title)}. Reads {', '.join(f'``{name}``' for name in law.input_names)}.", ""]
    if law.formula:
        lines += [".. math::", "", *(f"   {part}" for part in law.formula.splitlines()), ""]
    who = list(law.published)
    lines += [".. list-table::", "   :header-rows: 1", ""]
    lines += _row(["parameter", "meaning", "domain", *who])
    for one in law.parameters:
        values = [f"{law.published[name][one.name]:g}" if one.name in law.published[name] else "" for name in who]
        lines += _row(
            [
                f"``{one.name}``",
                f"{one.meaning or one.name}{f' [{one.unit}]' if one.unit else ''}",
                _domain(one),
                *values,
            ]
        )
    lines.append("")
    return [*lines, f"**Source.** {escaped(law.source)}", ""] if law.source else lines


def _row(cells: list[str]) -> list[str]:
    return [f"   {'* -' if i == 0 else '  -'} {escaped(cell)}" for i, cell in enumerate(cells)]


def _domain(one: Parameter) -> str:
    if math.isinf(one.bounds.low):
        return "any number"
    return (
        f"from {one.bounds.low:g} up" if math.isinf(one.bounds.high) else f"{one.bounds.low:g} to {one.bounds.high:g}"
    )


class Laws(SphinxDirective):
    """Every law of the registry."""

    def run(self) -> list[nodes.Node]:
        from quantal.laws import laws

        lines = [line for law in laws() for line in described(law)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app: Any) -> dict[str, Any]:
    app.add_directive("laws", Laws)
    return {"parallel_read_safe": True}
