"""Hierarchical fits: coverage and noise level in simulation, what few runs borrow, shared parameters, refusals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import quantal as ql
from quantal.errors import DataError, InputError, QuantalWarning
from quantal.fit import GroupFits, fit_groups

GROUPS = 10


def _table(seed: int, runs: int = 7) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    alpha = np.exp(np.log(0.3) + 0.2 * rng.standard_normal(GROUPS))
    floor, size = rng.uniform(1, 3, GROUPS), rng.uniform(50, 200, GROUPS)
    n, g = np.tile(np.geomspace(1e5, 1e8, runs), GROUPS), np.repeat(np.arange(GROUPS), runs)
    loss = (floor[g] + size[g] * n ** -alpha[g]) * np.exp(rng.normal(0, 0.01, len(n)))
    return {"params": n, "loss": loss, "task": np.array([f"t{i}" for i in g])}, alpha


def _fit(table: dict[str, np.ndarray], law: str = "power_floor:params", **options: object) -> GroupFits:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        return fit_groups(table, law, "task", **options)  # type: ignore[arg-type]


def test_intervals_cover_and_the_noise_is_not_underrated() -> None:
    hits, sigmas, spreads = [], [], []
    for seed in range(4):
        table, alpha = _table(seed)
        found = _fit(table, pooled=["alpha"], levels=(90,))
        assert found.converged
        ends = np.array([found.groups[f"t{i}"]["alpha"].intervals[90.0] for i in range(GROUPS)])
        hits += list((ends[:, 0] <= alpha) & (alpha <= ends[:, 1]))
        sigmas.append(found.population["sigma"].value)
        spreads.append(found.spread["alpha"])
    assert 32 <= sum(hits) <= 40  # binomial(40, 0.9): 97 % of it
    assert np.mean(sigmas) == pytest.approx(0.01, rel=0.12)
    assert np.mean(spreads) == pytest.approx(0.2, rel=0.4)


def test_a_group_of_three_runs_borrows_the_exponent() -> None:
    table, alpha = _table(3)
    keep = (table["task"] != "t4") | (np.cumsum(table["task"] == "t4") <= 3)
    small = {name: column[keep] for name, column in table.items()}
    with pytest.raises(DataError, match="cannot determine"):
        ql.fit({name: column[small["task"] == "t4"] for name, column in small.items()}, "power_floor:params")
    found = _fit(small, pooled=["alpha"])
    low, high = found.groups["t4"]["alpha"].intervals[95.0]
    assert low < alpha[4] < high
    wide = found.groups["t4"]["alpha"].intervals[95.0]
    narrow = found.groups["t3"]["alpha"].intervals[95.0]
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
    assert found.predict("t4", params=1e9).interval() is not None


def test_a_shared_parameter_is_one_number_and_narrower() -> None:
    rng = np.random.default_rng(0)
    n, g = np.tile(np.geomspace(1e5, 1e8, 8), 4), np.repeat(np.arange(4), 8)
    table = {"params": n, "task": np.array([f"t{i}" for i in g])}
    table["loss"] = (1 + g * 0.5 + 80 * n**-0.3) * np.exp(rng.normal(0, 0.01, 32))
    shared, own = _fit(table, shared=["alpha", "sigma"]), _fit(table)
    values = {found["alpha"].value for found in shared.groups.values()}
    assert max(values) == pytest.approx(min(values), rel=1e-12)
    assert shared.population["alpha"].value == pytest.approx(0.3, abs=0.02)
    widths = [np.ptp(one.groups["t0"]["alpha"].intervals[95.0]) for one in (shared, own)]
    assert widths[0] < 0.8 * widths[1]


def test_a_new_group_is_predicted_where_all_is_pooled() -> None:
    table, _ = _table(1)
    found = _fit(table, "power:params", pooled=["A", "alpha"])
    new, known = found.predict(params=1e9), found.predict("t0", params=1e9)
    for one in (new, known):
        assert one.interval() is not None
    assert np.ptp(new.interval() or ()) > 2 * np.ptp(known.interval() or ())
    assert "spread" in repr(found)
    assert found.to_dict()["pooled"] == ["A", "alpha"]
    with pytest.raises(InputError, match="own"):
        _fit(table, pooled=["alpha"]).predict(params=1e9)


def test_refusals() -> None:
    table, _ = _table(0)
    for options, error, match in (
        ({"pooled": ["alhpa"]}, InputError, "Did you mean 'alpha'"),
        ({"pooled": ["alpha"], "shared": ["alpha"]}, InputError, "both pooled and shared"),
        ({"objective": "huber"}, InputError, "noise model"),
    ):
        with pytest.raises(error, match=match):
            _fit(table, **options)  # type: ignore[arg-type]
    two = {name: column[:14] for name, column in table.items()}
    with pytest.raises(DataError, match="2 groups"):
        _fit(two, pooled=["alpha"])


def test_several_targets_each_have_their_own_parameters_on_the_same_resamples() -> None:
    rng = np.random.default_rng(2)
    n = np.geomspace(1e5, 1e9, 16)
    noise = rng.normal(0, 0.01, 16)
    table = {"params": n, "loss": 50 * n**-0.2 * np.exp(noise), "error": 9 * n**-0.1 * np.exp(noise)}
    found = ql.fit_targets(table, "power:params", ["loss", "error"], bootstrap=50)
    assert found["loss"].parameters["alpha"].value == pytest.approx(0.2, abs=0.02)
    assert found["error"].parameters["alpha"].value == pytest.approx(0.1, abs=0.02)
    a, b = (one.draws for one in found.values())
    assert a is not None
    assert b is not None
    assert np.corrcoef(a[:, 1], b[:, 1])[0, 1] > 0.9  # the runs' common scatter reaches both
    with pytest.raises(InputError, match="no target"):
        ql.fit_targets(table, "power:params", [])
