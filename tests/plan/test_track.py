"""A run in progress against its forecast; learning rate and batch size; costs."""

from __future__ import annotations

import numpy as np
import pytest

import quantal as ql
from quantal.errors import DataError, InputError, LawError
from quantal.plan import cost, lifetime_plan, limited_plan, track, tuning
from quantal.runs import TransformerShape, recount

LAW = {"E": 1.7, "A": 400.0, "B": 2000.0, "alpha": 0.34, "beta": 0.37}


@pytest.fixture(scope="module")
def fitted() -> ql.Fit:
    n, d = np.repeat(np.geomspace(1e6, 1e9, 4), 4), np.tile(np.geomspace(1e8, 1e11, 4), 4)
    noise = np.exp(0.003 * np.random.default_rng(0).standard_normal(16))
    loss = ql.get_law("chinchilla")(params=n, tokens=d, **LAW) * noise
    return ql.fit({"params": n, "tokens": d, "loss": loss}, "chinchilla", starts=4)


def curve(shift: float, upto: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    at = np.linspace(1e8, upto, 200)
    loss = ql.get_law("chinchilla")(params=1e8, tokens=at, **LAW) + shift
    return at, loss * (1 + 0.002 * np.random.default_rng(seed).standard_normal(len(at)))


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "on"), (0.4, "above"), (-0.4, "below")])
def test_verdicts(fitted: ql.Fit, shift: float, verdict: str) -> None:
    found = track(fitted, 1e8, *curve(shift, 6e9), planned_tokens=1e10)
    truth = float(ql.get_law("chinchilla")(params=1e8, tokens=1e10, **LAW)) + shift
    assert found.verdict == verdict
    assert found.projected.value == pytest.approx(truth, abs=0.02)
    assert found.to_dict()["share_done"] == pytest.approx(0.6)


def test_few_points_of_a_long_run_are_too_early(fitted: ql.Fit) -> None:
    at = np.linspace(1e7, 1e8, 8)
    loss = 4 + 0.3 * np.random.default_rng(1).standard_normal(8)
    found = track(fitted, 1e8, at, loss, planned_tokens=1e11)
    assert found.verdict == "too early"
    assert found.known_at is not None
    assert found.known_at > at[-1]


def test_bad_calls(fitted: ql.Fit) -> None:
    with pytest.raises(DataError, match="at least 5"):
        track(fitted, 1e8, [1.0, 2.0], [3.0, 2.0], 1e10)
    with pytest.raises(InputError, match="planned_tokens"):
        track(fitted, 1e8, *curve(0, 1e9), planned_tokens=0)
    with pytest.raises(LawError, match="lifetime plan needs"):
        lifetime_plan(
            ql.fit({"params": [1e6, 1e7, 1e8, 1e9], "loss": [4.1, 3.6, 3.35, 3.22]}, "power:params"), 2.0, 1e9
        )
    with pytest.raises(InputError, match="Did you mean 'a100'"):
        cost(1e18, "a1000")
    with pytest.raises(InputError, match="reaches it at no size"):
        lifetime_plan(fitted, 1.0, 1e9)


def test_lifetime_plan_is_the_optimum(fitted: ql.Fit) -> None:
    """Without inference it is the compute-optimal split; with it, no other size of the same loss is cheaper."""
    alone = lifetime_plan(fitted, 2.2, 0.0)
    best = ql.plan(fitted, float(alone.train_flops.value or 0))
    assert alone.params.value == pytest.approx(best.params.value, rel=0.02)
    assert best.loss.value == pytest.approx(2.2, rel=1e-4)
    served = lifetime_plan(fitted, 2.2, 1e12)
    total = (served.train_flops.value or 0) + (served.inference_flops.value or 0)
    for other in (0.9, 1.1):
        n = other * float(served.params.value or 0)
        theta = dict(zip(fitted.law.parameter_names, fitted.theta, strict=True))
        d = ((2.2 - theta["E"] - theta["A"] * n ** -theta["alpha"]) / theta["B"]) ** (-1 / theta["beta"])
        assert 6 * n * d + 2 * n * 1e12 > total


def test_limited_plan_against_the_published_law(fitted: ql.Fit) -> None:
    plenty = limited_plan(fitted, 1e20, 1e15)
    assert plenty.epochs.value == 1.0
    assert plenty.lost.value == pytest.approx(0.0, abs=1e-3)
    scarce = limited_plan(fitted, 1e21, 1e9)
    assert (scarce.epochs.value or 0) > 2


def test_flops_of_the_published_models() -> None:
    """Hoffmann et al. 2022, table A4: their own count of a 73M model is 1.03 times 6ND."""
    small = TransformerShape(layers=10, width=640, vocabulary=32000, context=2048, heads=10, head_width=64, hidden=2560)
    exact = small.flops_per_token("chinchilla-appendix-f")
    assert small.params("total") == small.params("non-embedding") + 32000 * 640
    assert exact > small.flops_per_token("exact") > small.flops_per_token("6ND-non-embedding")
    table = {
        "layers": [10],
        "width": [640],
        "vocab_size": [32000],
        "context": [2048],
        "tokens": [1e9],
        "loss": [3.0],
        "params": [1.0],
    }
    again = recount(ql.read_runs(table), params="non-embedding", flops="exact")
    assert again["params_before"][0] == 1.0
    assert "non-embedding" in again.column("params").unit
    assert any("counted anew" in note for note in again.notes)


def test_tuning_says_what_lies_outside() -> None:
    assert tuning(1e6, 1e9).outside == ("params", "tokens")
    assert tuning(5e8, 1e10).to_dict()["range"]["params"] == [6e7, 1.07e9]
