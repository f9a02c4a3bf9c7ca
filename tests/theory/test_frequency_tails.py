"""Tails, frequencies and entropies against 50 digits, wherever the value exceeds 1e-290."""

from __future__ import annotations

import math

import frequency_oracles as oracle
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.theory import Cutoff, Frequencies, Geometric, LogNormal, Mandelbrot, Stretched, Zipf

RANKS = np.array([0, 0.5, 1, 2, 7.25, 10, 17, 100, 1234.5, 1e6, 1e12, 2.0**53, 1e24, 1e30])
GAMMAS = [1e-3, 0.01, 0.1, 0.34, 0.4, 0.5, 1.0, 2.0, 3.7, 10.0, 20.0, 50.0]


def check(law: Frequencies, truth: object, most: float, ranks: np.ndarray = RANKS) -> None:
    n = ranks[ranks < law.count]
    for rank, got in zip(n, law.tail(n), strict=True):
        with mp.workdps(50):
            wanted = truth(mp.mpf(float(rank)))  # type: ignore[operator]
            if wanted > mp.mpf("1e-290"):
                error = abs(mp.mpf(float(got)) / wanted - 1)
                assert error <= most, f"{law!r} at n = {rank}: {got!r}, error {mp.nstr(error, 3)}"


def test_the_figure_of_the_theory() -> None:
    assert f"{Zipf(0.4).tail(10):.11f}" == "0.31422042904"


def test_the_oracle_agrees_with_mpmath() -> None:
    with mp.workdps(60):
        for s, a in ((mp.mpf("1.4"), 11), (mp.mpf("1.001"), 3), (mp.mpf(3), 1)):
            assert abs(oracle.hurwitz(s, mp.mpf(a)) / mp.zeta(s, a) - 1) < mp.mpf(10) ** -48
    with mp.workdps(400):
        exact = mp.zeta(51, 1001)
    with mp.workdps(60):
        assert abs(oracle.hurwitz(mp.mpf(51), mp.mpf(1001)) / exact - 1) < mp.mpf(10) ** -45
        # a polylogarithm, as the normaliser of the cutoff
        total = mp.polylog(mp.mpf("1.4"), mp.exp(-mp.mpf(1) / 1000))
        first = mp.exp(-mp.mpf(1) / 1000) / total
        assert abs((1 - oracle.cutoff_tail(mp.mpf("0.4"), 1000.0, 1)) / first - 1) < mp.mpf(10) ** -45


@pytest.mark.parametrize("gamma", GAMMAS)
def test_zipf(gamma: float) -> None:
    check(Zipf(gamma), lambda n: oracle.power_tail(gamma, 0, n), 1e-12)


@pytest.mark.parametrize("gamma", [1e-3, 0.4, 1.0, 10.0, 50.0])
@pytest.mark.parametrize("shift", [-0.99, 2.7, 1e3, 1e20])
def test_mandelbrot(gamma: float, shift: float) -> None:
    check(Mandelbrot(gamma, shift), lambda n: oracle.power_tail(gamma, shift, n), 1e-12)


@pytest.mark.parametrize("gamma", [-0.99, -0.3, -1e-6, 0.0, 1e-6, 1e-3, 0.4, 2.0, 50.0])
@pytest.mark.parametrize(("shift", "count"), [(0.0, 1), (0.0, 10), (2.7, 10**6), (0.0, 10**12)])
def test_finitely_many_quanta(gamma: float, shift: float, count: int) -> None:
    ends = np.array([count - 1.5, count - 1.0, count - 0.25])
    ranks = np.unique(np.concatenate([RANKS, ends[ends > 0]]))
    check(Mandelbrot(gamma, shift, count), lambda n: oracle.power_tail(gamma, shift, n, mp.mpf(count)), 1e-12, ranks)


@given(st.floats(1e-3, 50), st.one_of(st.integers(0, 10**9).map(float), st.floats(0, 1e30)))
@settings(max_examples=60, deadline=None)
def test_zipf_anywhere(gamma: float, n: float) -> None:
    check(Zipf(gamma), lambda n: oracle.power_tail(gamma, 0, n), 1e-12, np.array([n]))


