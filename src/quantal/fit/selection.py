"""Laws compared by their errors on runs held out, with AICc and PSIS-LOO beside."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from quantal.errors import DataError, DataWarning, IdentifiabilityError, InputError, QuantalWarning
from quantal.fit.doubts import doubts
from quantal.fit.fit import fit
from quantal.fit.loo import Loo, psis_loo
from quantal.fit.objective import Objective
from quantal.fit.result import Fit, law_inputs
from quantal.fit.solver import Progress
from quantal.laws import Law, default_laws, get_law
from quantal.laws.law import Floats
from quantal.runs import Runs, read_runs

STARTS = 8


@dataclass(frozen=True)
class Compared:
    """One law in a comparison: its error on the held-out runs, and its fit to all of them.

    ``aicc`` and ``loo`` (expected log predictive density, by PSIS-LOO) are those of all runs under Student-t noise;
    ``loo_reliable`` is False where the smoothing says that the latter is not to be trusted. None where unknown.
    """

    law: str
    heldout_error: float | None
    objective: float
    parameters: int
    fit: Fit
    reason: str | None = None
    aicc: float | None = None
    loo: float | None = None
    loo_reliable: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "law": self.law,
            "heldout_error": self.heldout_error,
            "objective": self.objective,
            "n_parameters": self.parameters,
            "aicc": self.aicc,
            "loo": self.loo,
            "loo_reliable": self.loo_reliable,
        }
        return out | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True)
class Comparison:
    """Laws ranked by their error on the held-out runs; ``refused`` says of the others why they cannot be fitted.

    ``statement`` says which law leads, and which others the held-out runs cannot tell from it.
    """

    laws: tuple[Compared, ...]
    refused: Mapping[str, str]
    held_out: str
    n_held_out: int
    ordered_by: str
    statement: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "laws": [one.to_dict() for one in self.laws],
            "refused": dict(self.refused),
            "held_out": self.held_out,
            "n_held_out": self.n_held_out,
            "statement": self.statement,
        }


def compare(
    runs: Any,
    laws: Sequence[str | Law] | None = None,
    *,
    target: str | None = None,
    objective: str | Objective = "huber",
    held_out: float = 0.2,
    leave_out: str = "scale",
    criteria: bool = True,
    drop_highest_loss: int = 0,
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Rank laws by their root mean square log error on runs held out.

    ``leave_out`` is "scale": the ``held_out`` share of runs with the most compute (ties with the cut stay below it) is
    predicted from the rest; "size": the runs of each model size in turn from those of all others; or a label: the runs of
    each of its values in turn. With ``criteria``, AICc and PSIS-LOO stand beside.

    Raises:
        DataError: no law can be fitted to these runs, or nothing can be left out.
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
    fold = folds(table, leave_out, held_out)
    for text in table_doubts(table, target or (chosen[0].target.name if chosen else "loss")):
        warnings.warn(text, DataWarning, stacklevel=2)
    rows: list[Compared] = []
    misses: dict[str, Floats] = {}
    refused: dict[str, str] = {}
    for done, one in enumerate(chosen):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantalWarning)
            try:
                row, missed = _compared(table, one, fold, target, objective, criteria, seed)
            except (DataError, IdentifiabilityError) as refusal:
                refused[one.name] = str(refusal)
                continue
        rows.append(row)
        if missed is not None:
            misses[one.name] = missed
        if progress is not None:
            progress(done + 1, len(chosen))
    if not rows:
        reasons = "; ".join(f"{name}: {text}" for name, text in refused.items()) or "no law reads its columns"
        raise DataError(f"{table.source}: no law can be fitted to these runs. {reasons}")
    rows.sort(key=lambda row: np.inf if row.heldout_error is None else row.heldout_error)
    return Comparison(tuple(rows), refused, fold.text, fold.held_out, fold.by, _statement(rows, misses))


def _compared(
    table: Runs, law: Law, fold: Folds, target: str | None, objective: str | Objective, criteria: bool, seed: int
) -> tuple[Compared, Floats | None]:
    """A law's row, and its squared log errors on the held-out runs (m,)."""
    missed: list[Floats] = []
    reason: str | None = None
    starts: int | Floats = STARTS
    for above in fold.masks:
        try:
            part = fit(table.take(~above), law, target=target, objective=objective, starts=starts, seed=seed)
        except (DataError, IdentifiabilityError) as error:
            reason = str(error)
            break
        starts = distinct_ends(part)
        found = table.take(above)
        values = law.value(law_inputs(law, found), part.theta)
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.log(found[part.target]) - np.log(values)
        if not np.isfinite(logs).all():
            reason = "the fitted law is not above zero at the held-out runs"
            break
        missed.append(logs**2)
    whole = fit(table, law, target=target, objective=objective, starts=starts, seed=seed)
    squares = np.concatenate(missed) if missed and reason is None else None
    error = None if squares is None else float(np.sqrt(squares.mean()))
    aicc, loo = _criteria(table, law, whole, target, seed) if criteria else (None, None)
    row = Compared(
        law.name, error, whole.value, len(law.parameters), whole, reason, aicc,
        None if loo is None else loo.elpd, None if loo is None else loo.reliable,
    )  # fmt: skip
    return row, squares


