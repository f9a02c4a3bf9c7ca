import math

import mpmath
import numpy as np
import pytest

from quantal.errors import InputError
from quantal.theory import InformationLoss, Mandelbrot, PowerLoss, QuantaModel, Zipf
from quantal.theory.losses import FunctionLoss, mass_by_sum


def zipf_surprise(gamma, n):
    """[-s zeta'(s, n+1) + ln Z zeta(s, n+1)] / Z at 40 digits."""
    with mpmath.workdps(40):
        s = mpmath.mpf(gamma) + 1
        z = mpmath.zeta(s)
        return float((-s * mpmath.zeta(s, n + 1, 1) + mpmath.log(z) * mpmath.zeta(s, n + 1)) / z)


@pytest.mark.parametrize("gamma", [0.1, 0.4, 1.0, 3.0])
@pytest.mark.parametrize("n", [0, 1, 10, 1000])
def test_case_1_equals_its_closed_form(gamma, n):
    model = QuantaModel(Zipf(gamma), 0.0, InformationLoss())
    assert model.loss_after(n) == pytest.approx(zipf_surprise(gamma, n), rel=1e-11)


def test_power_loss_equals_the_hurwitz_sum():
    model = QuantaModel(Zipf(0.4), 0.5, PowerLoss(2.0, 0.2, offset=0.5))
    for n in (0, 7, 10000):
        with mpmath.workdps(30):
            exact = float(2 * mpmath.zeta(mpmath.mpf("1.6"), n + 1) / mpmath.zeta(mpmath.mpf("1.4")))
        assert model.loss_after(n) - 0.5 == pytest.approx(exact, rel=1e-11)


def test_a_function_of_rank_equals_the_same_loss_by_name():
    by_name = QuantaModel(Zipf(0.4), 0.0, PowerLoss(2.0, 0.2))
    by_function = QuantaModel(Zipf(0.4), 0.0, lambda k: 2.0 * k**-0.2)
    assert by_function.loss_after([0, 3.5, 100]) == pytest.approx(by_name.loss_after([0, 3.5, 100]), rel=1e-12)
    assert by_function.loss(samples=1e5) == pytest.approx(by_name.loss(samples=1e5), rel=1e-12)


def test_a_finite_sum_is_the_plain_sum():
    laws = [Zipf(0.0, 1000), Zipf(-0.5, 1000), Mandelbrot(0.3, 12.0, 1000)]
    ranks = np.arange(1, 1001.0)
    for law in laws:
        loss = FunctionLoss(lambda k: 1 + np.log(k))
        plain = math.fsum((law.pmf(ranks) * (1 + np.log(ranks)))[100:])
        assert mass_by_sum(loss, law, np.array([100.0]))[0] == pytest.approx(plain, rel=1e-12)


def test_a_fractional_quantum_counts_for_its_part():
    model = QuantaModel(Zipf(0.4), 0.0, PowerLoss(2.0, 0.2))
    between = model.loss_after([10, 10.5, 11])
    assert between[0] > between[1] > between[2]


def test_a_loss_that_grows_too_fast_is_refused():
    model = QuantaModel(Zipf(0.4), 0.0, PowerLoss(1.0, -0.5))
    with pytest.raises(InputError, match="does not converge"):
        model.loss_after(10)


def test_a_function_of_the_wrong_shape_is_refused():
    with pytest.raises(InputError, match="one finite number for each rank"):
        QuantaModel(Zipf(0.4), 0.0, lambda k: np.array([1.0]))
    with pytest.raises(InputError, match="one finite number for each rank"):
        QuantaModel(Zipf(0.4), 0.0, lambda k: k * np.nan)


@pytest.mark.parametrize(
    "make", [lambda: InformationLoss(0.0), lambda: PowerLoss(0.0, 1.0), lambda: PowerLoss(1.0, math.nan)]
)
def test_bad_losses_are_refused(make):
    with pytest.raises(InputError, match="write"):
        make()
