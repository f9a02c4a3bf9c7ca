import math

import numpy as np
import pytest

from quantal.errors import InputError
from quantal.theory import Binomial, HardThreshold, Hill, Poisson, Zipf, learned_count, ordered_share


@pytest.mark.parametrize(("tau", "share"), [(1, 0.54), (10, 0.91), (100, 0.965)])
def test_only_many_samples_to_a_quantum_keep_the_order(tau, share):
    assert ordered_share(Zipf(0.4, count=200_000), 3e4 * tau, Poisson(tau)) == pytest.approx(share, abs=7e-3)


@pytest.mark.parametrize("rule", [Poisson(1), Poisson(4), Binomial(2)])
def test_the_count_is_the_plain_sum(rule):
    law = Zipf(0.4, count=5000)
    p = law.pmf(np.arange(1, 5001.0))
    assert learned_count(law, 1e4, rule) == pytest.approx(math.fsum(1 - rule.unlearned(1e4, p)), rel=1e-11)


def test_the_count_grows_as_the_theory_says():
    counts = [learned_count(Zipf(0.4), d) for d in (1e6, 1e9)]
    assert math.log(counts[1] / counts[0]) / math.log(1e3) == pytest.approx(1 / 1.4, rel=1e-4)


def test_a_threshold_learns_in_strict_order():
    law = Zipf(0.4)
    assert learned_count(law, 1e5, HardThreshold(7)) == 413
    assert ordered_share(law, 1e5, HardThreshold(7)) == 1


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(InputError, match="does not converge"):
        learned_count(Zipf(0.4), 1e5, Hill(0.5))
    with pytest.raises(InputError, match="quanta learned"):
        ordered_share(Zipf(0.4), 1e-3)
