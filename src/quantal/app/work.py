"""What runs aside: functions of runs that a worker process calls, each telling its progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quantal.errors import QuantalError
from quantal.fit import Comparison, Fit, compare, fit
from quantal.forecast import Averaged, CurveAverage, average, laws_reading
from quantal.plan import NextRuns, next_runs
from quantal.runs import Runs


def fit_laws(runs: Runs, laws: Sequence[str], target: str, bootstrap: int, progress: Any) -> dict[str, Fit | str]:
    """Each law fitted with intervals, or why it cannot be."""
    found: dict[str, Fit | str] = {}
    for place, name in enumerate(laws):

        def tell(done: int, total: int | None, place: int = place) -> None:
            progress(100 * place + 100 * done // max(total or 1, 1), 100 * len(laws))

        try:
            found[name] = fit(runs, name, target=target, bootstrap=bootstrap, progress=tell)
        except QuantalError as error:
            found[name] = str(error)
    progress(100 * len(laws), 100 * len(laws))
    return found


def rank_laws(runs: Runs, laws: Sequence[str], target: str, progress: Any) -> Comparison:
    """Laws ranked by their errors on the dearest runs."""
    return compare(runs, laws, target=target, criteria=False, progress=progress)


def average_laws(runs: Runs, inputs: Sequence[str], target: str, progress: Any) -> Averaged | CurveAverage:
    """The laws that read these inputs, averaged and calibrated on these runs."""
    return average(runs, laws_reading(inputs), target=target, progress=progress)


def runs_to_pay_for(runs: Runs, params: float, tokens: float, budget: float, target: str, progress: Any) -> NextRuns:
    """Which runs to train next for a better forecast."""
    progress(0, None)
    return next_runs(runs, params=params, tokens=tokens, budget=budget, target=target)
