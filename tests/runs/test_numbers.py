"""Numbers as people write them."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import InputError
from quantal.runs.numbers import EXPONENTS, is_gap, parse_column, parse_number

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SPELLINGS = {
    "300e9": 300e9,
    "7B": 7e9,
    "7b": 7e9,
    "7 B": 7e9,
    "0.07G": 7e7,
    "1.4T": 1.4e12,
    "125M": 125e6,
    "10k": 1e4,
    "10K": 1e4,
    "1_000_000": 1e6,
    "1,000,000": 1e6,
    "1,234.5M": 1234.5e6,
    "1.2e+20": 1.2e20,
    "+3.": 3.0,
    "-.5": -0.5,
    " 42 ": 42.0,
    "0": 0.0,
    "-0.0": 0.0,
}
NO_NUMBERS = ["", "abc", "nan", "inf", "-inf", "1e999", "1e-999", "B", "e9", "1e3B", "7BB", "1,00", "1__0", "_1", "1_",
              "0x10", "1 2", "12,34,567", "١", "5%", "."]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SPELLINGS.items())
def test_spelling(text: str, value: float) -> None:
    assert parse_number(text) == value
    assert parse_column(pl.Series([text]), magnitudes=True)[0] == value


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_no_number(text: str) -> None:
    with pytest.raises(InputError):
        parse_number(text)
    assert math.isnan(parse_column(pl.Series([text]), magnitudes=True)[0])


def test_magnitudes_only_where_asked() -> None:
    assert np.isnan(parse_column(pl.Series(["7B"]))[0])
    with pytest.raises(InputError, match=r"write it like 3\.21"):
        parse_number("7B", magnitudes=False)


@given(FINITE)
def test_round_trip_of_floats(value: float) -> None:
    assert parse_number(repr(value)) == value
    assert parse_column(pl.Series([repr(value)]))[0] == value


@given(st.floats(0.001, 9999, allow_nan=False), st.sampled_from(sorted(EXPONENTS)), st.booleans())
def test_magnitude_is_that_power_of_ten(mantissa: float, letter: str, upper: bool) -> None:
    text = f"{mantissa:.3f}{letter.upper() if upper else letter}"
    expected = float(f"{mantissa:.3f}e{EXPONENTS[letter]}")
    assert parse_number(text) == expected
    assert parse_column(pl.Series([text]), magnitudes=True)[0] == expected


@given(st.integers(0, 10**15))
def test_grouped_integers(value: int) -> None:
    for text in (f"{value:,}", f"{value:_}"):
        assert parse_number(text) == value
        assert parse_column(pl.Series([text]))[0] == value


@given(st.integers(-(10**12), 10**12), st.integers(1, 6))
def test_decimal_commas(whole: int, digits: int) -> None:
    point = f"{whole / 7:,.{digits}f}"
    comma = point.translate(str.maketrans(",.", ".,"))
    assert parse_column(pl.Series([comma]), decimal_comma=True)[0] == float(point.replace(",", ""))


def test_lone_dot_in_a_decimal_comma_column() -> None:
    cells = pl.Series(["1.234", "3,21", "1.5"])
    np.testing.assert_array_equal(parse_column(cells, decimal_comma=True), [1234.0, 3.21, np.nan])
    np.testing.assert_array_equal(parse_column(cells, decimal_comma=True, grouped=False), [np.nan, 3.21, np.nan])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("0123456789.,_eE+-kMBTnaif ", max_size=8), min_size=1, max_size=8))
def test_columns_agree_with_single_numbers(texts: list[str]) -> None:
    def single(text: str) -> float:
        try:
            return parse_number(text)
        except InputError:
            return math.nan

    expected = [single(text) for text in texts]
    np.testing.assert_array_equal(parse_column(pl.Series(texts), magnitudes=True), expected)


def test_gaps() -> None:
    cells = pl.Series(["", " ", None, "NaN", "N/A", "-", "0", "inf", "x"])
    assert is_gap(cells).tolist() == [True, True, True, True, True, True, False, True, False]
