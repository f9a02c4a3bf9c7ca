"""Precision: many bits are full precision, few bits are few parameters; the cost of quantizing later."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.laws import get_law

P = {
    "E": 2.0,
    "A": 4299.0,
    "B": 1e4,
    "alpha": 0.4965,
    "beta": 0.45,
    "gamma_w": 2.6745,
    "gamma_a": 2.2102,
    "gamma_kv": 0.9578,
}


def test_many_bits_are_full_precision_and_few_are_the_printed_product() -> None:
    law = get_law("precision")
    full = law(params=1e9, tokens=1e11, bits_weights=1e3, bits_activations=1e3, bits_kv=1e3, **P)
    chinchilla = get_law("chinchilla")(params=1e9, tokens=1e11, **{k: P[k] for k in ("E", "A", "B", "alpha", "beta")})
    np.testing.assert_allclose(full, chinchilla, rtol=1e-14)
    few = law(params=1e9, tokens=1e11, bits_weights=4.0, bits_activations=8.0, bits_kv=3.0, **P)
    kept = (1 - np.exp(-4 / 2.6745)) * (1 - np.exp(-8 / 2.2102)) * (1 - np.exp(-3 / 0.9578))
    np.testing.assert_allclose(few, 2.0 + 4299.0 * (1e9 * kept) ** -0.4965 + 1e4 * 1e11**-0.45, rtol=1e-13)


@settings(max_examples=60, deadline=None)
@given(bits=st.floats(0.5, 64), more=st.floats(1.0, 8.0))
def test_more_bits_never_hurt(bits: float, more: float) -> None:
    law = get_law("precision")
    low, high = (
        float(law(params=1e8, tokens=1e10, bits_weights=b, bits_activations=8.0, bits_kv=8.0, **P))
        for b in (bits, bits * more)
    )
    assert high <= low


def test_quantization_costs_more_after_more_training() -> None:
    law = get_law("quantization_penalty")
    p = {"C_T": 0.1, "gamma_D": 0.5068, "gamma_N": 0.3439, "gamma_post": 0.6}
    ratio = law(params=1e9, tokens=1e12, bits_post=4.0, **p) / law(params=1e9, tokens=1e11, bits_post=4.0, **p)
    np.testing.assert_allclose(ratio, 10**0.5068, rtol=1e-12)
