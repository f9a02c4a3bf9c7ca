"""benchmark_extrapolation(file) -> Benchmark: fit the training part of every curve, score the part beyond it."""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.errors import DataError, DataWarning, InputError
from quantal.forecast import alabdulmohsin
from quantal.forecast.curve_doubts import curve_doubts
from quantal.forecast.curves import Curve, Extrapolation, Progress, extrapolate, merged
from quantal.forecast.members import LAST, LAWS, Member, predict, usual_members
from quantal.forecast.scores import Score, Summary, score, summarise
from quantal.forecast.workers import mapping
from quantal.laws import Law
from quantal.laws.law import Floats
from quantal.runs import Runs, read_runs

ERROR_SHARES = np.linspace(0.0, 1.0, 201)


@dataclass(frozen=True)
class LawScores:
    """What one law reaches alone, by domain and over all, with one width of interval for all curves.

    ``share_won`` is the share of curves on which it errs least, of the laws and the average.
    """

    domains: Mapping[str, Summary]
    overall: Summary
    share_won: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        domains = {name: one.to_dict() for name, one in self.domains.items()}
        return {"domains": domains, "overall": self.overall.to_dict(), "share_won": self.share_won}


@dataclass(frozen=True)
class CurveScores:
    """One curve: its scores by the average, each law's error, and what the average was made of."""

    curve: str
    domain: str
    family: str
    score: Score
    laws: Mapping[str, float]
    shares: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        told = {"curve": self.curve, "domain": self.domain, "family": self.family}
        return told | self.score.to_dict() | {"laws": dict(self.laws), "shares": dict(self.shares)}


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Scores of the averaged forecast by domain, over all and by curve, and those of single laws beside it."""

    domains: Mapping[str, Summary]
    overall: Summary
    curves: tuple[CurveScores, ...]
    laws: Mapping[str, LawScores]
    share_won: float
    seconds: float
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "domains": {name: one.to_dict() for name, one in self.domains.items()},
            "overall": self.overall.to_dict() | {"share_won": self.share_won},
            "curves": [one.to_dict() for one in self.curves],
            "laws": {name: one.to_dict() for name, one in self.laws.items()},
            "seconds": self.seconds,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, eq=False)
class Task:
    """A curve to extrapolate and what was measured there (m,)."""

    curve: Curve
    truth: Floats


def benchmark_extrapolation(
    runs: Any,
    laws: Sequence[str | Law] | None = None,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Benchmark:
    """Score extrapolations of learning curves: fitted where is_train is 1, scored where it is 0.

    ``runs`` has the columns curve, domain, x (or seen_examples), loss and is_train, and may name a ``model``: curves of one
    model err together. The average is over ``laws``, by default m2, m3, m4, shifted_power and bnsl1, with the last value
    carried on; m1 to m4 alone are fitted as Alabdulmohsin et al. 2022 published, others with the priors of the average. A
    single law's intervals have one width for all curves, the quantile of its errors on curves of other models, so that
    they are as good as one width can be.

    Raises:
        InputError: there is less than one worker.
        DataError: a column is missing, is_train is not 0 or 1, or a curve has no training or no test points.

    >>> x = np.tile(2.0 ** np.arange(12), 2); first = np.repeat([1.0, 2.0], 12)
    >>> table = {"curve": np.repeat(["a", "b"], 12), "domain": ["demo"] * 24, "x": x, "loss": first + 3 * x**-0.4,
    ...          "is_train": (x < 600).astype(int)}
    >>> found = benchmark_extrapolation(table, ["m2"])
    >>> found.overall.n_curves, found.overall.mean_rmsle < 0.01
    (2, True)
    """
    begun = time.perf_counter()
    if workers < 1:
        raise InputError(f"workers = {workers}: at least one process does the work")
    chosen = LAWS if laws is None else tuple(laws)
    members = usual_members(chosen)
    tasks = read_tasks(runs)
    suspect = [text for one in tasks for text in curve_doubts(one.curve)]
    for text in suspect:
        warnings.warn(text, DataWarning, stacklevel=2)
    found = extrapolate([one.curve for one in tasks], members, seed=seed, workers=workers, progress=progress)
    scores = [score(t.truth, e.centre, e.scale, e.calibration.quantile) for t, e in zip(tasks, found, strict=True)]
    singles = list(dict.fromkeys([*chosen, LAST]))
    with mapping(min(workers, len(tasks)) if all(isinstance(one, str) for one in singles) else 1) as mapped:
        each = list(mapped(functools.partial(_alone, singles, seed), tasks))
    alone = {_name(one): [errors[k] for errors in each] for k, one in enumerate(singles)}
    errors = {name: [float(np.sqrt(np.mean(one**2))) for one in each] for name, each in alone.items()}
    table = np.array([[one.rmsle for one in scores], *errors.values()])
    won = np.argmin(table, axis=0)
    curves = tuple(
        CurveScores(
            t.curve.name, t.curve.group, t.curve.family, s, {n: e[i] for n, e in errors.items()}, _by_law(members, f)
        )
        for i, (t, s, f) in enumerate(zip(tasks, scores, found, strict=True))
    )
    single = {
        name: LawScores(*_by_domain(tasks, _one_width(tasks, each)), float(np.mean(won == k + 1)))
        for k, (name, each) in enumerate(alone.items())
    }
    domains, overall = _by_domain(tasks, scores)
    return Benchmark(
        domains, overall, curves, single, float(np.mean(won == 0)), time.perf_counter() - begun, tuple(suspect)
    )


def read_tasks(runs: Any) -> tuple[Task, ...]:
    """Curves with their training and test parts, in the order of the table; repeated x are averaged in log loss."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*repeat earlier ones", DataWarning)
        table = read_runs(runs)
    column = next((name for name in ("x", "seen_examples", "samples", "tokens") if name in table), "x")
    for name in ("curve", "domain", column, "loss", "is_train"):
        if name not in table:
            raise DataError(
                f"{table.source}: there is no column {name!r} among {', '.join(table.names)}; an extrapolation benchmark has "
                "the columns curve, domain, x (or seen_examples), loss and is_train (1 to fit, 0 to predict)"
            )
    x, loss, train = (np.asarray(table[name], dtype=float) for name in (column, "loss", "is_train"))
    _check(table, x, column, lambda v: np.isfinite(v) & (v > 0), "is not finite and above zero")
    _check(
        table, loss, "loss", lambda v: np.isfinite(v) & (v > 0), "has no logarithm; losses are finite and above zero"
    )
    _check(table, train, "is_train", lambda v: (v == 0) | (v == 1), "is neither 1 (to fit) nor 0 (to predict)")
    labels, groups = (np.asarray(table[name]).astype(str) for name in ("curve", "domain"))
    families = np.asarray(table["model"]).astype(str) if "model" in table else labels
    tasks = []
    for name in dict.fromkeys(labels.tolist()):
        own = labels == name
        fit, ahead = own & (train == 1), own & (train == 0)
        if not fit.any() or not ahead.any():
            raise DataError(
                f"{table.source}: curve {name!r} has {int(fit.sum())} points to fit and {int(ahead.sum())} to predict; "
                "is_train must be 1 for some and 0 for others"
            )
        if x[ahead].min() <= x[fit].max():
            raise DataError(
                f"{table.source}: curve {name!r} has a test point at {column} = {x[ahead].min():g}, not beyond its training "
                f"points, which end at {x[fit].max():g}; is_train = 0 marks what lies beyond"
            )
        places, logs = merged(x[fit], np.log(loss[fit]))
        first = int(np.flatnonzero(own)[0])
        order = np.argsort(x[ahead], kind="stable")
        curve = Curve(name, str(groups[first]), places, np.exp(logs), x[ahead][order], str(families[first]))
        tasks.append(Task(curve, np.log(loss[ahead][order])))
    return tuple(tasks)


