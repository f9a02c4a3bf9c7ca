"""The scatter of data sets of exactly D samples against that of a stream, and replicates taken together."""

from __future__ import annotations

import math

import numpy as np
import pytest

import quantal.theory as qt
from quantal.errors import DataError, InputError
from quantal.runs import Runs
from quantal.simulate import marginal_rule, points, simulate
from quantal.simulate.setting import threshold


@pytest.mark.parametrize(("gamma", "smaller"), [(0.5, 0.052), (0.1, 0.102)])
@pytest.mark.parametrize("samples", [1000, 1001])
def test_data_sets_of_one_size_scatter_less_than_a_stream(gamma: float, smaller: float, samples: int) -> None:
    """By 5 % (gamma = 0.5) and 10 % (gamma = 0.1) in closed form at D = 1,000; 1,000 samples are drawn one by one, 1,001 in blocks."""
    model = qt.QuantaModel(qt.Zipf(gamma))
    exact = model.loss_variance(samples=samples, rule=qt.Poisson(1), draw="fixed")
    stream = model.loss_variance(samples=samples, rule=qt.Poisson(1), draw="stream")
    assert 1 - exact / stream == pytest.approx(smaller, abs=0.001)
    loss = simulate(model, samples=samples, draw="fixed", replicates=6000, seed=3)["loss"]
    assert loss.var(ddof=1) / exact == pytest.approx(1.0, abs=4 * math.sqrt(2 / 6000) + 2e-3)


def test_the_scatter_is_that_of_the_theory() -> None:
    """gamma = 0.5, tau = 1, D = 3e4: the standard deviation is 1.5 % of the mean."""
    model = qt.QuantaModel(qt.Zipf(0.5))
    loss = simulate(model, samples=3e4, replicates=4000, seed=1)["loss"]
    predicted = math.sqrt(model.loss_variance(samples=3e4)) / model.loss(samples=3e4)
    assert predicted == pytest.approx(0.0149, abs=5e-5)
    assert loss.std() / loss.mean() == pytest.approx(predicted, rel=0.05)


def test_replicates_are_taken_together() -> None:
    model = qt.QuantaModel(qt.Zipf(0.5))
    found = points(simulate(model, params=[[100.0], [10.0]], samples=[1e4, 1e5], replicates=5, seed=1))
    assert [(one.params, one.tokens) for one in found] == [(100, 1e4), (100, 1e5), (10, 1e4), (10, 1e5)]
    for one in found:
        assert one.replicates == 5
        assert one.error == pytest.approx(one.deviation / math.sqrt(5))
        assert one.learned is not None
    alone = points(simulate(model, samples=1e4))[0]
    assert (alone.deviation, alone.error) == (None, None)
    with pytest.raises(DataError, match="there is no loss"):
        points(Runs.from_columns({"tokens": np.array([1.0])}))


def test_the_rule_of_one_quantum_follows_from_the_draw() -> None:
    assert marginal_rule(qt.Poisson(3), "fixed") == qt.Binomial(3)
    assert marginal_rule(qt.Exponential(2.0), "fixed") == qt.Exponential(2.0)
    assert threshold(qt.RepeatedEpochs(tau=10, epochs=4)) == 3
    with pytest.raises(InputError, match="counts whole samples"):
        threshold(qt.Hill(2.0))
