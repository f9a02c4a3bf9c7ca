"""Losses along a schedule against plain loops over its steps."""

from __future__ import annotations

import numpy as np
import pytest

import quantal as ql
from quantal.errors import LawError
from quantal.laws import get_law
from quantal.laws.schedule import annealing_law

RATE = np.concatenate([np.linspace(0.1, 1.0, 10), np.ones(15), np.linspace(0.95, 0.0, 15)])


@pytest.mark.parametrize("step", [5, 10, 24, 33, 40])
def test_the_annealed_area_is_the_double_sum(step: int) -> None:
    law, decay, momentum, area = annealing_law(0.9), 0.9, 0.0, 0.0
    for i in range(step):
        momentum = decay * momentum + (RATE[i - 1] - RATE[i] if i > 9 else 0.0)
        area += momentum
    got = law.value({"steps": np.array([float(step)]), "schedule": RATE[None]}, np.array([2.0, 3.0, 0.05, 0.4]))[0]
    assert got == pytest.approx(2.0 + 3.0 * RATE[:step].sum() ** -0.4 - 0.05 * area, rel=1e-12)


@pytest.mark.parametrize("step", [5, 10, 24, 33, 40])
def test_the_multi_power_law_is_the_sum_over_falls(step: int) -> None:
    drop = 0.0
    for k in range(10, step):
        later = RATE[k:step].sum()
        if RATE[k] > 0:
            drop += (RATE[k - 1] - RATE[k]) * (1 - (1 + 0.7 * RATE[k] ** -0.5 * later) ** -0.6)
    theta = np.array([2.0, 3.0, 0.3, 0.7, 0.4, 0.6, 0.5])
    got = get_law("multi_power").value({"steps": np.array([float(step)]), "schedule": RATE[None]}, theta)[0]
    assert got == pytest.approx(2.0 + 3.0 * RATE[:step].sum() ** -0.4 - 0.3 * drop, rel=1e-12)


@pytest.mark.parametrize("name", ["annealing", "multi_power"])
def test_what_comes_after_the_measured_step_is_not_looked_at(name: str) -> None:
    law = get_law(name)
    theta = np.full(len(law.parameters), 0.5)
    other = np.where(np.arange(40) < 20, RATE, 0.123)
    steps = np.array([20.0])
    first, second = (law.value({"steps": steps, "schedule": s[None]}, theta) for s in (RATE, other))
    np.testing.assert_array_equal(first, second)


def test_a_schedule_is_read_from_a_column_of_arrays() -> None:
    steps = np.tile(np.arange(12.0, 41.0, 4.0), 2)
    schedule = np.repeat(np.stack([RATE, np.ones(40)]), 8, axis=0)
    law = get_law("annealing")
    loss = law.value({"steps": steps, "schedule": schedule}, np.array([2.0, 1.0, 0.004, 0.5]))
    found = ql.fit({"steps": steps, "schedule": list(schedule), "loss": loss}, law)
    assert found.parameters["C"].value == pytest.approx(0.004, rel=1e-3)


def test_a_decay_out_of_range_is_refused() -> None:
    with pytest.raises(LawError, match="lies between 0 and 1"):
        annealing_law(1.0)
