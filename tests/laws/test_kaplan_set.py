"""Kaplan's set: published scales, the steps and compute that batch size costs, and the loss that solves all at once."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import InputError
from quantal.laws import get_law
from quantal.laws.kaplan_set import minimum_compute, minimum_steps


@pytest.mark.parametrize("name", ["kaplan_params", "kaplan_tokens", "kaplan_compute"])
def test_at_its_scale_the_loss_is_one(name: str) -> None:
    law = get_law(name)
    values = law.published["Kaplan et al. 2020"]
    scale = next(value for key, value in values.items() if key.endswith("_c"))
    assert float(law(**{law.input_names[0]: scale}, **values)) == pytest.approx(1.0, abs=1e-9)


def test_the_critical_batch_size_grows_as_the_loss_falls() -> None:
    """Kaplan et al. 2020, eq. 1.4: B* = 2e8 tokens at a loss of one, doubling with each 13 % by which the loss falls."""
    law = get_law("critical_batch")
    values = law.published["Kaplan et al. 2020"]
    assert float(law(loss=1.0, **values)) == pytest.approx(2e8)
    assert float(law(loss=3.0 * 0.865, **values) / law(loss=3.0, **values)) == pytest.approx(2.0, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(s=st.floats(1, 1e9), b=st.floats(1, 1e9), critical=st.floats(1, 1e9))
def test_steps_and_data_trade_off_as_they_should(s: float, b: float, critical: float) -> None:
    """(S / S_min - 1) (E / E_min - 1) = 1 (McCandlish et al. 2018, eq. 2.11), with E = B S the data."""
    least_steps = float(minimum_steps(s, b, critical))
    least_data = float(minimum_compute(s * b, b, critical))
    assert (s / least_steps - 1) * (s * b / least_data - 1) == pytest.approx(1.0, rel=1e-4)


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="batch_size = 0"):
        minimum_steps(1000, 0, 1e6)
    with pytest.raises(InputError, match="critical_batch_size = nan"):
        minimum_compute(1e18, 1e6, float("nan"))


@settings(max_examples=60, deadline=None)
@given(n=st.floats(3, 13), s=st.floats(1, 8), b=st.floats(1, 10), alpha_B=st.floats(0.05, 3))
def test_the_loss_that_solves_size_steps_and_batch(n: float, s: float, b: float, alpha_B: float) -> None:
    law = get_law("kaplan_training")
    given_ = {"N_c": 6e13, "alpha_N": 0.08, "S_c": 2e3, "alpha_S": 0.7, "B_star": 2e8, "alpha_B": alpha_B}
    loss = float(law(params=10**n, steps=10**s, batch_size=10**b, **given_))
    critical = 2e8 * mp.mpf(loss) ** (-1 / mp.mpf(alpha_B))
    least = 10 ** mp.mpf(s) / (1 + critical / 10 ** mp.mpf(b))
    assert loss == pytest.approx(float((6e13 / 10 ** mp.mpf(n)) ** 0.08 + (2e3 / least) ** mp.mpf(0.7)), rel=1e-10)


def test_a_large_batch_leaves_kaplans_law_in_steps() -> None:
    n, s = np.geomspace(1e6, 1e9, 4), np.geomspace(1e3, 1e6, 4)
    p = {"N_c": 6e13, "alpha_N": 0.08, "S_c": 2e3, "alpha_S": 0.7}
    whole = get_law("kaplan_training")(params=n, steps=s, batch_size=1e22, B_star=2e8, alpha_B=0.2, **p)
    np.testing.assert_allclose(whole, get_law("kaplan_steps")(params=n, steps=s, **p), rtol=1e-9)
