import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from quantal.errors import InputError
from quantal.theory import (
    Binomial,
    Capacity,
    Costlier,
    Cutoff,
    Empirical,
    Exponential,
    Geometric,
    GradientFlow,
    HardThreshold,
    Hill,
    LogNormal,
    Mandelbrot,
    Poisson,
    PowerLoss,
    QuantaModel,
    RepeatedEpochs,
    Sigmoidal,
    StepThreshold,
    Stretched,
    Zipf,
)

RULES = [
    HardThreshold(7),
    Poisson(1),
    Poisson(30),
    Exponential(2.0),
    Hill(3.0, 2.0),
    Binomial(3),
    RepeatedEpochs(4, 10),
    Sigmoidal(100.0),
    Costlier(Poisson(2), 0.3),
]
K = 20000
LAWS = [
    Zipf(0.4, K),
    Zipf(-0.3, K),
    Mandelbrot(0.5, 30.0, K),
    Geometric(0.01),
    Cutoff(0.4, 300.0),
    Stretched(0.5, 5.0),
    LogNormal(2.0, K),
    Empirical(np.floor(1e6 / np.arange(1, 3000.0) ** 1.3) + 1),
]


def by_hand(model, unlearned, quanta=math.inf):
    """The defining sum, term by term."""
    ranks = np.arange(1, min(K, model.frequencies.count) + 1.0)
    p = model.frequencies.pmf(ranks)
    left = np.where(ranks <= quanta, unlearned(p, ranks), 1.0)
    gap = model.gap.at(model.frequencies, ranks)
    return model.floor + math.fsum(p * gap * left)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_the_exact_loss_is_the_plain_sum(law, rule):
    model = QuantaModel(law, 1.0, 3.0)
    for samples in (10.0, 3e4, 1e7):
        expected = by_hand(model, lambda p, k, d=samples: rule.unlearned(d, p, k))
        assert model.loss(samples=samples, rule=rule) - 1 == pytest.approx(expected - 1, rel=1e-9)


@pytest.mark.parametrize("gamma", [0.1, 0.4, 2.0])
@pytest.mark.parametrize("samples", [3, 10**5])
def test_infinitely_many_quanta_against_mpmath(gamma, samples):
    """Head term by term; beyond it the exponential as a series, each term a Hurwitz zeta function."""
    with mpmath.workdps(40):
        s = mpmath.mpf(gamma) + 1
        z = mpmath.zeta(s)
        head = 3000
        exact = mpmath.fsum((p := mpmath.mpf(k) ** -s / z) * mpmath.exp(-samples * p) for k in range(1, head + 1))
        exact += mpmath.fsum(
            mpmath.mpf(-samples) ** j / mpmath.factorial(j) * mpmath.zeta(s * (j + 1), head + 1) / z ** (j + 1)
            for j in range(60)
        )
    assert QuantaModel(Zipf(gamma)).loss(samples=samples) == pytest.approx(float(exact), rel=1e-11)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20000), st.floats(1, 1e6))
def test_counts_with_steps_anywhere(seed, size, samples):
    counts = np.random.default_rng(seed).zipf(1.8, size).astype(float)
    model = QuantaModel(Empirical(np.minimum(counts, 1e6)))
    ranks = np.arange(1, size + 1.0)
    p = model.frequencies.pmf(ranks)
    assert model.loss(samples=samples) == pytest.approx(math.fsum(p * np.exp(-samples * p)), rel=1e-11, abs=1e-30)


def test_all_limits_together():
    model = QuantaModel(Zipf(0.4, K), 1.0, PowerLoss(2.0, 0.1, 1.0))
    rule, step_rule, capacity = Poisson(2), GradientFlow(0.01), Capacity(10.0, 0.2)
    params, samples, steps = 5000.0, 1e5, 1e6
    quanta = math.floor(float(capacity.quanta(params)))
    whole = float(capacity.params(quanta)) * (1 + 1e-12)

    def unlearned(p, k):
        return 1 - (1 - rule.unlearned(samples, p)) * (1 - step_rule.unlearned(steps, p))

    value = model.loss(params=whole, samples=samples, steps=steps, rule=rule, step_rule=step_rule, capacity=capacity)
    assert value - 1 == pytest.approx(by_hand(model, unlearned, quanta) - 1, rel=1e-8)


def test_limits_fall_back_to_one_another():
    model = QuantaModel(Zipf(0.4), 1.7, 9.0)
    assert model.loss(params=123.5) == pytest.approx(model.loss_after(123.5), rel=1e-14)
    assert model.loss(params=123.5, samples=1e300) == pytest.approx(model.loss_after(123.5), rel=1e-12)
    assert model.loss(params=1e30, samples=1e6) == pytest.approx(model.loss(samples=1e6), rel=1e-9)
    assert model.loss(samples=0.0) == pytest.approx(9.0, rel=1e-12)
    assert model.loss(params=0.0, samples=1e9) == pytest.approx(9.0, rel=1e-12)
    assert model.loss(steps=5e5, samples=1e300) == pytest.approx(model.loss(steps=5e5), rel=1e-9)
    assert model.loss(steps=1e6, step_rule=GradientFlow(0.5)) == pytest.approx(model.loss(samples=1e6), rel=1e-12)


