import math

import numpy as np
import pytest

from quantal.errors import InputError
from quantal.theory import (
    Capacity,
    Costlier,
    Exponential,
    Geometric,
    GradientFlow,
    HardThreshold,
    Hill,
    InformationLoss,
    LogNormal,
    Mandelbrot,
    Poisson,
    PowerLoss,
    QuantaModel,
    Sigmoidal,
    StepThreshold,
    Zipf,
    joint_law,
    params_term,
    resource_term,
)


def fitted_exponent(model, rule, low, high):
    """The log-log slope between two amounts of samples."""
    excess = [model.loss(samples=d, rule=rule) - model.floor for d in (low, high)]
    return math.log(excess[0] / excess[1]) / math.log(high / low)


@pytest.mark.parametrize("gamma", [0.1, 0.34, 0.4, 1.0])
def test_the_exponents_of_the_plain_model(gamma):
    found = QuantaModel(Zipf(gamma), 1.7, 9.0).exponents()
    data = gamma / (gamma + 1)
    assert found.to_dict() == {
        "params": pytest.approx(gamma),
        "samples": pytest.approx(data),
        "steps": pytest.approx(data),
        "compute": pytest.approx(gamma / (gamma + 2)),
        "conditions": [],
    }


@pytest.mark.parametrize(
    ("gamma", "eps", "delta", "fitted", "predicted"),
    [(0.4, 0.2, 0.0, 0.4286, 0.4286), (0.4, 0.0, 0.5, 0.2104, 0.2105), (0.4, -0.2, 0.3, 0.1177, 0.1176)],
)
def test_generalised_exponents_of_the_theory(gamma, eps, delta, fitted, predicted):
    model = QuantaModel(Zipf(gamma), 0.0, PowerLoss(1.0, eps))
    rule = Costlier(HardThreshold(1.0), delta)
    assert model.exponents(rule=rule).samples == pytest.approx(predicted, abs=5e-5)
    assert fitted_exponent(model, rule, 1e6, 1e11) == pytest.approx(fitted, abs=3e-4)
    assert fitted_exponent(model, Costlier(Poisson(1.0), delta), 1e6, 1e11) == pytest.approx(predicted, abs=1e-4)


def test_growing_costs_and_slow_steps():
    model = QuantaModel(Zipf(0.4), 0.0, PowerLoss(1.0, 0.1))
    found = model.exponents(step_rule=StepThreshold(1.0, 0.81), capacity=Capacity(10.0, 0.25))
    assert found.params == pytest.approx(0.5 / 1.25)
    assert found.steps == pytest.approx(0.5 / (0.81 * 1.4))
    slope = model.local_exponent("params", 1e12, capacity=Capacity(10.0, 0.25))
    assert slope == pytest.approx(found.params, rel=1e-6)
    assert QuantaModel(Zipf(0.4)).exponents(step_rule=StepThreshold(1.0, 0.81)).steps == pytest.approx(0.353, abs=5e-4)


@pytest.mark.parametrize("gamma", [0.2, 0.4, 1.0])
@pytest.mark.parametrize("rule", [Poisson(1), Poisson(10), Exponential(2.0), Hill(3.0), Sigmoidal(100.0)], ids=repr)
@pytest.mark.parametrize("samples", [1e4, 1e6, 1e8])
def test_universality(gamma, rule, samples):
    model = QuantaModel(Zipf(gamma), 1.7, 9.0)
    term = resource_term(model, rule)
    z = model.frequencies.normaliser
    beta = gamma / (gamma + 1)
    assert term.amplitude == pytest.approx(7.3 * z ** (-1 / (gamma + 1)) / (gamma + 1) * rule.mellin(beta), rel=1e-12)
    assert (model.loss(samples=samples, rule=rule) - 1.7) / term.at(samples) == pytest.approx(1, abs=6e-5)


def test_a_slow_rule_sets_its_own_exponent():
    model, rule = QuantaModel(Zipf(1.0)), Hill(0.3)
    term = resource_term(model, rule)
    assert (term.exponent, term.amplitude) == (0.3, None)
    assert model.exponents(rule=rule).samples == 0.3
    assert "sets the exponent" in model.exponents(rule=rule).conditions[0]
    assert model.local_exponent("samples", 1e30, rule=rule) == pytest.approx(0.3, abs=1e-3)
    with pytest.raises(InputError, match="known amplitude"):
        term.at(1e6)


@pytest.mark.parametrize(
    "rule", [StepThreshold(5.0, 0.81), Costlier(StepThreshold(5.0, 0.81), 0.2), Costlier(Poisson(2), 0.3)], ids=repr
)
def test_generalised_prefactors(rule):
    model = QuantaModel(Zipf(0.4), 0.0, PowerLoss(2.0, 0.1))
    amount = 1e9
    ratio = model.loss(samples=amount, rule=rule) / resource_term(model, rule).at(amount)
    assert ratio == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("capacity", [Capacity(100.0), Capacity(3.0, 0.5)])
def test_the_prefactor_in_params(capacity):
    model = QuantaModel(Zipf(0.4), 0.0, PowerLoss(2.0, 0.1))
    params = float(capacity.params(1e6))
    assert model.loss(params=params, capacity=capacity) / params_term(model, capacity).at(params) == pytest.approx(
        1, abs=1e-6
    )


