import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import InputError
from quantal.theory import Capacity


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-3, 1e6), st.floats(-0.9, 3), st.floats(0, 1e9))
def test_params_and_quanta_are_inverse(cost, growth, quanta):
    capacity = Capacity(cost, growth)
    assert capacity.quanta(capacity.params(quanta)) == pytest.approx(quanta, rel=1e-8, abs=1e-6)


def test_growing_cost_sums_to_the_total():
    capacity = Capacity(10.0, 0.5)
    ranks = np.arange(1, 1001.0)
    mean_cost = 10 * ((ranks + 0.5) ** 1.5 - (ranks - 0.5) ** 1.5) / 1.5
    assert float(capacity.params(1000)) == pytest.approx(mean_cost.sum(), rel=1e-12)
    assert mean_cost[100:] == pytest.approx(10 * ranks[100:] ** 0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"), [((0.0,), "params_per_quantum"), ((-1.0,), "> 0"), ((1.0, -1.0), "growth.*> -1")]
)
def test_bad_costs_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Capacity(*arguments)


@pytest.mark.parametrize("size", [-1.0, np.nan, np.inf])
def test_bad_sizes_are_refused(size):
    with pytest.raises(InputError, match="at least 0"):
        Capacity().quanta(size)
