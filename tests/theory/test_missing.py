import numpy as np
import pytest

from quantal.errors import InputError
from quantal.theory import Geometric, QuantaModel, Zipf


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


def test_random_misses():
    model = QuantaModel(Zipf(0.4), 1.7, 9.0)
    missing = model.missing(probability=0.2)
    assert missing.floor == pytest.approx(1.7 + 0.2 * 7.3)
    assert missing.loss_after(50) == pytest.approx(0.8 * model.loss_after(50) + 0.2 * 9.0)


@pytest.mark.parametrize("how", [{}, {"every": 2, "probability": 0.1}, {"every": 1}, {"every": 2.5}, {"probability": 1.5}, {"probability": -0.1}])
def test_bad_misses_are_refused(how):
    with pytest.raises(InputError, match="write"):
        QuantaModel(Zipf(0.4)).missing(**how)
