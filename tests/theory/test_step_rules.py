import numpy as np
import pytest

from quantal.theory import GradientFlow, Sigmoidal, StepThreshold


def test_sigmoidal_tau_eff_of_the_theory():
    beta = 0.4 / 1.4
    assert Sigmoidal(1e2).tau_eff(beta) == pytest.approx(3.23, abs=0.005)
    assert Sigmoidal(1e4).tau_eff(beta) == pytest.approx(8.09, abs=0.005)


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
