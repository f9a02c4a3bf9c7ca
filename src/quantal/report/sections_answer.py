"""The top of the page: the answer in a few statements, and what was read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quantal.plan import Plan
from quantal.report.analysis import Analysis, dearest, vanished
from quantal.report.charts_compute import forecast_along, forecast_fan
from quantal.report.charts_fit import title
from quantal.report.charts_table import runs_overview
from quantal.report.figure import shown
from quantal.report.markup import Html, element, joined, table
from quantal.report.mathml import mathml
from quantal.report.words import counted, decades, estimate_parts, number, percent, power, size, sized
from quantal.runs import Column, Runs


def answer(found: Analysis) -> Html:
    """What was read, the best law, the forecast and the split, each with its interval."""
    statements = [_law_statement(found)]
    if found.leading in found.plans:
        statements += _plan_statements(found)
    elif found.outlooks:
        statements.append(_outlook_statement(found))
    if "E" in found.lead.parameters:
        statements.append(_floor_statement(found))
    if found.reading is not None:
        statements.append(_reading_statement(found))
    lead = found.lead
    formula = element(
        "div",
        mathml(lead.law.formula, block=True),
        mathml(lead.law.formula, fitted_values(found), block=True),
        class_="formula",
    )
    note = element("p", f"{title(lead)}, and with the values fitted to these runs.", class_="caption")
    return joined(
        element("dl", statements, class_="answer"),
        element("div", formula, note, class_="formula-block"),
        _picture(found),
    )


def _picture(found: Analysis) -> Html | None:
    """The forecast, small, as the page's first picture."""
    if found.leading in found.plans:
        chart = forecast_fan(found.lead, found.plans[found.leading], found.level)
    elif found.outlooks:
        points = [(next(iter(one.at.values())), one.value) for one in found.outlooks]
        chart = forecast_along(found.lead, points, found.level)
    else:
        return None
    x = "compute" if found.leading in found.plans else found.lead.law.input_names[0]
    small = replace(chart, name="outlook", title=f"{found.settings.target.capitalize()} against {x}", height=360)
    return shown(small)


def fitted_values(found: Analysis) -> dict[str, str]:
    """The leading law's values as they stand in its formula."""
    out = {}
    for name, estimate in found.lead.parameters.items():
        if estimate.value is not None:
            out[name] = (
                "0" if vanished(found.runs, found.settings.target, name, estimate) else number(estimate.value, 3)
            )
    return out


def chosen_plan(found: Analysis) -> Plan:
    """The plan of the headline: ten times the dearest run, or the largest budget that was asked for."""
    plans = found.plans[found.leading]
    ten = [one for one in plans if abs(one.compute / (10 * dearest(found.lead.runs)) - 1) < 1e-9]
    return ten[0] if ten else plans[-1]


def _statement(label: str, value: Html | str, *lines: Html | str) -> Html:
    return element(
        "div", element("dt", label), element("dd", value, class_="value"), [element("dd", line) for line in lines]
    )


def _law_statement(found: Analysis) -> Html:
    best = next(one for one in found.comparison.laws if one.law == found.leading)
    first = found.comparison.laws[0]
    if best.heldout_error is None:
        told = f"could not be scored: {best.reason}"
    else:
        told = f"foretells the {counted(found.comparison.n_held_out, 'dearest run')} to {percent(best.heldout_error)}, fitted to the others"
    lines = [told]
    if first.law != best.law and first.heldout_error is not None:
        lines.append(
            f"{title(first.fit)} comes closer ({percent(first.heldout_error)}), but is not used to forecast here"
        )
    return _statement("Best law" if first.law == best.law else "Law that forecasts", title(best.fit), *lines)


