"""Numbers as people write them in tables: 7B, 1.4T, 300e9, 1_000_000, 1,000,000 and 3,21."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from quantal.errors import InputError

if TYPE_CHECKING:
    import polars as pl

EXPONENTS = {"k": 3, "m": 6, "b": 9, "g": 9, "t": 12}

_PLAIN = r"(?:[0-9]+(?:_[0-9]+)*)"
_GROUPED = r"(?:[0-9]{1,3}(?:,[0-9]{3})+)"
_FRACTION = r"(?:\.[0-9]*)?"
_POWER = r"(?:[eE][+-]?[0-9]+)?"
_WHOLE = rf"(?:{_GROUPED}|{_PLAIN})?"
NUMBER = rf"^[+-]?{_WHOLE}{_FRACTION}{_POWER}$"
NUMBER_UNGROUPED = rf"^[+-]?{_PLAIN}?{_FRACTION}{_POWER}$"
SIZED = rf"^([+-]?{_WHOLE}{_FRACTION})\s*([kKmMbBgGtT])$"

GAPS = ("", "nan", "na", "n/a", "null", "none", "-", "inf", "+inf", "-inf", "infinity", "-infinity")

_TAIL = r"(?:[eE][+-]?[0-9]+)?\s*[kKmMbBgGtT]?$"


def _decimal(mark: str, grouping: str) -> str:
    """Numbers whose ``mark`` can only be a decimal mark, because no grouping of thousands reads so."""
    return (
        rf"^[+-]?(?:[0-9]{{1,3}}(?:{grouping}[0-9]{{3}})+{mark}[0-9]+"
        rf"|[0-9]+{mark}(?:[0-9]{{1,2}}|[0-9]{{4,}})|(?:0|[0-9]{{4,}})?{mark}[0-9]+){_TAIL}"
    )


DECIMAL_COMMA = _decimal(",", r"\.")
DECIMAL_POINT = _decimal(r"\.", ",")
NUMBER_LIKE = rf"^[+-]?[0-9.,_]*[0-9][0-9.,_]*{_TAIL}"


def parse_number(text: str, *, magnitudes: bool = True) -> float:
    """The number that a text stands for; with ``magnitudes`` the endings k, M, B (or G) and T count.

    Raises:
        InputError: the text is no finite number, or too large or small for float64.

    >>> parse_number("1.4T"), parse_number("300e9"), parse_number("1_000")
    (1400000000000.0, 300000000000.0, 1000.0)
    """
    given = text.strip()
    plain = given
    match = re.match(SIZED, given) if magnitudes else None
    if match:
        plain = f"{match[1]}e{EXPONENTS[match[2].lower()]}"
    elif not re.match(NUMBER, given):
        plain = "nothing"
    try:
        value = float(plain.replace(",", "").replace("_", ""))
    except ValueError:
        allowed = "5.76e23, 300e9, 7B or 1.4T" if magnitudes else "3.21 or 1e-3"
        raise InputError(f"{text!r} is no number; write it like {allowed}") from None
    if not math.isfinite(value) or (value == 0 and re.match(r"^[^eE]*[1-9]", plain)):
        raise InputError(f"{text!r} lies outside what a float64 holds (5e-324 to 1.8e308)")
    return value


def as_number(name: str, value: object) -> float:
    """A number given as such or as people write it: 7e9 or "7B".

    Raises:
        InputError: it is neither; the message names ``name``.

    >>> as_number("params", "7B"), as_number("tokens", 3)
    (7000000000.0, 3.0)
    """
    if isinstance(value, str):
        try:
            return parse_number(value)
        except InputError as error:
            raise InputError(f"{name} = {error}") from None
    try:
        return float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        raise InputError(f"{name} = {value!r}: give one number, such as 7e9 or '7B'") from None


def parse_column(
    cells: pl.Series, *, magnitudes: bool = False, grouped: bool = True, decimal_comma: bool = False
) -> np.ndarray:
    """Parse a string column of shape (n,) to float64; a cell that is no finite number becomes NaN.

    ``magnitudes`` admits 7B and 1.4T, ``grouped`` admits 1,000,000, ``decimal_comma`` reads 3,21 as 3.21.
    """
    import polars as pl

    text = _points_for_commas(cells.str.strip_chars(), grouped) if decimal_comma else cells
    values = text.cast(pl.Float64, strict=False).to_numpy().copy()
    failed = np.flatnonzero(~np.isfinite(values))
    if len(failed):
        values[failed] = _parse_rest(text.gather(failed).str.strip_chars(), magnitudes, grouped)
    zero = np.flatnonzero(values == 0)
    if len(zero):
        underflow = text.gather(zero).str.contains(r"^[^eE]*[1-9]").fill_null(False).to_numpy()
        values[zero[underflow]] = np.nan
    return values


def _points_for_commas(text: pl.Series, grouped: bool) -> pl.Series:
    import polars as pl

    frame = text.to_frame("text")
    column = pl.col("text")
    dotted = r"^([+-]?[0-9]{1,3}(?:\.[0-9]{3})+)(,[0-9]*)?(\s*[kKmMbBgGtT])?$"
    plain = r"^[+-]?[0-9_]*,[0-9]*(?:[eE][+-]?[0-9]+)?\s*[kKmMbBgGtT]?$"
    # With grouping off a lone 1.234 is left to mean nothing: it could be 1234 or a stray decimal point.
    without_dots = column.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    if not grouped:
        dotted = r"^([+-]?[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]*$"
    choice = (
        pl.when(column.str.contains(dotted))
        .then(without_dots)
        .when(column.str.contains(plain))
        .then(column.str.replace(",", ".", literal=True))
        .when(column.str.contains(".", literal=True))
        .then(pl.lit(None, dtype=pl.String))
        .otherwise(column)
    )
    return frame.select(choice.alias("text")).to_series()


def _parse_rest(text: pl.Series, magnitudes: bool, grouped: bool) -> np.ndarray:
    """The slower spellings; whatever fits none of them, or overflows, becomes NaN."""
    import polars as pl

    column = pl.col("text")
    if text.str.contains("[,_]").any():
        allowed = column.str.contains(NUMBER if grouped else NUMBER_UNGROUPED)
        if magnitudes:
            allowed = allowed | column.str.contains(SIZED)
        text = text.to_frame("text").select(pl.when(allowed).then(column.str.replace_all("[,_]", ""))).to_series()
    frame = text.rename("text").to_frame()
    expressions = [column]
    if magnitudes:
        exponent = (
            column.str.slice(-1).str.to_lowercase().replace_strict(EXPONENTS, default=None, return_dtype=pl.String)
        )
        expressions.append(column.str.head(-1).str.strip_chars_end() + "e" + exponent)
    parsed = frame.select(pl.coalesce(e.cast(pl.Float64, strict=False) for e in expressions)).to_series().to_numpy()
    return np.where(np.isfinite(parsed), parsed, np.nan)


def is_gap(cells: pl.Series) -> np.ndarray:
    """Which cells of shape (n,) hold no value: empty, NA, null, none, a dash, nan or inf."""
    return cells.str.strip_chars().str.to_lowercase().is_in(GAPS).fill_null(True).to_numpy()
