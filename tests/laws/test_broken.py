"""Broken laws: the printed product, slopes on both sides of a break, and double descent, which no power law follows."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import LawError, QuantalWarning
from quantal.laws import get_law
from quantal.laws.broken import broken_law


def test_the_printed_formula() -> None:
    p = {"a": 0.2, "b": 3.0, "c0": 0.1, "c1": 0.4, "d1": 50.0, "f1": 0.3, "c2": -0.2, "d2": 9e3, "f2": 0.7}
    x = np.geomspace(1.0, 1e6, 9)
    product = (1 + (x / 50.0) ** (1 / 0.3)) ** (-0.4 * 0.3) * (1 + (x / 9e3) ** (1 / 0.7)) ** (0.2 * 0.7)
    np.testing.assert_allclose(get_law("bnsl2")(x=x, **p), 0.2 + 3.0 * x**-0.1 * product, rtol=1e-13)


@settings(max_examples=60, deadline=None)
@given(width=st.floats(1e-3, 2.0), at=st.floats(1e-3, 1e12), c0=st.floats(-0.5, 1.5), c1=st.floats(-1.5, 1.5))
def test_slopes_far_from_a_break_and_no_overflow_however_sharp(width: float, at: float, c0: float, c1: float) -> None:
    law, p = get_law("bnsl1"), {"a": 0.0, "b": 1.0, "c0": c0, "c1": c1, "d1": at, "f1": width}
    for far, slope in ((np.exp(-40 * width - 2), c0), (np.exp(40 * width), c0 + c1)):
        x = at * far * np.array([1.0, np.e])  # 40 widths away, less than e^-40 of the change is left
        values = np.log(law(x=x, **p))
        assert np.isfinite(values).all()
        assert float(values[0] - values[1]) == pytest.approx(slope, abs=1e-6)


def test_other_numbers_of_breaks_are_refused() -> None:
    with pytest.raises(LawError, match="it has 1, 2 or 3"):
        broken_law(4)


def test_double_descent_asks_for_breaks(public_data: Path) -> None:
    runs = ql.read_runs(
        public_data / "double_descent_translation.csv",
        columns={"loss": "test_loss"},
        where='experiment == "model_wise_translation"',
    )
    assert len(runs) > 20
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        broken, power = (ql.fit(runs, name, objective="log_squares") for name in ("bnsl2:x", "power_floor:x"))
    assert broken.value < 0.02 * power.value
