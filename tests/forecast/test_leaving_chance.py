"""Leaving chance: shapes of the curves, simulated tasks and calibration, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError, InputError
from quantal.forecast import left_chance
from quantal.forecast.emergence_grid import CELL, SPREADS, TAUS, curve_shapes
from quantal.theory import Poisson, emergence


def test_the_width_of_a_lone_quantum_is_that_of_the_theory() -> None:
    """10 to 90 % in decades: 1.34 for tau = 1 (theory 1.5), .359 for 10, .112 for 100; twice that along compute."""
    for stretch in (1.0, 2.0):
        shapes = curve_shapes(stretch)
        for k, tau in enumerate(TAUS):
            row = shapes.g[k * len(SPREADS)]
            ends = np.interp([0.1, 0.9], row, shapes.u)
            assert (ends[1] - ends[0]) / np.log(10) == pytest.approx(
                stretch * emergence.rule_width(Poisson(tau=int(tau))), abs=0.01
            )


def _tasks(seed: int, count: int = 12) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.geomspace(1e18, 1e24, 25)
    middle = 10 ** rng.uniform(18, 27, count)
    shapes = curve_shapes(2.0)
    rows: dict[str, list[np.ndarray]] = {"compute": [], "accuracy": [], "task": []}
    for t in range(count):
        ahead = 0.3 * np.log(10) * rng.standard_normal(len(x))
        g = shapes.at(np.log(x / middle[t]) - ahead)[4]
        score = np.clip(0.25 + 0.7 * 0.75 * g + rng.normal(0, 0.012, len(x)), 0, 1)
        for name, column in (("compute", x), ("accuracy", score), ("task", np.full(len(x), f"t{t:02d}"))):
            rows[name].append(column)
    return {name: np.concatenate(columns) for name, columns in rows.items()}, middle


def test_forecasts_beat_staying_at_chance_and_are_calibrated_in_simulation() -> None:
    ours, stays, told, came = [], [], [], []
    for seed in range(4):
        table, _ = _tasks(seed)
        small = table["compute"] < 1e21
        places = np.unique(table["compute"][~small])
        found = left_chance({k: v[small] for k, v in table.items()}, places, chance=0.25)
        for task, one in found.items():
            rows = ~small & (table["task"] == task)
            event = table["accuracy"][rows] > one.threshold
            p = one.probability[np.searchsorted(places, table["compute"][rows])]
            ours.append(np.mean((p - event) ** 2))
            stays.append(np.mean((float(one.left) - event) ** 2))
            told.append(p.sum())
            came.append(event.sum())
    assert np.mean(ours) < 0.75 * np.mean(stays)
    assert 0.6 < sum(told) / sum(came) < 1.4


def test_a_task_that_has_left_is_known_to_and_a_flat_one_mostly_stays() -> None:
    x = np.geomspace(1e18, 1e22, 20)
    risen = 0.9 / (1 + (1e19 / x) ** 0.8)
    table = {"compute": np.tile(x, 2), "accuracy": np.concatenate([risen, np.full(20, 0.002)]),
             "task": np.repeat(["risen", "flat"], 20)}  # fmt: skip
    found = left_chance(table, [1e22, 1e24], chance={"risen": 0.0, "flat": 0.0})
    assert found["risen"].left
    assert found["risen"].probability[0] > 0.95
    assert found["risen"].start.value == pytest.approx(x[np.argmax(risen > 0.1)], rel=1.0)
    assert not found["flat"].left
    assert found["flat"].probability[1] < 0.5
    assert found["flat"].start.value is None
    assert "never" in str(found["flat"].start.reason)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), chance=st.floats(0, 0.5))
def test_probabilities_lie_between_zero_and_one_and_never_fall_with_scale(seed: int, chance: float) -> None:
    rng = np.random.default_rng(seed)
    table = {"compute": np.geomspace(1e18, 1e20, 8), "accuracy": np.clip(chance + rng.normal(0, 0.03, 8), 0, 1),
             "task": np.full(8, "t")}  # fmt: skip
    found = left_chance(table, np.geomspace(1e19, 1e25, 9), chance=chance, levels=(50, 90))["t"]
    p, (inner, outer) = found.probability, (found.intervals[50.0], found.intervals[90.0])
    assert np.all((p > 0) & (p < 1))
    assert np.all(np.diff(p) >= -1e-9)
    assert np.all((outer[:, 0] <= inner[:, 0]) & (inner[:, 0] <= inner[:, 1]) & (inner[:, 1] <= outer[:, 1]))
    assert np.all((outer >= 0) & (outer <= 1))


def test_the_interval_of_the_share_is_wide_where_runs_say_little() -> None:
    x = np.geomspace(1e18, 1e22, 20)
    risen = 0.9 / (1 + (3e19 / x) ** 0.8)
    one = left_chance({"compute": x, "accuracy": risen, "task": np.full(20, "t")}, [1e22, 1e24], chance=0.0)["t"]
    early = left_chance({"compute": x[:5], "accuracy": risen[:5], "task": np.full(5, "t")}, [3e19], chance=0.0)["t"]
    known, unknown = one.intervals[90.0][0], early.intervals[90.0][0]
    assert np.ptp(known) < 0.05 < np.ptp(unknown)
    assert one.to_dict()["probability"][0]["intervals"]["90"] == known.tolist()


def test_where_half_of_models_have_left_is_never_known_more_finely_than_the_grid() -> None:
    rng = np.random.default_rng(0)
    x = np.geomspace(1e18, 1e24, 300)
    score = np.clip(0.9 / (1 + (1e21 / x) ** 0.8) + rng.normal(0, 0.02, len(x)), 0, 1)
    start = left_chance({"compute": x, "accuracy": score, "task": np.full(300, "t")}, [1e25], chance=0.0)["t"].start
    low, high = start.intervals[90.0]
    assert np.log(high / low) >= 0.85 * CELL
    assert low / 2 < x[np.argmax(score > 0.1)] < 2 * high


def test_refusals() -> None:
    x = np.geomspace(1e18, 1e20, 8)
    table = {"compute": x, "accuracy": np.full(8, 0.3), "task": np.full(8, "t")}
    for change, at, options, error, match in (
        ({}, [-1.0], {}, InputError, "above zero"),
        ({"accuracy": np.full(8, 30.0)}, [1e22], {}, DataError, "percentages by 100"),
        ({"task": np.array(["a"] * 6 + ["b"] * 2)}, [1e22], {}, DataError, "three or more"),
        ({}, [1e22], {"chance": {"other": 0.2}}, InputError, "not 't'"),
        ({}, [1e22], {"score": "f1"}, DataError, "no column 'f1'.*--score NAME"),
        ({"accuracy": np.array([0.3] * 6 + [np.nan] * 2)}, [1e22], {}, DataError, "in 2 of 8 runs.*accuracy >= 0"),
        ({"compute": np.append(x[1:], 0.0)}, [1e22], {}, DataError, "in 1 of 8 runs.*compute > 0"),
        ({}, [1e22], {"levels": (100,)}, InputError, "between 0 and 100"),
    ):
        with pytest.raises(error, match=match):
            left_chance(table | change, at, **options)  # type: ignore[arg-type]
