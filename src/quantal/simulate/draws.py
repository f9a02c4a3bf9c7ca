"""The law of one run's loss as sums of counts, block by block, and draws from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from quantal.simulate.blocks import Sums, block_sums
from quantal.simulate.setting import Floats, Setting

_SPENT = 1e-8  # share of the variance below which a chance is replaced by its mean
_RARE = 1e-3
_COUNTABLE = 2.0**60
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class LossLaw:
    """Loss = floor + constant + sum over blocks of weight * count; the number learned likewise with its own constant and weights.

    A block of m quanta counts those learned, or where most are learned those that are not: Binomial(m, chance). The last block holds
    everything beyond the visible ones, where what is learned is a Poisson number (m infinite, chance its mean) that weighs nothing.
    In a stream the number of samples exceeds its mean by coupling for each quantum counted beyond its mean, plus a normal number of
    variance spare; a data set of fixed size takes that excess back at the slopes d ln(chancy loss) / d samples, d learned / d samples.
    whole: the number learned is a whole number.

    variance_error: relative difference between the variance of these blocks and the exact sum over quanta.
    """

    floor: float
    constant: float
    weight: Floats
    learned_constant: float
    learned_weight: Floats
    size: Floats
    chance: Floats
    coupling: Floats
    samples: float
    spare: float
    loss_slope: float
    learned_slope: float
    whole: bool
    variance_error: float

    @property
    def mean(self) -> Floats:
        """The expected counts, shape (B,)."""
        return self.chance * np.where(np.isinf(self.size), 1.0, self.size)

    def draw(self, replicates: int, rng: np.random.Generator, fixed: bool) -> tuple[Floats, Floats]:
        """Loss and number learned of independent runs, each of shape (R,)."""
        chunk = max(1, _AT_ONCE // max(1, self.size.size))
        parts = [self._draw(min(chunk, replicates - at), rng, fixed) for at in range(0, replicates, chunk)]
        return np.concatenate([loss for loss, _ in parts]), np.concatenate([learned for _, learned in parts])

    def _draw(self, replicates: int, rng: np.random.Generator, fixed: bool) -> tuple[Floats, Floats]:
        counts = self._counts(replicates, rng)
        loss = self.constant + counts @ self.weight
        learned = self.learned_constant + counts @ self.learned_weight
        if fixed:
            excess = (counts - self.mean) @ self.coupling + rng.normal(0.0, np.sqrt(self.spare), replicates)
            unbiased = max(0.5, 1 - self.loss_slope**2 * self.samples)
            loss = loss * np.maximum(1 - self.loss_slope * excess, 0.0) / unbiased
            learned = np.maximum(learned - self.learned_slope * excess, 0.0)
        return self.floor + loss, np.round(learned) if self.whole else learned

    def _counts(self, replicates: int, rng: np.random.Generator) -> Floats:
        """Binomial; Poisson where the chance is below 1e-3 and the block too large to count; normal where it is too large otherwise."""
        counts = np.empty((replicates, self.size.size))
        large = self.size > _COUNTABLE
        rare = large & ((self.chance < _RARE) | np.isinf(self.size))
        crowd = large & ~rare
        counts[:, ~large] = rng.binomial(
            self.size[~large].astype(np.int64), self.chance[~large], (replicates, int(np.sum(~large)))
        )
        counts[:, rare] = rng.poisson(self.mean[rare], (replicates, int(np.sum(rare))))
        spread = np.sqrt(self.mean[crowd] * (1 - self.chance[crowd]))
        counts[:, crowd] = rng.normal(self.mean[crowd], spread, (replicates, int(np.sum(crowd))))
        return counts


def loss_law(setting: Setting) -> LossLaw:
    """The law of the loss in a setting; without a rule that is a chance it has no blocks."""
    near, far = block_sums(setting)
    rising = np.cumsum(near.variance)
    total = float(rising[-1])
    seen = np.flatnonzero((rising > _SPENT * total) & (total - rising + near.variance > _SPENT * total))
    first, last = (int(seen[0]), int(seen[-1]) + 1) if seen.size else (near.size.size, near.size.size)
    head, chancy = near.take(np.arange(first)), near.take(np.arange(first, last))
    tail = near.take(np.arange(last, near.size.size)).joined(far).total()
    counted = _counted(chancy)
    unseen = setting.counts_samples and 0 < float(tail.learned[0]) < np.inf
    settled = float(np.sum(head.room_learned)) + (0.0 if unseen else float(tail.room_learned[0]))
    whole = near.joined(far).total()
    law = LossLaw(
        floor=whole.floor + float(whole.fixed[0]),
        constant=float(tail.chancy_unlearned[0] + np.sum(head.chancy_unlearned))
        + float(np.sum(np.where(counted.most, 0.0, chancy.chancy))),
        weight=counted.weight,
        learned_constant=settled + float(np.sum(np.where(counted.most, chancy.room, 0.0))),
        learned_weight=np.where(counted.most, -1.0, 1.0) * chancy.room / chancy.size,
        size=chancy.size,
        chance=counted.chance,
        coupling=counted.coupling,
        samples=setting.samples or 0.0,
        spare=0.0,
        loss_slope=0.0,
        learned_slope=0.0,
        whole=setting.whole,
        variance_error=_variance_error(chancy, counted),
    )
    return _conditioned(_with_tail(law, tail) if unseen else law, whole, setting)


@dataclass(frozen=True)
class _Counted:
    most: NDArray[np.bool_]
    chance: Floats
    weight: Floats
    coupling: Floats


def _counted(chancy: Sums) -> _Counted:
    """What is counted in each block, such that the block's mean loss is exact."""
    most = chancy.learned > chancy.unlearned
    counts = np.where(most, chancy.unlearned, chancy.learned)
    masses = np.where(most, chancy.chancy_unlearned, -chancy.chancy_learned)
    chance = np.clip(counts / chancy.size, 0.0, 1.0)
    spread = counts * (1 - chance)
    slope = np.where(most, chancy.slope, -chancy.slope)
    return _Counted(most, chance, _ratio(masses, counts), _ratio(slope, spread))


