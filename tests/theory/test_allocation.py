import math

import numpy as np
import pytest
from scipy import optimize, special

from quantal.errors import InputError
from quantal.theory import (
    Capacity,
    Exponential,
    HardThreshold,
    Poisson,
    QuantaModel,
    Zipf,
    compute_exponents,
    compute_optimal,
    crossover_samples,
    marginal_count,
)


@pytest.mark.parametrize("gamma", [0.05, 0.34, 1.0, 2.0])
def test_compute_exponents(gamma):
    found = compute_exponents(gamma, gamma / (gamma + 1))
    assert found.params == pytest.approx(1 / (gamma + 2))
    assert found.samples == pytest.approx((gamma + 1) / (gamma + 2))
    assert found.loss == pytest.approx(gamma / (gamma + 2))


@pytest.mark.parametrize(("gamma", "expected"), [(0.1, 0.681), (0.34, 0.652), (1.0, 0.583)])
def test_the_constant_at_the_optimum(gamma, expected):
    found = marginal_count(gamma)
    assert found == pytest.approx(expected, abs=5e-4)
    s, beta = gamma + 1, gamma / (gamma + 1)

    def stationarity(u):
        upper = special.gamma(beta) * special.gammaincc(beta, u)
        return s * u**beta * (1 - math.exp(-u)) - beta * upper - u**beta * math.exp(-u)

    assert found == pytest.approx(optimize.brentq(stationarity, 1e-3, 10), rel=1e-9)
    assert marginal_count(gamma, Exponential(7.0)) == pytest.approx(7 * found, rel=1e-9)
    assert marginal_count(gamma, HardThreshold(7.0)) == pytest.approx(7, rel=1e-9)


@pytest.mark.parametrize(("gamma", "start"), [(0.34, 1e14), (1.0, 1e16)])
def test_the_exact_optimum_has_the_predicted_exponents(gamma, start):
    model = QuantaModel(Zipf(gamma))
    compute = start * np.array([1.0, 1e4])
    best = compute_optimal(model, compute)
    predicted = compute_exponents(gamma, gamma / (gamma + 1))
    decades = math.log(1e4)
    assert math.log(best.params[1] / best.params[0]) / decades == pytest.approx(predicted.params, abs=1e-4)
    assert math.log(best.samples[1] / best.samples[0]) / decades == pytest.approx(predicted.samples, abs=1e-4)
    assert math.log(best.loss[0] / best.loss[1]) / decades == pytest.approx(predicted.loss, abs=1e-4)
    assert best.marginal_count == pytest.approx(marginal_count(gamma), rel=2e-3)
    assert best.params * best.samples * 6 == pytest.approx(compute)


def test_the_optimum_is_a_minimum():
    model, rule, capacity = QuantaModel(Zipf(0.4), 1.7, 9.0), Poisson(3), Capacity(100.0)
    best = compute_optimal(model, 1e14, rule=rule, capacity=capacity)
    for factor in (0.9, 1.1):
        elsewhere = model.loss(params=best.params * factor, samples=best.samples / factor, rule=rule, capacity=capacity)
        assert elsewhere > best.loss
    assert best.loss == pytest.approx(
        model.loss(params=best.params, samples=best.samples, rule=rule, capacity=capacity), rel=1e-13
    )


def test_a_finite_model_wastes_no_params_on_quanta_that_do_not_exist():
    best = compute_optimal(QuantaModel(Zipf(0.4, count=100)), 1e12)
    assert best.params <= 100 * (1 + 1e-12)


@pytest.mark.parametrize("gamma", [0.2, 1.0])
def test_crossover(gamma):
    model, rule, capacity = QuantaModel(Zipf(gamma), 1.0, 2.0), Poisson(2), Capacity(50.0)
    sizes = np.array([1e4, 1e6])
    samples = crossover_samples(model, sizes, rule=rule, capacity=capacity)
    assert model.loss(samples=samples, rule=rule) == pytest.approx(
        model.loss(params=sizes, capacity=capacity), rel=1e-9
    )
    assert math.log(samples[1] / samples[0]) / math.log(100) == pytest.approx(gamma + 1, rel=2e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: compute_exponents(0.0, 0.3),
        lambda m: marginal_count(0.0),
        lambda m: marginal_count(math.nan),
        lambda m: compute_optimal(m, 1.0),
        lambda m: compute_optimal(m, -1.0),
        lambda m: compute_optimal(m, 1e12, flops_per_param_sample=0.0),
        lambda m: crossover_samples(m, 0.0),
        lambda m: crossover_samples(QuantaModel(Zipf(0.4, 10)), 20.0),
    ],
)
def test_bad_budgets_are_refused(call):
    with pytest.raises(InputError):
        call(QuantaModel(Zipf(0.4)))
