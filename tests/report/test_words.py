"""Numbers in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.estimate import Estimate
from quantal.report.words import counted, decades, estimate_parts, number, percent, power, size, symbol


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (size(999.6), "1 k"),
        (size(9.996e5), "1 M"),
        (size(7.31e10), "73.1 B"),
        (size(3e18), "3 × 10¹⁸"),
        (power(1e-3), "10⁻³"),
        (number(-0.1234, 3), "−0.123"),
        (number(0.0), "0"),
        (percent(0.5), "50 %"),
        (counted(2, "run"), "2 runs"),
        (decades(0.01), "inside the runs"),
        (symbol("alpha_N"), "α_N"),
    ],
)
def test_numbers_read_as_people_write_them(text: str, expected: str) -> None:
    assert text.replace("\u00a0", " ") == expected


def test_an_estimate_has_the_digits_that_its_interval_deserves() -> None:
    assert estimate_parts(Estimate(1.81723, {95.0: (1.7691, 1.8712)}), 95) == ("1.817", "1.769 to 1.871")
    assert estimate_parts(Estimate(478.123, {95.0: (285.4, 744.2)}), 95) == ("478", "285 to 744")
    assert estimate_parts(Estimate(None, {}, "no draws"), 95) == ("unknown", "no draws")
    assert estimate_parts(Estimate(2.0, {}, "no draws"), 95) == ("2", "no draws")


@given(st.floats(allow_nan=False), st.integers(2, 6))
@settings(max_examples=300, deadline=None)
def test_every_number_can_be_written(x: float, digits: int) -> None:
    for write in (number, power, size):
        assert write(x, digits)
