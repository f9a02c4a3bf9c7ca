"""Tables of runs for the page: what each column was taken for, where the runs lie, and rows in words."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np

from quantal.app.charts import chart_json
from quantal.app.fits_json import capital
from quantal.errors import InputError
from quantal.laws import Law, default_laws, get_law
from quantal.report import Axis, Chart
from quantal.report.charts_fit import unit
from quantal.report.words import counted, number, sized
from quantal.runs import Column, Runs

NO_NUMBER = ("label", "array")
LONGEST_TEXT = 200
WIDEST = 12
FOR_THE_COMMAND = re.compile(r" \(choose with --column [^()]*\)|, and --column loss=HEADER names one")


def runs_json(runs: Runs) -> dict[str, Any]:
    """A table in short: columns with role, unit, range and origin, notes, targets, and the laws that it carries."""
    numbers = [column.name for column in runs.columns if column.role not in NO_NUMBER]
    target = _target(runs, numbers)
    return {
        "source": runs.source,
        "rows": len(runs),
        "columns": [_column(runs, column) for column in runs.columns],
        "notes": [FOR_THE_COMMAND.sub("", note) for note in runs.notes],
        "numbers": numbers,
        "target": target,
        "laws": [
            {"law": one.name, "title": capital(one.title or one.name), "inputs": list(one.input_names)}
            for one in carried(runs, target)
        ],
        "ranges": _ranges(runs),
    }


def _target(runs: Runs, numbers: list[str]) -> str:
    """The column to explain: the loss, else an accuracy, else the last plain number."""
    if "loss" in runs:
        return "loss"
    accuracies = [column.name for column in runs.columns if column.role == "accuracy"]
    values = [column.name for column in runs.columns if column.role == "value"]
    return (accuracies or values[::-1] or numbers or ["loss"])[0]


def carried(runs: Runs, target: str) -> list[Law]:
    """The laws of the default set that these runs can be fitted with, else power laws of any number."""
    found = [one for one in default_laws() if set(one.input_names) <= set(runs.names)]
    if target not in runs:
        return []
    if not found:
        names = [one.name for one in runs.columns if one.role in ("value", "batch_size") and one.name != target]
        found = [get_law(f"{kind}:{name}") for name in names[:6] for kind in ("power_floor", "power")]
    return found


def points_json(runs: Runs, x: str, y: str, colour: str | None) -> dict[str, Any]:
    """Where the runs lie: two columns of numbers (n,), a third that shades them, and row numbers, as packed arrays."""
    for name in filter(None, (x, y, colour)):
        if runs.column(name).role in NO_NUMBER:
            raise InputError(
                f"{runs.source}: column {name!r} holds {runs.column(name).role}s and cannot be drawn along an axis"
            )
    told = f"Each dot is a run{f', shaded by its {colour}' if colour else ''}. Click one to leave it out."
    chart = Chart(
        "runs",
        "Where the runs lie",
        told,
        _axis(runs, x),
        _axis(runs, y),
        (),
        alt=f"Scatter of {counted(len(runs), 'run')}: {y} against {x}. The table of the runs below holds the same.",
        height=460,
    )
    shade = None if colour is None else {"label": colour, "values": packed(runs[colour], "f4")}
    return chart_json(chart) | {
        "cloud": {
            "names": [x, y],
            "x": packed(runs[x], "f8"),
            "y": packed(runs[y], "f8"),
            "shade": shade,
            "rows": packed(runs.rows, "i4"),
        }
    }


def row_json(runs: Runs, row: int) -> dict[str, Any]:
    """One run in words, by its row number."""
    found = np.flatnonzero(runs.rows == row)
    if not len(found):
        raise InputError(
            f"{runs.source} has no row {row}; rows go from {int(runs.rows.min())} to {int(runs.rows.max())}"
        )
    return {"row": row, "values": [[one.name, _cell(runs, one, int(found[0]))] for one in runs.columns]}


def page_json(runs: Runs, start: int, count: int, by: str | None, descending: bool) -> dict[str, Any]:
    """Rows in words, from ``start``, in the table's order or sorted by a column; of many columns those with a role come first."""
    order = np.arange(len(runs))
    if by is not None:
        values = runs[by]
        if runs.column(by).role == "array":
            raise InputError(f"{runs.source}: column {by!r} holds arrays and cannot order rows")
        order = np.argsort(values.astype(str) if values.dtype == object else values, kind="stable")
        order = order[::-1] if descending else order
    known = [one for one in runs.columns if one.role != "array"]
    shown = sorted(known, key=lambda one: {"label": 1, "value": 2}.get(one.role, 0))[:WIDEST]
    columns = [one for one in known if one in shown]
    return {
        "head": [one.name for one in columns],
        "numeric": [one.role != "label" for one in columns],
        "rows": [
            {"row": int(runs.rows[i]), "cells": [_cell(runs, one, int(i)) for one in columns]}
            for i in order[start : start + count]
        ],
        "total": len(runs),
    }


def packed(values: Any, kind: str) -> dict[str, str]:
    """An array as plotly packs it: its type, and its bytes in base 64."""
    array = np.ascontiguousarray(np.asarray(values), dtype=f"<{kind}")
    return {"dtype": kind, "bdata": base64.b64encode(array.tobytes()).decode("ascii")}


def _column(runs: Runs, column: Column) -> dict[str, Any]:
    values = runs[column.name]
    out = {
        "name": column.name,
        "source": column.source,
        "role": column.role,
        "unit": column.unit,
        "derived": column.derived,
        "missing": 0,
    }
    if column.role == "array":
        return out | {"range": f"arrays of {len(values[0])}"}
    if column.role == "label":
        kinds = list(dict.fromkeys(map(str, values[:5000])))
        shown = ", ".join(one[:40] for one in kinds[:3]) + (", …" if len(kinds) > 3 else "")
        return out | {"range": shown, "distinct": len(set(values.tolist()))}
    known = values[np.isfinite(values)]
    if not len(known):
        return out | {"range": "no number", "missing": len(values)}
    low, high = sized(float(known.min()), column.role), sized(float(known.max()), column.role)
    return out | {"range": low if low == high else f"{low} to {high}", "missing": int(len(values) - len(known))}


def _axis(runs: Runs, name: str) -> Axis:
    values = runs[name]
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if low > 0 and high / low > 3:
        edge = (high / low) ** 0.04
        return Axis(name, unit(runs, name), True, (low / edge, high * edge))
    edge = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
    return Axis(name, unit(runs, name), False, (low - edge, high + edge))


def _cell(runs: Runs, column: Column, place: int) -> str:
    value = runs[column.name][place]
    if column.role == "label":
        return str(value)[:LONGEST_TEXT]
    if column.role == "array":
        return f"{len(value)} values"
    return (
        "missing"
        if not np.isfinite(value)
        else sized(float(value), column.role)
        if column.role != "value"
        else number(float(value))
    )


def _ranges(runs: Runs) -> dict[str, list[float]]:
    """The range of each size that a forecast can be asked along, and of compute (6 params tokens)."""
    out = {}
    for column in runs.columns:
        if column.role not in NO_NUMBER:
            known = runs[column.name][np.isfinite(runs[column.name])]
            if len(known) and known.min() > 0:
                out[column.name] = [float(known.min()), float(known.max())]
    if "params" in runs and "tokens" in runs:
        spent = 6.0 * runs["params"] * runs["tokens"]
        spent = spent[np.isfinite(spent) & (spent > 0)]
        if len(spent):
            out["compute_6nd"] = [float(spent.min()), float(spent.max())]
    return out
