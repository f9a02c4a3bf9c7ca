"""Recipes compared: known savings and crossings in simulation, Porian's settings, Gadre's data sets, what would decide."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import DataError, InputError, LawError, QuantalWarning
from quantal.forecast import RecipeComparison, compare_recipes
from quantal.forecast.deciding import chance_to_decide
from quantal.forecast.frontier import costs, frontier_of
from quantal.laws import get_law
from quantal.laws.by_group import by_group
from quantal.runs import Runs


def _compare(table: object, by: str, **options: object) -> tuple[RecipeComparison, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        return compare_recipes(table, by, **options)  # type: ignore[arg-type]


def _grid(seed: int, factor: float, noise: float = 0.004) -> dict[str, np.ndarray]:
    """Recipe b is recipe a with ``factor`` times the compute: its exponents are the same, its terms smaller."""
    n, d = (one.ravel() for one in np.meshgrid(np.geomspace(1e7, 1e9, 5), np.geomspace(1e9, 1e11, 5)))
    rng = np.random.default_rng(seed)
    rows = []
    for gain in (1.0, factor):
        reducible = 300 * n**-0.34 + 900 * d**-0.33
        rows.append((1.7 + reducible * gain ** (-0.34 * 0.33 / 0.67)) * np.exp(rng.normal(0, noise, 25)))
    return {
        "params": np.tile(n, 2), "tokens": np.tile(d, 2), "loss": np.concatenate(rows),
        "recipe": np.repeat(["a", "b"], 25),
    }  # fmt: skip


def test_a_known_saving_is_found_and_covered() -> None:
    hits, total = 0, 0
    for seed in range(4):
        found = _compare(_grid(seed, 1.6), "recipe", bootstrap=120, level=90, objective="gaussian")[0]
        for row in found.savings[1:-1]:
            ends = row.factor.interval(90)
            assert ends is not None
            hits, total = hits + (ends[0] <= 1.6 <= ends[1]), total + 1
        assert found.sharing[0].name != "all shared"
        assert found.wins > 0.6
    assert hits >= 0.7 * total


def test_recipes_that_cross_and_the_winner_beyond() -> None:
    c = np.geomspace(1e17, 1e21, 25)
    truth = 1e15 * (60 / 25) ** (1 / 0.08)
    hits = 0
    for seed in range(4):
        noise = np.exp(np.random.default_rng(seed).normal(0, 3e-4, 50))
        loss = np.concatenate([1.5 + 60 * (c / 1e15) ** -0.30, 1.5 + 25 * (c / 1e15) ** -0.22]) * noise
        table = {"compute": np.tile(c, 2), "loss": loss, "kind": np.repeat(["steep", "flat"], 25)}
        found = _compare(table, "kind", recipes=["flat", "steep"], bootstrap=80, level=99)[0]
        ends = found.crossing.interval(99)
        assert ends is not None
        hits += ends[0] < truth < ends[1]
        assert found.crossing.value == pytest.approx(truth, rel=0.01)
        assert found.wins > 0.95
        assert found.deciding is None
        assert "steep wins" in found.verdict
    assert hits >= 3
    early = _compare(table, "kind", recipes=["flat", "steep"], bootstrap=80, at=1e17)[0]
    assert early.wins < 0.05


def test_undecided_recipes_name_runs_that_would_decide() -> None:
    found = _compare(_grid(1, 1.02, noise=0.02), "recipe", bootstrap=150)[0]
    assert 0.02 < found.wins < 0.98
    if found.deciding is not None:
        assert found.deciding.total == pytest.approx(2 * found.deciding.repeats * found.deciding.budget)
        assert set(found.deciding.points) == {"a", "b"}
        assert "undecided" in found.verdict


@settings(max_examples=60, deadline=None)
@given(gap=st.floats(-3, 3), before=st.floats(0.01, 2), information=st.floats(1e-3, 1e6))
def test_chance_to_decide_is_a_probability_that_information_leads_to_one(
    gap: float, before: float, information: float
) -> None:
    chance, left = chance_to_decide(gap, np.ones(1), np.eye(1) * before**2, np.ones((2, 1)), information)
    assert 0 <= chance <= 1
    assert left <= before * (1 + 1e-12)
    sure, _ = chance_to_decide(gap, np.ones(1), np.eye(1) * before**2, np.ones((2, 1)), 1e14)
    assert sure > 0.99


def test_chance_to_decide_against_simulation() -> None:
    rng = np.random.default_rng(0)
    prior, noise, gap, runs = 0.5, 0.4, 0.3, 3
    truth = gap + prior * rng.standard_normal(200_000)
    mean = truth + noise / np.sqrt(runs) * rng.standard_normal(200_000)
    weight = prior**2 / (prior**2 + noise**2 / runs)
    after, sd = gap + weight * (mean - gap), prior * np.sqrt(1 - weight)
    told = np.mean(np.abs(after) >= 1.6449 * sd)
    chance, left = chance_to_decide(gap, np.ones(1), np.eye(1) * prior**2, np.ones((runs, 1)), noise**-2)
    assert chance == pytest.approx(told, abs=0.005)
    assert left == pytest.approx(sd, rel=1e-9)


def test_the_frontier_is_that_of_the_closed_form() -> None:
    runs = ql.read_runs({"params": [1e7, 1e8], "tokens": [1e9, 1e10], "loss": [3.0, 2.5]})
    front, spent = frontier_of(get_law("chinchilla"), runs)
    np.testing.assert_allclose(spent, 6 * np.array([1e16, 1e18]))
    theta = np.array([[1.7, 400.0, 1000.0, 0.34, 0.37]])
    budget = np.geomspace(1e17, 1e24, 8)
    a, b = 0.34, 0.37
    size = ((a * 400.0) / (b * 1000.0) * (budget / 6) ** b) ** (1 / (a + b))
    points = front.points(theta, budget)
    np.testing.assert_allclose(points["params"][0], size, rtol=1e-5)
    losses = front.losses(theta, budget)
    np.testing.assert_allclose(costs(budget, losses, losses[0, 1:-1]), budget[None, 1:-1], rtol=1e-9)


def test_porians_settings(public_data: Path) -> None:
    """Validation losses on RefinedWeb: a short warm-up, Chinchilla's decay and tuning, each against Kaplan's setting."""
    runs = ql.read_runs("porian", where='param_count == "standard"')
    labels = np.array([f"{h} {w} {d}" for h, w, d in zip(runs["hparams"], runs["warmup"], runs["decay"], strict=True)])
    runs = runs.with_column("setting", labels, role="label")
    settings = ["base long kaplan", "base short kaplan", "base short chinchilla", "tuned short const"]
    short, decayed, tuned = _compare(runs, "setting", recipes=settings, bootstrap=100, at=1e20)
    for one in (short, decayed, tuned):
        assert one.sharing[0].name != "all shared"
        first = one.savings[0].factor
        assert first.value is not None
        # a long warm-up wastes most of the smallest budgets: each correction saves compute where the loss is high
        assert first.value > 1.2
    factors = [row.factor.value for row in short.savings if row.factor.value is not None]
    assert factors[0] > factors[-1]


def test_gadres_data_sets_and_the_winner_among_the_largest_runs(public_data: Path) -> None:
    """Small runs alone (below 1e20 FLOPs) against the 6.9B runs: no wrong winner is called, and the gap is covered."""
    runs = ql.read_runs("overtraining-losses", where='eval_set == "c4_val"')
    small, large = runs.take(runs["compute"] < 1e20), runs.take(runs["params"] > 6e9)
    actual = dict(zip(large["train_dataset"], large["loss"], strict=True))
    at = {"params": float(large["params"][0]), "tokens": float(large["tokens"][0])}
    covered = 0
    for pair in (("rpj", "c4_original"), ("rpj", "rw_original"), ("rw_original", "c4_original")):
        one = _compare(small, "train_dataset", recipes=list(pair), bootstrap=150, at=at)[0]
        gap = np.log(actual[pair[1]] / actual[pair[0]])
        if not 0.05 < one.wins < 0.95:
            assert (one.wins > 0.5) == (gap < 0), pair
        ends = one.gap.interval()
        assert ends is not None
        covered += ends[0] <= gap <= ends[1]
    assert covered >= 2


def test_a_law_by_group_is_each_groups_law() -> None:
    law = get_law("power_floor:compute")
    joint = by_group(law, ["a", "b"], ["alpha"])
    x, g = np.array([1e18, 1e18, 1e20]), np.array([0.0, 1.0, 1.0])
    got = joint(compute=x, group=g, **{"E[a]": 1.0, "E[b]": 2.0, "A[a]": 5.0, "A[b]": 7.0, "alpha": 0.1})
    np.testing.assert_allclose(got, [1 + 5e-0 * 1e18**-0.1, 2 + 7 * 1e18**-0.1, 2 + 7 * 1e20**-0.1])
    with pytest.raises(LawError, match="two or more"):
        by_group(law, ["a"])


def test_refusals() -> None:
    table = _grid(0, 1.5)
    for options, error, match in (
        ({"recipes": ["a", "c"]}, InputError, "no value 'c'"),
        ({"recipes": ["a"]}, DataError, "one recipe"),
        ({"objective": "huber"}, InputError, "noise model"),
        ({"at": -1.0}, InputError, "above zero"),
        ({"at": {"params": 1e9}}, InputError, "reads params, tokens"),
        ({"law": "kaplan_training"}, InputError, "one budget"),
        ({"share": ["gamma"]}, LawError, "no parameter 'gamma'"),
    ):
        with pytest.raises(error, match=match):
            _compare(Runs.from_columns(table) if "law" not in options else table, "recipe", bootstrap=4, **options)