@pytest.mark.parametrize("rate", [1e-300, 1e-12, 1e-3, 0.5, 7.0, 700.0])
@pytest.mark.parametrize("count", [math.inf, 1, 10, 10**6])
def test_geometric(rate: float, count: float) -> None:
    check(Geometric(rate, count), lambda n: oracle.geometric_tail(rate, n, mp.mpf(count)), 1e-12)


CUTOFF_RANKS = np.array([0, 1, 7.25, 17, 100, 1e4, 1e6, 1e9, 1e24])


@pytest.mark.parametrize("gamma", [-1.0, 0.0, 1e-3, 0.4, 1.0001, 10.0, 50.0])
@pytest.mark.parametrize("cutoff", [1e-3, 0.51, 3.0, 1e3, 1e12])
def test_cutoff(gamma: float, cutoff: float) -> None:
    check(Cutoff(gamma, cutoff), lambda n: oracle.cutoff_tail(gamma, cutoff, n), 1e-9, CUTOFF_RANKS)


@pytest.mark.parametrize(
    ("theta", "scale"),
    [(0.02, 1.0), (0.1, 1e-3), (0.3, 1e5), (0.5, 100.0), (0.7, 1e20), (1.0, 3.0), (1.5, 10.0), (2.0, 1e8)],
)
def test_stretched(theta: float, scale: float) -> None:
    check(Stretched(theta, scale), lambda n: oracle.stretched_tail(theta, scale, n), 1e-9, CUTOFF_RANKS)


@pytest.mark.parametrize("sigma", [0.01, 1.0, 2.0, 10.0, 30.0])
@pytest.mark.parametrize("count", [1, 10, 4_000_000, 1e300])
def test_lognormal(sigma: float, count: float) -> None:
    check(LogNormal(sigma, count), lambda n: oracle.lognormal_tail(sigma, count, n), 1e-11)


def test_lognormal_frequencies_do_not_cancel() -> None:
    law = LogNormal(2.0, count=4_000_000)
    for k in (1.0, 2.0, 65.0, 1e3, 2e6, 3_999_000.0, 4e6):
        with mp.workdps(50):
            wanted = oracle.lognormal_tail(2.0, 4e6, mp.mpf(k) - 1) - (
                oracle.lognormal_tail(2.0, 4e6, mp.mpf(k)) if k < 4e6 else 0
            )
            assert abs(mp.mpf(float(law.pmf(k))) / wanted - 1) < 1e-10


@pytest.mark.parametrize("gamma", [0.01, 0.4, 1.0, 5.0])
def test_normaliser_and_entropy_of_zipf(gamma: float) -> None:
    with mp.workdps(50):
        s = mp.mpf(gamma) + 1
        z = mp.zeta(s)
        entropy = mp.log(z) - s * mp.zeta(s, 1, 1) / z
    assert Zipf(gamma).normaliser == pytest.approx(float(z), rel=1e-13)
    assert Zipf(gamma).entropy() == pytest.approx(float(entropy), rel=1e-11)


def test_normaliser_of_the_cutoff_is_a_polylogarithm() -> None:
    with mp.workdps(50):
        total = mp.polylog(mp.mpf("1.4"), mp.exp(mp.mpf("-0.001")))
    assert Cutoff(0.4, cutoff=1000).normaliser == pytest.approx(float(total), rel=1e-10)


def test_no_quanta_beyond_the_last_and_none_at_infinity() -> None:
    for law in (Zipf(0.4, 10), Mandelbrot(0.4, 2, 10), Geometric(0.1, 10), LogNormal(1, 10)):
        assert law.tail([10, 11, 1e30, math.inf]).tolist() == [0, 0, 0, 0]
    for law in (Geometric(0.1), Cutoff(0.4, 1e3), Stretched(0.5, 10), Zipf(2.0)):
        assert float(law.tail(1e300)) < 1e-290
        assert float(law.tail(math.inf)) < 1e-290
