import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quantal.errors import InputError
from quantal.theory import (
    Binomial,
    Costlier,
    Exponential,
    GradientFlow,
    HardThreshold,
    Hill,
    Poisson,
    RepeatedEpochs,
    Sigmoidal,
    StepThreshold,
)
from quantal.theory.mellin import mellin_by_quadrature

WINDOWS = [
    HardThreshold(7),
    Poisson(1),
    Poisson(3.5),
    Exponential(2.0),
    Hill(2.0, 3.0),
    RepeatedEpochs(4, 10),
    GradientFlow(0.01),
    Sigmoidal(1e3),
    Sigmoidal(50.0, 0.1, squared=False),
]


@pytest.mark.parametrize("rule", WINDOWS, ids=repr)
def test_a_window_falls_from_its_start_to_nothing(rule):
    u = np.geomspace(1e-6, 1e5, 200)
    h = rule.at(u)
    assert np.all(np.diff(h) <= 1e-15)
    assert h[0] == pytest.approx(rule.at_zero, rel=1e-4)
    assert h[-1] < 1e-3
    assert rule.unlearned(u, 1.0) == pytest.approx(h)


@pytest.mark.parametrize("rule", [w for w in WINDOWS if not w.sharp], ids=repr)
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_inverse(rule, level):
    assert float(rule.at(rule.inverse(level))) == pytest.approx(level, rel=1e-10)
    assert float(rule.unlearned(rule.amount(level, 1e-5), 1e-5)) == pytest.approx(level, rel=1e-10)


@pytest.mark.parametrize("tau", [1, 3, 20])
def test_poisson_and_binomial_are_the_counts_they_are_named_for(tau):
    p = np.array([1e-6, 1e-3, 0.1, 0.9])
    assert Poisson(tau).unlearned(1000, p) == pytest.approx(stats.poisson.cdf(tau - 1, 1000 * p), rel=1e-11, abs=1e-300)
    assert Binomial(tau).unlearned(1000, p) == pytest.approx(stats.binom.cdf(tau - 1, 1000, p), rel=1e-11, abs=1e-300)
    assert Binomial(tau).unlearned(tau - 0.5, p).tolist() == [1.0] * 4


def test_binomial_amount_is_its_inverse():
    p = np.array([0.5, 1e-3, 1e-9])
    amount = Binomial(3).amount(0.25, p)
    assert Binomial(3).unlearned(amount, p) == pytest.approx(0.25, rel=1e-6)


@pytest.mark.parametrize("beta", [0.05, 2 / 7, 0.5, 0.9])
@pytest.mark.parametrize("lower", [0.0, 0.01, 0.5, 3.0, 30.0])
@pytest.mark.parametrize("rule", [Poisson(1), Poisson(3), Poisson(2.5), Exponential(2.0), Hill(2.0, 3.0), Hill(1.2)], ids=repr)
def test_mellin_closed_forms_equal_quadrature(rule, beta, lower):
    numeric = mellin_by_quadrature(rule.at, 1.0, rule.inverse(0.5), beta, rule.decay, lower)
    assert rule.mellin(beta, lower) == pytest.approx(numeric, rel=1e-11)


@pytest.mark.parametrize("beta", [0.1, 2 / 7, 0.9])
def test_mellin_closed_forms_of_the_theory(beta):
    assert HardThreshold(7).mellin(beta) == pytest.approx(7**beta / beta)
    assert Exponential(3.0).mellin(beta) == pytest.approx(3**beta * math.gamma(beta))
    assert Poisson(5).mellin(beta) == pytest.approx(math.gamma(5 + beta) / (beta * math.gamma(5)))
    assert Hill(2.0, 3.0).mellin(beta) == pytest.approx(3**beta * (math.pi / 2) / math.sin(math.pi * beta / 2))
    assert HardThreshold(7).tau_eff(beta) == pytest.approx(7)


