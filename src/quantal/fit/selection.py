"""Laws compared: fitted to the cheaper runs, scored on the dearest ones."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.errors import DataError, IdentifiabilityError, InputError, QuantalWarning
from quantal.fit.fit import fit
from quantal.fit.objective import Objective
from quantal.fit.result import Fit, law_inputs
from quantal.fit.solver import Progress
from quantal.laws import Law, default_laws, get_law
from quantal.runs import Runs, read_runs

STARTS = 8


@dataclass(frozen=True)
class Compared:
    """One law in a comparison: its error on the held-out runs, and its fit to all of them."""

    law: str
    heldout_error: float | None
    objective: float
    parameters: int
    fit: Fit
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "law": self.law,
            "heldout_error": self.heldout_error,
            "objective": self.objective,
            "n_parameters": self.parameters,
        }
        return out | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True)
class Comparison:
    """Laws ranked by their error on the held-out runs; ``refused`` says of the others why they cannot be fitted."""

    laws: tuple[Compared, ...]
    refused: Mapping[str, str]
    held_out: str
    n_held_out: int
    ordered_by: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "laws": [one.to_dict() for one in self.laws],
            "refused": dict(self.refused),
            "held_out": self.held_out,
            "n_held_out": self.n_held_out,
        }


def compare(
    runs: Any,
    laws: Sequence[str | Law] | None = None,
    *,
    target: str | None = None,
    objective: str | Objective = "huber",
    held_out: float = 0.2,
    drop_highest_loss: int = 0,
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Rank laws by their root mean square log error on the dearest runs, fitted to the others.

    The ``held_out`` share of runs with the most compute (ties with the cut stay below it) is predicted from the rest.

    Raises:
        DataError: no law can be fitted to these runs.
        InputError: held_out is not between 0 and 1.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> table = {"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}
    >>> compare(table, ["chinchilla", "power:compute"]).laws[0].law
    'chinchilla'
    """
    if not 0 < held_out < 1:
        raise InputError(f"held_out = {held_out!r}: the share of runs to predict lies between 0 and 1, such as 0.2")
    table = read_runs(runs, where=where, columns=columns)
    chosen = (
        [get_law(one) for one in laws] if laws is not None else [one for one in default_laws() if _reads(one, table)]
    )
    if drop_highest_loss:
        name = target or (chosen[0].target.name if chosen else "loss")
        table = table.drop_highest(drop_highest_loss, name)
    size, by = cost_order(table)
    below, above = _split(table, size, held_out)
    rows: list[Compared] = []
    refused: dict[str, str] = {}
    for done, one in enumerate(chosen):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantalWarning)
            error, reason, part = _error(one, below, above, target, objective, seed)
            try:
                starts = STARTS if part is None else _distinct(part)
                whole = fit(table, one, target=target, objective=objective, starts=starts, seed=seed)
            except (DataError, IdentifiabilityError) as refusal:
                refused[one.name] = str(refusal)
                continue
        rows.append(Compared(one.name, error, whole.value, len(one.parameters), whole, reason))
        if progress is not None:
            progress(done + 1, len(chosen))
    if not rows:
        reasons = "; ".join(f"{name}: {text}" for name, text in refused.items()) or "no law reads its columns"
        raise DataError(f"{table.source}: no law can be fitted to these runs. {reasons}")
    rows.sort(key=lambda row: np.inf if row.heldout_error is None else row.heldout_error)
    text = f"the {len(above)} runs with the most {by}, predicted from the {len(below)} others"
    return Comparison(tuple(rows), refused, text, len(above), by)


def cost_order(runs: Runs) -> tuple[np.ndarray, str]:
    """What runs are ordered by (n,): compute if there, else tokens, params, steps or the first numeric input.

    Raises:
        DataError: the runs have no column of that kind.
    """
    for name in ("compute", "tokens", "params", "steps"):
        if name in runs:
            return np.asarray(runs[name], dtype=float), name
    for column in runs.columns:
        if column.role == "value":
            return np.asarray(runs[column.name], dtype=float), column.name
    raise DataError(
        f"{runs.source}: no column of size, data, steps or compute by which the dearest runs could be held out"
    )


def _split(table: Runs, size: np.ndarray, share: float) -> tuple[Runs, Runs]:
    count = max(1, round(share * len(table)))
    limit = np.sort(size)[-count]
    above = size >= limit * (1 + 1e-9) if np.sum(size >= limit) > 2 * count else size >= limit * (1 - 1e-9)
    if not above.any() or above.all():
        raise DataError(
            f"{table.source}: the dearest runs cannot be held out, for {int(np.sum(size >= limit))} of {len(table)} runs share the "
            "highest cost; a comparison needs runs of different compute"
        )
    return table.take(~above), table.take(above)


def _error(
    law: Law, below: Runs, above: Runs, target: str | None, objective: str | Objective, seed: int
) -> tuple[float | None, str | None, Fit | None]:
    try:
        part = fit(below, law, target=target, objective=objective, starts=STARTS, seed=seed)
    except (DataError, IdentifiabilityError) as error:
        return None, str(error), None
    values = law.value(law_inputs(law, above), part.theta)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(above[part.target]) - np.log(values)
    if not np.isfinite(logs).all():
        return None, "the fitted law is not above zero at the held-out runs", part
    return float(np.sqrt(np.mean(logs**2))), None, part


def _distinct(part: Fit) -> np.ndarray:
    """Where the starts of a fit ended, the best of each distinct objective (count, P), at most three."""
    order = np.argsort(part.starts.outcomes)
    outcomes = part.starts.outcomes[order]
    new = np.concatenate([[True], np.diff(outcomes) > 1e-4 * np.abs(outcomes[:-1])])
    return part.starts.points[order[new & np.isfinite(outcomes)][:3]]


def _reads(law: Law, runs: Runs) -> bool:
    return all(name in runs for name in law.input_names) and law.target.name in runs
