"""Laws compared by their errors on runs held out, with AICc and PSIS-LOO beside."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from quantal.errors import DataError, DataWarning, IdentifiabilityError, InputError, QuantalWarning
from quantal.fit.doubts import table_doubts
from quantal.fit.fit import fit
from quantal.fit.held_out import Folds, cost_order, folds, rolling_cutoffs
from quantal.fit.loo import Loo, psis_loo
from quantal.fit.objective import Objective
from quantal.fit.result import Fit, check_target, law_inputs
from quantal.fit.solver import Progress
from quantal.laws import Law, default_laws, get_law
from quantal.laws.law import Floats
from quantal.runs import Runs, read_runs

STARTS = 8
ENOUGH_ABOVE = 5


@dataclass(frozen=True)
class Compared:
    """One law in a comparison: its error on the held-out runs, and its fit to all of them.

    ``rolling_errors`` are its errors at each of the comparison's ``cutoffs``. ``aicc`` and ``loo`` (expected log predictive
    density, by PSIS-LOO) are those of all runs under Student-t noise; ``loo_reliable`` is False where a single run decides
    the latter. None where unknown.
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
    rolling_errors: tuple[float | None, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "law": self.law,
            "heldout_error": self.heldout_error,
            "objective": self.objective,
            "n_parameters": self.parameters,
            "aicc": self.aicc,
            "loo": self.loo,
            "loo_reliable": self.loo_reliable,
            "rolling_errors": list(self.rolling_errors),
        }
        return out | ({"reason": self.reason} if self.reason else {})


class Cutoff(NamedTuple):
    """Where runs are cut: fitted up to ``at``, in what they are ordered by, and scored on the ``n_runs`` above."""

    at: float
    n_runs: int


@dataclass(frozen=True)
class Comparison:
    """Laws ranked by their error on the held-out runs; ``refused`` says of the others why they cannot be fitted.

    ``cutoffs`` are further ones, each with the number of runs above it, that laws fitted below are scored on.
    ``statement`` says which law leads, and which others the held-out runs cannot tell from it.
    """

    laws: tuple[Compared, ...]
    refused: Mapping[str, str]
    held_out: str
    n_held_out: int
    ordered_by: str
    statement: str = ""
    cutoffs: tuple[Cutoff, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "laws": [one.to_dict() for one in self.laws],
            "refused": dict(self.refused),
            "held_out": self.held_out,
            "n_held_out": self.n_held_out,
            "cutoffs": [one._asdict() for one in self.cutoffs],
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
    each of its values in turn. By scale, errors at further cutoffs, 2.5, 6.5 and 20 times below the highest cost, stand
    beside, and with ``criteria`` AICc and PSIS-LOO. A law is told from the best only if it errs by more, by two standard
    errors over the held-out runs, and at every cutoff with 5 runs above it.

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
    targets = [target or one.target.name for one in chosen]
    if targets and not any(name in table for name in targets):
        check_target(table, targets[0])
    fold = folds(table, leave_out, held_out)
    rolling = rolling_cutoffs(cost_order(table)[0]) if leave_out == "scale" else ()
    for text in table_doubts(table, target or (chosen[0].target.name if chosen else "loss")):
        warnings.warn(text, DataWarning, stacklevel=2)
    rows: list[Compared] = []
    misses: dict[str, Floats] = {}
    refused: dict[str, str] = {}
    for done, one in enumerate(chosen):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantalWarning)
            try:
                row, missed = _compared(table, one, fold, rolling, target, objective, criteria, seed)
            except (DataError, IdentifiabilityError) as refusal:
                refused[one.name] = str(refusal)
                continue
        rows.append(row)
        if missed is not None:
            misses[one.name] = missed
        if progress is not None:
            progress(done + 1, len(chosen))
    if not rows:
        reasons = "; ".join(f"{name}: {text}" for name, text in refused.items()) or (
            f"No law reads its columns {', '.join(table.names)}: name what they hold, as in --column params=HEADER, or the laws "
            "to compare, as in --laws power:COLUMN"
        )
        raise DataError(f"{table.source}: no law can be fitted to these runs. {reasons}")
    rows.sort(key=lambda row: np.inf if row.heldout_error is None else row.heldout_error)
    cutoffs = tuple(Cutoff(float(cost_order(table)[0][~above].max()), int(above.sum())) for above in rolling)
    return Comparison(
        tuple(rows), refused, fold.text, fold.held_out, fold.by, _statement(rows, misses, cutoffs), cutoffs
    )


