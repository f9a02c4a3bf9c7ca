"""Estimates and errors: intervals from draws, round trips, suggestions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quantal.errors import DataError, InputError, QuantalError, did_you_mean
from quantal.estimate import Estimate


@settings(max_examples=60, deadline=None)
@given(draws=arrays(float, st.integers(2, 40), elements=st.floats(-1e6, 1e6)), level=st.floats(1, 99))
def test_intervals_are_percentiles_and_come_back(draws: np.ndarray, level: float) -> None:
    estimate = Estimate.from_draws(float(np.median(draws)), draws, (level,))
    low, high = estimate.intervals[level]
    assert draws.min() <= low <= high <= draws.max()
    data = estimate.to_dict()
    assert list(data["intervals"].values()) == [[low, high]]
    assert Estimate.from_dict(data).value == estimate.value


def test_what_is_unknown_says_why() -> None:
    assert Estimate.from_draws(1.0, [1.0, np.nan]).reason == "1 of 2 draws are not finite"
    assert Estimate.from_draws(1.0, []).intervals == {}
    assert Estimate(None, {}, "no runs").to_dict() == {"value": None, "intervals": {}, "reason": "no runs"}
    assert "no runs" in repr(Estimate(None, {}, "no runs"))
    assert Estimate(1.0, {95.0: (0.5, 2.0)}).interval(95) == (0.5, 2.0)
    assert Estimate(1.0).interval(95) is None


@pytest.mark.parametrize("level", [0, 100, -5, 195, float("nan")])
def test_levels_are_percentages(level: float) -> None:
    with pytest.raises(InputError, match="between 0 and 100"):
        Estimate.from_draws(1.0, [1.0, 2.0], (level,))


def test_errors_share_a_base_and_suggest() -> None:
    assert issubclass(DataError, QuantalError)
    assert issubclass(InputError, ValueError)
    assert did_you_mean("Tokenz", ["params", "tokens"]) == "Did you mean 'tokens'?"
    assert did_you_mean("q", ["a", "b"]) == "Known: a, b."