def _ratio(upper: Floats, lower: Floats) -> Floats:
    return np.divide(upper, lower, out=np.zeros_like(upper), where=lower > 0)


def _variance_error(chancy: Sums, counted: _Counted) -> float:
    exact = float(np.sum(chancy.variance))
    blocked = float(np.sum(counted.weight**2 * chancy.size * counted.chance * (1 - counted.chance)))
    return abs(blocked / exact - 1) if exact > 0 else 0.0


def _with_tail(law: LossLaw, tail: Sums) -> LossLaw:
    """With one more block for what is learned beyond those that show in the loss."""
    learned = float(tail.learned[0])
    return replace(
        law,
        weight=np.append(law.weight, 0.0),
        learned_weight=np.append(law.learned_weight, tail.room_learned[0] / learned),
        size=np.append(law.size, np.inf),
        chance=np.append(law.chance, learned),
        coupling=np.append(law.coupling, -tail.slope[0] / learned),
    )


def _conditioned(law: LossLaw, whole: Sums, setting: Setting) -> LossLaw:
    """With what a data set of fixed size needs: slopes in samples, and the variance of their number that is left to chance."""
    if not (setting.counts_samples and setting.draw == "fixed" and setting.samples):
        return law
    variance = np.where(np.isinf(law.size), law.mean, law.mean * (1 - np.minimum(law.chance, 1.0)))
    explained = float(np.sum(law.coupling**2 * variance))
    return replace(
        law,
        spare=max(0.0, setting.samples - explained),
        loss_slope=float(whole.loss_slope[0] / whole.chancy_unlearned[0]) / setting.samples,
        learned_slope=-float(whole.room_slope[0]) / setting.samples,
    )