def _compared(
    table: Runs, law: Law, fold: Folds, rolling: Sequence[np.ndarray], target: str | None, objective: str | Objective,
    criteria: bool, seed: int,
) -> tuple[Compared, Floats | None]:  # fmt: skip
    """A law's row, and its squared log errors on the held-out runs (m,)."""
    missed: list[Floats] = []
    reason: str | None = None
    starts: int | Floats = STARTS
    for above in fold.masks:
        found, starts = _missed(table, law, above, target, objective, starts, seed)
        if isinstance(found, str):
            reason = found
            break
        missed.append(found)
    whole = fit(table, law, target=target, objective=objective, starts=starts, seed=seed)
    ends = distinct_ends(whole)
    again = [_missed(table, law, above, target, objective, ends, seed)[0] for above in rolling]
    at_cutoffs = tuple(None if isinstance(one, str) else float(np.sqrt(one.mean())) for one in again)
    squares = np.concatenate(missed) if missed and reason is None else None
    error = None if squares is None else float(np.sqrt(squares.mean()))
    aicc, loo = _criteria(table, law, whole, target, seed) if criteria else (None, None)
    row = Compared(
        law.name, error, whole.value, len(law.parameters), whole, reason, aicc,
        None if loo is None else loo.elpd, None if loo is None else loo.reliable, at_cutoffs,
    )  # fmt: skip
    return row, squares


def _missed(
    table: Runs,
    law: Law,
    above: np.ndarray,
    target: str | None,
    objective: str | Objective,
    starts: int | Floats,
    seed: int,
) -> tuple[Floats | str, int | Floats]:
    """Squared log errors (m,) on the runs above, of the law fitted to the others, or why there are none; its ends."""
    try:
        part = fit(table.take(~above), law, target=target, objective=objective, starts=starts, seed=seed)
    except (DataError, IdentifiabilityError) as error:
        return str(error), starts
    found = table.take(above)
    values = law.value(law_inputs(law, found), part.theta)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(found[part.target]) - np.log(values)
    if not np.isfinite(logs).all():
        return "the fitted law is not above zero at the held-out runs", starts
    return logs**2, distinct_ends(part)


def _criteria(table: Runs, law: Law, whole: Fit, target: str | None, seed: int) -> tuple[float | None, Loo | None]:
    try:
        noisy = fit(table, law, target=target, objective="student_t", starts=distinct_ends(whole), seed=seed)
    except (DataError, IdentifiabilityError, InputError):
        return None, None
    aicc = None if noisy.criteria is None else noisy.criteria["aicc"]
    return aicc if aicc is not None and np.isfinite(aicc) else None, psis_loo(noisy, seed)


def _statement(rows: Sequence[Compared], misses: Mapping[str, Floats], cutoffs: Sequence[Cutoff]) -> str:
    """Which law leads, and which others the runs held out cannot tell from it."""
    if rows[0].heldout_error is None:
        return "no law could be scored on runs held out"
    best, scored = rows[0], [row for row in rows[1:] if row.law in misses]
    if not scored:
        return f"{best.law} alone was scored"
    near = [row.law for row in scored if not _apart(misses[best.law], misses[row.law])]
    turned = [row.law for row in scored if row.law not in near and _ahead_somewhere(row, best, cutoffs)]
    everywhere = " and at every cutoff" if cutoffs else ""
    if not near and not turned:
        return f"{best.law} predicts best, by more than two standard errors{everywhere}"
    reasons = []
    if near:
        reasons.append(f"cannot tell it from {', '.join(near)} (errors within two standard errors)")
    if turned:
        reasons.append(f"{'while ' if near else 'cannot tell it from '}{', '.join(turned)} err less at another cutoff")
    count = len(misses[best.law])
    return (
        f"{best.law} predicts best, but the {count} runs held out {', '.join(reasons)}: forecast by their average, and add "
        "runs where they differ"
    )


def _apart(best: Floats, other: Floats) -> bool:
    """Whether absolute log errors are larger, run by run, by more than two standard errors."""
    apart = np.sqrt(other) - np.sqrt(best)
    return len(apart) > 1 and bool(apart.mean() >= 2 * apart.std(ddof=1) / np.sqrt(len(apart)))


def _ahead_somewhere(row: Compared, best: Compared, cutoffs: Sequence[Cutoff]) -> bool:
    """Whether a law errs less than the best at a cutoff with enough runs above it to say so."""
    return any(
        mine is not None and (other is None or mine < other) and cut.n_runs >= ENOUGH_ABOVE
        for mine, other, cut in zip(row.rolling_errors, best.rolling_errors, cutoffs, strict=True)
    )


def distinct_ends(part: Fit) -> Floats:
    """Where the starts of a fit ended, the best of each distinct objective (count, P), at most three."""
    order = np.argsort(part.starts.outcomes)
    outcomes = part.starts.outcomes[order]
    new = np.concatenate([[True], np.diff(outcomes) > 1e-4 * np.abs(outcomes[:-1])])
    return part.starts.points[order[new & np.isfinite(outcomes)][:3]]


def _reads(law: Law, runs: Runs) -> bool:
    return all(name in runs for name in law.input_names) and law.target.name in runs
