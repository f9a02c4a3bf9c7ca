"""Sizes of clusters by rank: their envelope, its slope, and the slope's bias measured on planted clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.discover.clusters import Labels, checked_cosines, many_clusters
from quantal.discover.opposites import without_camps
from quantal.discover.planted import planted
from quantal.errors import InputError
from quantal.estimate import Estimate

Floats = NDArray[np.float64]
_LEAST_SIZE = 3.0
_FIRST = 2
SLOPES = (-0.8, -1.1, -1.4, -1.8, -2.3)


@dataclass(frozen=True, eq=False)
class Slope:
    """d ln(size) / d ln(rank) of the envelope, with an interval from resampled tokens; and what planted clusters say of its bias.

    bias is what the same procedure measures minus the planted slope, at the slope found; corrected is the planted slope that would
    be measured as this one was, its interval the spread of the calibration and of the resamples together.
    """

    measured: Estimate
    corrected: Estimate
    bias: float | None
    ranks: tuple[int, int]

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.measured.to_dict(),
            "bias": self.bias,
            "corrected": self.corrected.to_dict(),
            "ranks": list(self.ranks),
        }


def envelope(partitions: Sequence[Labels]) -> Floats:
    """The largest size at each rank over several clusterings of the same tokens, shape (K,), K the largest number of clusters."""
    most = max(int(labels.max()) + 1 for labels in partitions)
    out = np.zeros(most)
    for labels in partitions:
        sizes = np.sort(np.bincount(labels))[::-1]
        out[: len(sizes)] = np.maximum(out[: len(sizes)], sizes)
    return out


def ranks_of(sizes: Floats) -> tuple[int, int]:
    """The ranks that the slope is taken over: from 2 to the last whose size is at least 3.

    Raises:
        InputError: fewer than four are left.
    """
    last = int(np.sum(sizes >= _LEAST_SIZE))
    if last - _FIRST < 3:
        raise InputError(
            f"{last} clusters hold at least {_LEAST_SIZE:g} tokens: a slope over their ranks needs 5; give more tokens or more clusters"
        )
    return _FIRST, last


def slope_of(sizes: Floats, ranks: tuple[int, int]) -> float:
    """Least squares of ln(size) on ln(rank) over ranks first to last; a size of 0 counts as one half.

    >>> import numpy as np
    >>> round(slope_of(100.0 * np.arange(1, 11.0) ** -1.5, (2, 10)), 6)
    -1.5
    """
    rank = np.log(np.arange(ranks[0], ranks[1] + 1))
    size = np.log(np.maximum(sizes[ranks[0] - 1 : ranks[1]], 0.5))
    centred = rank - rank.mean()
    return float(centred @ size / (centred @ centred))


def measured_slope(
    partitions: Sequence[Labels], *, resamples: int, seed: int
) -> tuple[Estimate, Floats, tuple[int, int]]:
    """The envelope's slope with an interval from tokens resampled with their labels, the draws, and the ranks."""
    sizes = envelope(partitions)
    ranks = ranks_of(sizes)
    count = len(partitions[0])
    draws = np.empty(resamples)
    rng = np.random.default_rng([seed, 0x51])
    for draw in range(resamples):
        some = rng.integers(count, size=count)
        again = np.zeros_like(sizes)
        for labels in partitions:
            found = np.sort(np.bincount(labels[some], minlength=len(sizes)))[::-1][: len(sizes)]
            again = np.maximum(again, found)
        draws[draw] = slope_of(again, ranks)
    return Estimate.from_draws(slope_of(sizes, ranks), draws), draws, ranks


