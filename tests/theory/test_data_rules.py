import numpy as np
import pytest
from scipy import stats

from quantal.theory import Binomial, Costlier, Poisson, RepeatedEpochs, StepThreshold


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


def test_repeated_epochs_need_new_samples_in_the_end():
    assert RepeatedEpochs(1, 10).threshold == 10
    assert RepeatedEpochs(4, 10).threshold == 3
    assert RepeatedEpochs(1000, 10, distinct=2).threshold == 2
    u = np.geomspace(0.01, 100, 20)
    assert RepeatedEpochs(1000, 10).at(u) == pytest.approx(Poisson(1).at(u))


def test_costlier_quanta_need_more():
    rule = Costlier(Poisson(2), 0.5)
    assert float(rule.unlearned(100.0, 0.1, 16.0)) == pytest.approx(float(Poisson(2).unlearned(25.0, 0.1)))
    assert float(rule.amount(0.5, 0.1, 16.0)) == pytest.approx(4 * float(Poisson(2).amount(0.5, 0.1)))
    assert (rule.growth, rule.random, rule.sharp) == (0.5, True, False)
    assert Costlier(StepThreshold(1.0, 0.8), 0.5).omega == 0.8
