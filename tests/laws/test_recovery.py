"""Recovery at the designs: of laws simulated with Gaussian noise, how often 90 % intervals cover, and what verdicts say."""

from __future__ import annotations

import os

import numpy as np
import pytest
from designs import DESIGNS, Design
from recovery import SIMULATIONS, recover


def test_intervals_cover_where_the_verdict_is_determined() -> None:
    """A quick look at the same: six simulations of the designs that are cheap, pooled."""
    hits = total = 0
    for design in DESIGNS:
        if len(next(iter(design.inputs.values()))) <= 60 and design.law not in ("farseer", "bnsl2", "bnsl3"):
            for inside, determined, _ in recover(design, 6).values():
                hits, total = hits + inside, total + determined
    assert total > 100
    assert 0.8 <= hits / total <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS, ids=lambda one: one.law)
def test_coverage_of_every_law_over_many_simulations(design: Design) -> None:
    """QUANTAL_SIMULATIONS takes fewer than 500, with bounds as much wider as the counting noise asks for."""
    count = int(os.environ.get("QUANTAL_SIMULATIONS", SIMULATIONS))
    found = recover(design, count)
    shares = [inside / determined for inside, determined, _ in found.values() if determined >= 0.9 * count]
    assert shares, f"{design.law}: its design determines nothing"
    slack = 3.3 * (np.sqrt(0.09 / count) - np.sqrt(0.09 / SIMULATIONS))
    assert all(0.84 - slack <= share <= 0.96 + slack for share in shares), found
