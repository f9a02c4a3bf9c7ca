import numpy as np
import pytest

from quantal.errors import InputError
from quantal.theory import (
    Capacity,
    Geometric,
    HardThreshold,
    InformationLoss,
    Poisson,
    QuantaModel,
    Zipf,
    apparent_floor,
    completion,
    finite_exponent,
    observable_quanta,
    observed_loss,
    power_law_reach,
)


@pytest.mark.parametrize(
    ("gamma", "share", "expected", "digits"),
    [
        (0.4, 0.01, 0.47535, 5e-6),
        (0.4, 0.1, 0.66458, 5e-6),
        (0.4, 0.5, 1.6519, 5e-5),
        (0.1, 0.01, 0.271, 5e-4),
        (0.1, 0.1, 0.486, 5e-4),
        (0.1, 0.5, 1.493, 5e-4),
    ],
)
def test_the_local_slope_near_completion(gamma, share, expected, digits):
    count, n = 1e5, share * 1e5
    assert finite_exponent(gamma, n, count) == pytest.approx(expected, abs=digits)
    model = QuantaModel(Zipf(gamma, count=count), 1.0, 2.0)
    measured = model.local_exponent("quanta", n, span=1.001) * (n + 0.5) / n
    assert finite_exponent(gamma, n, count) == pytest.approx(measured, rel=1e-6)
    assert finite_exponent(gamma, n, count, "samples") == pytest.approx(measured / (gamma + 1), rel=1e-4)


def test_the_parity_task_of_the_paper_is_steepened_by_its_500_quanta():
    assert finite_exponent(0.4, 50, 500) / 0.4 == pytest.approx(1.66, abs=0.01)
    assert finite_exponent(0.0, 50, 500) == pytest.approx(finite_exponent(1e-9, 50, 500), rel=1e-6)


def test_how_far_a_power_law_reaches():
    assert power_law_reach(0.4) < 0.003
    assert power_law_reach(0.1) < 1e-10
    for gamma in (0.4, 1.0):
        n = power_law_reach(gamma) * 1e9
        assert finite_exponent(gamma, n, 1e9) == pytest.approx(1.1 * gamma, rel=1e-3)


@pytest.mark.parametrize(("gamma", "count", "offset"), [(0.1, 10**6, 0.311), (0.4, 1000, 0.0535)])
def test_the_apparent_floor_lies_below(gamma, count, offset):
    model = QuantaModel(Zipf(gamma, count=count), 1.7, 9.0)
    assert (1.7 - apparent_floor(model)) / 7.3 == pytest.approx(offset, abs=5e-4)
    n = np.array([100.0, 800.0])
    power = 7.3 / (gamma * model.frequencies.normaliser) * (n + 0.5) ** -gamma
    assert model.loss_after(n) == pytest.approx(apparent_floor(model) + power, rel=1e-4)


def test_completion():
    law = Zipf(0.4, count=500)
    model = QuantaModel(law)
    done = completion(model, HardThreshold(7), Capacity(100.0), batch_size=50)
    assert done.params == 5e4
    assert done.samples == pytest.approx(7 * law.normaliser * 500**1.4)
    assert done.steps == pytest.approx(done.samples / 50)
    assert model.loss(params=5e4, samples=done.samples * 1.0001, rule=HardThreshold(7), capacity=Capacity(100.0)) == 0
    half = completion(model, Poisson(3))
    assert half.steps is None
    assert float(Poisson(3).unlearned(half.samples, law.pmf(500))) == pytest.approx(0.5)


def test_the_approach_to_the_floor_is_linear():
    model = QuantaModel(Zipf(0.4, count=10**5), 1.0, 3.0)
    last = float(model.frequencies.pmf(1e5))
    assert model.loss_after(1e5 - 20) - 1 == pytest.approx(2 * last * 20, rel=3e-4)


def test_an_observer_of_few_quanta():
    model = QuantaModel(Zipf(0.4), 1.0, 3.0)
    seen = observable_quanta(model, 1e-3)
    p = model.frequencies.pmf([seen, seen + 1])
    assert 2 * p[0] >= 1e-3 > 2 * p[1]
    finite = QuantaModel(Zipf(0.4, count=seen), 1.0, 3.0)
    n = np.array([0, 3.5, 50, seen])
    assert observed_loss(model, n, seen) == pytest.approx(finite.loss_after(n), rel=1e-12)
    assert observed_loss(QuantaModel(Geometric(0.1)), 20, 20) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda m: completion(m),
        lambda m: completion(QuantaModel(Zipf(0.4, 10)), batch_size=0),
        lambda m: apparent_floor(m),
        lambda m: apparent_floor(QuantaModel(Zipf(0.0, 10))),
        lambda m: apparent_floor(QuantaModel(Zipf(0.4, 10), 0.0, InformationLoss())),
        lambda m: observable_quanta(m, 0.0),
        lambda m: observed_loss(m, -1, 10),
        lambda m: observed_loss(m, 1, 0.5),
        lambda m: finite_exponent(0.4, 10, 10),
        lambda m: finite_exponent(-1.0, 1, 10),
        lambda m: finite_exponent(0.4, 1, 10, "tokens"),
        lambda m: power_law_reach(0.0),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(InputError):
        call(QuantaModel(Zipf(0.4)))