@pytest.mark.parametrize(("gamma", "samples", "n", "ratio"), [(0.4, 1e5, 413, 0.9998), (1.0, 1e3, 9, 0.980)])
def test_hard_thresholds_of_the_theory(gamma, samples, n, ratio):
    model = QuantaModel(Zipf(gamma))
    loss = model.loss(samples=samples, rule=HardThreshold(7))
    assert loss == pytest.approx(model.loss_after(n), rel=1e-14)
    z = float(mpmath.zeta(gamma + 1))
    asymptote = z ** (-1 / (gamma + 1)) / gamma * (samples / 7) ** (-gamma / (gamma + 1))
    assert loss / asymptote == pytest.approx(ratio, abs=6e-4)


def test_step_thresholds():
    model = QuantaModel(Zipf(0.4))
    p = float(model.frequencies.pmf(1000.0))
    steps = 5.0 * p**-0.81
    assert model.loss(steps=steps * 1.0001, step_rule=StepThreshold(5.0, 0.81)) == pytest.approx(
        model.loss_after(1000), rel=1e-13
    )
    assert model.loss(steps=steps * 0.9999, step_rule=StepThreshold(5.0, 0.81)) == pytest.approx(
        model.loss_after(999), rel=1e-13
    )


@pytest.mark.parametrize(("samples", "expected"), [(100, -1.8e-3), (1e4, -1.8e-5)])
def test_binomial_and_poisson_differ_as_the_theory_says(samples, expected):
    model = QuantaModel(Zipf(0.4))
    ratio = model.loss(samples=samples, rule=Binomial(1)) / model.loss(samples=samples, rule=Poisson(1)) - 1
    assert ratio == pytest.approx(expected, rel=0.15)


def test_epochs_stop_at_the_coverage_of_the_unique_data():
    model = QuantaModel(Zipf(0.4))
    losses = [model.loss(samples=1e6, rule=RepeatedEpochs(e, tau=20)) for e in (1, 4, 20, 1000)]
    assert losses[0] == pytest.approx(model.loss(samples=1e6, rule=Poisson(20)), rel=1e-13)
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] == losses[3] == pytest.approx(model.loss(samples=1e6, rule=Poisson(1)), rel=1e-13)


def test_shapes_broadcast():
    model = QuantaModel(Zipf(0.4))
    table = model.loss(params=np.array([[10.0], [100.0]]), samples=np.array([1e3, 1e4, 1e5]))
    assert table.shape == (2, 3)
    assert table[1, 2] == pytest.approx(model.loss(params=100, samples=1e5), rel=1e-13)
    many = model.loss(samples=np.geomspace(1, 1e9, 1100))
    assert np.all(np.diff(many) < 0)
    assert many[-1] == pytest.approx(model.loss(samples=1e9), rel=1e-13)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.05, 3), st.floats(0, 1e8), st.floats(0, 1e12), st.sampled_from(RULES))
def test_more_of_anything_never_hurts(gamma, params, samples, rule):
    model = QuantaModel(Zipf(gamma), 1.0, 4.0)
    here = model.loss(params=params, samples=samples, rule=rule)
    assert 1.0 <= here <= 4.0 + 1e-9
    assert model.loss(params=params * 2, samples=samples, rule=rule) <= here * (1 + 1e-12)
    assert model.loss(params=params, samples=samples * 2, rule=rule) <= here * (1 + 1e-12)


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"samples": -1.0},
        {"samples": math.nan},
        {"params": math.inf},
        {"steps": "many"},
        {"params": [1.0, 2.0], "samples": [1.0, 2.0, 3.0]},
    ],
)
def test_bad_limits_are_refused(limits):
    with pytest.raises(InputError, match=r"write|give"):
        QuantaModel(Zipf(0.4)).loss(**limits)


def test_log_normal_data_laws():
    """Phi(-w), w = [ln(D/(tau K)) + sigma^2/2] / sigma, for hard thresholds; the drawn frequencies of the theory gave 0.256762."""
    model = QuantaModel(LogNormal(2.0, 4_000_000))
    hard = model.loss(samples=1e7, rule=HardThreshold(5))
    assert hard == pytest.approx(special.ndtr(-(math.log(0.5) + 2) / 2), rel=1e-5)
    assert hard == pytest.approx(0.256741, abs=3e-6)


@pytest.mark.parametrize(("samples", "leading"), [(1e4, 1.104), (1e10, 1.030)])
def test_stretched_data_law(samples, leading):
    """(kappa/theta)/D [ln(A D)]^(1/theta - 1) to leading order; for theta = 1/2 the exact integral adds Euler's constant to ln(A D)."""
    law = Stretched(0.5, 20.0)
    log = math.log(samples) + float(law.log_pmf(20.0)) + 1
    loss = QuantaModel(law).loss(samples=samples)
    assert loss / (40 / samples * log) == pytest.approx(leading, abs=6e-4)
    assert loss / (40 / samples * (log + np.euler_gamma)) == pytest.approx(1, abs=2e-6)


def test_cutoff_data_law():
    model = QuantaModel(Cutoff(0.4, 1000.0))
    assert model.loss(samples=1e10) * 1e10 / 1000 == pytest.approx(0.873, abs=5e-4)


@pytest.mark.parametrize("tau", [1, 3, 10])
def test_geometric_data_law(tau):
    samples = 1e8 * np.exp(0.5 * np.arange(40) / 40)
    scaled = 0.5 * samples * QuantaModel(Geometric(0.5)).loss(samples=samples, rule=Poisson(tau)) / tau
    assert np.mean(scaled) == pytest.approx(1, abs=1e-6)
