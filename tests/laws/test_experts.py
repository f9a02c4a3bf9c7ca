"""Routed models: the published parameters' residuals, and those of the law fitted again (Clark et al. 2022)."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import quantal as ql
from quantal.errors import QuantalWarning
from quantal.laws import get_law

LAW = get_law("clark")


@pytest.mark.parametrize(
    ("router", "count", "published", "refitted"),
    [("S-Base", 53, 0.0088, 0.009), ("RL-R", 54, 0.0186, 0.019), ("Hash", 51, 0.0126, 0.013)],
)
def test_residuals_on_the_final_losses(
    public_data: Path, router: str, count: int, published: float, refitted: float
) -> None:
    where = f'is_final == 1 and k == 1 and routing_frequency == 0.5 and router_type == "{router}"'
    runs = ql.read_runs(public_data / "routed_moe_curves.csv", where=where)
    assert len(runs) == count
    values = LAW.published[f"Clark et al. 2022, {router}"]
    theta = np.array([values[name] for name in LAW.parameter_names])
    errors = np.log(runs["loss"]) - np.log(LAW.value({name: runs[name] for name in LAW.input_names}, theta))
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(published, abs=5e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.fit(runs, LAW, objective="log_squares")
    assert found.converged
    assert np.sqrt(np.mean(found.residuals**2)) <= refitted


def test_a_dense_model_has_e_start_effective_experts() -> None:
    p = {"a": -0.08, "b": -0.1, "c": 0.01, "d": 1.1, "E_s": 2.0, "E_m": 300.0}
    n = np.geomspace(1e7, 1e10, 4)
    log = -0.08 * np.log10(n) + (-0.1 + 0.01 * np.log10(n)) * np.log10(2.0) + 1.1
    np.testing.assert_allclose(LAW(params=n, num_experts=1.0, **p), 10**log, rtol=1e-12)
    many = -0.08 * np.log10(n) + (-0.1 + 0.01 * np.log10(n)) * np.log10(300.0) + 1.1
    np.testing.assert_allclose(LAW(params=n, num_experts=1e12, **p), 10**many, rtol=1e-6)
