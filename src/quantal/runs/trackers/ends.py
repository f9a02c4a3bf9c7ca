"""From curves to one row a run: which point counts as the end, and what is not to be trusted about a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quantal.errors import DataError, InputError, did_you_mean
from quantal.runs.columns import ALIASES, normalised
from quantal.runs.trackers.tracked import Points, TrackedRun

END_RULES = {
    "last": "the last value that is a number",
    "minimum": "the lowest value",
    "smoothed": "the median of the last tenth of the points, at least five",
    "schedule": "the last value, if the run reached the end of its schedule; else no value",
}
SCHEDULE_LENGTHS = ("max_steps", "total_steps", "num_training_steps", "train_iters", "max_iters", "num_steps")
HELD_OUT = ("eval", "val", "valid", "validation", "test", "dev", "heldout")
DIVERGED, ANNEALED, SAME_SIZE = 0.1, 0.2, 0.02
"""Shares: of the fall of the loss that it has risen again; of the peak learning rate that is still on; of a size."""


def one_row_a_run(
    runs: Sequence[TrackedRun], end: str = "last", columns: Mapping[str, str] | None = None
) -> tuple[dict[str, list[Any]], dict[str, str], list[str]]:
    """Columns of a table of runs, what stands for loss and tokens in it, and sentences on what was flagged.

    Column ``flags`` lists for each run what is not to be trusted, apart by "; ", and ``points`` the points of its loss curve.

    Raises:
        InputError: there is no such end-point rule.
        DataError: no run has a loss.
    """
    if end not in END_RULES:
        raise InputError(f"end = {end!r}: there is no such end-point rule. {did_you_mean(end, END_RULES)}")
    asked = dict(columns or {})
    key = asked.get("loss") or loss_key(runs)
    rows: list[dict[str, Any]] = []
    flags: list[list[str]] = []
    left_out: list[str] = []
    for run in runs:
        curve = run.metrics.get(key)
        if curve is None or not np.isfinite(curve.values).any():
            left_out.append(run.name)
            continue
        value = end_value(run, curve, end)
        if value is None:
            left_out.append(run.name)
            continue
        row, found = _row(run, curve, key, asked.get("tokens"))
        rows.append(row | {key: value})
        flags.append(found)
    if not rows:
        raise DataError(f"none of {len(runs)} runs has an end by the rule {end!r} of a curve {key!r}; {END_RULES[end]}")
    for place in under_tuned(rows, key):
        flags[place].append("under-tuned: an upper bound only")
    names = list(dict.fromkeys(key for row in rows for key in row))
    table: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in names}
    table["flags"] = ["; ".join(found) for found in flags]
    chosen = {"loss": key} | ({"tokens": "tokens_counted"} if "tokens_counted" in table else {})
    notes = [f"the end of each run is {END_RULES[end]} of {key!r} (end={end!r})"]
    notes += [
        f"{kind}: {', '.join(who[:8])}{' ...' if len(who) > 8 else ''}" for kind, who in _by_kind(rows, flags).items()
    ]
    if left_out:
        notes.append(
            f"left out, with no end by the rule {end!r}: {', '.join(left_out[:8])}{' ...' if len(left_out) > 8 else ''}"
        )
    return table, chosen, notes


def end_value(run: TrackedRun, curve: Points, end: str) -> float | None:
    """The value of a curve that counts, by the rule; None where the rule gives none."""
    values = curve.values[np.isfinite(curve.values)]
    if end == "minimum":
        return float(values.min())
    if end == "smoothed":
        return float(np.median(values[-max(5, len(values) // 10) :]))
    if end == "schedule" and (cut_short(run) is not False):
        return None
    return float(values[-1])


def cut_short(run: TrackedRun) -> bool | None:
    """Whether a run ended before its schedule did; None where nothing says how long the schedule was."""
    last = max((float(curve.steps[-1]) for curve in run.metrics.values() if len(curve.steps)), default=0.0)
    settings = {normalised(key.rpartition(".")[2])[0]: value for key, value in run.config.items()}
    for name in SCHEDULE_LENGTHS:
        length = settings.get(name)
        if isinstance(length, float) and length > 0:
            return last < 0.98 * length - 1
    for key, curve in run.metrics.items():
        if normalised(key)[0].endswith(("learning_rate", "lr")) and len(curve.values) > 2 and np.ptp(curve.values) > 0:
            return float(curve.values[-1]) > ANNEALED * float(np.nanmax(curve.values))
    return None if run.status in (None, "finished") else True


def diverged(curve: Points) -> bool:
    """Whether the loss ended as no number, or rose again by more than a tenth of its fall."""
    values = curve.values[np.isfinite(curve.values)]
    if len(values) < len(curve.values) and not np.isfinite(curve.values[-1]):
        return True
    if len(values) < 5:
        return False
    late = float(np.median(values[-max(3, len(values) // 20) :]))
    return late > values.min() + DIVERGED * max(float(values[0] - values.min()), 0.02 * float(values.min()))


def counted(curve: Points) -> tuple[float, str | None]:
    """What a token counter counted in all, and what is wrong with it: never above zero, or set back on the way.

    >>> counted(Points(np.arange(4.0), np.array([100.0, 200.0, 50.0, 150.0])))
    (350.0, 'token counter set back at step 2: its pieces are added')
    """
    values = curve.values[np.isfinite(curve.values)]
    if not len(values) or values.max() <= 0:
        return math.nan, "token counter is zero"
    falls = np.flatnonzero(np.diff(values) < 0)
    if not len(falls):
        return float(values[-1]), None
    total = float(values[-1] + values[falls].sum())
    return total, f"token counter set back at step {curve.steps[falls[0] + 1]:g}: its pieces are added"


def under_tuned(rows: Sequence[Mapping[str, Any]], loss: str) -> list[int]:
    """Positions of runs of the same size and data as another that reached a lower loss with other settings."""
    sizes = {
        place: (params, tokens)
        for place, row in enumerate(rows)
        if (params := _size(row, "params")) is not None and (tokens := _size(row, "tokens")) is not None
    }
    names = {settings: i for i, settings in enumerate(dict.fromkeys(_tuning(rows[place]) for place in sizes))}
    least: dict[tuple[Any, ...], float] = {}
    for place, size in sizes.items():
        kind = (*size, names[_tuning(rows[place])])
        least[kind] = min(least.get(kind, math.inf), rows[place][loss])
    others = np.array([(*kind, value) for kind, value in sorted(least.items())], dtype=float).reshape(-1, 4)
    params, tokens, settings, losses = others.T
    found = []
    for place, (n, d) in sizes.items():
        first, last = np.searchsorted(params, [n / (1 + SAME_SIZE) * (1 - 1e-9), n / (1 - SAME_SIZE) * (1 + 1e-9)])
        near = slice(first, last)
        better = (settings[near] != names[_tuning(rows[place])]) & (losses[near] < 0.995 * rows[place][loss])
        better &= (np.abs(n - params[near]) <= SAME_SIZE * params[near]) & (
            np.abs(d - tokens[near]) <= SAME_SIZE * tokens[near]
        )
        if better.any():
            found.append(place)
    return found


def _tuning(row: Mapping[str, Any]) -> tuple[Any, ...]:
    words = ("lr", "learning_rate", "batch_size", "weight_decay", "beta", "warmup")
    return tuple((key, row[key]) for key in sorted(row) if any(word in normalised(key)[0] for word in words))


def _size(row: Mapping[str, Any], role: str) -> float | None:
    names = ("tokens_counted", *ALIASES[role]) if role == "tokens" else ALIASES[role]
    by_name = {normalised(key)[0]: value for key, value in row.items()}
    value = next((by_name[name] for name in names if isinstance(by_name.get(name), float)), None)
    return value if value is not None and value > 0 else None


def loss_key(runs: Sequence[TrackedRun]) -> str:
    keys = list(dict.fromkeys(key for run in runs for key in run.metrics))
    ranked = [key for alias in ALIASES["loss"] for key in keys if normalised(key)[0] == alias]
    held = [key for key in ranked if set(normalised(key)[0].split("_")) & set(HELD_OUT)]
    loose = [key for key in keys if "loss" in normalised(key)[0]]
    for found in (held, ranked, loose):
        if found:
            return found[0]
    raise DataError(f"no curve is a loss among {', '.join(keys[:20]) or 'none'}; name it with --column loss=KEY")


def _row(run: TrackedRun, curve: Points, loss: str, tokens: str | None) -> tuple[dict[str, Any], list[str]]:
    row: dict[str, Any] = {"run": run.name, "tool": run.tool}
    row |= {key: value for key, value in run.config.items() if not isinstance(value, str) or len(value) <= 60}
    flags = []
    for key, points in run.metrics.items():
        if not len(points.values):
            continue
        if key == tokens or (tokens is None and normalised(key.rpartition("/")[2])[0] in ALIASES["tokens"]):
            total, wrong = counted(points)
            if wrong:
                flags.append(wrong)
            if not math.isnan(total):
                row.setdefault("tokens_counted", total)
        elif key != loss and key not in row:
            finite = points.values[np.isfinite(points.values)]
            row[key] = float(finite[-1]) if len(finite) else None
    row.setdefault("steps", max(float(one.steps[-1]) for one in run.metrics.values() if len(one.steps)))
    row["points"] = float(len(curve.values))
    if run.sampled:
        flags.append("sampled source: not all points")
    if cut_short(run):
        flags.append("cut before its schedule ended")
    if diverged(curve):
        flags.append("diverged")
    return row, flags


def _by_kind(rows: Sequence[Mapping[str, Any]], flags: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for row, found in zip(rows, flags, strict=True):
        for flag in found:
            kinds.setdefault(flag.partition(" at step")[0], []).append(str(row["run"]))
    return kinds
