"""fit_frequencies(counts) -> FrequencyFit: which law of frequencies a user's own counts follow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import IdentifiabilityError, InputError, did_you_mean
from quantal.theory.count_rivals import CountRival, fit_rivals
from quantal.theory.counts import CountHistogram, histogram
from quantal.theory.frequencies import Frequencies
from quantal.theory.power_law_tail import PowerLawTail, fit_power_law_tail
from quantal.theory.rank_laws import FittedLaw, fit_rank_laws
from quantal.theory.ranked_counts import RankedCounts, ranked
from quantal.theory.vuong import LawComparison, vuong

_INSIDE = {("zipf", "mandelbrot"), ("zipf", "cutoff"), ("geometric", "cutoff"), ("geometric", "stretched")}


@dataclass(frozen=True)
class RankFrequency:
    """gamma of p_k ∝ k^-(gamma+1) over ranks 1 to `last_rank`, by maximum likelihood of their samples.

    `interval` is at 95 %, for samples drawn independently; `gamma_from_alpha` = 1/(alpha - 1) - 1 is what the distribution
    of counts implies.
    """

    gamma: float
    standard_error: float
    interval: tuple[float, float]
    first_rank: int
    last_rank: int
    least_count: int
    samples: int
    gamma_from_alpha: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data; `ranks` holds the first and the last."""
        return {
            "gamma": self.gamma,
            "standard_error": self.standard_error,
            "interval": list(self.interval),
            "ranks": [self.first_rank, self.last_rank],
            "least_count": self.least_count,
            "samples": self.samples,
            "gamma_from_alpha": self.gamma_from_alpha,
        }


