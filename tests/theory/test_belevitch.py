"""Belevitch's expansions against what they expand: the figures of the Gaussian case, orders of the error, exact cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quantal.errors import InputError
from quantal.theory import Mandelbrot, Zipf, belevitch

SPREAD, COUNT = 3.0, 1e6
GAUSS = stats.norm(scale=SPREAD)


def hazard(z: float) -> float:
    return float(stats.norm.pdf(z) / stats.norm.sf(z))


@pytest.mark.parametrize("z0", [0.5, 1.0, 2.0, 3.0, 4.0])
def test_gaussian_log_frequency(z0: float) -> None:
    rank = COUNT * float(stats.norm.sf(z0))
    found = belevitch(GAUSS, count=COUNT, rank=rank)
    assert found.first.exponent == pytest.approx(SPREAD / hazard(z0), rel=1e-12)
    assert found.second is not None
    assert found.second.exponent == pytest.approx(SPREAD / z0, rel=1e-8)
    assert found.second.shift == pytest.approx(rank * (hazard(z0) / z0 - 1), rel=1e-7)


def test_the_figures_of_the_theory() -> None:
    found = belevitch(GAUSS, count=COUNT, rank=COUNT * float(stats.norm.sf(2.0)))
    assert found.second is not None
    for step, first, second in ((-0.5, -1.362, -1.452), (1.0, 3.571, 2.361)):
        rank = COUNT * float(stats.norm.sf(2.0 + step))
        assert float(found.log_frequency(rank)) - 6.0 == pytest.approx(SPREAD * step, abs=1e-9)
        assert float(found.first.log_frequency_at(rank)) - 6.0 == pytest.approx(first, abs=5e-4)
        assert float(found.second.log_frequency_at(rank)) - 6.0 == pytest.approx(second, abs=5e-4)
    assert belevitch(GAUSS, count=COUNT, rank=COUNT * float(stats.norm.sf(4.0))).first.gamma == pytest.approx(
        -0.29, abs=5e-3
    )


@pytest.mark.parametrize(
    "distribution",
    [GAUSS, stats.gamma(3.0, scale=0.7), stats.logistic(scale=1.4), stats.gumbel_l(scale=2.0)],
    ids=["normal", "gamma", "logistic", "gumbel"],
)
def test_errors_are_of_second_and_third_order(distribution: object) -> None:
    rank = 2e4
    found = belevitch(distribution, count=COUNT, rank=rank)  # type: ignore[arg-type]
    assert found.second is not None
    for expansion, order in ((found.first, 2), (found.second, 3)):
        errors = [
            abs(float(expansion.log_frequency_at(rank * math.exp(step)) - found.log_frequency(rank * math.exp(step))))
            for step in (0.01, 0.02)
        ]
        assert math.log2(errors[1] / errors[0]) == pytest.approx(order, abs=0.15)


def test_an_exponential_log_frequency_is_zipfs_law_everywhere() -> None:
    found = belevitch(stats.expon(scale=1.4), count=COUNT, rank=1000.0)
    assert found.second is not None
    for expansion in (found.first, found.second):
        assert expansion.exponent == pytest.approx(1.4, rel=1e-9)
        assert expansion.ranks == pytest.approx((0.5, COUNT), rel=1e-6)
    assert found.first.law() == Zipf(found.first.gamma)


@given(st.floats(0.2, 5), st.floats(1, 9e5), st.floats(0.01, 1))
@settings(max_examples=30, deadline=None)
def test_expansions_hold_where_they_say(spread: float, rank: float, tolerance: float) -> None:
    found = belevitch(stats.norm(scale=spread), count=COUNT, rank=rank, tolerance=tolerance)
    for expansion in (found.first, found.second):
        if expansion is None:
            assert found.reason
            continue
        low, high = expansion.ranks
        assert low <= rank <= high
        ranks = np.geomspace(low * (1 + 1e-9), high * (1 - 1e-9), 200)
        error = np.abs(expansion.log_frequency_at(ranks) - found.log_frequency(ranks))
        assert np.all(error <= tolerance * 1.01 + 1e-6)
        for end, beyond in ((low, low * 0.98), (high, min(high * 1.02, COUNT * 0.99999))):
            if 0.6 < end < 0.99 * COUNT and beyond + expansion.shift > 0:
                outside = float(expansion.log_frequency_at(beyond) - found.log_frequency(beyond))
                assert not abs(outside) < tolerance * 0.9


def test_a_curve_that_bends_too_sharply_has_no_mandelbrot_law() -> None:
    found = belevitch(stats.uniform(), count=COUNT, rank=1000.0)
    assert found.second is None
    assert found.reason is not None
    assert "more sharply than any Mandelbrot law" in found.reason


def test_ranks_and_laws() -> None:
    found = belevitch(GAUSS, count=COUNT, rank=30_000.0)
    y = np.array([0.0, 3.0])
    assert found.log_frequency(found.rank(y)) == pytest.approx(y)
    assert found.second is not None
    law = found.second.law()
    assert law == Mandelbrot(found.second.gamma, found.second.shift)
    drop = np.diff(law.log_pmf([25_000, 35_000]))
    assert drop == pytest.approx(np.diff(found.second.log_frequency_at([25_000, 35_000])), rel=1e-9)
    assert found.to_dict()["first"]["ranks"][0] < 30_000 < found.to_dict()["first"]["ranks"][1]


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"count": 0, "rank": 0.5}, "a whole number >= 1"),
        ({"count": math.inf, "rank": 0.5}, "a whole number >= 1"),
        ({"count": 100, "rank": 0}, "rank = 0"),
        ({"count": 100, "rank": 100}, "< 100"),
        ({"count": 100, "rank": 10, "tolerance": 0}, "tolerance = 0"),
    ],
)
def test_bad_input(keywords: dict, said: str) -> None:
    with pytest.raises(InputError) as caught:
        belevitch(GAUSS, **keywords)
    assert said in str(caught.value)
    with pytest.raises(InputError, match="both excluded"):
        belevitch(GAUSS, count=100, rank=5).log_frequency(100)
