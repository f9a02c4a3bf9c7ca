import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantal.errors import InputError
from quantal.theory.arguments import amounts, choice, number


@given(st.floats())
def test_a_number_is_in_its_range_or_refused(value):
    if math.isfinite(value) and 0 < value <= 1:
        assert number("share", value, above=0, at_most=1) == value
    else:
        with pytest.raises(InputError, match="finite and > 0 and <= 1"):
            number("share", value, above=0, at_most=1)


@given(st.lists(st.floats(), min_size=1))
def test_amounts_are_finite_and_not_negative(values):
    if all(math.isfinite(v) and v >= 0 for v in values):
        assert amounts("samples", values).tolist() == values
    else:
        with pytest.raises(InputError, match=r"samples = .* at least 0; write"):
            amounts("samples", values)


def test_a_misspelt_word_is_corrected():
    with pytest.raises(InputError, match="Did you mean 'midpoint'"):
        choice("form", "midpiont", ("exact", "midpoint"))
