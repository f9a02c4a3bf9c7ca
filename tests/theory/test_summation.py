import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from quantal.errors import InputError
from quantal.theory.summation import count_while, sum_ranks, sum_series


@pytest.mark.parametrize("s", [1.1, 1.4, 2.0, 11.0])
@pytest.mark.parametrize("samples", [10.0, 1e4, 1e8])
def test_block_summation_equals_brute_force(s, samples):
    ranks = np.arange(1, 10**5 + 1.0)
    brute = math.fsum(ranks**-s * np.exp(-samples * ranks**-s))
    block = sum_ranks(lambda k, column: k**-s * np.exp(-samples * k**-s), np.zeros(1), np.array([1e5]))
    assert block[0] == pytest.approx(brute, rel=1e-13)


def test_a_sharp_bend_is_found():
    ranks = np.arange(1, 2**20 + 1.0)

    def bend(k):
        return special.expit((123456 - k) / 30)

    assert sum_ranks(lambda k, column: bend(k), np.zeros(1), np.array([2.0**20]))[0] == pytest.approx(
        math.fsum(bend(ranks)), rel=1e-12
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 5000), st.integers(0, 5000), st.floats(1.05, 5))
def test_any_range_of_ranks(first, length, s):
    ranks = np.arange(first + 1, first + length + 1.0)
    total = sum_ranks(lambda k, column: k**-s, np.array([float(first)]), np.array([float(first + length)]))
    assert total[0] == pytest.approx(math.fsum(ranks**-s), rel=1e-12)


def test_columns_are_independent():
    powers = np.array([1.2, 2.0, 3.0])
    together = sum_ranks(lambda k, column: k ** -powers[column], np.zeros(3), np.array([1e3, 1e9, 1e15]))
    alone = [
        sum_ranks(lambda k, column, p=p: k**-p, np.zeros(1), np.array([e]))[0]
        for p, e in zip(powers, [1e3, 1e9, 1e15], strict=True)
    ]
    assert together == pytest.approx(alone, rel=1e-14)


@pytest.mark.parametrize("s", [1.05, 1.4, 3.0])
def test_an_infinite_series_against_mpmath(s):
    total = sum_series(lambda k: k**-s, np.array([0.0, 10.0, 1e9]), math.inf, lambda k: k**-s > 1e-290, "k^-s")
    with mpmath.workdps(40):
        exact = [float(mpmath.zeta(mpmath.mpf(s), n + 1)) for n in (0, 10, 10**9)]
    assert total == pytest.approx(exact, rel=1e-12)


def test_a_divergent_series_is_refused():
    with pytest.raises(InputError, match="does not converge"):
        sum_series(lambda k: 1 / k, np.zeros(1), math.inf, lambda k: k < 1e290, "1/k")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**50), st.one_of(st.just(math.inf), st.integers(1, 2**52)))
def test_count_while_finds_the_last_rank(last, limit):
    assert count_while(lambda k, column: k <= last, 1, limit)[0] == min(last, limit)
