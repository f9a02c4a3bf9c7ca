"""Shapes of token curves: planted steps, lines and noise are told apart; curves come back from Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal
from quantal.discover import TokenCurves, classify
from quantal.discover.curves import check_scales
from quantal.errors import DataError, InputError

SCALE = np.geomspace(1e4, 1e8, 12)


def planted_curves(noise: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """40 curves of each kind, their kinds and the places of the steps."""
    rng = np.random.default_rng(seed)
    x = np.log(SCALE)
    places = rng.uniform(x[2], x[-3], 40)
    steps = 0.2 + 3 / (1 + np.exp((x - places[:, None]) / 0.15))
    lines = 4 - rng.uniform(0.2, 0.4, (40, 1)) * (x - x[0])
    rising = 1 + rng.uniform(0.1, 0.3, (40, 1)) * (x - x[0])
    flat = np.repeat(rng.uniform(0, 5, (40, 1)), len(x), axis=1)
    curves = np.concatenate([flat, steps, lines, rising])
    kinds = np.repeat(["flat", "monogenic", "polygenic", "inverse"], 40)
    return curves + noise * rng.standard_normal(curves.shape), kinds, np.exp(places)


def test_kinds_are_told_apart() -> None:
    curves, kinds, places = planted_curves(0.1, 0)
    found = classify(SCALE, curves, noise=0.1)
    for name in np.unique(kinds):
        assert np.mean(found.kind[kinds == name] == name) >= 0.9
    steps = found.kind[kinds == "monogenic"] == "monogenic"
    off = np.log(found.place[kinds == "monogenic"][steps] / places[steps])
    assert np.median(np.abs(off)) < 0.25


def test_the_noise_is_estimated_without_seeds() -> None:
    curves, kinds, _ = planted_curves(0.1, 1)
    assert np.mean(classify(SCALE, curves).kind == kinds) > 0.7


@settings(max_examples=25, deadline=None)
@given(st.floats(-3, 3), st.floats(0.1, 10))
def test_kinds_do_not_depend_on_the_unit_of_the_scale(shift: float, factor: float) -> None:
    curves, _, _ = planted_curves(0.1, 2)
    found, moved = classify(SCALE, curves, noise=0.1), classify(factor * SCALE, curves + shift, noise=0.1)
    assert np.mean(found.kind == moved.kind) > 0.99


def test_parquet_and_the_parts_of_the_mean(tmp_path: Path) -> None:
    curves, _, _ = planted_curves(0.05, 3)
    made = TokenCurves(tuple(f"m{i}" for i in range(12)), SCALE, curves, tuple(range(len(curves))))
    made.save(tmp_path / "curves.parquet")
    again = TokenCurves.load(tmp_path / "curves.parquet")
    assert again.models == made.models
    assert np.array_equal(again.loss, made.loss)
    assert np.allclose(sum(made.parts().values()), curves.mean(0))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="no token curves"):
        TokenCurves.load(tmp_path / "broken.parquet")


@pytest.mark.parametrize("gamma", [0.5, 1.0])
def test_two_slopes_agree_on_planted_quanta(gamma: float) -> None:
    rng = np.random.default_rng(0)
    weights = np.arange(1, 3001.0) ** -(gamma + 1)
    rank = rng.choice(3000, 3000, p=weights / weights.sum()) + 1
    scale = np.geomspace(10, 1e5, 14)
    place = np.log(10.0 * rank ** (gamma + 1))
    loss = 0.3 + 3 / (1 + np.exp((np.log(scale) - place[:, None]) / 0.2)) + 0.05 * rng.standard_normal((3000, 14))
    made = TokenCurves(tuple(map(str, range(14))), scale, loss, tuple(range(3000)))
    slopes = made.slopes()
    assert slopes["mass"] == pytest.approx(gamma / (gamma + 1), abs=0.05)
    assert slopes["mean"] == pytest.approx(gamma / (gamma + 1), abs=0.05)
    few = TokenCurves(made.models, scale, loss[:5], (0, 1, 2, 3, 4))
    assert few.slopes() == {"mass": None, "mean": None}


def test_chart_of_the_mean_taken_apart(tmp_path: Path) -> None:
    curves, _, _ = planted_curves(0.05, 3)
    made = TokenCurves(tuple(f"m{i}" for i in range(12)), SCALE, curves, tuple(range(len(curves))))
    chart = quantal.plot(made)
    mean, *parts = chart.series
    assert np.allclose(np.sum([part.y for part in parts], axis=0), mean.y)
    chart.save(tmp_path / "curves.html")
    assert "The mean loss, taken apart" in (tmp_path / "curves.html").read_text(encoding="utf-8")


def test_seeds_of_one_scale_give_the_noise() -> None:
    curves, kinds, _ = planted_curves(0.0, 4)
    rng = np.random.default_rng(0)
    loss = np.concatenate([curves + 0.1 * rng.standard_normal(curves.shape) for _ in range(3)], axis=1)
    made = TokenCurves(tuple(map(str, range(36))), np.tile(SCALE, 3), loss, tuple(range(len(curves))))
    _, means, noise = made.by_scale()
    assert means.shape == curves.shape
    assert noise is not None
    assert 0.04 < np.median(noise) < 0.08
    assert np.mean(made.shapes().kind == kinds) > 0.85


def test_bad_curves_are_refused() -> None:
    with pytest.raises(InputError, match="n at least 4"):
        classify([1, 2, 3], np.ones((2, 3)))
    with pytest.raises(InputError, match=r"3 models: .* at least 4 scales"):
        check_scales(3)
    with pytest.raises(InputError, match="5 models of 2 different scales"):
        check_scales(5, [1, 1, 2, 2, 2])
    with pytest.raises(InputError, match="holds 3 numbers for 4 models"):
        check_scales(4, [1, 2, 3])
    with pytest.raises(InputError, match="holds nan"):
        check_scales(4, [1, 2, 3, float("nan")])
    with pytest.raises(InputError, match="increase"):
        classify([1, 3, 2, 4], np.ones((2, 4)))
    with pytest.raises(InputError, match="finite"):
        classify([1, 2, 3, 4], np.array([[1, 2, np.nan, 3]]))