def _criteria(table: Runs, law: Law, whole: Fit, target: str | None, seed: int) -> tuple[float | None, Loo | None]:
    try:
        noisy = fit(table, law, target=target, objective="student_t", starts=distinct_ends(whole), seed=seed)
    except (DataError, IdentifiabilityError, InputError):
        return None, None
    aicc = None if noisy.criteria is None else noisy.criteria["aicc"]
    return aicc if aicc is not None and np.isfinite(aicc) else None, psis_loo(noisy, seed)


def _statement(rows: Sequence[Compared], misses: Mapping[str, Floats]) -> str:
    """Which law leads, and which others miss by as much, run by run, within two standard errors of absolute log errors."""
    if rows[0].heldout_error is None:
        return "no law could be scored on runs held out"
    best = rows[0].law
    close = []
    for row in rows[1:]:
        if row.law in misses:
            apart = np.sqrt(misses[row.law]) - np.sqrt(misses[best])
            if len(apart) < 2 or apart.mean() < 2 * apart.std(ddof=1) / np.sqrt(len(apart)):
                close.append(row.law)
    if not close:
        return (
            f"{best} predicts best, by more than two standard errors" if len(misses) > 1 else f"{best} alone was scored"
        )
    return (
        f"{best} predicts best, but the {len(misses[best])} runs held out cannot tell it from {', '.join(close)} (errors "
        "within two standard errors): forecast by their average, and add runs where they differ"
    )


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


def table_doubts(table: Runs, target: str) -> list[str]:
    """What speaks against any law of this table, in sentences that name it."""
    size, by = cost_order(table)
    return [f"{table.source}: {text}" for text in doubts(table, target, size, by)]


class Folds(NamedTuple):
    """What is held out: masks (n,) of the runs left out in turn, in words, how many in all, and what orders the runs."""

    masks: tuple[np.ndarray, ...]
    text: str
    held_out: int
    by: str


def folds(table: Runs, leave_out: str = "scale", share: float = 0.2) -> Folds:
    """The runs to leave out: the dearest share ("scale"), each model size ("size"), or each value of a label.

    Raises:
        DataError: nothing is left to fit, or to predict.

    >>> from quantal.runs import read_runs
    >>> table = read_runs({"params": [1e6, 1e7, 1e7, 1e8], "loss": [4.0, 3.5, 3.4, 3.1]})
    >>> folds(table, "size").text, [int(one.sum()) for one in folds(table, "size").masks]
    ('the runs of each of 3 sizes, predicted from the others', [1, 2, 1])
    """
    if leave_out == "scale":
        size, by = cost_order(table)
        above = _dearest(table, size, share)
        text = f"the {int(above.sum())} runs with the most {by}, predicted from the {int((~above).sum())} others"
        return Folds((above,), text, int(above.sum()), by)
    name = "params" if leave_out == "size" else leave_out
    if name not in table:
        raise DataError(
            f"{table.source}: there is no column {name!r} among {', '.join(table.names)} whose values could be left out in "
            "turn; leave out 'scale', 'size' or a label"
        )
    values = np.asarray(table[name])
    kinds = np.unique(values)
    if len(kinds) < 2:
        raise DataError(f"{table.source}: all runs share one {name}, so none can be predicted from others")
    what = "sizes" if leave_out == "size" else f"values of {name}"
    text = f"the runs of each of {len(kinds)} {what}, predicted from the others"
    return Folds(tuple(values == one for one in kinds), text, len(values), name)


def _dearest(table: Runs, size: np.ndarray, share: float) -> np.ndarray:
    count = max(1, round(share * len(table)))
    limit = np.sort(size)[-count]
    above = size >= limit * (1 + 1e-9) if np.sum(size >= limit) > 2 * count else size >= limit * (1 - 1e-9)
    if not above.any() or above.all():
        raise DataError(
            f"{table.source}: the dearest runs cannot be held out, for {int(np.sum(size >= limit))} of {len(table)} runs share the "
            "highest cost; a comparison needs runs of different compute"
        )
    return above


def distinct_ends(part: Fit) -> Floats:
    """Where the starts of a fit ended, the best of each distinct objective (count, P), at most three."""
    order = np.argsort(part.starts.outcomes)
    outcomes = part.starts.outcomes[order]
    new = np.concatenate([[True], np.diff(outcomes) > 1e-4 * np.abs(outcomes[:-1])])
    return part.starts.points[order[new & np.isfinite(outcomes)][:3]]


def _reads(law: Law, runs: Runs) -> bool:
    return all(name in runs for name in law.input_names) and law.target.name in runs
