import math

import numpy as np
import pytest

from quantal.errors import InputError
from quantal.theory import Binomial, Capacity, Empirical, GradientFlow, HardThreshold, Poisson, QuantaModel, Zipf


@pytest.mark.parametrize("tau", [1, 4])
def test_a_stream_by_the_plain_sum(tau):
    model = QuantaModel(Zipf(0.4, count=5000), 1.0, 3.0)
    p = model.frequencies.pmf(np.arange(1, 5001.0))
    h = Poisson(tau).at(3e4 * p)
    assert model.loss_variance(samples=3e4, rule=Poisson(tau)) == pytest.approx(
        math.fsum(4 * p**2 * h * (1 - h)), rel=1e-11
    )
    half = math.fsum((4 * p**2 * h * (1 - h))[:50])
    assert model.loss_variance(samples=3e4, params=500, rule=Poisson(tau), capacity=Capacity(10)) == pytest.approx(
        half, rel=1e-11
    )


def test_the_scatter_of_the_theory():
    model = QuantaModel(Zipf(0.4, count=20000))
    ratio = math.sqrt(model.loss_variance(samples=3e4)) / model.loss(samples=3e4)
    assert ratio == pytest.approx(0.0145, abs=5e-5)


@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0])
def test_fixed_samples_by_the_exact_multinomial_covariance(gamma):
    """P(neither of two quanta is drawn) = (1 - p_j - p_k)^D."""
    model, samples = QuantaModel(Zipf(gamma, count=2000)), 1000.0
    p = model.frequencies.pmf(np.arange(1, 2001.0))
    q = (1 - p) ** samples
    covariance = np.maximum(1 - p[:, None] - p[None, :], 0) ** samples - np.outer(q, q)
    np.fill_diagonal(covariance, q * (1 - q))
    exact = float(p @ covariance @ p)
    fixed = model.loss_variance(samples=samples, rule=Binomial(1), draw="fixed")
    assert fixed == pytest.approx(exact, rel=2e-3)
    assert fixed < model.loss_variance(samples=samples, draw="stream")


def test_fixed_samples_scatter_less_by_some_percent():
    less = [
        1 - (m := QuantaModel(Zipf(g))).loss_variance(samples=1e3, draw="fixed") / m.loss_variance(samples=1e3)
        for g in (0.5, 0.1)
    ]
    assert 0.03 < less[0] < 0.06 < less[1] < 0.16


@pytest.mark.parametrize("draw", ["stream", "fixed"])
def test_the_scatter_of_drawn_data(draw):
    rng = np.random.default_rng(5)
    law = Empirical(1 / np.arange(1, 401.0) ** 1.5)
    model = QuantaModel(law)
    p = law.pmf(np.arange(1, 401.0))
    counts = rng.poisson(300 * p, (20000, 400)) if draw == "stream" else rng.multinomial(300, p, 20000)
    losses = (counts < 2) @ p
    assert np.var(losses) == pytest.approx(model.loss_variance(samples=300, rule=Poisson(2), draw=draw), rel=0.04)
    assert np.mean(losses) == pytest.approx(
        model.loss(samples=300, rule=Poisson(2) if draw == "stream" else Binomial(2)), rel=2e-3
    )


def test_rules_that_are_no_chance_do_not_scatter():
    model = QuantaModel(Zipf(0.4))
    assert model.loss_variance(samples=[1e3, 1e4], rule=HardThreshold(3)).tolist() == [0.0, 0.0]
    assert model.loss_variance(samples=1e3, rule=GradientFlow()) == 0.0


def test_bad_draws_are_refused():
    model = QuantaModel(Zipf(0.4))
    with pytest.raises(InputError, match="stream"):
        model.loss_variance(samples=1e3, draw="poisson")
    with pytest.raises(InputError, match="no sample"):
        model.loss_variance(samples=0.0, draw="fixed")
