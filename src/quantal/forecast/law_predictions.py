"""What fitted laws say of points: logs, their variances by covariance or by posterior draws, the scatter of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from quantal.fit import Fit
from quantal.fit.result import law_inputs
from quantal.forecast.members import Predictions
from quantal.forecast.penalised import log_law
from quantal.laws.law import Floats


def predict_laws(fits: Sequence[Fit], inputs: Mapping[str, Floats], decades: Floats) -> Predictions:
    """Log predictions of K fits at points (m,) that lie ``decades`` (m,) beyond the runs.

    Of a fit with draws, the mean and variance of its log prediction are those of the draws.
    """
    logs, variances = np.empty((len(fits), len(decades))), np.ones((len(fits), len(decades)))
    scatters = np.empty(len(fits))
    for k, one in enumerate(fits):
        logs[k], variance = _by_covariance(one, inputs) if one.draws is None else _by_draws(one, one.draws, inputs)
        variances[k] = np.where(np.isfinite(variance) & (variance >= 0), variance, 1.0)
        off = np.log(np.asarray(one.runs[one.target], dtype=float))
        off -= np.log(one.law.value(law_inputs(one.law, one.runs), one.theta))
        scatters[k] = np.sqrt(np.sum(off**2) / max(len(off) - len(one.law.parameters), 1))
    last = float(np.log(np.min(fits[0].runs[fits[0].target])))
    return Predictions(logs, variances, scatters, last, decades)


def with_missing(predictions: Predictions, parts: Sequence[Fit | None]) -> Predictions:
    """Rows for laws that could not be fitted below a cutoff: the mean of the others, so that it says nothing of them."""
    places = [k for k, one in enumerate(parts) if one is not None]
    logs = np.tile(predictions.logs.mean(axis=0), (len(parts), 1))
    variances = np.tile(predictions.variances.mean(axis=0), (len(parts), 1))
    scatters = np.full(len(parts), predictions.scatters.mean())
    logs[places], variances[places], scatters[places] = predictions.logs, predictions.variances, predictions.scatters
    return predictions._replace(logs=logs, variances=variances, scatters=scatters)


def _by_covariance(one: Fit, inputs: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    size = len(one.law.parameters)
    value, gradient = log_law(one.law, inputs, one.best[None, :size])
    if one.covariance is None:
        return value[0], np.ones_like(value[0])
    rows = gradient[0].T
    return value[0], np.einsum("mi,ij,mj->m", rows, one.covariance[:size, :size], rows)


def _by_draws(one: Fit, draws: Floats, inputs: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    with np.errstate(all="ignore"):
        drawn = np.log(one.law.value(inputs, draws))
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    return drawn.mean(axis=0), drawn.var(axis=0)
