"""How the loss of one run scatters around its expectation, because its data are one draw of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.theory.arguments import Floats, choice, plain
from quantal.theory.capacity import Capacity
from quantal.theory.resources import broadcast_limits, chance_unlearned, unlearned_mass
from quantal.theory.step_rules import GradientFlow
from quantal.theory.summation import Columns, breaks_of, count_while, sum_ranks

if TYPE_CHECKING:
    from quantal.theory.quanta import QuantaModel
    from quantal.theory.rules import LearningRule


def loss_variance(
    model: QuantaModel,
    samples: ArrayLike,
    params: ArrayLike | None,
    rule: LearningRule,
    capacity: Capacity,
    draw: str,
) -> Any:
    """See `QuantaModel.loss_variance`."""
    choice("draw", draw, ("stream", "fixed"))
    quanta, limits, shape = broadcast_limits(params, samples, None, rule, GradientFlow(), capacity)
    if not rule.random:
        return plain(np.zeros(shape))
    frequencies, gap, drawn = model.frequencies, model.gap, limits[0][1]
    if draw == "fixed" and np.any(drawn == 0):
        raise InputError("samples = 0 with draw='fixed': there is no sample to draw; write samples >= 1")
    chance = chance_unlearned(frequencies, limits)

    def term(ranks: Floats, column: Columns) -> Floats:
        h = chance(ranks, column)
        return (frequencies.pmf(ranks) * gap.at(frequencies, ranks)) ** 2 * h * (1 - h)

    size, fits = quanta.size, np.minimum(quanta, frequencies.count)
    start = count_while(lambda k, column: chance(k, column) < 1e-40, size, frequencies.count)
    end = count_while(lambda k, column: 1 - chance(k, column) > 2e-16, size, frequencies.count)
    last = np.minimum(np.floor(fits), end)
    variance = sum_ranks(term, np.minimum(start, last), last, breaks_of(frequencies))
    cut = last < np.minimum(fits, end)
    share = np.where(cut, fits - last, 0.0)
    variance += share**2 * term(np.minimum(last + 1, frequencies.count), np.arange(size))
    if draw == "fixed":
        variance = np.maximum(variance - _slope(model, quanta, rule, drawn) ** 2 / drawn, 0.0)
    return plain(variance.reshape(shape))


def _slope(model: QuantaModel, quanta: Floats, rule: LearningRule, samples: Floats) -> Floats:
    """d L / d ln D at the quanta that fit, by a five-point stencil."""
    step = 0.02
    factors = np.exp(step * np.array([-2.0, -1.0, 1.0, 2.0]))
    points = (samples[:, None] * factors).ravel()
    loss = unlearned_mass(model.gap, model.frequencies, np.repeat(quanta, 4), [(rule, points)]).reshape(-1, 4)
    return loss @ np.array([1.0, -8.0, 8.0, -1.0]) / (12 * step)
