"""Recovery at the designs: of laws simulated with Gaussian noise, how often 90 % intervals cover, and what verdicts say."""

from __future__ import annotations

import os
from functools import cache

import numpy as np
import pytest
from designs import DESIGNS, Design
from recovery import ALL, SIMULATIONS, recover, undetermined
from undetermined import NOISE

from quantal.laws import default_laws, laws


def test_intervals_cover_where_the_verdict_is_determined() -> None:
    """A quick look at the same: six simulations of the designs that are cheap, pooled."""
    hits = total = 0
    for design in DESIGNS:
        if len(next(iter(design.inputs.values()))) <= 60 and design.law not in ("farseer", "bnsl2", "bnsl3"):
            for inside, determined, _ in recover(design, 6).values():
                hits, total = hits + inside, total + determined
    assert total > 100
    assert 0.8 <= hits / total <= 0.97


def test_every_law_has_both_designs() -> None:
    default = {law.name for law in default_laws()}
    named = {law.name if law.name in default else law.name.partition(":")[0] for law in laws()}
    designed = {one.law if one.law in default else one.law.partition(":")[0] for one in ALL}
    assert named == designed
    assert set(NOISE) == {one.law for one in ALL}


def test_verdicts_say_so_where_a_design_determines_nothing() -> None:
    """A quick look at the same as below, three simulations of every sixth law."""
    assert sum(undetermined(design, 3) for design in ALL[::6]) >= 0.9 * 3 * len(ALL[::6])


def count_of_simulations() -> int:
    """QUANTAL_SIMULATIONS takes fewer than 500, with bounds as much wider as the counting noise asks for."""
    return int(os.environ.get("QUANTAL_SIMULATIONS", SIMULATIONS))


@cache
def covered(law: str, count: int) -> tuple[tuple[int, int], ...]:
    """Of each parameter whose verdict is 'determined' nine times in ten: intervals that hold it, and how many there are."""
    found = recover(next(one for one in ALL if one.law == law), count)
    return tuple((inside, determined) for inside, determined, _ in found.values() if determined >= 0.9 * count)


@pytest.mark.slow
@pytest.mark.parametrize("law", [one.law for one in ALL])
def test_each_parameter_is_covered_over_many_simulations(law: str) -> None:
    count = count_of_simulations()
    kept = covered(law, count)
    assert kept, f"{law}: its design determines nothing"
    slack = 3.3 * (np.sqrt(0.09 / count) - np.sqrt(0.09 / SIMULATIONS))
    assert all(0.84 - slack <= inside / determined <= 0.96 + slack for inside, determined in kept), kept


@pytest.mark.slow
def test_pooled_coverage_of_all_laws_over_many_simulations() -> None:
    count = count_of_simulations()
    kept = [one for design in ALL for one in covered(design.law, count)]
    pooled = sum(inside for inside, _ in kept) / sum(determined for _, determined in kept)
    slack = 3.3 * (np.sqrt(0.09 / count) - np.sqrt(0.09 / SIMULATIONS)) / np.sqrt(len(ALL))
    assert 0.88 - slack <= pooled <= 0.92 + slack


@pytest.mark.slow
@pytest.mark.parametrize("design", ALL, ids=lambda one: one.law)
def test_verdicts_of_designs_that_determine_nothing_over_many_simulations(design: Design) -> None:
    count = count_of_simulations()
    assert undetermined(design, count) >= 0.9 * count
