import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import InputError
from quantal.theory import Geometric, InformationLoss, PowerLoss, QuantaModel, Zipf


def hurwitz_tail(gamma, n):
    with mpmath.workdps(40):
        s = mpmath.mpf(gamma) + 1
        return float(mpmath.zeta(s, mpmath.mpf(n) + 1) / mpmath.zeta(s))


@pytest.mark.parametrize("gamma", [0.1, 0.4, 1.0, 2.0])
@pytest.mark.parametrize("n", [0, 0.5, 1, 10, 100.25, 1e6])
def test_loss_after_is_the_hurwitz_tail(gamma, n):
    model = QuantaModel(Zipf(gamma), 1.7, 9.0)
    assert model.loss_after(n) == pytest.approx(1.7 + 7.3 * hurwitz_tail(gamma, n), rel=1e-12)


def test_the_oracle_of_the_theory():
    assert QuantaModel(Zipf(0.4)).loss_after(10) == pytest.approx(0.31422042904, abs=5e-12)


@pytest.mark.parametrize(
    ("gamma", "n", "form", "measured", "predicted"),
    [
        (0.4, 10, "naive", 1.99e-2, 2.00e-2),
        (0.4, 10, "midpoint", 2.112e-4, 2.116e-4),
        (1.0, 100, "naive", 5.008e-3, 5.0e-3),
        (1.0, 100, "midpoint", 8.250e-6, 8.251e-6),
    ],
)
def test_asymptotes_and_their_errors(gamma, n, form, measured, predicted):
    model = QuantaModel(Zipf(gamma))
    error = model.loss_after(n, form=form) / model.loss_after(n) - 1
    assert error == pytest.approx(measured, rel=3e-3)
    assert model.asymptote_error(n, form) == pytest.approx(predicted, rel=1e-3)
    assert model.asymptote_error(n, "exact") == 0


def test_asymptotes_at_the_first_quantum():
    model = QuantaModel(Zipf(2.0))
    assert model.loss_after(1, "naive") / model.loss_after(1) - 1 == pytest.approx(1.47, abs=0.01)
    assert model.loss_after(1, "midpoint") / model.loss_after(1) - 1 == pytest.approx(0.10, abs=0.005)


@pytest.mark.parametrize("gamma", [-0.3, 0.0, 0.1, 0.4])
def test_finite_asymptotes_have_the_predicted_error(gamma):
    model = QuantaModel(Zipf(gamma, count=10**4))
    for form in ("naive", "midpoint"):
        error = model.loss_after(50, form) / model.loss_after(50) - 1
        assert error == pytest.approx(model.asymptote_error(50, form), rel=0.02)


def test_gamma_zero_is_harmonic():
    harmonic = np.cumsum(1 / np.arange(1, 1001))
    expected = (harmonic[-1] - harmonic[99]) / harmonic[-1]
    assert QuantaModel(Zipf(0.0, count=1000)).loss_after(100) == pytest.approx(expected, rel=1e-12)


def test_case_1_of_the_appendix():
    model = QuantaModel(Zipf(0.4), 0.0, InformationLoss())
    exact, naive = model.loss_after(100), model.loss_after(100, "naive")
    assert exact == pytest.approx(1.411773, abs=5e-7)
    assert naive == pytest.approx(1.413704, abs=5e-7)
    assert naive / exact - 1 == pytest.approx(1.4e-3, rel=0.03)
    octave = [float(np.log2(model.loss_after(n) / model.loss_after(2 * n))) for n in (100, 10**4)]
    assert octave == pytest.approx([0.278, 0.322], abs=6e-4)
    assert model.loss_after(100, "midpoint") == pytest.approx(exact, rel=1e-5)


def test_case_2_of_the_appendix_has_the_exact_constant():
    model = QuantaModel(Zipf(0.4), InformationLoss(2.0), InformationLoss())
    assert model.floor + math.log(2) == pytest.approx(3.9197, abs=5e-5)
    with mpmath.workdps(30):
        s = mpmath.mpf("1.4")
        entropy = float(mpmath.log(mpmath.zeta(s)) - s * mpmath.zeta(s, 1, 1) / mpmath.zeta(s))
    assert model.floor == pytest.approx(entropy - math.log(2), rel=1e-12)
    assert model.loss_after(50) == pytest.approx(model.floor + math.log(2) * hurwitz_tail(0.4, 50), rel=1e-12)
    assert model.ceiling == pytest.approx(entropy, rel=1e-12)


def test_case_2_needs_a_probability_below_one():
    z = float(mpmath.zeta(1.4))
    QuantaModel(Zipf(0.4), InformationLoss(z * 0.999), InformationLoss())
    with pytest.raises(InputError, match=r"C is at most 1/p_1 = 3\.10"):
        QuantaModel(Zipf(0.4), InformationLoss(z * 1.001), InformationLoss())


@pytest.mark.parametrize(("a", "b"), [(9.0, 1.7), (1.0, 1.0), (PowerLoss(1.0, 0.5), 0.5), (0.0, lambda k: 1 - k / 100)])
def test_learning_must_lower_the_loss(a, b):
    with pytest.raises(InputError, match="a < b at every rank"):
        QuantaModel(Zipf(0.4), a, b)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.floats(max_value=-1e-9), st.just(math.nan), st.just(math.inf)))
def test_bad_quanta_are_refused(n):
    with pytest.raises(InputError, match="finite and at least 0"):
        QuantaModel(Zipf(0.4)).loss_after(n)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 5), st.floats(0, 1e12), st.floats(0, 1e12))
def test_loss_falls_with_quanta_between_its_ends(gamma, first, second):
    model = QuantaModel(Zipf(gamma), 1.0, 4.0)
    low, high = sorted((first, second))
    losses = model.loss_after([low, high])
    assert 1.0 <= losses[1] <= losses[0] <= 4.0 + 1e-12


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.loss_after(10, "middle"),
        lambda m: m.loss_after(0, "naive"),
        lambda m: m.loss_after("ten"),
        lambda m: m.asymptote_error(0, "naive"),
        lambda m: QuantaModel(Geometric(0.5)).loss_after(10, "naive"),
        lambda m: QuantaModel(Zipf(0.4), 0.0, InformationLoss()).asymptote_error(10),
        lambda m: QuantaModel(Zipf(0.4), 0.0, lambda k: 1 + 1 / k).loss_after(10, "naive"),
        lambda m: QuantaModel(Zipf(0.4), math.nan),
        lambda m: QuantaModel(Zipf(0.4), "low"),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError, match=r"[Ww]rite|use"):
        call(QuantaModel(Zipf(0.4)))


def test_beyond_the_last_quantum_the_loss_is_the_floor():
    model = QuantaModel(Zipf(0.4, count=100), 1.0, 2.0)
    assert model.loss_after([99.5, 100, 1e9]).tolist() == pytest.approx([model.loss_after(99.5), 1.0, 1.0])
