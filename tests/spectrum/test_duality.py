"""The duality of size and data: kept by any frequencies, violated by exponents that quanta cannot give."""

from __future__ import annotations

import numpy as np
import pytest

import quantal as ql
import quantal.theory as qt
from quantal.errors import DataError, InputError
from quantal.spectrum import duality_exponent, duality_of_model, duality_test

LAWS = (
    qt.Zipf(0.4),
    qt.Mandelbrot(0.4, shift=1000.0),
    qt.Stretched(0.5, scale=100.0),
    qt.LogNormal(2.0, count=1e6),
    qt.Geometric(0.01),
)


@pytest.mark.parametrize("law", LAWS[1:], ids=repr)
def test_a_hard_threshold_keeps_it_exactly(law: qt.Frequencies) -> None:
    """To the step that one quantum more makes."""
    assert duality_of_model(qt.QuantaModel(law), [0.5, 0.2, 0.1, 0.02], qt.HardThreshold(1.0)) == pytest.approx(
        1.0, abs=0.006
    )


@pytest.mark.parametrize(
    ("law", "first", "last"),
    [
        (qt.Stretched(0.5, scale=100.0), 0.72, 0.925),
        (qt.LogNormal(2.0, count=1e6), 0.60, 1.01),
        (qt.Geometric(0.01), 0.79, 0.99),
        (qt.Mandelbrot(0.4, shift=1000.0), 0.691, 0.691),
    ],
    ids=repr,
)
def test_poisson_learning_keeps_it_within_a_factor(law: qt.Frequencies, first: float, last: float) -> None:
    found = duality_of_model(qt.QuantaModel(law), np.array([0.5, 0.2, 0.1, 0.05, 0.02]))
    assert found[[0, -1]] == pytest.approx([first, last], abs=0.012)
    assert found.max() / found.min() < 1.7


def test_a_power_law_under_poisson_has_the_closed_constant() -> None:
    """Gamma(1 + beta)^(1/beta), at every level."""
    from scipy.special import gamma

    for exponent in (0.5, 1.0):
        beta = exponent / (exponent + 1)
        found = duality_of_model(qt.QuantaModel(qt.Zipf(exponent)), [1e-2, 1e-3])
        assert found == pytest.approx(gamma(1 + beta) ** (1 / beta), rel=2e-3)


def curves(law: qt.Frequencies, rule: qt.LearningRule, noise: float) -> tuple[dict, dict]:
    model, rng = qt.QuantaModel(law, 1.7, 9.0), np.random.default_rng(0)
    n, d = np.geomspace(1e2, 1e7, 41), np.geomspace(1e2, 1e10, 61)
    size = model.loss(params=n, capacity=qt.Capacity(10.0)) + noise * rng.standard_normal(n.size)
    data = model.loss(samples=d, rule=rule) + noise * rng.standard_normal(d.size)
    return {"params": n, "loss": size}, {"samples": d, "loss": data}


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_runs_under_a_hard_threshold_keep_it(law: qt.Frequencies) -> None:
    found = duality_test(*curves(law, qt.HardThreshold(3.0), 0.0), data="samples", noise=1e-4, levels=4, draws=20)
    # (b - a) tau / c
    assert found.constant == pytest.approx(7.3 * 3 / 10, rel=0.06)
    assert found.spread < 1.15
    assert found.verdict.startswith("kept")


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_runs_under_poisson_learning_keep_it(law: qt.Frequencies) -> None:
    found = duality_test(*curves(law, qt.Poisson(1), 2e-3), data="samples", noise=2e-3, levels=6, draws=60)
    assert found.verdict.startswith("kept")


def test_exponents_that_no_quanta_give_violate_it() -> None:
    """The published refit of Chinchilla: the product goes as the loss above its floor to the power 1.14."""
    n, d = np.geomspace(1e6, 1e12, 40), np.geomspace(1e7, 1e14, 40)
    size = {"params": n, "loss": 1.8172 + 482.01 * n**-0.3478}
    data = {"tokens": d, "loss": 1.8172 + 2085.43 * d**-0.3658}
    found = duality_test(size, data, noise=1e-5, levels=[3.0, 2.5, 2.0, 1.86], draws=40)
    assert found.verdict.startswith("violated")
    power = np.log(found.product[0] / found.product[-1]) / np.log((3.0 - 1.8172) / (1.86 - 1.8172))
    assert power == pytest.approx(1.14, abs=0.02)


@pytest.mark.parametrize(
    ("alpha", "beta", "power"), [(0.3478, 0.3658, 1.14), (0.3392, 0.2849, 0.44), (0.5, 1 / 3, 0.0)]
)
def test_the_exponent_of_a_fit(alpha: float, beta: float, power: float) -> None:
    n, d = np.repeat(np.geomspace(1e6, 1e10, 5), 5), np.tile(np.geomspace(1e8, 1e12, 5), 5)
    fit = ql.fit({"params": n, "tokens": d, "loss": 1.8 + 482 * n**-alpha + 2085 * d**-beta}, "chinchilla")
    assert duality_exponent(fit).value == pytest.approx(power, abs=0.006)
    with_draws = ql.fit(
        {"params": n, "tokens": d, "loss": (1.8 + 482 * n**-alpha + 2085 * d**-beta) * (1 + 1e-3 * np.sin(7 * np.arange(25)))},
        "chinchilla", bootstrap=40,
    )  # fmt: skip
    low, high = duality_exponent(with_draws).interval()
    assert low < high


def test_it_is_plain_data() -> None:
    found = duality_test(*curves(qt.Zipf(0.4), qt.Poisson(1), 0.0), data="samples", noise=1e-3, draws=20)
    assert set(found.to_dict()) == {"levels", "product", "low", "high", "constant", "spread", "trend", "verdict"}
    assert np.all(found.low <= found.high)


def test_what_cannot_be_compared_is_refused(grid_runs: ql.Runs) -> None:
    size, data = curves(qt.Zipf(0.4), qt.Poisson(1), 0.0)
    with pytest.raises(DataError, match="no loss is reached by both"):
        duality_test(size, {"samples": data["samples"], "loss": data["loss"] + 100.0}, data="samples")
    with pytest.raises(InputError, match="at least 2 levels"):
        duality_test(size, data, data="samples", levels=1)
    with pytest.raises(InputError, match="which both curves reach"):
        duality_test(size, data, data="samples", levels=[100.0, 2.0])
    with pytest.raises(InputError, match="at least 20 noisy curves"):
        duality_test(size, data, data="samples", draws=5)
    with pytest.raises(InputError, match="between the floor"):
        duality_of_model(qt.QuantaModel(qt.Zipf(0.4)), [2.0])
    with pytest.raises(InputError, match="fit chinchilla or kappa"):
        duality_exponent(ql.fit(grid_runs, "kaplan"))