@pytest.mark.parametrize("ratio", [0.5, 1e2, 1e4])
@pytest.mark.parametrize("beta", [0.2, 0.9])
def test_sigmoidal_mellin_against_polylogarithms(ratio, beta):
    rule = Sigmoidal(ratio)
    with mpmath.workdps(30):
        exact = -mpmath.gamma(beta) * (mpmath.polylog(beta, -ratio) - mpmath.polylog(beta - 1, -ratio))
    assert rule.mellin(beta) == pytest.approx(float(mpmath.re(exact)), rel=1e-11)


def test_sigmoidal_tau_eff_of_the_theory():
    beta = 0.4 / 1.4
    assert Sigmoidal(1e2).tau_eff(beta) == pytest.approx(3.23, abs=0.005)
    assert Sigmoidal(1e4).tau_eff(beta) == pytest.approx(8.09, abs=0.005)


def test_a_slow_window_has_no_transform():
    with pytest.raises(InputError, match=r"exponent 0\.2"):
        Hill(0.2).mellin(0.3)


def test_repeated_epochs_need_new_samples_in_the_end():
    assert RepeatedEpochs(1, 10).threshold == 10
    assert RepeatedEpochs(4, 10).threshold == 3
    assert RepeatedEpochs(1000, 10, distinct=2).threshold == 2
    u = np.geomspace(0.01, 100, 20)
    assert RepeatedEpochs(1000, 10).at(u) == pytest.approx(Poisson(1).at(u))


def test_gradient_flow_is_the_solution_of_its_equation():
    rule, p = GradientFlow(0.3), 0.02
    steps = np.linspace(0, 200, 20001)
    loss = rule.unlearned(steps, p)
    assert np.gradient(loss, steps)[1:-1] == pytest.approx(-2 * 0.3 * p * loss[1:-1], rel=1e-5)


def test_sigmoidal_starts_at_its_ratio():
    rule = Sigmoidal(ratio=99.0, squared=False)
    assert 1 - rule.at_zero == pytest.approx(1 / 100)


def test_step_threshold_counts_steps():
    rule = StepThreshold(first=10.0, power=0.81)
    needed = 10 * 0.01**-0.81
    assert rule.unlearned([needed * 0.999, needed * 1.001], 0.01).tolist() == [1.0, 0.0]
    assert float(rule.amount(0.5, 0.01)) == pytest.approx(needed)


def test_costlier_quanta_need_more():
    rule = Costlier(Poisson(2), 0.5)
    assert float(rule.unlearned(100.0, 0.1, 16.0)) == pytest.approx(float(Poisson(2).unlearned(25.0, 0.1)))
    assert float(rule.amount(0.5, 0.1, 16.0)) == pytest.approx(4 * float(Poisson(2).amount(0.5, 0.1)))
    assert (rule.growth, rule.random, rule.sharp) == (0.5, True, False)
    assert Costlier(StepThreshold(1.0, 0.8), 0.5).omega == 0.8


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([HardThreshold, Poisson, Exponential]), st.one_of(st.floats(max_value=0), st.just(math.nan), st.just(math.inf)))
def test_tau_must_be_positive(kind, tau):
    with pytest.raises(InputError, match=r"tau.*finite and > 0"):
        kind(tau=tau)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Binomial(0),
        lambda: Binomial(1.5),  # type: ignore[arg-type]
        lambda: Hill(0.0),
        lambda: RepeatedEpochs(0.5),
        lambda: RepeatedEpochs(2, 3, distinct=5),
        lambda: GradientFlow(0.0),
        lambda: Sigmoidal(0.0),
        lambda: StepThreshold(0.0),
        lambda: StepThreshold(1.0, 0.0),
        lambda: Costlier(Poisson(), math.nan),
        lambda: Poisson("three"),  # type: ignore[arg-type]
    ],
)
def test_bad_rules_are_refused(make):
    with pytest.raises(InputError, match="write"):
        make()
