"""Jets against mpmath's differentiation at 50 digits, for every operation they know."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import LawError
from quantal.laws.jet import Jet, lift, softplus

OPERATIONS = {
    "add": (lambda x, y: x + y + 2.0, lambda x, y: x + y + 2),
    "subtract": (lambda x, y: 3.0 - x - y, lambda x, y: 3 - x - y),
    "product": (lambda x, y: x * y * x, lambda x, y: x * y * x),
    "quotient": (lambda x, y: x / y + 1.0 / x, lambda x, y: x / y + 1 / x),
    "square": (lambda x, y: x**2 * y, lambda x, y: x**2 * y),
    "power": (lambda x, y: x**2.5 + y**-1.5, lambda x, y: x ** mp.mpf("2.5") + y ** mp.mpf("-1.5")),
    "jet power": (lambda x, y: x**y, lambda x, y: x**y),
    "constant to a jet": (lambda x, y: 7.0 ** (-x) * y, lambda x, y: mp.mpf(7) ** (-x) * y),
    "array to a jet": (lambda x, y: np.array([7.0]) ** (-x) * y, lambda x, y: mp.mpf(7) ** (-x) * y),
    "exp": (lambda x, y: np.exp(x * y), lambda x, y: mp.exp(x * y)),
    "exp2": (lambda x, y: np.exp2(x - y), lambda x, y: mp.mpf(2) ** (x - y)),
    "expm1": (lambda x, y: np.expm1(x - y), lambda x, y: mp.expm1(x - y)),
    "log": (lambda x, y: np.log(x + y), lambda x, y: mp.log(x + y)),
    "log2": (lambda x, y: np.log2(x * y), lambda x, y: mp.log(x * y, 2)),
    "log10": (lambda x, y: np.log10(x) * y, lambda x, y: mp.log10(x) * y),
    "log1p": (lambda x, y: np.log1p(x * y), lambda x, y: mp.log1p(x * y)),
    "sqrt": (lambda x, y: np.sqrt(x + y * y), lambda x, y: mp.sqrt(x + y * y)),
    "tanh": (lambda x, y: np.tanh(x - y * y), lambda x, y: mp.tanh(x - y * y)),
    "abs": (lambda x, y: abs(x - 20 * y) + np.abs(x), lambda x, y: abs(x - 20 * y) + abs(x)),
    "maximum": (lambda x, y: np.maximum(x * x, y * 0.001), lambda x, y: x * x),
    "minimum": (lambda x, y: np.minimum(x * x + 9, y * 0.1), lambda x, y: y / 10),
    "where": (lambda x, y: np.where(x > 0, x * y, y), lambda x, y: x * y),
    "logaddexp": (lambda x, y: np.logaddexp(x, y * y), lambda x, y: mp.log(mp.exp(x) + mp.exp(y * y))),
    "softplus": (lambda x, y: softplus(x - 2 * y), lambda x, y: mp.log1p(mp.exp(x - 2 * y))),
    "divide by number": (lambda x, y: x * y / 4.0 - 2.0 * y, lambda x, y: x * y / 4 - 2 * y),
}


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=12, deadline=None)
@given(x=st.floats(0.3, 3.0), y=st.floats(0.3, 3.0))
def test_derivatives_are_exact(name: str, x: float, y: float) -> None:
    ours, exact = OPERATIONS[name]
    jet = ours(Jet.seed(np.array([[x]]), 0), Jet.seed(np.array([[y]]), 1))

    def get(store: dict, key: object) -> float:
        return float(np.ravel(store.get(key, 0.0))[0])

    with mp.workdps(50):
        assert float(np.ravel(jet.value)[0]) == pytest.approx(float(exact(mp.mpf(x), mp.mpf(y))), rel=1e-12, abs=1e-14)
        for key, orders in {0: (1, 0), 1: (0, 1)}.items():
            want = float(mp.diff(exact, (x, y), orders))
            assert get(jet.gradient, key) == pytest.approx(want, rel=1e-9, abs=1e-11)
        for key, orders in {(0, 0): (2, 0), (0, 1): (1, 1), (1, 1): (0, 2)}.items():
            want = float(mp.diff(exact, (x, y), orders))
            assert get(jet.hessian, key) == pytest.approx(want, rel=1e-8, abs=1e-10)


def test_what_is_linear_has_no_second_derivative() -> None:
    a, b = Jet.seed(2.0, 0), Jet.seed(3.0, 1)
    assert (a * np.array([1.0, 2.0]) + b * 5.0).hessian == {}


def test_arrays_of_a_series_are_summed() -> None:
    rate = Jet.seed(np.array([[0.5], [0.25]]), 0)
    schedule = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])
    total = np.sum(schedule ** rate[..., None], axis=-1)
    assert total.shape == (2, 2)
    np.testing.assert_allclose(total.value[0], [1 + 2**0.5 + 3**0.5, 3 * 2**0.5])
    np.testing.assert_allclose(total.gradient[0][0, 1], 3 * 2**0.5 * np.log(2))


def test_lift_takes_a_function_by_its_partial_derivatives() -> None:
    x, y = Jet.seed(1.2, 0), Jet.seed(0.7, 1)
    v = np.hypot(1.2, 0.7)
    made = lift(v, (x, y), (1.2 / v, 0.7 / v), {(0, 0): 0.49 / v**3, (0, 1): -0.84 / v**3, (1, 1): 1.44 / v**3})
    same = np.sqrt(x * x + y * y)
    for key in made.hessian:
        assert made.hessian[key] == pytest.approx(float(same.hessian[key]))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (lambda x: np.sin(x), "np.sin"),
        (lambda x: np.floor(x), "np.floor"),
        (lambda x: np.add.reduce(x), "reduce"),
        (lambda x: np.median(x), "np.median"),
        (lambda x: (-2.0) ** x, "above zero"),
    ],
)
def test_what_has_no_derivative_is_refused(bad: object, says: str) -> None:
    with pytest.raises(LawError, match=says):
        bad(Jet.seed(1.0, 0))  # type: ignore[operator]