def _plan_statements(found: Analysis) -> list[Html]:
    one = chosen_plan(found)
    target, level = found.settings.target, found.level
    times = one.compute / dearest(found.lead.runs)
    label = f"At {times:.3g} times the dearest run" if 1.5 < times < 1e4 else f"At {power(one.compute)} FLOPs"
    loss, ends = estimate_parts(one.loss, level)
    n, _ = estimate_parts(one.params, level, "params")
    d, _ = estimate_parts(one.tokens, level, "tokens")
    _, n_ends = estimate_parts(one.params, level, "params")
    ratio, ratio_ends = estimate_parts(one.tokens_per_param, level)
    a, a_ends = estimate_parts(one.params_exponent, level)
    exponent = element("span", "N* ∝ C", element("sup", a))
    rivals = [
        f"{title(other[0].fit)} would put {sized(float(at.params.value), 'params')} params there (exponent {at.params_exponent.value:.3f})"
        for name, other in found.plans.items()
        for at in other
        if name != found.leading and at.compute == one.compute and at.params.value and at.params_exponent.value
    ]
    return [
        _statement(
            label,
            f"{target} {loss}",
            _interval(level, ends),
            f"{power(one.compute)} FLOPs, {decades(one.decades_beyond)}",
        ),
        _statement(
            "Best split of that budget",
            f"{n} params, {d} tokens",
            f"params {_interval(level, n_ends)}",
            f"{ratio} tokens per parameter ({_interval(level, ratio_ends)})",
        ),
        _statement("How size grows with compute", exponent, _interval(level, a_ends), *rivals),
    ]


def _outlook_statement(found: Analysis) -> Html:
    one = found.outlooks[min(1, len(found.outlooks) - 1)]
    name, at = next(iter(one.at.items()))
    value, ends = estimate_parts(one.value, found.level)
    return _statement(
        f"At {sized(at, found.runs.column(name).role)} {name}",
        f"{found.settings.target} {value}",
        _interval(found.level, ends),
        decades(one.decades_beyond),
    )


def _floor_statement(found: Analysis) -> Html:
    estimate = found.lead.parameters["E"]
    label = f"{found.settings.target.capitalize()} that no scale removes"
    if vanished(found.runs, found.settings.target, "E", estimate):
        return _statement(
            label, "None seen", "the floor E went to zero: these runs are too small or too few to show one"
        )
    value, ends = estimate_parts(estimate, found.level)
    return _statement(label, f"E = {value}", _interval(found.level, ends), found.lead.verdicts["E"].word)


def _reading_statement(found: Analysis) -> Html:
    reading = found.reading
    assert reading is not None
    words = {"rejected": "rejected", "not rejected": "not rejected", "undecided": "undecided"}
    gap, ends = estimate_parts(reading.gap, found.level)
    return _statement(
        "Quantization hypothesis, exponents",
        words[reading.exponents].capitalize(),
        f"gap β − α/(1+α) = {gap}, {_interval(found.level, ends)}",
    )


def _interval(level: float, ends: str) -> str:
    return f"{level:g} %: {ends}" if " to " in ends else (ends or "no interval")


def what_was_read(found: Analysis) -> Html:
    """Columns with what they were taken for, and the notes of the reader."""
    runs = found.runs
    derived = any(column.derived for column in runs.columns)
    rows = [
        (
            element("code", "derived" if column.derived else column.source),
            column.name,
            column.role,
            column.unit,
            _extent(runs, column),
            *((column.derived or "",) if derived else ()),
        )
        for column in runs.columns
    ]
    made = table(
        f"Columns of {runs.source}: {counted(len(runs), 'run')}",
        ("header", "taken for", "role", "unit", "range", *(("derived as",) if derived else ())),
        rows,
    )
    notes = element("ul", [element("li", note) for note in runs.notes]) if runs.notes else None
    return joined(made, notes, shown(runs_overview(runs, found.settings.target)))


def _extent(runs: Runs, column: Column) -> str:
    values = runs[column.name]
    if column.role == "label":
        different = dict.fromkeys(str(one) for one in values)
        few = ", ".join(list(different)[:3])
        return f"{len(different):,} different: {few}{', …' if len(different) > 3 else ''}"
    if column.role == "array":
        return f"arrays, {counted(len(values), 'row')}"
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if not len(known):
        return "no number"
    low, high = (sized(float(x), column.role) for x in (known.min(), known.max()))
    return low if low == high else f"{low} to {high}"


def lead_sentence(found: Analysis) -> str:
    """The runs in one sentence."""
    parts = []
    for name in ("params", "tokens", "steps", "compute"):
        if name in found.runs and len(parts) < 2:
            values = np.asarray(found.runs[name], dtype=float)
            write = power if name == "compute" else size
            word = "FLOPs" if name == "compute" else {"params": "parameters"}.get(name, name)
            parts.append(f"{write(float(values.min()))} to {write(float(values.max()))} {word}")
    return f"{counted(len(found.runs), 'run')}" + (f", {' and '.join(parts)}" if parts else "")
