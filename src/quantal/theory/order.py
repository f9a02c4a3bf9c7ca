"""How far quanta are learned in the order of their frequency."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from quantal.theory.arguments import Floats, number
from quantal.theory.losses import FAINTEST
from quantal.theory.rules import LearningRule, Poisson
from quantal.theory.summation import breaks_of, sum_series

if TYPE_CHECKING:
    from quantal.theory.frequencies import Frequencies


def learned_count(frequencies: Frequencies, samples: float, rule: LearningRule | None = None) -> float:
    """The expected number of quanta learned from so many samples: the sum over k of 1 - h; it grows as D^(1/(gamma+1)).

    Args:
        rule: Poisson(tau=1) unless given.

    Raises:
        InputError: samples negative or not finite, or infinitely many quanta are learned (a chance that falls too slowly with rank).

    >>> import quantal.theory as qt
    >>> round(learned_count(qt.Zipf(gamma=1.0), 1e6) / (math.gamma(0.5) * (1e6 / qt.Zipf(1.0).normaliser) ** 0.5), 2)
    1.0
    """
    return float(_learned_beyond(frequencies, samples, rule or Poisson(), np.zeros(1))[0])


def ordered_share(frequencies: Frequencies, samples: float, rule: LearningRule | None = None) -> float:
    """The share of the learned quanta that a learner in strict order would hold too: those among the first n ranks, n the number learned.

    1 for a hard threshold. With one sample to a quantum about half, with tau >> 1 nearly all, so that the hypothesis of a fixed order
    (QH2 of the paper) asks for tau >> 1.

    Raises:
        InputError: as learned_count, or nothing is learned.

    >>> import quantal.theory as qt
    >>> [round(ordered_share(qt.Zipf(gamma=0.4), tau * 3e4, qt.Poisson(tau)), 2) for tau in (1, 10, 100)]
    [0.51, 0.91, 0.97]
    """
    number("samples", samples, above=0, example="1e6")
    rule = rule or Poisson()
    learned = learned_count(frequencies, samples, rule)
    rank = math.floor(learned)
    beyond = _learned_beyond(frequencies, samples, rule, np.array([float(rank)]))
    return 1 - float(beyond[0]) / number(
        "expected number of quanta learned", learned, at_least=1, example="samples=1e6"
    )


def _learned_beyond(frequencies: Frequencies, samples: float, rule: LearningRule, n: Floats) -> Floats:
    amount = number("samples", samples, at_least=0, example="1e6")
    if rule.sharp:
        from quantal.theory.resources import learned_prefix

        return np.maximum(learned_prefix(frequencies, rule, np.array([amount])) - n, 0.0)
    return sum_series(
        lambda k: rule.learned(amount, frequencies.pmf(k), k),
        n,
        frequencies.count,
        lambda k: rule.learned(amount, frequencies.pmf(k), k) > FAINTEST,
        f"the number of quanta learned of {frequencies!r} by {rule!r}",
        breaks_of(frequencies),
    )