def calibrated_slope(
    cosines: Any,
    partitions: Mapping[int, Labels],
    *,
    resamples: int = 200,
    repeats: int = 3,
    alike: int = 1,
    seed: int = 0,
    progress: Callable[[int, int | None], None] | None = None,
) -> Slope:
    """The slope of the envelope, and its bias on planted clusters of as many tokens, as alike within a cluster and as spread without.

    For each of five planted slopes, ``repeats`` planted sets are clustered as the tokens were; the medians of the measured slopes, joined
    by lines, are read backwards. repeats = 0 leaves the bias unknown. ``alike`` clusters share each frequency
    where that is known, as the 2^k patterns of a parity do; the planted slope is that of the frequencies.
    """
    ks = sorted(partitions)
    measured, draws, ranks = measured_slope([partitions[k] for k in ks], resamples=resamples, seed=seed)
    assert measured.value is not None
    if repeats == 0:
        return Slope(measured, Estimate(None, {}, "no calibration was asked for"), None, ranks)
    within, dimension = geometry(without_camps(checked_cosines(cosines)), partitions[ks[-1]])
    truth, found = [], []
    for number in range(len(SLOPES) * repeats):
        slope = SLOPES[number % len(SLOPES)]
        again, _ = planted(
            len(cosines),
            ks[-1],
            slope=slope,
            within=within,
            dimension=dimension,
            seed=1000 * seed + number,
            alike=alike,
        )
        sizes = envelope(list(many_clusters(again, ks, seed=seed).values()))
        try:
            found.append(slope_of(sizes, ranks_of(sizes)))
        except InputError:
            continue
        finally:
            if progress is not None:
                progress(number + 1, len(SLOPES) * repeats)
        truth.append(slope)
    if len(set(truth)) < 3:
        return Slope(
            measured, Estimate(None, {}, "too few planted sets had enough clusters to measure a slope"), None, ranks
        )
    return _read_back(measured, draws, ranks, np.array(truth), np.array(found))


def _read_back(measured: Estimate, draws: Floats, ranks: tuple[int, int], truth: Floats, found: Floats) -> Slope:
    """The planted slope that would be measured so: the medians of measured against planted, joined by lines and read backwards.

    The scatter is that about the medians, 1.48 median deviations, so that a planted set whose clustering went wrong does not count.
    """
    from scipy import special

    assert measured.value is not None
    planted_slopes = np.unique(truth)
    middle = np.maximum.accumulate([np.median(found[truth == one]) for one in planted_slopes])
    repeats = len(truth) / len(planted_slopes)
    off = found - middle[np.searchsorted(planted_slopes, truth)]
    scatter = (
        1.4826 * float(np.median(np.abs(off))) * np.sqrt(1 + 1 / repeats) * np.sqrt(repeats / max(repeats - 1, 0.5))
    )
    place = int(np.clip(np.searchsorted(middle, measured.value) - 1, 0, len(middle) - 2))
    gain = float((middle[place + 1] - middle[place]) / (planted_slopes[place + 1] - planted_slopes[place]))
    if gain < 0.1:
        reason = "the measured slope does not follow the planted one: the clusters are too poorly told apart"
        return Slope(measured, Estimate(None, {}, reason), None, ranks)
    back = float(planted_slopes[place] + (measured.value - middle[place]) / gain)
    spread = float(np.hypot(scatter, np.std(draws))) / gain
    half = float(special.stdtrit(max(len(truth) - len(planted_slopes), 1), 0.975)) * spread
    return Slope(measured, Estimate(back, {95.0: (back - half, back + half)}), measured.value - back, ranks)


def geometry(cosines: Any, labels: Labels) -> tuple[float, int]:
    """The mean cosine within clusters of three or more, and the dimension whose chance spread is that between clusters."""
    total, pairs = 0.0, 0
    for label in np.flatnonzero(np.bincount(labels) >= 3):
        inside = np.flatnonzero(labels == label)
        block = np.asarray(cosines[np.ix_(inside, inside)], dtype=np.float64)
        total += float(block.sum() - np.trace(block))
        pairs += len(inside) * (len(inside) - 1)
    within = min(max(total / pairs if pairs else 0.5, 0.05), 0.95)
    some = np.arange(0, len(labels), max(1, len(labels) // 1500))
    apart = labels[some][:, None] != labels[some][None, :]
    values = cosines[np.ix_(some, some)][apart]
    spread = float(np.median(np.abs(values))) / 0.6745 if values.size else 0.05
    return within, int(np.clip(1 / max(spread, 1e-3) ** 2, 10, 2000))
