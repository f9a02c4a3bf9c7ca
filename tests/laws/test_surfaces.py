"""Rosenfeld's envelope as the complex number it is printed as; Farseer where it is Chinchilla."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.laws import get_law


@settings(max_examples=60, deadline=None)
@given(n=st.floats(0, 15), d=st.floats(0, 15), eta=st.floats(1e-8, 1e3), b=st.floats(1e-6, 1e6))
def test_rosenfelds_envelope_is_the_printed_modulus(n: float, d: float, eta: float, b: float) -> None:
    p = {"eps_0": 0.9, "eta": eta, "b": b, "c": 1e-3, "alpha": 0.5, "beta": 0.4}
    got = float(get_law("rosenfeld")(params=10**n, tokens=10**d, **p))
    inner = 10 ** (-0.5 * d) + b * 10 ** (-0.4 * n) + 1e-3
    np.testing.assert_allclose(got, 0.9 * abs(inner / (inner - 1j * eta)), rtol=1e-12)
    assert 0 < got <= 0.9


def test_farseer_without_change_in_the_data_exponent_is_a_power_of_the_data() -> None:
    d = np.geomspace(1e9, 1e12, 5)
    p = {
        "alpha": 0.1,
        "beta": 0.1,
        "gamma": 0.1,
        "a1": 0.0,
        "b1": np.log(0.3),
        "a2": 0.0,
        "b2": np.log(50.0),
        "a3": 0.0,
        "b3": np.log(1.8),
    }
    got = get_law("farseer")(params=1e9, tokens=d, **p)
    np.testing.assert_allclose(got, get_law("power_floor")(x=d, E=1.8, A=50.0, alpha=0.3), rtol=1e-13)
