"""M1 to M4 and their kin: limits, M4's equation at the edges of what numbers can be, and the published errors of M1."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.laws import get_law


@settings(max_examples=200, deadline=None)
@given(
    x=st.floats(1e-3, 1e15),
    E=st.floats(0, 0.9),
    above=st.floats(1e-3, 10),
    log_beta=st.floats(-40, 40),
    c=st.floats(0.01, 3),
    alpha=st.floats(1e-4, 50),
)
def test_m4_lies_between_floor_and_chance_and_meets_its_equation(
    x: float, E: float, above: float, log_beta: float, c: float, alpha: float
) -> None:
    E_0 = E + above
    y = float(get_law("m4")(x=x, E=E, E_0=E_0, beta=np.exp(log_beta), c=c, alpha=alpha))
    assert E <= y <= E_0
    if E + 1e-3 * above < y < E_0 - 1e-3 * above:
        left = np.log(y - E) - alpha * np.log(E_0 - y)
        assert left == pytest.approx(log_beta - c * np.log(x), abs=1e-8 * (1 + alpha))


def test_m4_against_mpmath() -> None:
    with mp.workdps(40):
        E, E_0, beta, c, alpha, x = map(mp.mpf, ("0.05", "1", "30", "0.4", "0.8", "5000"))
        exact = mp.findroot(lambda y: (y - E) - beta * x**-c * (E_0 - y) ** alpha, mp.mpf("0.4"))
    got = get_law("m4")(x=5000.0, E=0.05, E_0=1.0, beta=30.0, c=0.4, alpha=0.8)
    assert float(got) == pytest.approx(float(exact), rel=1e-14)


def test_limits_of_the_curves() -> None:
    x = np.geomspace(1.0, 1e4, 6)
    floored = get_law("power_floor")(x=x, E=0.3, A=2.0, alpha=0.4)
    np.testing.assert_allclose(get_law("m2")(x=x, E=0.3, beta=2.0, c=0.4), floored)
    np.testing.assert_allclose(get_law("m4")(x=x, E=0.3, E_0=9.0, beta=2.0, c=0.4, alpha=1e-9), floored, rtol=1e-7)
    np.testing.assert_allclose(get_law("shifted_power")(x=x, E=0.3, A=2.0, x0=1e-12, alpha=0.4), floored)
    np.testing.assert_allclose(get_law("power_cutoff")(x=x, E=0.3, A=2.0, x_c=1e18, alpha=0.4), floored)
    np.testing.assert_allclose(get_law("m3")(x=x, beta=2.0, gamma=1e-18, c=0.4), 2.0 * x**-0.4)


def test_m1_has_the_published_extrapolation_errors(public_data: Path) -> None:
    """Least squares in logs on the points for fitting: errors of the authors' M1, curve by curve, on image classification."""
    peers = {}
    for row in csv.DictReader((public_data / "learning_curve_peers.csv").read_text().splitlines()):
        if row["method"] == "m1" and row["domain"] == "IC":
            peers[row["curve"]] = float(row["rmsle"])
    points = defaultdict(list)
    for row in csv.DictReader((public_data / "learning_curve_benchmark.csv").read_text().splitlines()):
        if row["curve"] in peers:
            points[row["curve"]].append((float(row["seen_examples"]), float(row["loss"]), int(row["is_train"])))
    assert len(peers) == 48
    for curve in sorted(peers)[::6]:
        x, y, train = np.array(points[curve]).T
        fitted = ql.fit({"x": x[train == 1], "loss": y[train == 1]}, "m1:x", objective="log_squares")
        errors = np.log(y[train == 0]) - np.log(fitted.law.value({"x": x[train == 0]}, fitted.theta))
        assert np.sqrt(np.mean(errors**2)) == pytest.approx(peers[curve], abs=2e-6)
