"""Observational laws and the components they read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import InputError
from quantal.laws import get_law
from quantal.laws.observational import principal_components


def test_components_of_a_table_of_rank_two_are_found_with_a_tenth_missing() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(60, 2)) @ np.array([[0.3, 0.2, 0.25, 0.3, 0.1], [0.1, -0.1, 0.05, -0.1, 0.1]]) + 0.5
    whole, directions, share = principal_components(scores, 2)
    assert share.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(whole @ directions + scores.mean(axis=0), scores, atol=1e-12)
    holed = np.where(rng.random(scores.shape) < 0.1, np.nan, scores)
    np.testing.assert_allclose(principal_components(holed, 2)[0], whole, atol=1e-4)


def test_what_is_no_table_of_scores_is_refused() -> None:
    with pytest.raises(InputError, match="models in rows"):
        principal_components([0.1, 0.2])
    with pytest.raises(InputError, match="each with some scores"):
        principal_components([[0.1, np.nan], [0.2, np.nan]])
    with pytest.raises(InputError, match="1 to 2 components"):
        principal_components([[0.1, 0.2], [0.2, 0.3], [0.1, 0.4]], count=3)


@settings(max_examples=60, deadline=None)
@given(s=st.floats(-1e6, 1e6), beta=st.floats(-1e3, 1e3), alpha=st.floats(-1e3, 1e3))
def test_accuracy_stays_between_zero_and_one(s: float, beta: float, alpha: float) -> None:
    assert 0.0 <= float(get_law("observational:s")(s=s, alpha=alpha, beta1=beta)) <= 1.0


def test_a_benchmark_of_the_public_models_follows_the_others(public_data: Path) -> None:
    """Components of seven benchmarks explain the eighth of the public models (Ruan et al. 2024's table)."""
    runs = ql.read_runs(public_data / "observational_benchmarks.csv", where="tokens > 0")
    names = [name for name in runs.names if name.startswith("acc_") and name != "acc_arc_c"]
    components, _, _ = principal_components(np.stack([runs[name] for name in names], axis=1), 3)
    table = {"accuracy": runs["acc_arc_c"], **{f"pc{i + 1}": components[:, i] for i in range(3)}}
    keep = np.isfinite(table["accuracy"])
    found = ql.fit({k: v[keep] for k, v in table.items()}, "observational:pc1,pc2,pc3", objective="squares")
    assert found.converged
    spread = np.std(table["accuracy"][keep])
    assert np.sqrt(np.mean(found.residuals**2)) < 0.35 * spread
