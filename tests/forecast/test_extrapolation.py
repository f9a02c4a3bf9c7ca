"""Members, shares, calibration and scores of extrapolated curves, and the benchmark on real ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError, DataWarning, InputError, LawError
from quantal.forecast.alabdulmohsin import published
from quantal.forecast.benchmark import benchmark_extrapolation, read_tasks
from quantal.forecast.best_so_far import best_so_far
from quantal.forecast.calibration import usual_calibration
from quantal.forecast.curves import Curve, extrapolate
from quantal.forecast.holdout import REACH, rolling_origins
from quantal.forecast.members import LAST, first_shares, predict, usual_members
from quantal.forecast.scores import score
from quantal.forecast.stacking import stack

DATA = os.environ.get("QUANTAL_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="QUANTAL_DATA is unset: the public curves are not here")


def smooth(name: str, floor: float, exponent: float, seed: int) -> Curve:
    rng = np.random.default_rng(seed)
    x = 2.0 ** np.arange(4, 16)
    y = (floor + 3.0 * x**-exponent) * np.exp(0.002 * rng.standard_normal(len(x)))
    return Curve(name, "demo", x, y, np.array([2.0**16, 2.0**17]))


@given(st.lists(st.floats(1.0, 1e9), min_size=1, max_size=40, unique=True))
def test_origins_fit_below_and_score_above(places: list[float]) -> None:
    x = np.sort(np.array(places))
    for one in rolling_origins(x):
        last = x[one.below].max()
        assert one.factor >= 1.99
        assert not (one.below & one.above).any()
        assert x[one.above].min() > last
        assert x[one.above].max() <= REACH * last


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 6), st.integers(1, 8), st.integers(0, 2**31))
def test_shares_sum_to_one_and_favour_the_member_that_erred_less(members: int, past: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    errors = np.abs(rng.standard_normal((past, members))) + 0.5
    errors[:, 0] *= 0.01
    first = np.full(members, 1.0 / members)
    shares = stack(np.einsum("ci,cj->cij", errors, errors), first, 1.0)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0).all()
    assert shares[0] >= first[0] - 1e-6


def test_shares_stay_at_the_prior_without_a_past() -> None:
    first = first_shares(usual_members())
    assert stack(np.empty((0, len(first), len(first))), first, 5.0) is first


def test_extrapolations_cover_widen_and_do_not_depend_on_units() -> None:
    curves = [smooth(f"c{i}", 0.3 * i, 0.3 + 0.05 * i, i) for i in range(4)]
    members = usual_members(["m2", "shifted_power"])
    found = extrapolate(curves, members)
    for i, one in enumerate(found):
        truth = np.log(0.3 * i + 3.0 * one.curve.at ** -(0.3 + 0.05 * i))
        low, high = one.interval(95.0)
        assert ((low < truth) & (truth < high)).all()
        assert high[1] - low[1] > high[0] - low[0]
        assert one.shares.sum() == pytest.approx(1.0)
    scaled = [Curve(c.name, c.group, 1e6 * c.x, 7.0 * c.y, 1e6 * c.at) for c in curves]
    for one, other in zip(found, extrapolate(scaled, members), strict=True):
        assert other.centre - np.log(7.0) == pytest.approx(one.centre, abs=2e-5)


def test_two_workers_give_the_same_numbers_as_one() -> None:
    curves = [smooth(f"c{i}", 0.5, 0.4, i) for i in range(2)]
    members = usual_members(["m2"])
    alone, shared = extrapolate(curves, members), extrapolate(curves, members, workers=2)
    assert all((a.centre == b.centre).all() and (a.scale == b.scale).all() for a, b in zip(alone, shared, strict=True))


def test_last_value_carried_on_is_a_member() -> None:
    members = usual_members(["m2"])
    assert members[-1].name == LAST
    found = predict(members, np.array([1.0, 2.0, 4.0]), np.array([3.0, 2.0, 1.5]), np.array([8.0]))
    assert found.logs[-1, 0] == pytest.approx(np.log(1.5))


def test_three_points_and_a_law_of_six_parameters_still_cover() -> None:
    """Priors hold what three points of 1 + 2 / x leave open."""
    curve = Curve("short", "demo", np.array([1.0, 2.0, 4.0]), np.array([3.0, 2.0, 1.5]), np.array([8.0]))
    (found,) = extrapolate([curve], usual_members(["bnsl1"]))
    low, high = np.exp(found.interval(90.0))
    assert low[0] < 1.25 < high[0] < 1.5


def test_best_so_far_recovers_the_scatter_of_what_was_kept() -> None:
    offsets, scatters, true = [], [], []
    dense = np.arange(1.0, 2001.0)
    places = np.unique(np.geomspace(10, 1999, 100).astype(int))
    for seed in range(20):
        noise = 0.02 * np.random.default_rng(seed).standard_normal(2000)
        kept = np.minimum.accumulate(dense**-0.2 * np.exp(noise))
        found = best_so_far(dense[places], kept[places])
        offsets.append(found.offset)
        scatters.append(found.scatter)
        true.append(np.log(dense[places][-1] ** -0.2 / kept[places][-1]))
    assert np.mean(scatters) == pytest.approx(0.02, rel=0.15)
    assert np.mean(offsets) == pytest.approx(np.mean(true), rel=0.25)


def test_curves_that_rise_are_not_taken_for_best_so_far() -> None:
    x = 2.0 ** np.arange(20)
    y = x**-0.1 * np.exp(0.05 * np.random.default_rng(0).standard_normal(20))
    assert best_so_far(x, y).offset == 0.0


def test_crps_and_interval_score_are_least_at_the_true_scale() -> None:
    truth = np.random.default_rng(0).standard_normal(4000)
    from scipy.stats import norm

    scores = [
        score(truth, np.zeros(4000), np.full(4000, s), lambda p: norm.ppf(0.5 + np.asarray(p) / 2))
        for s in (0.5, 1.0, 2.0)
    ]
    for name in ("crps", "interval_score"):
        values = [getattr(one, name) for one in scores]
        assert min(values) == values[1]
    assert scores[1].coverage["80"] == pytest.approx(0.8, abs=0.02)
    assert max(one.log_score for one in scores) == scores[1].log_score
    assert scores[1].crps == pytest.approx(1 / np.sqrt(np.pi), rel=0.02)


def test_usual_quantiles_rise() -> None:
    found = usual_calibration().quantile(np.array([0.5, 0.8, 0.9, 0.99]))
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"is_train": [1, 1, 1, 2, 0]}, "neither 1"),
        ({"is_train": [1, 1, 1, 1, 1]}, "0 to predict"),
        ({"is_train": [1, 1, 0, 1, 0]}, "not beyond its training"),
        ({"is_train": [1, 1, 0, 0, 0]}, "at least 3"),
        ({"loss": [3.0, 2.0, 0.0, 1.0, 1.0]}, "no logarithm"),
    ],
)
def test_files_that_cannot_be_scored_are_refused(change: dict[str, list[float]], message: str) -> None:
    table = {
        "curve": ["a"] * 5, "domain": ["d"] * 5, "x": [1.0, 2.0, 4.0, 8.0, 16.0], "loss": [3.0, 2.5, 2.2, 2.0, 1.9],
        "is_train": [1, 1, 1, 0, 0],
    }  # fmt: skip
    with pytest.raises(DataError, match=message):
        read_tasks({**table, **change})
    with pytest.raises(DataError, match="no column 'is_train'"):
        read_tasks({k: v for k, v in table.items() if k != "is_train"})


def test_short_and_rising_curves_are_told() -> None:
    x = np.geomspace(1e3, 1e6, 12)
    columns: dict[str, list[object]] = {"curve": [], "domain": [], "x": [], "loss": [], "is_train": []}
    for name, y, count in (("short", 0.2 + 5 * x**-0.3, 5), ("rising", 0.1 * np.log(x), 12), ("good", 5 * x**-0.3, 12)):
        for i in range(count):
            row = (name, "demo", float(x[i]), float(y[i]), int(i < count - 2))
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    with pytest.warns(DataWarning) as told:
        found = benchmark_extrapolation(columns, ["m2"])
    assert [str(one.message) for one in told] == list(found.warnings)
    short, rising = found.warnings
    assert "short: its 3 points leave none to test" in short
    assert "rising: its loss rises" in rising


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(LawError, match="a curve has one input"):
        usual_members(["chinchilla"])
    with pytest.raises(InputError, match="workers"):
        benchmark_extrapolation({}, workers=0)


@needs_data
def test_published_estimators_reproduce_the_peers_columns() -> None:
    tasks = read_tasks(str(Path(DATA or "") / "learning_curve_benchmark.csv"))
    peers = pl.read_csv(Path(DATA or "") / "learning_curve_peers.csv")
    known = {(row["curve"], row["method"]): row["rmsle"] for row in peers.iter_rows(named=True)}
    for method, tolerance in (("m1", 1e-6), ("m3", 1e-6)):
        for task in tasks:
            found = published(method, task.curve.x, np.asarray(task.curve.y), task.curve.group)(task.curve.at)
            error = float(np.sqrt(np.mean((task.truth - np.log(found)) ** 2)))
            assert error == pytest.approx(known[task.curve.name, method], abs=tolerance)


@needs_data
def test_a_part_of_the_benchmark(tmp_path: Path) -> None:
    every = pl.read_csv(Path(DATA or "") / "learning_curve_benchmark.csv")
    names = [name for name in every["curve"].unique(maintain_order=True) if name.startswith(("LM", "NMT"))]
    file = tmp_path / "part.csv"
    every.filter(pl.col("curve").is_in(names)).write_csv(file)
    found = benchmark_extrapolation(str(file), ["m2", "m3", "shifted_power"])
    assert set(found.domains) == {"LM", "NMT"}
    assert found.domains["LM"].mean_rmsle < 0.0015
    assert found.domains["NMT"].mean_rmsle < 0.03
    told = found.to_dict()
    assert set(told) == {"domains", "overall", "curves", "laws", "seconds", "warnings"}
    assert set(told["overall"]["coverage"]) == {"50", "80", "90"}
    assert found.overall.mean_rmsle < found.laws["m2"].overall.mean_rmsle


@pytest.mark.slow
@needs_data
def test_the_whole_benchmark() -> None:
    """Sixty curves: errors against M4 and the coverage of the intervals, as docs/extrapolation-benchmark.md states them."""
    found = benchmark_extrapolation(str(Path(DATA or "") / "learning_curve_benchmark.csv"), workers=2)
    main = [one for one in found.curves if one.domain != "BB"]
    ours, m4 = (np.array(each) for each in zip(*((o.score.rmsle, o.laws["m4"]) for o in main), strict=True))
    assert m4.mean() == pytest.approx(0.0375, abs=1e-4)
    assert ours.mean() < 0.028
    families = np.array([one.family for one in main])
    names = np.unique(families)
    rng = np.random.default_rng(0)
    means = []
    for _ in range(2000):
        rows = np.concatenate([np.flatnonzero(families == one) for one in rng.choice(names, len(names))])
        means.append((ours - m4)[rows].mean())
    assert np.percentile(means, 97.5) < 0.0
    for one in (found.domains["IC"], found.overall):
        assert 0.85 <= one.coverage["90"] <= 0.95
        assert 0.70 <= one.coverage["80"] <= 0.88
        assert 0.40 <= one.coverage["50"] <= 0.60
    assert found.overall.crps < found.laws["m4"].overall.crps
    assert found.overall.interval_score < found.laws["m4"].overall.interval_score
