"""The quantization model: quanta of skill, used by a frequency law and learned in its order, and the loss that this gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.theory.arguments import Floats, amounts, plain
from quantal.theory.asymptotics import Exponents, asymptote, asymptote_error, exponents, local_exponent
from quantal.theory.capacity import Capacity
from quantal.theory.losses import InformationLoss, RankLoss, as_rank_loss, gap
from quantal.theory.missing import MissingQuanta
from quantal.theory.resources import expected_loss
from quantal.theory.rules import LearningRule, Poisson
from quantal.theory.step_rules import GradientFlow
from quantal.theory.variance import loss_variance

if TYPE_CHECKING:
    from quantal.theory.frequencies import Frequencies

LossOfRank = float | RankLoss | Callable[[Floats], Floats]


@dataclass(frozen=True)
class QuantaModel:
    """A skill is a set of quanta. Quantum k is what a share p_k of the samples needs; each costs b before it is learned, a after.

    Args:
        frequencies: p_k by rank.
        learned_loss: a in nats; a number, an InformationLoss or PowerLoss, or a function of rank.
        unlearned_loss: b, likewise; a < b at every rank.

    Raises:
        InputError: a >= b at some rank, or a is negative where it is a surprise (C > 1/p_1).

    Source: Michaud, Liu, Girit, Tegmark 2023 (arXiv 2303.13506), section 2.

    >>> import quantal.theory as qt
    >>> model = QuantaModel(qt.Zipf(gamma=0.4), learned_loss=1.7, unlearned_loss=9.0)
    >>> round(model.loss_after(10), 6)
    3.993809
    >>> model.exponents()
    Exponents(params=0.4, samples=0.285714, steps=0.285714, compute=0.166667)
    """

    frequencies: Frequencies
    learned_loss: LossOfRank = 0.0
    unlearned_loss: LossOfRank = 1.0

    def __post_init__(self) -> None:
        _check_order(self.frequencies, self.learned, self.unlearned)

    @property
    def learned(self) -> RankLoss:
        """The loss of a learned quantum's sample, as a function of rank."""
        return as_rank_loss("learned_loss", self.learned_loss)

    @property
    def unlearned(self) -> RankLoss:
        """The loss of an unlearned quantum's sample, as a function of rank."""
        return as_rank_loss("unlearned_loss", self.unlearned_loss)

    @property
    def gap(self) -> RankLoss:
        """b - a as a function of rank."""
        return gap(self.learned, self.unlearned)

    @property
    def floor(self) -> float:
        """The loss once every quantum is learned: sum of p_k a_k.

        >>> import quantal.theory as qt
        >>> case2 = QuantaModel(qt.Zipf(gamma=0.4), InformationLoss(constant=2.0), InformationLoss())
        >>> round(case2.floor + float(np.log(2)), 4)
        3.9197
        """
        return float(self.learned.mass(self.frequencies, np.zeros(1))[0])

    @property
    def ceiling(self) -> float:
        """The loss while no quantum is learned: sum of p_k b_k."""
        return self.floor + float(self.gap.mass(self.frequencies, np.zeros(1))[0])

    def loss_after(self, n: ArrayLike, form: str = "exact") -> Any:
        """Expected loss in nats once the n most frequent quanta are learned: floor + sum over k > n of p_k (b_k - a_k).

        Args:
            n: at least 0, any shape; a fractional n continues as the frequencies' tail does.
            form: "exact", or for power laws an asymptote: "naive" in n, "midpoint" in n + 1/2 (second order).

        Raises:
            InputError: n negative or not finite, form unknown, or no such asymptote for these frequencies.

        Source: with T(n) = zeta(s, n+1)/zeta(s) for the infinite Zipf law, s = gamma + 1; Euler-Maclaurin for the asymptotes.

        >>> import quantal.theory as qt
        >>> QuantaModel(qt.Zipf(gamma=0.4)).loss_after([0, 10, 100], form="midpoint").round(4).tolist()[1:]
        [0.3143, 0.1273]
        """
        count = amounts("n", n, "100")
        if form == "exact":
            shortened = np.minimum(count, self.frequencies.count).ravel()
            return plain((self.floor + self.gap.mass(self.frequencies, shortened)).reshape(count.shape))
        return plain(self.floor + asymptote(self, count, form))

    def asymptote_error(self, n: ArrayLike, form: str = "midpoint") -> Any:
        """Predicted relative error of an asymptote of the loss above its floor, to leading order.

        naive: gamma/(2n); midpoint: gamma(gamma+1)/(24(n+1/2)^2); both less for a finite count.

        Raises:
            InputError: as loss_after, or b - a depends on rank.
        """
        return plain(asymptote_error(self, amounts("n", n, "100"), form))

    def loss(
        self,
        *,
        params: ArrayLike | None = None,
        samples: ArrayLike | None = None,
        steps: ArrayLike | None = None,
        rule: LearningRule = Poisson(),  # noqa: B008
        step_rule: LearningRule = GradientFlow(),  # noqa: B008
        capacity: Capacity = Capacity(),  # noqa: B008
    ) -> Any:
        """Exact expected loss in nats under any of the limits together; they broadcast.

        A quantum counts as learned where it fits into the model, and the data rule and the step rule (taken as independent) have both
        learned it: L = floor + sum over k <= n of p_k (b_k - a_k) (1 - (1 - h_D)(1 - h_S)) + sum over k > n of p_k (b_k - a_k).
        A quantum that fits in part is learnable for that part.

        Args:
            params: model sizes, with `capacity` the quanta that fit.
            samples: samples seen (unique ones for RepeatedEpochs), under `rule`.
            steps: training steps, under `step_rule`. In a single epoch of batches B, steps are samples/B: give samples only.

        Raises:
            InputError: no limit given; a limit negative or not finite; shapes that do not broadcast.

        >>> import quantal.theory as qt
        >>> model = QuantaModel(qt.Zipf(gamma=0.4), learned_loss=1.7, unlearned_loss=9.0)
        >>> round(model.loss(samples=1e9, rule=qt.Poisson(tau=3)), 4)
        1.7288
        >>> round(model.loss(params=1e6, samples=1e9, capacity=qt.Capacity(params_per_quantum=100)), 4)
        1.8476
        """
        return expected_loss(self, params, samples, steps, rule, step_rule, capacity)

    def exponents(
        self,
        rule: LearningRule = Poisson(),  # noqa: B008
        step_rule: LearningRule = GradientFlow(),  # noqa: B008
        capacity: Capacity = Capacity(),  # noqa: B008
    ) -> Exponents:
        """Asymptotic exponents of the loss above its floor, with the conditions under which they hold.

        params nu (gamma+eps); samples (gamma+eps)/(gamma+1+delta); steps (gamma+eps)/(omega(gamma+1)); compute the harmonic combination
        a b/(a+b) of params and samples, which is gamma/(gamma+2) for the plain model.
        """
        return exponents(self, rule, step_rule, capacity)

    def local_exponent(
        self,
        resource: str,
        at: ArrayLike,
        *,
        rule: LearningRule = Poisson(),  # noqa: B008
        step_rule: LearningRule = GradientFlow(),  # noqa: B008
        capacity: Capacity = Capacity(),  # noqa: B008
        span: float = 1.05,
    ) -> Any:
        """-d ln(L - floor) / d ln(resource) at given amounts, by a five-point stencil of exact losses a factor `span` apart.

        A hard threshold's loss is a staircase in samples: give it a span of several quanta, such as 2.0.

        Args:
            resource: "quanta", "params", "samples" or "steps".
            at: amounts > 0, any shape.

        Raises:
            InputError: resource unknown, an amount <= 0, span <= 1, or nothing left to learn at an amount.
        """
        return local_exponent(self, resource, at, rule, step_rule, capacity, span)

    def loss_variance(
        self,
        *,
        samples: ArrayLike,
        params: ArrayLike | None = None,
        rule: LearningRule = Poisson(),  # noqa: B008
        capacity: Capacity = Capacity(),  # noqa: B008
        draw: str = "stream",
    ) -> Any:
        """Variance of the loss over data sets, in nats squared; 0 for rules that are no chance (thresholds, gradient flow).

        Args:
            samples: number of samples; params: sizes, where they limit; they broadcast.
            draw: "stream", a Poisson number of samples: sum of p_k^2 (b_k - a_k)^2 h (1 - h), exact. "fixed", exactly D samples:
                less the covariance of the loss with their number, (dL/d ln D)^2 / D, to leading order in 1/D.

        Raises:
            InputError: amounts negative or not finite, or draw unknown.

        >>> import quantal.theory as qt
        >>> model = QuantaModel(qt.Zipf(gamma=0.5))
        >>> round(model.loss_variance(samples=1e3, draw="fixed") / model.loss_variance(samples=1e3), 3)
        0.948
        """
        return loss_variance(self, samples, params, rule, capacity, draw)

    def missing(self, *, every: int | None = None, probability: float | None = None) -> MissingQuanta:
        """The model whose quanta of rank every, 2 every, ... can never be learned, or each with a probability.

        Raises:
            InputError: neither or both given, every < 2, or probability outside 0 to 1.
        """
        return MissingQuanta(self, every, probability)


def _check_order(frequencies: Frequencies, learned: RankLoss, unlearned: RankLoss) -> None:
    last = min(float(frequencies.count), 1e15)
    ranks = np.unique(np.floor(np.geomspace(1, last, 200)))
    lower, upper = learned.at(frequencies, ranks), unlearned.at(frequencies, ranks)
    if isinstance(learned, InformationLoss) and lower[0] < 0:
        largest = float(1 / frequencies.pmf(np.ones(1))[0])
        raise InputError(
            f"learned_loss = {learned!r}: -ln(C p_1) = {lower[0]:.4g} < 0, a probability above one; "
            f"C is at most 1/p_1 = {largest:.6g}; write InformationLoss(constant={largest:.4g})"
        )
    wrong = np.flatnonzero(~(lower < upper))
    if wrong.size:
        rank = int(ranks[wrong[0]])
        raise InputError(
            f"learned_loss {lower[wrong[0]]:.6g} >= unlearned_loss {upper[wrong[0]]:.6g} at rank {rank}: learning must lower the loss, "
            "a < b at every rank; write for example QuantaModel(frequencies, learned_loss=1.7, unlearned_loss=9.0)"
        )
