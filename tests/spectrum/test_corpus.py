"""The loss from counts alone: unbiased up to the corpus, honest beyond it, and it says which way each point was found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal.theory as qt
from quantal.errors import DataError, InputError
from quantal.spectrum import corpus_forecast
from quantal.spectrum.unseen import mass_estimate, unlearned_mass, unlearned_weights

LAWS = (qt.Zipf(0.5), qt.Zipf(1.0), qt.LogNormal(2.0, count=1e4))
TOTAL = 20_000


def counts_of(law: qt.Frequencies, total: int, seed: int) -> np.ndarray:
    return np.unique(law.sample(total, np.random.default_rng(seed)), return_counts=True)[1]


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("tau", [1, 3])
def test_up_to_the_corpus_it_is_unbiased_and_its_error_honest(law: qt.Frequencies, tau: int) -> None:
    at = np.array([0.01, 0.1, 0.5, 1.0]) * TOTAL
    exact = np.asarray(qt.QuantaModel(law).loss(samples=at, rule=qt.Poisson(tau)))
    many = [corpus_forecast(counts_of(law, TOTAL, seed), at, tau=tau) for seed in range(25)]
    loss, error = np.array([one.loss for one in many]), np.array([one.error for one in many])
    assert set(many[0].regimes) == {"exact"}
    bias = (loss.mean(axis=0) - exact) / (loss.std(axis=0, ddof=1) / 25**0.5)
    assert np.all(np.abs(bias) < 3.5)
    spread = loss.std(axis=0, ddof=1) / error.mean(axis=0)
    assert np.all((spread > 0.25) & (spread < 1.35))


def test_for_one_sample_it_is_good_and_turing() -> None:
    """The unlearned mass at the corpus is the share of samples that are the only one of their kind."""
    counts = counts_of(qt.Zipf(0.5), TOTAL, 1)
    found = corpus_forecast(counts, counts.sum())
    assert found.loss[0] == pytest.approx(np.sum(counts == 1) / counts.sum(), rel=1e-12)


def test_somewhat_beyond_it_is_good_toulmin() -> None:
    law, at = qt.Zipf(0.5), [1.2 * TOTAL, 1.5 * TOTAL]
    exact = np.asarray(qt.QuantaModel(law).loss(samples=at))
    scores = []
    for seed in range(20):
        found = corpus_forecast(counts_of(law, TOTAL, seed), at, tolerance=0.2)
        assert found.regimes == ("good-toulmin", "good-toulmin")
        assert found.reach >= 1.5 * TOTAL
        scores.append((found.loss - exact) / found.error)
    assert np.abs(np.mean(scores, axis=0)).max() < 0.8
    assert np.std(scores, axis=0).max() < 1.4


def test_the_reach_ends_where_the_error_passes_the_tolerance() -> None:
    counts = counts_of(qt.Zipf(0.5), TOTAL, 3)
    near, far = (corpus_forecast(counts, [TOTAL], tolerance=one).reach for one in (0.02, 0.3))
    assert near < far


@pytest.mark.parametrize(
    "law", [qt.Geometric(1e-3), pytest.param(qt.LogNormal(2.0, count=1e5), marks=pytest.mark.slow)], ids=repr
)
def test_further_a_law_is_fitted_and_named(law: qt.Frequencies) -> None:
    """At 5 and 50 corpora: within three stated errors, and within a fifth."""
    found = corpus_forecast(counts_of(law, 100_000, 1), [5e5, 5e6])
    exact = np.asarray(qt.QuantaModel(law).loss(samples=found.samples))
    assert found.regimes == ("parametric", "parametric")
    assert "fitted to the corpus" in found.law
    assert found.law in found.notes[0]
    assert np.all(np.abs(found.loss - exact) < 3 * found.error)
    assert np.all(np.abs(found.loss / exact - 1) < 0.2)


def test_a_law_may_be_given() -> None:
    law = qt.Zipf(0.5)
    found = corpus_forecast(
        counts_of(law, 100_000, 1), [1e7], frequencies=law, learned_loss=1.7, unlearned_minus_learned=7.3
    )
    exact = qt.QuantaModel(law, 1.7, 9.0).loss(samples=1e7)
    assert found.loss[0] == pytest.approx(exact, abs=3 * found.error[0])
    assert found.law == repr(law)
    assert set(found.to_dict()) >= {"samples", "loss", "standard_error", "regimes", "corpus", "reach", "law"}


def test_moby_dick(public_data) -> None:
    """Half of the novel's words foretell how many are new in the other half."""
    import polars as pl

    values = pl.read_csv(public_data / "word_frequencies_moby_dick.csv")["count"].to_numpy()
    half = np.random.default_rng(0).binomial(values, 0.5)
    found = corpus_forecast(half, [values.sum()], tolerance=0.1)
    whole = corpus_forecast(values, [values.sum()])
    assert found.regimes == ("good-toulmin",)
    assert found.loss[0] == pytest.approx(whole.loss[0], abs=3 * np.hypot(found.error[0], whole.error[0]))


@pytest.mark.parametrize(
    ("counts", "call", "error", "message"),
    [
        ([3, -1, 2], {}, InputError, "-1"),
        ([0.2, 0.5, 0.3], {}, InputError, "whole number"),
        (["many"], {}, InputError, "counts"),
        ([3, 2, 1], {}, DataError, "6 samples in all; at least 100"),
        ([500] * 9, {"tau": 0}, InputError, "tau = 0"),
        ([500] * 9, {"tau": 1.5}, InputError, "whole number of at least 1"),
        ([500] * 9, {"at": -1.0}, InputError, "finite and above zero"),
        ([500] * 9, {"tolerance": 2.0}, InputError, "between 0 and 1"),
        ([500] * 9, {"unlearned_minus_learned": 0.0}, InputError, "b - a above zero"),
        ([1] * 200, {"at": [1e6]}, DataError, "seen often enough"),
    ],
)
def test_bad_input_is_refused(counts: list, call: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        corpus_forecast(counts, **call)


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 10_000), min_size=1, max_size=40),
    ratio=st.floats(1e-3, 1.0),
    tau=st.integers(1, 20),
)
def test_up_to_the_corpus_it_is_a_mass(counts: list[int], ratio: float, tau: int) -> None:
    """Between nothing and all, and not rising with the data."""
    sizes, repeats = np.unique(np.array(counts, dtype=float), return_counts=True)
    total = float(sizes @ repeats)
    here = mass_estimate(sizes, repeats.astype(float), total, ratio, tau)
    later = mass_estimate(sizes, repeats.astype(float), total, min(1.0, 1.5 * ratio), tau)
    assert -1e-12 <= later <= here + 1e-9
    assert here <= 1 + 1e-12
    assert unlearned_mass(sizes, repeats.astype(float), total, ratio, tau)[1] >= 0


def test_weights_are_those_of_a_random_share() -> None:
    """n/total P(Binomial(n - 1, ratio) < tau)."""
    from scipy.stats import binom

    n = np.array([1.0, 2.0, 5.0, 50.0, 400.0])
    for tau in (1, 3):
        found = unlearned_weights(n, 1000.0, 0.3, tau)
        assert found == pytest.approx(n / 1000 * binom.cdf(tau - 1, n - 1, 0.3), rel=1e-10)


def test_counts_may_come_in_chunks() -> None:
    counts = counts_of(qt.Zipf(0.5), TOTAL, 1)
    whole, parts = corpus_forecast(counts, [1e3, 2e4]), corpus_forecast(iter(np.array_split(counts, 7)), [1e3, 2e4])
    assert np.array_equal(whole.loss, parts.loss)
