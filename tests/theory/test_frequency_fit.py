"""Laws fitted to counts: published exponents, planted laws found again, the tests between them, counts as histograms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import IdentifiabilityError, InputError
from quantal.theory import (
    Cutoff,
    Frequencies,
    Geometric,
    LogNormal,
    Mandelbrot,
    Stretched,
    Zipf,
    fit_frequencies,
    fit_power_law_tail,
    histogram,
)
from quantal.theory.ranked_counts import ranked
from quantal.theory.vuong import vuong


def counts_of(law: Frequencies, samples: int, seed: int = 1) -> np.ndarray:
    return np.unique(law.sample(samples, seed=seed), return_counts=True)[1]


def column(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64)[:, 1]


def test_moby_dick_as_published(public_data: Path) -> None:
    """Clauset, Shalizi and Newman 2009, table 6.1: xmin 7 +- 2, alpha 1.95 +- 0.02, p = 0.49; log-normal undecided."""
    fit = fit_frequencies(column(public_data / "word_frequencies_moby_dick.csv"), bootstrap=100)
    power = fit.power_law
    assert power is not None
    assert (power.xmin, round(power.alpha, 2), power.n_tail) == (7, 1.95, 2958)
    assert round(power.standard_error, 2) == 0.02
    assert power.p_value is not None
    assert power.p_value > 0.1
    assert fit.compare("power_law", "lognormal").preferred is None
    assert fit.compare("power_law", "exponential").preferred == "power_law"
    assert fit.compare("zipf", "geometric").preferred == "zipf"


def test_terrorism_as_published(public_data: Path) -> None:
    """Clauset, Shalizi and Newman 2009, table 6.1: xmin 12 +- 4, alpha 2.4 +- 0.2, p = 0.68."""
    power = fit_power_law_tail(histogram(column(public_data / "tail_terrorism_severity.csv")), bootstrap=100)
    assert (power.xmin, round(power.alpha, 1), power.n_tail) == (12, 2.4, 547)
    assert power.p_value is not None
    assert power.p_value > 0.1


@pytest.mark.parametrize(("alpha", "xmin"), [(1.5, 1), (2.5, 3), (3.5, 10)])
def test_the_exponent_maximises_the_likelihood(alpha: float, xmin: int) -> None:
    x = (Mandelbrot(alpha - 1, xmin - 1).sample(5000, seed=3) + (xmin - 1)).astype(np.int64)
    fit = fit_power_law_tail(histogram(x), xmin=xmin)

    def likelihood(a: float) -> float:
        return float(-a * np.log(x.astype(float)).sum() - x.size * mp.log(mp.zeta(a, xmin)))

    assert fit.log_likelihood == pytest.approx(likelihood(fit.alpha), rel=1e-10)
    for step in (-1e-3, 1e-3):
        assert likelihood(fit.alpha + step) < fit.log_likelihood
    curvature = (likelihood(fit.alpha + 1e-3) - 2 * likelihood(fit.alpha) + likelihood(fit.alpha - 1e-3)) / 1e-6
    assert fit.standard_error == pytest.approx((-curvature) ** -0.5, rel=1e-3)
    assert abs(fit.alpha - alpha) < 4 * fit.standard_error


def test_p_values_of_true_power_laws_are_uniform_enough() -> None:
    chances = []
    for seed in range(20):
        x = Mandelbrot(1.5, 0.0).sample(400, seed=seed)
        found = fit_power_law_tail(histogram(np.minimum(x, 10**9).astype(np.int64)), bootstrap=20, seed=seed).p_value
        assert found is not None
        chances.append(found)
    assert 0.25 < np.mean(chances) < 0.8
    assert sum(one < 0.1 for one in chances) <= 6


PLANTED = [
    (Zipf(1.0), "zipf"),
    (Zipf(0.1, 100_000), "zipf"),
    (Mandelbrot(0.5, 20.0), "mandelbrot"),
    (Geometric(0.01), "geometric"),
    (Stretched(0.5, 10.0), "stretched"),
    (LogNormal(2.0, 3000), "lognormal"),
    (Cutoff(0.2, 500.0), "cutoff"),
]


@pytest.mark.parametrize(("law", "name"), PLANTED, ids=repr)
def test_a_planted_law_is_found_again(law: Frequencies, name: str) -> None:
    fit = fit_frequencies(counts_of(law, 1_000_000))
    assert name in fit.undecided
    found, planted = fit.law(name).to_dict(), law.to_dict()
    for parameter in ("gamma", "shift", "rate", "theta", "sigma", "scale", "cutoff"):
        if parameter in planted:
            assert found[parameter] == pytest.approx(planted[parameter], rel=0.02, abs=0.004)
    if name == "zipf":
        rank = fit.rank_frequency
        assert abs(rank.gamma - law.gamma) < 3.5 * rank.standard_error  # type: ignore[operator]
        assert fit.compare("geometric", "zipf").preferred == "zipf"
    if name == "geometric":
        assert fit.compare("zipf", "geometric").preferred == "geometric"


def test_few_samples_leave_more_laws_open() -> None:
    law = Geometric(0.003)
    few, many = fit_frequencies(counts_of(law, 300)), fit_frequencies(counts_of(law, 300_000))
    assert len(few.undecided) >= len(many.undecided)
    assert few.rank_frequency.standard_error > many.rank_frequency.standard_error


def test_ranks_hold_every_sample() -> None:
    counts = np.sort(np.random.default_rng(2).zipf(1.7, 30_000) % 100_000)[::-1] + 1
    data = ranked(histogram(counts), least=1)
    ranks = np.arange(1.0, counts.size + 1)
    assert data.last == counts.size
    assert data.samples == pytest.approx(counts.sum())
    for f in (np.log, np.sqrt, lambda r: 1 / (r + 3.0), lambda r: np.log(r) ** 2):
        assert float(data.weights @ f(data.ranks)) == pytest.approx(float(counts @ f(ranks)), rel=1e-11)
        assert float(data.every_weight @ f(data.every_rank)) == pytest.approx(float(f(ranks).sum()), rel=1e-12)


def test_conditional_likelihood_is_that_of_the_law() -> None:
    counts = counts_of(Zipf(0.5), 20_000)
    fit = fit_frequencies(counts)
    last = fit.rank_frequency.last_rank
    ordered = np.sort(counts)[::-1][:last].astype(float)
    ranks = np.arange(1.0, last + 1)
    for one in fit.laws:
        shares = one.frequencies.log_pmf(ranks) - math.log1p(-float(one.frequencies.tail(float(last))))
        assert one.log_likelihood == pytest.approx(float(ordered @ shares), rel=1e-9)


def test_chunks_give_what_the_whole_gives() -> None:
    counts = counts_of(Zipf(0.5), 5_000)

    def chunks() -> Iterator[np.ndarray]:
        for start in range(0, counts.size, 77):
            yield counts[start : start + 77]

    assert fit_frequencies(chunks()).to_dict() == fit_frequencies(counts).to_dict()


def test_the_same_seed_gives_the_same_chance() -> None:
    counts = histogram(counts_of(Zipf(0.5), 3_000))
    first = fit_power_law_tail(counts, bootstrap=10, seed=4)
    told: list[int] = []
    assert first == fit_power_law_tail(counts, bootstrap=10, seed=4, progress=told.append)
    assert told == list(range(1, 11))


def test_too_little_is_said() -> None:
    with pytest.raises(IdentifiabilityError, match="at least three"):
        fit_frequencies([5, 3])
    fit = fit_frequencies([4, 4, 4, 4])
    assert fit.power_law is None
    assert "at least two" in fit.notes[0]
    assert fit.to_dict()["power_law"] is None
    assert fit.compare("zipf", "geometric").preferred is None


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([1, -2], "hold -2: each must be a whole number from 0"),
        ([1.5, 2], "hold 1.5"),
        ([math.nan, 2], "hold nan"),
        ([], "nothing above 0"),
        ([0, 0], "nothing above 0"),
        ([[1, 2], [3, 4]], "shape (K,)"),
        (["a", "b"], "whole numbers"),
        (np.array([2**64 - 1], dtype=np.uint64), "2^63 - 1"),
    ],
)
def test_bad_counts_are_refused(counts: object, said: str) -> None:
    with pytest.raises(InputError) as caught:
        fit_frequencies(counts)  # type: ignore[arg-type]
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"xmin": 0}, "xmin = 0"),
        ({"xmin": 1.5}, "xmin = 1.5"),
        ({"bootstrap": -1}, "bootstrap = -1"),
        ({"least_count": 0}, "least_count = 0"),
    ],
)
def test_bad_arguments_are_refused(keywords: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        fit_frequencies([9, 8, 7, 5, 5, 2, 1], **keywords)


def test_unknown_names_are_refused() -> None:
    fit = fit_frequencies([90, 40, 30, 20, 10, 5])
    with pytest.raises(InputError, match="Did you mean 'zipf'"):
        fit.law("zip")
    with pytest.raises(InputError, match="were not compared"):
        fit.compare("zipf", "power_law")


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=60).filter(any))
@settings(max_examples=60, deadline=None)
def test_histograms_count_every_item(counts: list[int]) -> None:
    found = histogram(counts)
    assert found.size == sum(c > 0 for c in counts)
    assert np.array_equal(np.repeat(found.values, found.items), np.sort([c for c in counts if c]))
    assert (
        histogram(iter([counts[:3], counts[3:]]) if len(counts) > 3 else counts).values.tolist()
        == found.values.tolist()
    )


@given(st.lists(st.integers(1, 10**9), min_size=3, max_size=40))
@settings(max_examples=4, deadline=None)
def test_any_counts_give_finite_numbers(counts: list[int]) -> None:
    fit = fit_frequencies(counts)
    assert all(math.isfinite(one.log_likelihood) for one in fit.laws)
    assert all(0 <= one.p_value <= 1 for one in fit.comparisons)
    assert math.isfinite(fit.rank_frequency.standard_error)


def test_vuong_is_level_under_equality_and_antisymmetric() -> None:
    rng = np.random.default_rng(0)
    rejected = 0
    for _ in range(400):
        x = rng.standard_normal(200)
        difference = -((x - 0.3) ** 2) / 2 + (x + 0.3) ** 2 / 2
        one = vuong("x", "a", "b", difference, np.ones(200))
        rejected += one.preferred is not None
        other = vuong("x", "b", "a", -difference, np.ones(200))
        assert (one.p_value, one.preferred) == (other.p_value, other.preferred)
    assert 8 <= rejected <= 36
    same = vuong("x", "a", "b", np.zeros(5), np.ones(5))
    assert (same.preferred, same.p_value) == (None, 1.0)