def _check(table: Runs, values: Floats, name: str, allowed: Callable[[Floats], np.ndarray], why: str) -> None:
    bad = np.flatnonzero(~allowed(values))
    if len(bad):
        raise DataError(
            f"{table.source}, row {int(table.rows[bad[0]])}, column {name!r}: {float(values[bad[0]])!r} {why}"
        )


def _name(law: str | Law) -> str:
    return law if isinstance(law, str) else law.name


def _alone(laws: Sequence[str | Law], seed: int, task: Task) -> list[Floats]:
    """Errors (m,) of log loss by each law alone on one curve: as published for m1 to m4, with the priors for others."""
    out = []
    curve = task.curve
    for law in laws:
        if isinstance(law, str) and law in alabdulmohsin.ESTIMATORS:
            values = alabdulmohsin.published(law, curve.x, curve.y, curve.group)(curve.at)
            logs = np.log(np.maximum(values, 1e-12))
        else:
            member = Member(None if law == LAST else law)
            logs = predict([member], curve.x, curve.y, curve.at, seed).logs[0]
        out.append(task.truth - logs)
    return out


def _one_width(tasks: Sequence[Task], errors: Sequence[Floats]) -> list[Score]:
    out = []
    for task, own in zip(tasks, errors, strict=True):
        others = [e for t, e in zip(tasks, errors, strict=True) if t.curve.family != task.curve.family] or list(errors)
        ends = np.quantile(
            np.concatenate([np.abs(e) for e in others]),
            ERROR_SHARES,
            weights=np.concatenate([np.full(len(e), 1.0 / len(e)) for e in others]),
            method="inverted_cdf",
        )
        ends = np.maximum(ends, 1e-9)
        out.append(
            score(own, np.zeros(len(own)), np.ones(len(own)), lambda p, ends=ends: np.interp(p, ERROR_SHARES, ends))
        )
    return out


def _by_domain(tasks: Sequence[Task], scores: Sequence[Score]) -> tuple[dict[str, Summary], Summary]:
    names = dict.fromkeys(one.curve.group for one in tasks)
    domains = {n: summarise([s for t, s in zip(tasks, scores, strict=True) if t.curve.group == n]) for n in names}
    return domains, summarise(scores)


def _by_law(members: Sequence[Member], found: Extrapolation) -> dict[str, float]:
    out: dict[str, float] = {}
    for member, share in zip(members, found.shares, strict=True):
        out[member.name] = out.get(member.name, 0.0) + float(share)
    return out
