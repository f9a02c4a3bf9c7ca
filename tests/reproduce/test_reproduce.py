"""Claims: verdicts, the derivation, and the published exponents."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from quantal.errors import DataError
from quantal.reproduce import Claim, derivation, judged, literature
from quantal.reproduce.literature import Pair, read_pairs
from quantal.reproduce.measure import crossing, exponent_of_shares, slope_of_runs
from quantal.runs import Runs


def test_a_verdict_follows_from_the_interval() -> None:
    assert judged("", {"own": 1.0, "rival": 2.0}, 1.1, standard_error=0.1).verdict == "holds"
    assert judged("", {"own": 1.0, "rival": 2.0}, 1.1, standard_error=0.5).verdict == "undecided"
    assert judged("", {"own": 1.0, "rival": 2.0}, 1.9, standard_error=0.1).verdict == "fails"
    assert judged("", {"own": 1.0}, 5.0).verdict == "undecided"
    assert judged("", {"own": 1.0}, 1.5, interval=(0.9, 1.6)).interval == (0.9, 1.6)


def test_a_claim_has_the_common_shape() -> None:
    found = judged("it is so", {"own": 1.0}, 1.1, standard_error=0.1).to_dict()
    assert list(found) == ["claim", "predicted", "measured", "interval", "standard_error", "verdict"]
    assert found["interval"] == pytest.approx([0.8, 1.4])
    assert judged("", {"own": 1.0}, 1.0, tolerance=0.1).to_dict()["standard_error"] is None


@pytest.fixture(scope="module")
def claims() -> tuple[Claim, ...]:
    return derivation(seed=1)


def test_every_claim_of_the_derivation_holds(claims: tuple[Claim, ...]) -> None:
    assert [one.claim for one in claims if one.verdict != "holds"] == []


@pytest.mark.parametrize(
    "words",
    [
        "loss after 10 quanta", "naive asymptote", "midpoint asymptote", "alpha_N = gamma", "alpha_D = gamma/(gamma+1)",
        "alpha_S = gamma/(gamma+1)", "alpha_N exceeds alpha_D", "K = 1000 quanta", "tenth of K", "appears at D",
        "exponential frequencies: alpha_D = 1", "Belevitch",
    ],
)  # fmt: skip
def test_the_derivation_has_every_part(claims: tuple[Claim, ...], words: str) -> None:
    assert any(words in one.claim for one in claims)


def test_exponents_are_measured_by_both_ways(claims: tuple[Claim, ...]) -> None:
    for resource in ("alpha_N = gamma", "alpha_D", "alpha_S"):
        texts = [one.claim for one in claims if one.claim.startswith(resource)]
        assert any("closed form" in text for text in texts)
        assert any("simulation" in text for text in texts)


def test_the_same_seed_gives_the_same_claims(claims: tuple[Claim, ...]) -> None:
    assert derivation(seed=1) == claims
    assert derivation(seed=2) != claims


def test_a_wrong_exponent_would_fail() -> None:
    rng = np.random.default_rng(0)
    tokens = np.repeat(np.geomspace(1e6, 1e10, 9), 100)
    runs = Runs.from_columns({"tokens": tokens, "loss": tokens**-0.3 * np.exp(rng.normal(0, 0.001, tokens.size))})
    slope, error = slope_of_runs(runs, "tokens", 0.0)
    assert judged("", {"right": 0.3}, slope, standard_error=error).verdict == "holds"
    assert judged("", {"wrong": 0.301}, slope, standard_error=error).verdict == "fails"


def test_errors_of_shares_are_honest() -> None:
    """The spread over repetitions is the stated standard error."""
    import quantal.theory as qt

    found = np.array([exponent_of_shares(qt.Zipf(0.5).sample(20_000, seed), 10, 500) for seed in range(200)])
    assert found[:, 0].std() == pytest.approx(found[:, 1].mean(), rel=0.2)
    rng = np.random.default_rng(0)
    x = np.linspace(-3, 3, 101)
    crossings = np.array([crossing(x, rng.binomial(2000, 1 / (1 + np.exp(-x))) / 2000, 0.1, 2000) for _ in range(200)])
    assert crossings[:, 0].mean() == pytest.approx(-math.log(9), abs=0.01)
    assert crossings[:, 0].std() == pytest.approx(crossings[:, 1].mean(), rel=0.35)


def test_published_exponents(public_data: Path) -> None:
    """The figures are those of a plain reading of Epoch's table, by the rows of the paper's notebook."""
    claims = literature(public_data)
    by_text = {one.claim: one for one in claims}
    share = by_text["most pairs of Rosenfeld et al. have alpha_D < alpha_N (as published: 9 pairs)"]
    assert (share.measured, share.verdict) == (pytest.approx(8 / 9), "holds")
    share = by_text["most pairs of Rosenfeld et al. have alpha_D < alpha_N (corrected: 9 pairs)"]
    assert (share.measured, share.verdict) == (pytest.approx(1 / 9), "fails")
    medians = [one.measured for one in claims if "median" in one.claim]
    assert medians == [pytest.approx(1.33902, abs=1e-5), pytest.approx(2.06699, abs=1e-5)]
    ardalani = [one for one in claims if "Recommendation Models" in one.claim]
    assert [one.measured for one in ardalani] == [4.0, 0.1]
    assert all(one.verdict == "undecided" for one in claims if one.claim.startswith("alpha_D of"))


def test_pairs_are_sixteen(public_data: Path) -> None:
    pairs = read_pairs(public_data)
    assert len(pairs) == 16
    assert pairs[9].quanta == pytest.approx(0.076 / 1.076)


def test_without_the_table_it_says_plainly_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUANTAL_DATA", raising=False)
    with pytest.raises(DataError, match="QUANTAL_DATA is unset"):
        literature()
    with pytest.raises(DataError, match="must be the folder that holds"):
        literature(tmp_path)
    (tmp_path / "literature_exponents.csv").write_text("paper,exponent_1\nA,0.1\n")
    with pytest.raises(DataError, match="no pair of exponents"):
        literature(tmp_path)


def test_a_pair_can_be_swapped() -> None:
    assert Pair("a", "b", 0.5, 0.25).swapped == Pair("a", "b", 0.25, 0.5)