@dataclass(frozen=True)
class FrequencyFit:
    """Counts read against every law: their power law above xmin, each law of frequencies by rank, and the tests between them.

    `laws` are ordered by AIC; `comparisons` holds first those of the laws by rank, then the power law of counts against
    its rivals. `notes` say what could not be estimated, and why.
    """

    counts: CountHistogram
    power_law: PowerLawTail | None
    rank_frequency: RankFrequency
    laws: tuple[FittedLaw, ...]
    rivals: tuple[CountRival, ...]
    comparisons: tuple[LawComparison, ...]
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Frequencies:
        """The law with the least AIC, ready for a QuantaModel."""
        return self.laws[0].frequencies

    @property
    def undecided(self) -> tuple[str, ...]:
        """Names of the laws by rank that Vuong's test cannot tell from the one with the least AIC, that one first."""
        name = self.laws[0].name
        others = [one for one in self.laws[1:] if self.compare(name, one.name).preferred != name]
        return (name, *(one.name for one in others))

    def law(self, name: str) -> Frequencies:
        """One fitted law by name: zipf, mandelbrot, cutoff, geometric, stretched, lognormal.

        Raises:
            InputError: there is no such law.
        """
        for one in self.laws:
            if one.name == name:
                return one.frequencies
        raise InputError(f"law {name!r}: no such law. {did_you_mean(name, [one.name for one in self.laws])}")

    def compare(self, first: str, second: str) -> LawComparison:
        """The test between two laws, in either order.

        Raises:
            InputError: they were not compared.
        """
        for one in self.comparisons:
            if {one.first, one.second} == {first, second}:
                return one
        known = sorted({name for one in self.comparisons for name in (one.first, one.second)})
        raise InputError(
            f"{first!r} against {second!r}: these were not compared; name two of {', '.join(known)}, "
            "such as compare('zipf', 'geometric')"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "items": self.counts.size,
            "samples": int(self.counts.total),
            "power_law": None if self.power_law is None else self.power_law.to_dict(),
            "rank_frequency": self.rank_frequency.to_dict(),
            "laws": [one.to_dict() for one in self.laws],
            "rivals": [one.to_dict() for one in self.rivals],
            "best": self.laws[0].name,
            "undecided": list(self.undecided),
            "comparisons": [one.to_dict() for one in self.comparisons],
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        rank = self.rank_frequency
        lines = [f"{self.counts.size:,} items, {int(self.counts.total):,} counts"]
        if self.power_law is not None:
            lines.append(f"  counts >= {self.power_law.xmin}: power law, alpha {self.power_law.alpha:.4g}")
        lines.append(f"  ranks 1 to {rank.last_rank}: gamma {rank.gamma:.4g} ± {rank.standard_error:.2g}")
        lines.append("  best: " + " or ".join(self.undecided))
        return "\n".join(lines)


def fit_frequencies(
    counts: ArrayLike | CountHistogram | Iterable[ArrayLike],
    *,
    xmin: int | None = None,
    least_count: int | None = None,
    bootstrap: int = 0,
    seed: int | None = 0,
    progress: Callable[[int], None] | None = None,
) -> FrequencyFit:
    """Estimate every law of frequencies from counts by discrete maximum likelihood, and compare them by Vuong's test.

    Two readings of the same counts. The distribution of counts, an item at a time: a power law p(x) ∝ x^-alpha above xmin,
    found by scanning xmin, against exponential, log-normal, stretched exponential and cutoff. And frequency by rank, a sample
    at a time: Zipf, Mandelbrot, cutoff, geometric, stretched and log-normal laws over the ranks whose order is known (items
    counted often enough). Where counts are Zipf's, alpha = 1 + 1/(gamma + 1).

    Args:
        counts: one whole number >= 0 an item; or an iterator of arrays of them, read chunk by chunk in bounded memory.
        xmin: a smallest count for the power law instead of the scan.
        least_count: smallest count of the ranks that are used; by default 100, or as low as 10 for 200 ranks, where chance
            rarely changes the order.
        bootstrap: samples for the power law's p-value; 0 for none.
        seed: of the bootstrap.
        progress: called after each bootstrap sample with their number so far.

    Raises:
        InputError: a count is negative or not whole, or an argument is out of its range.
        IdentifiabilityError: fewer than three items.

    Source: Clauset, Shalizi and Newman 2009 (arXiv 0706.1062); Vuong 1989.

    >>> from quantal.theory import Geometric
    >>> ranks = Geometric(0.2).sample(20_000, seed=0)
    >>> found = fit_frequencies(np.bincount(ranks))
    >>> found.compare("zipf", "geometric").preferred, round(found.law("geometric").rate, 2)
    ('geometric', 0.2)
    """
    if least_count is not None and (
        isinstance(least_count, bool) or least_count != int(least_count) or least_count < 1
    ):
        raise InputError(f"least_count = {least_count!r}: it must be a whole number >= 1; write least_count=10")
    seen = histogram(counts)
    data = ranked(seen, least_count)
    notes: list[str] = []
    power: PowerLawTail | None = None
    rivals: tuple[CountRival, ...] = ()
    on_counts: tuple[LawComparison, ...] = ()
    try:
        power = fit_power_law_tail(seen, xmin=xmin, bootstrap=bootstrap, seed=seed, progress=progress)
        rivals, on_counts = fit_rivals(seen, power)
    except IdentifiabilityError as error:
        notes.append(f"no power law of counts: {error}")
    laws = fit_rank_laws(data)
    zipf = next(one for one in laws if one.name == "zipf")
    return FrequencyFit(
        counts=seen,
        power_law=power,
        rank_frequency=_rank_frequency(zipf, data, power),
        laws=laws,
        rivals=rivals,
        comparisons=(*_comparisons(laws, data), *on_counts),
        notes=tuple(notes),
    )


def _comparisons(laws: tuple[FittedLaw, ...], data: RankedCounts) -> tuple[LawComparison, ...]:
    order = ("zipf", "geometric", "mandelbrot", "cutoff", "stretched", "lognormal")
    by_name = {one.name: one for one in laws}
    found = []
    for first, second in itertools.combinations(order, 2):
        a, b = by_name[first], by_name[second]
        nested = (first, second) in _INSIDE
        found.append(
            vuong(
                "ranks",
                first,
                second,
                a.log_shares - b.log_shares,
                data.weights,
                extra=b.parameters - a.parameters if nested else 0,
                correction=0.5 * (a.parameters - b.parameters) * math.log(data.samples),
            )
        )
    return tuple(found)


def _rank_frequency(zipf: FittedLaw, data: RankedCounts, power: PowerLawTail | None) -> RankFrequency:
    """The Zipf law with its standard error: the spread of ln rank among the samples over that of the law (White's sandwich)."""
    gamma = float(zipf.frequencies.gamma)  # type: ignore[arg-type]
    n = data.samples
    log = np.log(data.ranks)
    seen = data.mean((log - data.mean(log)) ** 2)
    every = np.log(data.every_rank)
    shares = data.every_weight * np.exp(-(gamma + 1.0) * every)
    shares /= shares.sum()
    expected = float(shares @ (every - float(shares @ every)) ** 2)
    error = math.sqrt(seen / n) / expected
    return RankFrequency(
        gamma=gamma,
        standard_error=error,
        interval=(gamma - 1.959964 * error, gamma + 1.959964 * error),
        first_rank=1,
        last_rank=data.last,
        least_count=data.least,
        samples=round(n),
        gamma_from_alpha=None if power is None else 1.0 / (power.alpha - 1.0) - 1.0,
    )
