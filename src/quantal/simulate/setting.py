"""One setting of a simulation: what a model is given, and what that does to each quantum."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from quantal.errors import InputError
from quantal.theory import Binomial, Capacity, LearningRule, Poisson, QuantaModel, RepeatedEpochs

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Quanta:
    """What befalls quanta at given ranks, each array in the shape of the ranks.

    A quantum costs base in any case, fixed more in every run, and chancy more in those runs in which its data leave it unlearned
    (chance unlearned = 1 - learned). room is the share of it that can be learned; slope is d unlearned / d ln D.
    """

    frequency: Floats
    base: Floats
    fixed: Floats
    chancy: Floats
    learned: Floats
    unlearned: Floats
    room: Floats
    slope: Floats


def threshold(rule: LearningRule) -> int:
    """How many of exactly D samples must hold a quantum.

    Raises:
        InputError: the rule counts no whole samples.
    """
    match rule:
        case Binomial(tau) | Poisson(tau) if tau == int(tau):
            return int(tau)
        case RepeatedEpochs():
            return rule.threshold
    raise InputError(
        f"rule = {rule!r} with draw='fixed': a data set of exactly D samples needs a rule that counts whole samples, "
        "Poisson, Binomial or RepeatedEpochs; write rule=Poisson(tau=3), or draw='stream'"
    )


def marginal_rule(rule: LearningRule, draw: str) -> LearningRule:
    """The rule of each quantum by itself, whose exact loss is the mean over data sets: counts are binomial where exactly D samples
    are drawn ("fixed"), Poisson in a stream.

    Raises:
        InputError: draw is "fixed" and the rule is a chance but counts no whole samples.

    >>> marginal_rule(Poisson(3), "fixed"), marginal_rule(Binomial(3), "stream")
    (Binomial(tau=3), Poisson(tau=3))
    """
    if draw == "fixed" and rule.random:
        return Binomial(threshold(rule))
    return Poisson(rule.tau) if draw == "stream" and isinstance(rule, Binomial) else rule


@dataclass(frozen=True)
class Setting:
    """Amounts of params, samples and steps (None: no limit), the rules they pass, and how data are drawn."""

    model: QuantaModel
    params: float | None
    samples: float | None
    steps: float | None
    rule: LearningRule
    step_rule: LearningRule
    capacity: Capacity
    draw: str

    @property
    def fits(self) -> float:
        """How many quanta the model holds; infinite without a limit."""
        return math.inf if self.params is None else float(self.capacity.quanta(self.params))

    @property
    def counts_samples(self) -> bool:
        """Whether the loss scatters from data set to data set."""
        return self.samples is not None and self.rule.random

    @property
    def whole(self) -> bool:
        """Whether each quantum is learned or not, none in part."""
        shares = any(not (rule.random or rule.sharp) for rule, _ in self._rules())
        return not shares and (math.isinf(self.fits) or self.fits == math.floor(self.fits))

    @property
    def data_rule(self) -> LearningRule:
        """The rule that gives each quantum's chance by itself: binomial for exactly D samples, Poisson for a stream."""
        return marginal_rule(self.rule, self.draw) if self.counts_samples else self.rule

    def at(self, ranks: Floats) -> Quanta:
        """What befalls the quanta at real ranks of any shape."""
        frequencies = self.model.frequencies
        p = np.asarray(frequencies.pmf(ranks))
        gap = p * self.model.gap.at(frequencies, ranks)
        room = np.ones_like(p) if self.params is None else self._room(ranks)
        left, learned, unlearned = np.zeros_like(p), np.ones_like(p), np.zeros_like(p)
        for rule, amount in self._rules():
            h = rule.unlearned(amount, p, ranks)
            if rule.random:
                learned, unlearned = learned * rule.learned(amount, p, ranks), unlearned + h - unlearned * h
            else:
                left = left + h - left * h
        room = room * (1 - left)
        return Quanta(
            frequency=p,
            base=p * self.model.learned.at(frequencies, ranks),
            fixed=gap * (1 - room),
            chancy=gap * room,
            learned=learned,
            unlearned=unlearned,
            room=room,
            slope=self._slope(ranks, p, learned) if self.counts_samples and self.draw == "fixed" else np.zeros_like(p),
        )

    def _room(self, ranks: Floats) -> Floats:
        """1 where a quantum fits, 0 where it does not; the last may fit in part, as far as its law goes at fractional rank."""
        whole = math.floor(self.fits)
        if whole + 1 > self.model.frequencies.count:
            return np.ones_like(ranks)
        ends = self.model.frequencies.tail(np.array([self.fits, whole + 1.0]))
        share = 1 - (ends[0] - ends[1]) / max(float(self.model.frequencies.pmf(whole + 1.0)), 1e-300)
        return np.where(ranks < whole + 0.5, 1.0, np.where(ranks < whole + 1.5, np.clip(share, 0.0, 1.0), 0.0))

    def _rules(self) -> list[tuple[LearningRule, float]]:
        pairs = ((self.data_rule, self.samples), (self.step_rule, self.steps))
        return [(rule, amount) for rule, amount in pairs if amount is not None]

    def _slope(self, ranks: Floats, p: Floats, learned: Floats) -> Floats:
        step, rule = 1e-3, self.data_rule
        assert self.samples is not None
        up, down = (rule.learned(self.samples * math.exp(sign * step), p, ranks) for sign in (1, -1))
        own = rule.learned(self.samples, p, ranks)
        others = np.divide(learned, own, out=np.zeros_like(own), where=own > 0)
        return (down - up) / (2 * step) * others

    def limited(self, params: float | None, samples: float | None, steps: float | None) -> Setting:
        """The same with other amounts."""
        return replace(self, params=params, samples=samples, steps=steps)
