"""Implicit laws against explicit ones, and against mpmath where there is no closed form."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.laws import Jet, implicit


def _kepler(mean: np.ndarray, eccentricity: np.ndarray) -> np.ndarray:
    y = np.asarray(mean, dtype=float) + 0.0 * eccentricity
    for _ in range(60):
        y = y - (y - eccentricity * np.tanh(y) - mean) / (1 - eccentricity * (1 - np.tanh(y) ** 2))
    return y


@settings(max_examples=15, deadline=None)
@given(mean=st.floats(0.2, 2.0), e=st.floats(0.05, 0.8))
def test_derivatives_of_a_root_without_closed_form(mean: float, e: float) -> None:
    jet = implicit(
        lambda y, m, c: y - c * np.tanh(y) - m, _kepler, Jet.seed(np.array([[mean]]), 0), Jet.seed(np.array([[e]]), 1)
    )
    with mp.workdps(40):

        def exact(m, c):
            return mp.findroot(lambda y: y - c * mp.tanh(y) - m, float(jet.value[0, 0]))

        for i, orders in enumerate([(1, 0), (0, 1)]):
            assert float(jet.gradient[i][0, 0]) == pytest.approx(float(mp.diff(exact, (mean, e), orders)), rel=1e-8)
        for key, orders in {(0, 0): (2, 0), (0, 1): (1, 1), (1, 1): (0, 2)}.items():
            want = float(mp.diff(exact, (mean, e), orders))
            assert float(np.ravel(jet.hessian[key])[0]) == pytest.approx(want, rel=1e-6, abs=1e-9)


def test_a_law_may_be_given_by_an_equation() -> None:
    """(y - E) sqrt(y) = A x^-alpha, solved by bisection, is checked and fitted like any other law."""

    def root(right, floor):
        right, floor = np.broadcast_arrays(right, floor)
        low, high = floor.copy(), floor + right + right ** (2 / 3) + 1e-12
        for _ in range(110):
            middle = 0.5 * (low + high)
            big = (middle - floor) * np.sqrt(middle) > right
            low, high = np.where(big, low, middle), np.where(big, middle, high)
        return 0.5 * (low + high)

    @ql.law(source="a test")
    def bent(tokens, *, E: ql.Positive, A: ql.Positive, alpha: ql.Exponent):
        "(L - E) L^{1/2} = A D^-alpha"
        return implicit(lambda y, r, e: (y - e) * np.sqrt(y) - r, root, A * tokens**-alpha, E)

    x = np.geomspace(1e3, 1e7, 20)
    y = bent.value({"tokens": x}, np.array([1.5, 60.0, 0.4]))
    found = ql.fit({"tokens": x, "loss": y}, bent)
    assert [found.parameters[name].value for name in ("E", "A", "alpha")] == pytest.approx([1.5, 60.0, 0.4], rel=1e-4)
