"""What every law of frequencies keeps: pmf is the difference of tails, rank inverts pmf, nothing overflows, bad input is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import stats

from quantal.errors import InputError
from quantal.theory import (
    Cutoff,
    Empirical,
    Frequencies,
    Geometric,
    LogNormal,
    Mandelbrot,
    Stretched,
    Zipf,
    frequencies_from_dict,
)

LAWS: list[Frequencies] = [
    Zipf(0.4),
    Zipf(1e-3),
    Zipf(50.0),
    Zipf(0.0, count=1000),
    Zipf(-0.5, count=37),
    Zipf(1.0, count=1),
    Mandelbrot(0.4, shift=1000.0),
    Mandelbrot(2.0, shift=-0.9, count=500),
    Cutoff(0.4, cutoff=1000.0),
    Cutoff(-1.0, cutoff=5.0),
    Cutoff(2.0, cutoff=0.3),
    Geometric(0.5),
    Geometric(1e-4, count=2000),
    Stretched(0.5, scale=100.0),
    Stretched(1.5, scale=3.0),
    LogNormal(2.0, count=4_000_000),
    LogNormal(0.5, count=3),
    Empirical([5, 3, 3, 1, 0, 1]),
]
each = pytest.mark.parametrize("law", LAWS, ids=repr)
laws = st.one_of(
    st.builds(Zipf, st.floats(1e-3, 50)),
    st.builds(Zipf, st.floats(-0.99, 50), st.integers(1, 10**9)),
    st.builds(Mandelbrot, st.floats(1e-3, 50), st.floats(-0.99, 1e6)),
    st.builds(Mandelbrot, st.floats(-0.99, 50), st.floats(-0.99, 1e6), st.integers(1, 10**9)),
    st.builds(Cutoff, st.floats(-1, 50), st.floats(1e-3, 1e12)),
    st.builds(Geometric, st.floats(1e-12, 700)),
    st.builds(Geometric, st.floats(1e-12, 700), st.integers(1, 10**9)),
    st.builds(Stretched, st.floats(0.05, 2), st.floats(0.1, 1e12)),
    st.builds(LogNormal, st.floats(0.01, 10), st.integers(1, 10**12)),
    st.builds(Empirical, st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any)),
)


@each
def test_it_keeps_the_interface(law: Frequencies) -> None:
    assert isinstance(law, Frequencies)
    again = frequencies_from_dict(law.to_dict())
    assert again == law
    assert hash(again) == hash(law)


@given(laws, st.integers(1, 10**6), st.floats(0, 1e30))
@example(Mandelbrot(2.225073858507e-311, 0.0, 12338), 12336, 0.0)
@example(Zipf(1e-300, 12338), 12336, 0.0)
@settings(max_examples=80, deadline=None)
def test_pmf_is_the_difference_of_tails_and_tails_fall(law: Frequencies, k: int, n: float) -> None:
    p, before, after = float(law.pmf(k)), float(law.tail(k - 1)), float(law.tail(k))
    assert p == pytest.approx(before - after, abs=1e-9 * p + 1e-13 * before + 1e-300)
    assert 0 <= after <= before * (1 + 1e-12) <= 1 + 1e-11
    tails = law.tail(np.array([n, 1.001 * n + 0.1, 2e30]))
    assert np.all(np.isfinite(tails))
    assert np.all(np.diff(tails) <= 1e-11 * tails[:-1])
    assert float(law.tail(0)) == pytest.approx(1, abs=1e-12)


@given(laws, st.floats(1, 1e30))
@settings(max_examples=80, deadline=None)
def test_log_pmf_and_fractional_ranks(law: Frequencies, k: float) -> None:
    p, log = float(law.pmf(k)), float(law.log_pmf(k))
    assert 0 <= p <= 1 + 1e-12
    assert not math.isnan(log)
    if p > 1e-300:
        assert log == pytest.approx(math.log(p), abs=1e-9)
    if k > law.count:
        assert (p, log) == (0.0, -math.inf)


@given(laws, st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_rank_counts_the_quanta_that_are_at_least_so_frequent(law: Frequencies, p: float) -> None:
    rank = float(law.rank(p))
    assert 0 <= rank <= law.count
    assume(rank < 1e12)
    whole = math.floor(rank)
    slack = 1e-9
    if whole >= 1:
        assert float(law.pmf(whole)) >= p * (1 - slack)
    if whole + 1 <= law.count:
        assert float(law.pmf(whole + 1)) <= p * (1 + slack) + 1e-300


@each
def test_rank_inverts_pmf(law: Frequencies) -> None:
    if isinstance(law, Empirical):
        assert law.rank(law.pmf(np.array([1.0, 2, 4, 5]))).tolist() == [1, 3, 5, 5]
        return
    k = np.array([1.0, 1.5, 2, 3, 10, 1000, 12345.5])
    k = k[(k <= law.count) & (law.pmf(k) > 1e-290)]
    assert law.rank(law.pmf(k)) == pytest.approx(k, rel=1e-9)


@each
def test_entropy_is_the_sum_of_surprises(law: Frequencies) -> None:
    assert law.entropy() == pytest.approx(float(law.partial_entropy(0.0)), rel=1e-15)
    last = int(min(law.count, 200_000))
    p = law.pmf(np.arange(1.0, last + 1))
    p = p[p > 0]
    explicit = float(-np.sum(p * np.log(p)))
    beyond = float(law.partial_entropy(last)) if last < law.count else 0.0
    assert law.entropy() == pytest.approx(explicit + beyond, rel=1e-9, abs=1e-12)


@each
def test_samples_follow_the_law(law: Frequencies) -> None:
    if law == Zipf(1e-3):
        with pytest.raises(InputError, match="give the law a finite count"):
            law.sample(20_000, seed=1)
        return
    ranks = law.sample(20_000, seed=1)
    assert np.array_equal(ranks, law.sample(20_000, seed=1))
    assert np.all((ranks >= 1) & (ranks <= law.count) & (ranks == np.floor(ranks)))
    edges = np.unique(np.floor(law.rank(law.pmf(np.array([1.0])) * np.geomspace(1.0, 1e-6, 40))))
    edges = edges[(edges >= 1) & (edges < law.count)]
    expected = -np.diff(np.concatenate([[1.0], law.tail(edges), [0.0]])) * ranks.size
    seen = np.bincount(np.searchsorted(edges, ranks, side="left"), minlength=edges.size + 1)
    keep = expected >= 8
    if keep.sum() < 2:
        assert np.array_equal(seen[keep], [ranks.size]) or abs(seen[keep][0] - expected[keep][0]) < 80
        return
    chi2 = float(np.sum((seen[keep] - expected[keep]) ** 2 / expected[keep]))
    assert stats.chi2.sf(chi2, keep.sum()) > 1e-4


@each
def test_shapes_are_kept(law: Frequencies) -> None:
    for function in (law.pmf, law.log_pmf, law.tail, law.partial_entropy):
        assert np.shape(function(2)) == ()
        assert function([[1, 2, 3]]).shape == (1, 3)
        assert function(np.ones((0,))).shape == (0,)
    assert np.shape(law.rank(0.1)) == ()
    assert law.rank([[0.1, 0.2]]).shape == (1, 2)


@each
@pytest.mark.parametrize("bad", [-1, -1e-9, math.nan, [3, math.nan]])
def test_ranks_are_checked(law: Frequencies, bad: object) -> None:
    for function, lowest in ((law.pmf, 1), (law.tail, 0), (law.log_pmf, 1), (law.partial_entropy, 0)):
        with pytest.raises(InputError, match=f"must be a number >= {lowest}"):
            function(bad)  # type: ignore[arg-type]


@each
@pytest.mark.parametrize("bad", [-0.1, 1.5, math.nan])
def test_probabilities_are_checked(law: Frequencies, bad: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        law.rank(bad)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: Zipf(0.0),
            "gamma = 0.0: it must be finite and > 0 and <= 300; write for example gamma=0.4, or count=K",
        ),
        (lambda: Zipf(-0.3), "gamma = -0.3: it must be finite and > 0 and <= 300; write"),
        (lambda: Zipf(1e-300), "gamma = 1e-300: it must be finite and >= 1e-290 and <= 300; write"),
        (lambda: Zipf(math.nan), "gamma = nan"),
        (lambda: Zipf(301), "<= 300"),
        (lambda: Zipf(-1, count=10), "> -1"),
        (lambda: Zipf(0.4, count=0), "a whole number >= 1"),
        (lambda: Zipf(0.4, count=2.5), "a whole number >= 1"),
        (lambda: Zipf(0.4, count=math.nan), "a whole number >= 1"),
        (lambda: Zipf("steep"), "it must be a number"),  # type: ignore[arg-type]
        (lambda: Mandelbrot(0.4, shift=-1), "> -1"),
        (lambda: Mandelbrot(0, shift=3), "> 0"),
        (lambda: Cutoff(-2, cutoff=3), ">= -1"),
        (lambda: Cutoff(0.4, cutoff=0), ">= 0.001"),
        (lambda: Geometric(0), ">= 1e-300"),
        (lambda: Geometric(-1), ">= 1e-300"),
        (lambda: Geometric(1, count=0.5), "a whole number >= 1"),
        (lambda: Stretched(0, 1), ">= 0.02"),
        (lambda: Stretched(3, 1), "<= 2"),
        (lambda: Stretched(0.5, 1e-20), "must be at least"),
        (lambda: LogNormal(0, 10), "> 0"),
        (lambda: LogNormal(1, math.inf), "a whole number >= 1"),
        (lambda: LogNormal(1, 0), "a whole number >= 1"),
        (lambda: Empirical([]), "nothing above 0"),
        (lambda: Empirical([0, 0]), "nothing above 0"),
        (lambda: Empirical([1, -2]), "hold -2.0: each must be finite and at least 0"),
        (lambda: Empirical([1, math.inf]), "each must be finite"),
        (lambda: Empirical([[1, 2]]), "shape (K,)"),
        (lambda: Empirical.from_probabilities([0.5, 0.4]), "must sum to 1"),
        (lambda: frequencies_from_dict({"law": "zip", "gamma": 1}), "Did you mean 'zipf'"),
        (lambda: frequencies_from_dict({"law": "zipf", "rate": 1}), "with 'rate'"),
        (lambda: Zipf(0.4).sample(-1), "size = -1"),
        (lambda: Zipf(0.4).sample(2.5), "size = 2.5"),  # type: ignore[arg-type]
    ],
)
def test_bad_input_names_the_allowed_range(make: object, said: str) -> None:
    with pytest.raises(InputError) as caught:
        make()  # type: ignore[operator]
    assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_normaliser_beyond_float64_is_refused_not_infinite() -> None:
    law = Geometric(700, count=10)
    assert law.log_normaliser == pytest.approx(-700)
    law = Zipf(-0.9, count=1e300)
    assert math.isfinite(law.log_normaliser)
    with pytest.raises(InputError, match="read log_normaliser instead"):
        _ = Cutoff(0.4, cutoff=1e-3).normaliser
    assert Cutoff(0.4, cutoff=1e-3).log_normaliser == pytest.approx(-1000)
