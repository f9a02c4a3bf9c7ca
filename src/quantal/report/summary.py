"""A report in the terminal."""

from __future__ import annotations

from typing import Any

from quantal.report.analysis import Analysis, vanished
from quantal.report.words import counted, estimate_parts, percent, power, sized, symbol

SHOWN_LAWS = 6


def summary(found: Analysis) -> Any:
    """Tables of the ranked laws, the leading law's parameters and the plans, then the reading and the warnings."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [
        Text(f"{found.runs.source}: {counted(len(found.runs), 'run')}; {found.comparison.held_out}"),
        _laws(found),
        _parameters(found),
    ]
    if found.leading in found.plans or found.outlooks:
        parts.append(_forecasts(found))
    if found.reading is not None:
        parts.append(Text(f"Quantization reading. {found.reading.summary}"))
    parts += [Text(f"warning: {text}", style="yellow") for text in found.warnings]
    return Group(*parts)


def _table(title: str, *columns: str) -> Any:
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(columns):
        made.add_column(name, justify="left" if i == 0 else "right")
    return made


def _laws(found: Analysis) -> Any:
    made = _table("Laws by held-out error", "law", "held-out error", "parameters")
    for one in found.comparison.laws[:SHOWN_LAWS]:
        error = "unknown" if one.heldout_error is None else percent(one.heldout_error)
        made.add_row(f"{one.law} (leads)" if one.law == found.leading else one.law, error, str(one.parameters))
    rest = len(found.comparison.laws) - SHOWN_LAWS
    if rest > 0:
        made.add_row(f"and {rest} more on the page", "", "")
    return made


def _parameters(found: Analysis) -> Any:
    level = max(found.settings.levels)
    made = _table(f"{found.lead.law.title or found.leading}", "parameter", "value", f"{level:g} %", "verdict")
    for name, estimate in found.lead.parameters.items():
        value, ends = estimate_parts(estimate, level)
        if vanished(found.runs, found.settings.target, name, estimate):
            value, ends = "0", "went to zero"
        made.add_row(symbol(name), value, ends, found.lead.verdicts[name].word)
    return made


def _forecasts(found: Analysis) -> Any:
    level, target = max(found.settings.levels), found.settings.target
    if found.leading in found.plans:
        made = _table("Plans", "FLOPs", "params", "tokens", "per param", target, f"{level:g} %", "decades beyond")
        for one in found.plans[found.leading]:
            value, ends = estimate_parts(one.loss, level)
            sizes = [
                sized(float(e.value or 0.0), role)
                for e, role in ((one.params, "params"), (one.tokens, "tokens"), (one.tokens_per_param, ""))
            ]
            made.add_row(power(one.compute), *sizes, value, ends, f"{one.decades_beyond:.1f}")
        return made
    name = next(iter(found.outlooks[0].at))
    made = _table("Forecast", name, target, f"{level:g} %", "decades beyond")
    for one in found.outlooks:
        value, ends = estimate_parts(one.value, level)
        made.add_row(sized(one.at[name], found.runs.column(name).role), value, ends, f"{one.decades_beyond:.1f}")
    return made
