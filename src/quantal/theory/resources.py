"""The exact loss of a model that is limited in parameters, samples and steps at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.theory.arguments import Floats, amounts, plain
from quantal.theory.capacity import Capacity
from quantal.theory.losses import RankLoss
from quantal.theory.rules import LearningRule
from quantal.theory.summation import Columns, breaks_of, count_while, sum_ranks

if TYPE_CHECKING:
    from quantal.theory.frequencies import Frequencies
    from quantal.theory.quanta import QuantaModel

Limit = tuple[LearningRule, Floats]
_CERTAIN = 1e-40  # a chance below this is taken as learned
_CHUNK = 512


def expected_loss(
    model: QuantaModel,
    params: ArrayLike | None,
    samples: ArrayLike | None,
    steps: ArrayLike | None,
    rule: LearningRule,
    step_rule: LearningRule,
    capacity: Capacity,
) -> Any:
    """See `QuantaModel.loss`."""
    quanta, limits, shape = broadcast_limits(params, samples, steps, rule, step_rule, capacity)
    return plain((model.floor + unlearned_mass(model.gap, model.frequencies, quanta, limits)).reshape(shape))


def broadcast_limits(
    params: ArrayLike | None,
    samples: ArrayLike | None,
    steps: ArrayLike | None,
    rule: LearningRule,
    step_rule: LearningRule,
    capacity: Capacity,
) -> tuple[Floats, list[Limit], tuple[int, ...]]:
    """Quanta that fit (C,), rules with their amounts (C,), and the common shape of the limits given."""
    given = {
        name: amounts(name, value, example)
        for name, value, example in (("params", params, "1e9"), ("samples", samples, "1e9"), ("steps", steps, "1e5"))
        if value is not None
    }
    if not given:
        raise InputError(
            "no limit given: without one every quantum is learned; write for example model.loss(samples=1e9), or model.floor"
        )
    try:
        shape = np.broadcast_shapes(*(value.shape for value in given.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in given.items())
        raise InputError(f"shapes {shapes} do not broadcast: give equal shapes, or one column and one row") from None
    flat = {name: np.broadcast_to(value, shape).ravel() for name, value in given.items()}
    size = int(np.prod(shape, dtype=int))
    quanta = capacity.quanta(flat["params"]) if "params" in flat else np.full(size, np.inf)
    limits = [(r, flat[name]) for name, r in (("samples", rule), ("steps", step_rule)) if name in flat]
    return quanta, limits, shape


def learned_prefix(frequencies: Frequencies, rule: LearningRule, amount: Floats) -> Floats:
    """How many quanta a sharp rule has learned, shape of amount (C,)."""
    return count_while(
        lambda k, column: rule.unlearned(amount[column], frequencies.pmf(k), k) < 0.5, amount.size, frequencies.count
    )


def chance_unlearned(frequencies: Frequencies, limits: Sequence[Limit]) -> Callable[[Floats, Columns], Floats]:
    """1 - product of (1 - h) over the rules, as a function of ranks and columns."""

    def chance(ranks: Floats, column: Columns) -> Floats:
        p = frequencies.pmf(ranks)
        joint = np.zeros(np.shape(ranks))
        for rule, amount in limits:
            h = rule.unlearned(amount[column], p, ranks)
            joint = joint + h - joint * h
        return joint

    return chance


def unlearned_mass(gap: RankLoss, frequencies: Frequencies, quanta: Floats, limits: Sequence[Limit]) -> Floats:
    """Sum over k of p_k gap_k P(k unlearned), shape (C,), for quanta (C,) that fit and rules with amounts (C,)."""
    size = quanta.size
    if size > _CHUNK:
        pieces = [slice(at, at + _CHUNK) for at in range(0, size, _CHUNK)]
        return np.concatenate(
            [
                unlearned_mass(gap, frequencies, quanta[p], [(rule, amount[p]) for rule, amount in limits])
                for p in pieces
            ]
        )
    fits = np.minimum(quanta, frequencies.count)
    for rule, amount in limits:
        if rule.sharp:
            fits = np.minimum(fits, learned_prefix(frequencies, rule, amount))
    smooth = [limit for limit in limits if not limit[0].sharp]
    if not smooth:
        return _mass(gap, frequencies, fits)
    chance = chance_unlearned(frequencies, smooth)
    untouched = 1 - np.prod([1 - rule.window.at_zero for rule, _ in smooth])
    start = count_while(lambda k, column: chance(k, column) < _CERTAIN, size, frequencies.count)
    end = count_while(lambda k, column: untouched - chance(k, column) > 2e-16 * untouched, size, frequencies.count)
    last = np.minimum(np.floor(fits), end)

    def term(ranks: Floats, column: Columns) -> Floats:
        return frequencies.pmf(ranks) * gap.at(frequencies, ranks) * chance(ranks, column)

    body = sum_ranks(term, np.minimum(start, last), last, breaks_of(frequencies))
    partial = chance(np.minimum(last + 1, frequencies.count), np.arange(size))
    beyond, unfit = _mass(gap, frequencies, last), _mass(gap, frequencies, fits)
    return body + np.where(last < end, partial, untouched) * (beyond - unfit) + unfit


def _mass(gap: RankLoss, frequencies: Frequencies, n: Floats) -> Floats:
    finite = np.isfinite(n) & (n < frequencies.count)
    return np.where(finite, gap.mass(frequencies, np.where(finite, n, 0.0)), 0.0)
