"""What a quantum's sample costs before and after it is learned: a number, or a function of the quantum's rank."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from quantal.errors import InputError
from quantal.theory.arguments import Floats, number
from quantal.theory.summation import breaks_of, sum_series

if TYPE_CHECKING:
    from quantal.theory.frequencies import Frequencies

FAINTEST = 1e-290


class RankLoss(ABC):
    """Loss in nats of a sample of quantum k, as a function of k."""

    @abstractmethod
    def at(self, frequencies: Frequencies, ranks: Floats) -> Floats:
        """The loss at each rank; shape of ranks."""

    def mass(self, frequencies: Frequencies, n: Floats) -> Floats:
        """Sum over k > n of p_k times the loss at k, for n of shape (C,); a fractional n splits quantum ceil(n) as `tail` does."""
        whole = np.ceil(n)
        part = frequencies.tail(n) - frequencies.tail(whole)
        return self._mass(frequencies, whole) + np.where(part > 0, part * self.at(frequencies, np.maximum(whole, 1)), 0)

    def _mass(self, frequencies: Frequencies, n: Floats) -> Floats:
        return mass_by_sum(self, frequencies, n)


@dataclass(frozen=True)
class ConstantLoss(RankLoss):
    """The same loss for every quantum."""

    value: float

    def at(self, frequencies: Frequencies, ranks: Floats) -> Floats:
        return np.full(np.shape(ranks), self.value)

    def mass(self, frequencies: Frequencies, n: Floats) -> Floats:
        return self.value * frequencies.tail(n)


@dataclass(frozen=True)
class InformationLoss(RankLoss):
    """Loss -ln(C p_k): the surprise of the quantum itself, or of the quantum made C times likelier.

    With C = 1 it is what a model pays that knows only how often each quantum occurs (case 1 of the paper's appendix "More general
    scaling laws"); with C > 1 what it pays once learning has multiplied the probability of the right answer by C (case 2).

    Raises:
        InputError: constant <= 0.

    >>> import quantal.theory as qt
    >>> float(InformationLoss().at(qt.Zipf(gamma=1.0), np.array(1.0))) == float(np.log(np.pi**2 / 6))
    True
    """

    constant: float = 1.0

    def __post_init__(self) -> None:
        number("constant", self.constant, above=0, example="2.0")

    def at(self, frequencies: Frequencies, ranks: Floats) -> Floats:
        return -frequencies.log_pmf(ranks) - math.log(self.constant)

    def _mass(self, frequencies: Frequencies, n: Floats) -> Floats:
        return frequencies.partial_entropy(n) - math.log(self.constant) * frequencies.tail(n)


@dataclass(frozen=True)
class PowerLoss(RankLoss):
    """Loss offset + scale * k^-exponent: later quanta are worth less (exponent > 0) or more (exponent < 0).

    Raises:
        InputError: scale <= 0, or a value that is not finite.
    """

    scale: float
    exponent: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        number("scale", self.scale, above=0)
        number("exponent", self.exponent, example="0.2")
        number("offset", self.offset, example="0.0")

    def at(self, frequencies: Frequencies, ranks: Floats) -> Floats:
        return self.offset + self.scale * np.asarray(ranks, dtype=float) ** -self.exponent


@dataclass(frozen=True)
class FunctionLoss(RankLoss):
    """Loss by a function of rank, smooth in real rank: array of ranks in, array of losses out."""

    function: Callable[[Floats], Floats] = field(repr=False)

    def at(self, frequencies: Frequencies, ranks: Floats) -> Floats:
        values = np.asarray(self.function(np.asarray(ranks, dtype=float)), dtype=float)
        if values.shape != np.shape(ranks) or not np.all(np.isfinite(values)):
            raise InputError(
                "loss as a function of rank: it must give one finite number for each rank of an array; "
                "write for example lambda k: 1.0 + 0.1 * numpy.log(k)"
            )
        return values


@dataclass(frozen=True)
class _Difference(RankLoss):
    upper: RankLoss
    lower: RankLoss

    def at(self, frequencies: Frequencies, ranks: Floats) -> Floats:
        return self.upper.at(frequencies, ranks) - self.lower.at(frequencies, ranks)

    def mass(self, frequencies: Frequencies, n: Floats) -> Floats:
        return self.upper.mass(frequencies, n) - self.lower.mass(frequencies, n)


def gap(learned: RankLoss, unlearned: RankLoss) -> RankLoss:
    """What learning quantum k takes off its samples' loss, in the simplest form."""
    match learned, unlearned:
        case ConstantLoss(a), ConstantLoss(b):
            return ConstantLoss(b - a)
        case InformationLoss(learned_constant), InformationLoss(unlearned_constant):
            return ConstantLoss(math.log(learned_constant / unlearned_constant))
        case ConstantLoss(a), PowerLoss(scale, exponent, offset):
            return PowerLoss(scale, exponent, offset - a)
        case ConstantLoss(0.0), _:
            return unlearned
    return _Difference(unlearned, learned)


def as_rank_loss(name: str, loss: float | RankLoss | Callable[[Floats], Floats]) -> RankLoss:
    """A number or function of rank as a RankLoss.

    Raises:
        InputError: it is neither.
    """
    if isinstance(loss, RankLoss):
        return loss
    if callable(loss):
        return FunctionLoss(loss)
    return ConstantLoss(number(name, loss, example="1.7"))


def mass_by_sum(loss: RankLoss, frequencies: Frequencies, n: Floats) -> Floats:
    """Sum over k > n of p_k loss_k by block summation, n whole, any shape.

    Raises:
        InputError: over infinitely many quanta the sum does not converge, or not within the range of float64.
    """
    return sum_series(
        lambda k: frequencies.pmf(k) * loss.at(frequencies, k),
        n,
        frequencies.count,
        lambda k: frequencies.pmf(k) > FAINTEST,
        f"{loss!r} over {frequencies!r}",
        breaks_of(frequencies),
    )
