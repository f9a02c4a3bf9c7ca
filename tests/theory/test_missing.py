import numpy as np
import pytest

from quantal.errors import InputError
from quantal.theory import (
    Binomial,
    Costlier,
    Geometric,
    GradientFlow,
    HardThreshold,
    Poisson,
    QuantaModel,
    Zipf,
    learned_chance,
)


@pytest.mark.parametrize("gamma", [0.4, 1.0])
@pytest.mark.parametrize("every", [2, 5, 100])
def test_every_mth_lifts_the_floor_and_keeps_the_exponent(gamma, every):
    model = QuantaModel(Zipf(gamma), 1.7, 9.0)
    missing = model.missing(every=every)
    assert missing.floor == pytest.approx(1.7 + 7.3 * every ** -(gamma + 1), rel=1e-11)
    n = 1e6 * every
    excess = missing.loss_after(n) - missing.floor
    assert excess / (model.loss_after(n) - 1.7) == pytest.approx(missing.amplitude_factor, rel=1e-4)
    assert missing.amplitude_factor == pytest.approx((every - 1) / every)


@pytest.mark.parametrize("law", [Zipf(0.4, count=1000), Zipf(-0.2, count=1000), Geometric(0.01)])
def test_every_mth_by_brute_force(law):
    model = QuantaModel(law, 0.5, 2.0)
    ranks = np.arange(1, 10001.0)
    p = np.where(ranks <= law.count, law.pmf(np.minimum(ranks, law.count)), 0)
    unlearned = (ranks > 137) | (ranks % 7 == 0)
    assert model.missing(every=7).loss_after(137) == pytest.approx(0.5 + 1.5 * p[unlearned].sum(), rel=1e-10)
    assert model.missing(every=7).floor == pytest.approx(0.5 + 1.5 * p[ranks % 7 == 0].sum(), rel=1e-10)


LIMITS = [
    {"samples": 1e4, "rule": Poisson(2)},
    {"samples": 1e4, "rule": HardThreshold(5)},
    {"params": 300.0, "samples": 1e5, "steps": 1e4, "step_rule": GradientFlow(0.3)},
    {"samples": 1e4, "rule": Costlier(Binomial(2), 0.2)},
]


@pytest.mark.parametrize("limits", LIMITS)
def test_missing_quanta_under_limits_by_brute_force(limits):
    law = Zipf(0.4, count=5000)
    model = QuantaModel(law, 0.5, 2.0)
    ranks = np.arange(1, 5001.0)
    given = {name: value for name, value in limits.items() if name in ("params", "samples", "steps")}
    rules = {name: value for name, value in limits.items() if name not in given}
    learned = learned_chance(law, ranks, **given, **rules)
    learned[6::7] = 0
    expected = 0.5 + 1.5 * float(law.pmf(ranks) @ (1 - learned))
    assert model.missing(every=7).loss(**limits) == pytest.approx(expected, rel=1e-10)
    infinite = QuantaModel(Zipf(0.4), 0.5, 2.0)
    assert infinite.missing(every=10**9).loss(**limits) == pytest.approx(infinite.loss(**limits), rel=1e-9)


def test_nothing_is_gained_on_the_way_to_a_missing_quantum():
    missing = QuantaModel(Zipf(0.4)).missing(every=5)
    losses = missing.loss_after([4, 4.5, 5, 5.5])
    assert losses[:3] == pytest.approx(losses[0], rel=1e-12)
    assert losses[3] < losses[2]


def test_random_misses():
    model = QuantaModel(Zipf(0.4), 1.7, 9.0)
    missing = model.missing(probability=0.2)
    assert missing.floor == pytest.approx(1.7 + 0.2 * 7.3)
    assert missing.loss(samples=1e4) == pytest.approx(0.8 * model.loss(samples=1e4) + 0.2 * 9.0)
    assert missing.loss_after(50) == pytest.approx(0.8 * model.loss_after(50) + 0.2 * 9.0)


@pytest.mark.parametrize(
    "how",
    [{}, {"every": 2, "probability": 0.1}, {"every": 1}, {"every": 2.5}, {"probability": 1.5}, {"probability": -0.1}],
)
def test_bad_misses_are_refused(how):
    with pytest.raises(InputError, match="write"):
        QuantaModel(Zipf(0.4)).missing(**how)
