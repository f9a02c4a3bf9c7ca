"""Products with bits by tables of sums against plain products, of any shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.extras


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 90),
    bits=st.integers(1, 40),
    columns=st.integers(1, 70),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 100),
)
def test_products_there_and_back(count: int, bits: int, columns: int, dtype: str, seed: int) -> None:
    from quantal.train.bit_tables import TableProduct

    rng = np.random.default_rng(seed)
    product = TableProduct(bits, columns, 96, dtype)
    weights = rng.normal(size=(bits, columns)).astype(dtype)
    product.begin(weights)
    wanted = np.zeros((bits, columns))
    error = 200 * float(np.finfo(dtype).eps)
    for rows in (96, count):
        x = rng.integers(0, 2, (rows, bits), dtype=np.uint8)
        packed = np.packbits(x, axis=1)
        if bits % 8:
            packed[:, -1] |= rng.integers(0, 2 ** (8 - bits % 8), rows, dtype=np.uint8)
        pre = product.forward(packed)
        assert np.allclose(pre[:, :columns], x @ weights.astype(float), rtol=0, atol=error)
        assert not pre[:, columns:].any()
        pre[:, :columns] = rng.normal(size=(rows, columns))
        wanted += x.T @ pre[:, :columns].astype(float)
        product.backward(packed)
    found = np.empty_like(weights)
    product.end(found)
    assert np.allclose(found, wanted, rtol=0, atol=5 * error)


def test_turning_twice_is_the_beginning() -> None:
    from quantal.train.bit_tables import transpose

    packed = np.random.default_rng(0).integers(0, 256, (24, 5), dtype=np.uint8)
    turned, back = np.zeros((40, 3), np.uint8), np.zeros((24, 5), np.uint8)
    transpose(packed.ravel(), 24, 5, turned.ravel())
    assert np.array_equal(np.unpackbits(turned, axis=1), np.unpackbits(packed, axis=1).T)
    transpose(turned.ravel(), 40, 3, back.ravel())
    assert np.array_equal(back, packed)
