"""Frequencies recovered from loss curves, against the frequencies that made them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal.theory as qt
from quantal.errors import DataError, InputError
from quantal.spectrum import RecoveredFrequencies, recover_frequencies

LAWS = (qt.Zipf(0.5), qt.Mandelbrot(0.5, shift=50.0), qt.LogNormal(2.0, count=1e5), qt.Geometric(1e-2))


def in_samples(law: qt.Frequencies, rule: qt.LearningRule, noise: float, seed: int = 0) -> dict[str, np.ndarray]:
    d = np.geomspace(1e2, 1e8, 49)
    loss = np.asarray(qt.QuantaModel(law, 1.7, 9.0).loss(samples=d, rule=rule))
    return {"samples": d, "loss": loss + noise * np.random.default_rng(seed).standard_normal(d.size)}


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("rule", [qt.Poisson(1), qt.Poisson(3)], ids=repr)
def test_from_data(law: qt.Frequencies, rule: qt.LearningRule) -> None:
    """The middle of the spectrum to 12 %, at the ranks that the exact law gives those frequencies."""
    found = recover_frequencies(
        in_samples(law, rule, 1e-4), "samples", rule=rule, noise=1e-4, unlearned_minus_learned=7.3, draws=20
    )
    assert found.method == "inversion"
    inside = slice(len(found.rank) // 3, 2 * len(found.rank) // 3)
    # ranks count from the first quantum that the curve shows, which near the middle is a small share of them
    true = np.asarray(law.pmf(found.rank[inside] + 0.5))
    assert np.abs(np.log(found.frequency[inside] / true)).max() < 0.12
    assert np.all(np.diff(found.rank) > 0)
    assert np.all((found.low <= found.frequency) & (found.frequency <= found.high))
    assert found.resolution == pytest.approx(qt.rule_width(rule))
    assert found.floor.value == pytest.approx(1.7, abs=0.15)


def test_from_data_intervals_cover_the_exponent() -> None:
    found = [
        recover_frequencies(
            in_samples(qt.Zipf(0.5), qt.Poisson(1), 2e-3, seed),
            "samples", noise=2e-3, unlearned_minus_learned=7.3, draws=40, seed=seed,
        ).gamma
        for seed in range(12)
    ]  # fmt: skip
    ends = np.array([one.interval() for one in found])
    assert np.sum((ends[:, 0] <= 0.5) & (ends[:, 1] >= 0.5)) >= 9
    assert np.mean([one.value for one in found]) == pytest.approx(0.5, abs=0.05)


def test_from_size_it_is_the_derivative() -> None:
    """p(n) = -(dL/dN) c/(b - a), exact up to the width of a window."""
    n = np.geomspace(1e2, 1e6, 81)
    law, capacity = qt.Zipf(0.4), qt.Capacity(10.0)
    loss = np.asarray(qt.QuantaModel(law, 1.7, 9.0).loss(params=n, capacity=capacity))
    found = recover_frequencies(
        {"params": n, "loss": loss}, "params", noise=1e-9, unlearned_minus_learned=7.3, capacity=capacity
    )
    assert found.units == "rank and frequency of quanta"
    assert found.frequency == pytest.approx(np.asarray(law.pmf(found.rank + 0.5)), rel=0.02)
    assert found.gamma.value == pytest.approx(0.4, abs=2e-3)
    assert found.resolution == pytest.approx(0.05)


def test_from_size_growing_costs_are_undone() -> None:
    n = np.geomspace(1e4, 1e8, 81)
    law, capacity = qt.Zipf(0.4), qt.Capacity(10.0, growth=0.5)
    loss = np.asarray(qt.QuantaModel(law).loss(params=n, capacity=capacity))
    found = recover_frequencies(
        {"params": n, "loss": loss}, "params", noise=1e-9, unlearned_minus_learned=1.0, capacity=capacity
    )
    assert found.frequency == pytest.approx(np.asarray(law.pmf(found.rank + 0.5)), rel=0.02)


def test_from_size_intervals_cover() -> None:
    """95 % intervals hold the frequency that a noiseless curve gives, at 95 % of the sizes."""
    n = np.geomspace(1e6, 1e10, 21)
    exact = 1.7 + 400 * n**-0.34
    truth = recover_frequencies({"params": n, "loss": exact}, "params", noise=1e-9, unlearned_minus_learned=1.0)
    rng, inside = np.random.default_rng(5), []
    for _ in range(60):
        loss = exact + rng.normal(0, 1e-3, n.size)
        found = recover_frequencies(
            {"params": n, "loss": loss}, "params", noise=1e-3, unlearned_minus_learned=1.0, draws=2
        )
        at = np.searchsorted(truth.rank, found.rank * (1 - 1e-9))
        inside.append(np.mean((found.low <= truth.frequency[at]) & (truth.frequency[at] <= found.high)))
    assert np.mean(inside) == pytest.approx(0.95, abs=0.025)


def test_the_error_of_a_doubling_is_that_of_the_theory() -> None:
    """With the published fit a doubling lowers the loss by .170, .0765, .0343, .0154 at N = 1e8 to 1e11; a standard deviation of
    .003 makes the frequency uncertain by sqrt(2) of its share."""
    for at, drop, error in ((1e8, 0.170, 0.025), (1e9, 0.0765, 0.055), (1e10, 0.0343, 0.124), (1e11, 0.0154, 0.276)):
        n = at * 2.0 ** np.arange(-2, 4)
        loss = 1.8172 + 482.01 * n**-0.3478
        found = recover_frequencies({"params": n, "loss": loss}, "params", noise=0.003, unlearned_minus_learned=1.0)
        middle = int(np.argmin(np.abs(np.log(found.rank / (at * 2**0.5)))))
        assert loss[2] - loss[3] == pytest.approx(drop, rel=0.01)
        relative = (found.high[middle] - found.frequency[middle]) / found.frequency[middle] / 1.96
        assert relative == pytest.approx(error, rel=0.02)


def test_a_longer_span_averages() -> None:
    n = np.geomspace(1e6, 1e9, 31)
    loss = 1.7 + 100 * n**-0.3 + np.random.default_rng(0).normal(0, 3e-3, 31)
    near, wide = (
        recover_frequencies({"params": n, "loss": loss}, "params", noise=3e-3, span=span, unlearned_minus_learned=1.0)
        for span in (None, 1.0)
    )
    assert wide.resolution == pytest.approx(1.0)
    assert np.median(wide.high / wide.frequency) < np.median(near.high / near.frequency)


def test_steps_take_gradient_flow() -> None:
    steps = np.geomspace(1e2, 1e7, 41)
    loss = np.asarray(qt.QuantaModel(qt.Zipf(0.5)).loss(steps=steps))
    found = recover_frequencies(
        {"steps": steps, "loss": loss}, "steps", noise=1e-4, unlearned_minus_learned=1.0, draws=10
    )
    assert found.gamma.value == pytest.approx(0.5, abs=0.1)


def test_a_wrong_rule_is_noticed() -> None:
    d = np.geomspace(1, 1e7, 61)
    loss = qt.QuantaModel(qt.LogNormal(0.6, count=1e4)).loss(samples=d, rule=qt.Poisson(3))
    found = recover_frequencies({"samples": d, "loss": loss}, "samples", noise=1e-3, draws=5)
    assert any("no mixture under" in note for note in found.notes)


def test_it_is_plain_data_and_reads_well() -> None:
    found = recover_frequencies(in_samples(qt.Zipf(0.5), qt.Poisson(1), 1e-3), "samples", noise=1e-3, draws=10)
    assert isinstance(found, RecoveredFrequencies)
    assert set(found.to_dict()) >= {"rank", "frequency", "low", "high", "resolution_decades", "gamma", "notes"}
    assert "resolution 1.34 decades" in repr(found)
    assert any("b - a is not given" in note for note in found.notes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"unlearned_minus_learned": -1.0}, "b - a is finite and above zero"),
        ({"draws": 1}, "at least 2 noisy curves"),
        ({"span": 0.3}, "belong to input='params'"),
        ({"input": "params", "rule": qt.Poisson()}, "size knows no learning rule"),
        ({"input": "params", "span": -1.0}, "are above zero"),
    ],
)
def test_bad_arguments_are_refused(call: dict, message: str) -> None:
    x = np.geomspace(1e3, 1e8, 20)
    call = {"input": "samples"} | call
    with pytest.raises(InputError, match=message):
        recover_frequencies({call["input"]: x, "loss": 1 + x**-0.3}, **call)


@pytest.mark.parametrize("resource", ["samples", "params"])
def test_a_loss_that_never_falls_is_refused(resource: str) -> None:
    x = np.geomspace(1e3, 1e8, 20)
    with pytest.raises(DataError, match="falls"):
        recover_frequencies({resource: x, "loss": 1 + x**0.1}, resource, noise=1e-3)


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(1e-3, 1e3), unit=st.floats(1e-3, 1e3))
def test_units_only_rescale(scale: float, unit: float) -> None:
    """A loss in other units, and params counted in others, change frequencies per parameter by just that."""
    n = np.geomspace(1e3, 1e6, 13)
    loss = 2.0 + 50 * n**-0.5
    first = recover_frequencies({"params": n, "loss": loss}, "params", noise=1e-3, unlearned_minus_learned=1.0)
    other = recover_frequencies(
        {"params": n * unit, "loss": loss * scale}, "params", noise=1e-3 * scale, unlearned_minus_learned=scale
    )
    assert np.allclose(other.frequency * unit, first.frequency)
    assert np.allclose(other.rank, first.rank * unit)
