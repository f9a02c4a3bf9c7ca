"""Whether a curve can be a mixture of learning windows at all: it accepts what is one, and finds what is none."""

from __future__ import annotations

import numpy as np
import pytest

import quantal.theory as qt
from quantal.errors import InputError
from quantal.spectrum import MixtureTest, mixture_test


def curve(law: qt.Frequencies, rule: qt.LearningRule, noise: float = 0.0, seed: int = 0) -> dict[str, np.ndarray]:
    d = np.geomspace(10.0, 1e8, 43)
    loss = np.asarray(qt.QuantaModel(law, 1.7, 9.0).loss(samples=d, rule=rule))
    return {"samples": d, "loss": loss + noise * np.random.default_rng(seed).standard_normal(d.size)}


@pytest.mark.parametrize("law", [qt.Zipf(0.4), qt.Mandelbrot(0.4, shift=100.0), qt.Geometric(0.1)], ids=repr)
@pytest.mark.parametrize("rule", [qt.Poisson(1), qt.Poisson(3), qt.Hill(2.0)], ids=repr)
def test_a_curve_under_its_own_rule_is_a_mixture(law: qt.Frequencies, rule: qt.LearningRule) -> None:
    assert mixture_test(curve(law, rule), "samples", rule=rule).misfit < 1e-6


def test_a_hard_threshold_is_not_completely_monotone() -> None:
    for law, misfit in ((qt.Zipf(0.4), 0.04), (qt.Mandelbrot(0.4, shift=100.0), 0.06), (qt.Geometric(0.1), 0.005)):
        assert mixture_test(curve(law, qt.HardThreshold(1.0)), "samples").misfit > misfit


@pytest.mark.parametrize(("sigma", "misfit"), [(0.2, 0.126), (0.5, 0.088), (1.0, 0.028), (2.0, 6.5e-4)])
def test_three_samples_a_quantum_misfit_every_completely_monotone_curve(sigma: float, misfit: float) -> None:
    """The narrower the log-normal, the more its steps show; of the same curve under its own rule nothing is left over."""
    count = 1e6 if sigma == 2.0 else 1e4
    d = np.geomspace(1e-3, 1e3, 61) * count
    loss = qt.QuantaModel(qt.LogNormal(sigma, count=count)).loss(samples=d, rule=qt.Poisson(3))
    assert mixture_test({"samples": d, "loss": loss}, "samples").misfit == pytest.approx(misfit, rel=0.05)
    assert mixture_test({"samples": d, "loss": loss}, "samples", rule=qt.Poisson(3)).misfit < 1e-6


def test_false_alarms_are_as_rare_as_the_level_says() -> None:
    d, rng = np.geomspace(1e2, 1e6, 17), np.random.default_rng(0)
    exact = np.asarray(qt.QuantaModel(qt.Zipf(0.5), 1.7, 9.0).loss(samples=d))
    rejected = [
        mixture_test({"samples": d, "loss": exact + rng.normal(0, 1e-3, d.size)}, "samples", noise=1e-3, draws=20, level=0.1, seed=seed)
        .verdict.startswith("rejected")
        for seed in range(25)
    ]  # fmt: skip
    assert sum(rejected) <= 6


def test_a_bump_is_found() -> None:
    table = curve(qt.Zipf(0.5), qt.Poisson(1), 1e-3)
    table["loss"] = table["loss"] + 0.1 * np.exp(-(np.log(table["samples"] / 1e5) ** 2))
    found = mixture_test(table, "samples", noise=1e-3, draws=40)
    assert found.verdict.startswith("rejected")
    assert found.p_value == pytest.approx(1 / 41)


def test_without_noise_it_is_undecided() -> None:
    found = mixture_test(curve(qt.Zipf(0.5), qt.Poisson(1)), "samples")
    assert (found.p_value, found.chi_square) == (None, None)
    assert "noise=" in found.verdict
    assert isinstance(found, MixtureTest)
    assert set(found.to_dict()) == {"rule", "misfit", "rms", "worst_at", "chi_square", "p_value", "verdict"}


def test_steps_take_gradient_flow() -> None:
    steps = np.geomspace(10, 1e7, 30)
    found = mixture_test({"steps": steps, "loss": qt.QuantaModel(qt.Zipf(0.5)).loss(steps=steps)}, "steps")
    assert found.rule == qt.GradientFlow()
    assert found.misfit < 1e-6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"level": 0.0}, "lies between 0 and 1"),
        ({"draws": 3}, "at least 20"),
        ({"input": "params"}, "write input='tokens'"),
    ],
)
def test_bad_arguments_are_refused(call: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        mixture_test(curve(qt.Zipf(0.5), qt.Poisson(1)), **({"input": "samples"} | call))
