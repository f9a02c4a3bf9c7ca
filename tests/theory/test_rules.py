import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@pytest.mark.parametrize("beta", [0.1, 2 / 7, 0.9])
def test_mellin_closed_forms_of_the_theory(beta):
    assert HardThreshold(7).mellin(beta) == pytest.approx(7**beta / beta)
    assert Exponential(3.0).mellin(beta) == pytest.approx(3**beta * math.gamma(beta))
    assert Poisson(5).mellin(beta) == pytest.approx(math.gamma(5 + beta) / (beta * math.gamma(5)))
    assert Hill(2.0, 3.0).mellin(beta) == pytest.approx(3**beta * (math.pi / 2) / math.sin(math.pi * beta / 2))
    assert HardThreshold(7).tau_eff(beta) == pytest.approx(7)


def test_a_slow_window_has_no_transform():
    with pytest.raises(InputError, match=r"exponent 0\.2"):
        Hill(0.2).mellin(0.3)


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([HardThreshold, Poisson, Exponential]),
    st.one_of(st.floats(max_value=0), st.just(math.nan), st.just(math.inf)),
)
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