def test_mandelbrot_shows_its_power_law_early_in_samples_and_late_in_params():
    model = QuantaModel(Mandelbrot(0.4, 1000.0))
    start = model.frequencies.normaliser * 1001**1.4
    assert model.loss(samples=10 * start) / resource_term(model, Poisson()).at(10 * start) == pytest.approx(1, abs=2e-3)
    assert model.local_exponent("quanta", 1000.0) == pytest.approx(0.2, abs=0.01)


def test_geometric_loss_falls_as_one_over_samples():
    for rate, ripple in ((0.5, 4.754e-8), (2.0, 6.391e-2)):
        model = QuantaModel(Geometric(rate))
        samples = 1e6 * np.exp(rate * np.linspace(0, 1, 41))
        scaled = model.loss(samples=samples) * samples * rate
        assert np.mean(scaled[:-1]) == pytest.approx(1, abs=1e-6)
        assert np.max(np.abs(scaled - 1)) == pytest.approx(ripple, rel=0.02)
        assert model.exponents().samples == 1
        assert model.exponents().params is None


def test_log_normal_data_law():
    model = QuantaModel(LogNormal(2.0, 4_000_000))
    assert model.loss(samples=1e7) == pytest.approx(0.065534, abs=3e-6)
    assert model.exponents().samples is None


def test_local_exponents_have_an_analytic_limit():
    model = QuantaModel(Zipf(0.4))
    n = np.array([10.0, 1e3])
    analytic = 1.4 * n * (model.frequencies.tail(n) * 0 + hurwitz_slope(0.4, n)) / model.frequencies.tail(n)
    assert model.local_exponent("quanta", n) == pytest.approx(analytic, rel=1e-6)
    flow = model.local_exponent("steps", 1e8, step_rule=GradientFlow(0.5))
    assert flow == pytest.approx(0.4 / 1.4, rel=1e-6)


def hurwitz_slope(gamma, n):
    """-T'(n) / (gamma + 1) = zeta(gamma + 2, n + 1) / zeta(gamma + 1)."""
    from scipy.special import zeta

    return zeta(gamma + 2, n + 1) / zeta(gamma + 1)


@pytest.mark.parametrize("gamma", [0.1, 0.4, 1.0])
def test_the_joint_law_equals_the_exact_sum(gamma):
    model = QuantaModel(Zipf(gamma), 1.7, 9.0)
    for rule in (Poisson(1), Exponential(3.0), Poisson(5)):
        law = joint_law(model, rule)
        for params, samples in ((1e4, 1e6), (1e5, 1e9), (1e6, 1e6)):
            exact = model.loss(params=params - 0.5, samples=samples, rule=rule)
            assert law.loss(params, samples) / exact == pytest.approx(1, abs=6e-7)


@pytest.mark.parametrize(("gamma", "factor"), [(0.1, 1.043), (0.4, 1.128), (1.0, 1.210)])
def test_where_both_limits_cost_the_same(gamma, factor):
    law = joint_law(QuantaModel(Zipf(gamma)))
    params = 1e6
    samples = (law.samples.amplitude / law.params.at(params)) ** (1 / law.samples.exponent)
    assert law.loss(params, samples) / law.params.at(params) == pytest.approx(factor, abs=6e-4)
    hard = joint_law(QuantaModel(Zipf(gamma)), HardThreshold(5))
    samples = (hard.samples.amplitude / hard.params.at(params)) ** (1 / hard.samples.exponent)
    assert hard.loss(params, samples) / hard.params.at(params) == pytest.approx(1, abs=1e-9)


def test_the_marginal_count_is_the_expected_count_of_the_last_quantum():
    model = QuantaModel(Zipf(0.4))
    law = joint_law(model, Poisson(3), Capacity(10.0))
    assert law.marginal_count(1e7, 1e9) == pytest.approx(1e9 * float(model.frequencies.pmf(1e6)), rel=1e-9)


def test_a_finite_count_is_named_as_a_condition():
    found = QuantaModel(Zipf(0.4, count=500)).exponents()
    assert "500 quanta" in found.conditions[0]
    information = QuantaModel(Zipf(0.4), 0.0, InformationLoss()).exponents()
    assert "ln n" in information.conditions[0]
    assert QuantaModel(Zipf(0.0, count=500)).exponents().params is None


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.local_exponent("tokens", 1e6),
        lambda m: m.local_exponent("samples", 0.0),
        lambda m: m.local_exponent("samples", 1e6, span=1.0),
        lambda m: QuantaModel(Zipf(0.4, 10)).local_exponent("quanta", 20.0),
        lambda m: resource_term(QuantaModel(Geometric(1.0)), Poisson()),
        lambda m: resource_term(m, Poisson(), "params"),
        lambda m: resource_term(QuantaModel(Zipf(0.4), 0.0, InformationLoss()), Poisson()),
        lambda m: params_term(QuantaModel(Zipf(0.0, 10))),
        lambda m: joint_law(QuantaModel(Zipf(0.4, 10))),
        lambda m: joint_law(m, Hill(0.1)),
        lambda m: joint_law(m).params.at(-1.0),
    ],
)
def test_what_has_no_asymptote_is_refused(call):
    with pytest.raises(InputError):
        call(QuantaModel(Zipf(0.4)))
