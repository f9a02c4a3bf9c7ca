"""Forecasts of runs with several inputs: averaged laws, calibrated intervals, and input that cannot be forecast from."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import DataError, DataWarning, ExtrapolationWarning, InputError, LawError
from quantal.fit.doubts import doubts
from quantal.fit.held_out import folds, rolling_cutoffs
from quantal.fit.loo import psis_loo
from quantal.fit.selection import _statement
from quantal.forecast.members import LAWS as CURVE_LAWS
from quantal.runs import read_runs

LAWS = ["chinchilla", "kappa", "quanta"]


def table(seed: int = 0, scatter: float = 0.003) -> dict[str, np.ndarray]:
    n = np.repeat([1e7, 1e8, 1e9, 1e10], 5)
    d = np.tile([1e9, 3e9, 1e10, 3e10, 1e11], 4)
    noise = np.exp(scatter * np.random.default_rng(seed).standard_normal(len(n)))
    return {"params": n, "tokens": d, "loss": (1.7 + 400 * n**-0.34 + 2000 * d**-0.37) * noise}


@pytest.fixture(scope="module")
def near() -> ql.Forecast:
    return ql.forecast(table(), laws=LAWS, params=2e10, tokens=2e11)


def test_forecast_covers_what_made_the_runs(near: ql.Forecast) -> None:
    truth = 1.7 + 400 * 2e10**-0.34 + 2000 * 2e11**-0.37
    ends = near.loss.interval(90.0)
    assert ends is not None
    assert ends[0] < truth < ends[1]
    assert near.loss.value == pytest.approx(truth, rel=0.02)


def test_intervals_are_nested_and_weights_sum_to_one(near: ql.Forecast) -> None:
    ends = [near.loss.interval(level) for level in (90.0, 80.0, 50.0)]
    assert all(a and b and a[0] < b[0] < b[1] < a[1] for a, b in itertools.pairwise(ends))
    assert sum(one["weight"] for one in near.laws) == pytest.approx(1.0)
    assert {one["law"] for one in near.laws} == set(LAWS)
    assert near.decades_beyond == pytest.approx(np.log10(4), abs=1e-9)
    assert near.record


def test_intervals_widen_with_distance(near: ql.Forecast) -> None:
    with pytest.warns(ExtrapolationWarning, match="decades beyond"):
        far = ql.forecast(table(), laws=LAWS, params=2e12, tokens=2e13)
    widths = []
    for one in (near, far):
        ends = one.loss.interval(90.0)
        assert ends is not None
        widths.append(np.log(ends[1] / ends[0]))
    assert widths[1] > 2 * widths[0]


def test_what_each_law_says_alone_is_told_and_whether_the_interval_holds_it(near: ql.Forecast) -> None:
    said = {one["law"]: one["value"] for one in near.laws}
    for law, value in said.items():
        alone = ql.forecast(table(), law, bootstrap=40, params=2e10, tokens=2e11)
        assert value == pytest.approx(alone.loss.value, rel=1e-3)
    kept = [one["value"] for one in near.laws if one["weight"] >= 0.5 / len(LAWS)]
    assert f"say {min(kept):.4g} (" in repr(near)
    apart = ql.forecast(table(scatter=0.05), laws=["chinchilla", "kaplan"], params=1e10, tokens=1e12)
    ends = apart.loss.interval(90.0)
    assert ends is not None
    outside = any(not ends[0] <= one["value"] <= ends[1] for one in apart.laws if one["weight"] >= 0.25)
    assert ("90 % interval does not hold" in repr(apart)) == outside
    assert "weigh most" not in repr(ql.forecast(table(), "chinchilla", bootstrap=40, params=2e10, tokens=2e11))


def test_json_names_what_it_says(near: ql.Forecast) -> None:
    told = near.to_dict()
    assert {"at", "loss", "decades_beyond", "laws", "record", "warnings"} == set(told)
    assert set(told["loss"]["intervals"]) == {"50", "80", "90"}


def test_one_law_alone_keeps_its_bootstrap() -> None:
    found = ql.forecast(table(), "chinchilla", bootstrap=40, params=2e10, tokens=2e11)
    assert found.laws[0]["weight"] == 1.0
    assert found.loss.interval(95.0) is not None


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="forecast where"):
        ql.forecast(table())
    with pytest.raises(InputError, match="holdout"):
        ql.forecast(table(), laws=LAWS, holdout=1.0, params=1e9, tokens=1e10)
    with pytest.raises(InputError, match="too few are left"):
        ql.forecast(table(), laws=LAWS, holdout=0.9, params=1e9, tokens=1e10)
    with pytest.raises(InputError, match="not both"):
        ql.forecast(table(), "chinchilla", laws=LAWS, params=1e9, tokens=1e10)
    with pytest.raises(DataError, match="no law reads just"):
        ql.forecast(table(), params=1e9, tokens=1e10, colour=3.0)
    with pytest.raises(LawError, match="no law"):
        ql.forecast(table(), laws=["chinchila"], params=1e9, tokens=1e10)
    with pytest.raises(DataError, match="no law can be fitted"):
        ql.forecast({k: v[:3] for k, v in table().items()}, laws=["chinchilla"], params=1e9, tokens=1e12)
    with pytest.raises(DataError):
        ql.forecast({"params": [1e6, 1e7, 1e8, 1e9], "loss": [4.0, 3.0, 2.5, 2.2]}, laws=LAWS, params=1e9, tokens=1e10)


def test_rising_losses_and_mixed_tables_are_named() -> None:
    rising = table()
    rising["loss"] = np.linspace(0.2, 0.9, 20)
    runs = read_runs(rising)
    (text,) = doubts(runs, "loss", runs["params"], "params")
    assert "1 - accuracy" in text
    mixed = read_runs({**table(), "tokenizer": ["gpt2", "bytes"] * 10})
    (text,) = doubts(mixed, "loss", mixed["params"], "params")
    assert "2 values of tokenizer" in text
    with pytest.warns(DataWarning, match="tokenizer"):
        ql.compare(mixed, ["chinchilla"], criteria=False)
    with pytest.warns(DataWarning, match="tokenizer"):
        assert any("tokenizer" in text for text in ql.fit(mixed, "chinchilla").warnings)
    with pytest.warns(DataWarning, match="1 - accuracy"):
        ql.fit(runs, "kaplan")


def test_three_points_are_told_to_be_few() -> None:
    three = {"params": [1e7, 1e8, 1e9], "loss": [4.0, 3.2, 2.7]}
    with pytest.warns(DataWarning, match="nothing tests it"):
        ql.fit(three, "power:params")
    with pytest.warns(DataWarning, match="too few to hold any out"):
        found = ql.forecast(three, params=2e9)
    assert any("too few" in text for text in found.warnings)


def test_a_forecast_by_size_alone_says_what_it_leaves_out() -> None:
    with pytest.warns(DataWarning, match="differ in tokens too, which a forecast by params alone leaves out"):
        ql.forecast("tiny-lm", params=1e6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([1e6, 1e7, 1e8, 1e9]), min_size=4, max_size=20), st.floats(0.05, 0.9))
def test_folds_leave_something_on_both_sides(sizes: list[float], share: float) -> None:
    runs = read_runs(
        {
            "params": sizes,
            "loss": np.linspace(4, 3, len(sizes)),
            "label": ["a", "b"] * (len(sizes) // 2) + ["a"] * (len(sizes) % 2),
        }
    )
    for how in ("scale", "size", "label"):
        try:
            found = folds(runs, how, share)
        except DataError:
            continue
        assert all(one.any() and not one.all() for one in found.masks)
        if how != "scale":
            assert (np.sum(found.masks, axis=0) == 1).all()


def test_comparison_states_what_the_runs_cannot_tell() -> None:
    found = ql.compare(table(), ["chinchilla", "kappa", "power:compute"], leave_out="size")
    assert found.laws[-1].law == "power:compute"
    assert "predicts best" in found.statement
    assert "power:compute" not in found.statement
    scores = {one.law: one for one in found.laws}
    best, worst = scores["chinchilla"], scores["power:compute"]
    assert best.aicc is not None
    assert worst.aicc is not None
    assert best.aicc < worst.aicc
    assert best.loo is not None
    assert worst.loo is not None
    assert best.loo > worst.loo


def test_a_table_of_one_input_is_extrapolated_as_a_curve() -> None:
    x = np.geomspace(1e6, 1e9, 24)
    noise = np.exp(0.003 * np.random.default_rng(2).standard_normal(24))
    loss = (1.7 + 20 * (x / 1e6) ** -0.3) * noise
    data = {"tokens": np.tile(x, 2), "loss": np.concatenate([loss, loss * 1.001])}
    found = ql.forecast(data, tokens=3e9)
    truth = 1.7 + 20 * 3e3**-0.3
    ends = found.loss.interval(90.0)
    assert ends is not None
    assert ends[0] < truth < ends[1]
    assert found.loss.value == pytest.approx(truth, rel=0.05)
    assert {one["law"] for one in found.laws} == {*(f"{law}:tokens" for law in CURVE_LAWS), "last"}
    assert sum(one["weight"] for one in found.laws) == pytest.approx(1.0)
    assert found.record
    assert found.fit.law.name in {one["law"] for one in found.laws}
    with pytest.warns(ExtrapolationWarning):
        far = ql.forecast(data, tokens=1e11)
    wide = far.loss.interval(90.0)
    assert wide is not None
    assert np.log(wide[1] / wide[0]) > 3 * np.log(ends[1] / ends[0])
    cut = ql.forecast(data, laws=["power:tokens", "power_floor:tokens"], holdout=0.3, tokens=3e9)
    assert {one["law"] for one in cut.laws} == {"power:tokens", "power_floor:tokens"}
    with pytest.raises(InputError, match="was given tokens, params"):
        ql.forecast(data | {"params": data["tokens"]}, laws=["power:tokens"], tokens=3e9, params=1e9)
    with pytest.raises(DataError, match="has no logarithm"):
        ql.forecast({"tokens": x, "loss": np.where(x > 5e8, -1.0, 2.0)}, tokens=3e9)


def test_laws_are_compared_at_rolling_cutoffs() -> None:
    found = ql.compare(table(), ["chinchilla", "power:compute"], criteria=False)
    size = np.asarray(read_runs(table())["compute"])
    masks = rolling_cutoffs(size)
    assert [one.n_runs for one in found.cutoffs] == [int(mask.sum()) for mask in masks]
    for mask, cut in zip(masks, found.cutoffs, strict=True):
        assert cut.at == size[~mask].max() < size[mask].min()
    errors = np.array([one.rolling_errors for one in found.laws], dtype=float)
    assert errors.shape == (2, len(masks))
    assert np.all(errors[0] < errors[1])
    assert "at every cutoff" in found.statement
    alone = ql.compare(table(), ["chinchilla"], criteria=False)
    assert alone.statement == "chinchilla alone was scored"
    assert ql.compare(table(), ["chinchilla"], leave_out="size", criteria=False).cutoffs == ()


def test_a_law_that_leads_at_another_cutoff_is_not_told_apart() -> None:
    found = ql.compare(table(), ["chinchilla", "power:compute"], criteria=False)
    first, second = found.laws
    many = tuple(one._replace(n_runs=9) for one in found.cutoffs)
    misses = {first.law: np.full(8, 1e-4), second.law: np.full(8, 4e-4)}
    assert _statement(found.laws, misses, found.cutoffs) == found.statement
    turned = replace(second, rolling_errors=tuple(0.5 * (one or 1.0) for one in first.rolling_errors))
    assert "power:compute err less at another cutoff" in _statement((first, turned), misses, many)
    few = tuple(one._replace(n_runs=4) for one in found.cutoffs)
    assert _statement((first, turned), misses, few) == found.statement


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(1e15, 1e24), min_size=2, max_size=40))
def test_cutoffs_leave_enough_below_and_some_above(costs: list[float]) -> None:
    size = np.array(costs)
    for above in rolling_cutoffs(size):
        assert above.any()
        assert (~above).sum() >= 8
        assert size[above].min() > size[~above].max()


def test_psis_loo_is_near_refitting_without_each_run() -> None:
    """Against the density of each run under fits to the others."""
    rng = np.random.default_rng(1)
    x = np.geomspace(1e6, 1e9, 40)
    data = {"params": x, "loss": 3.0 * (x / 1e6) ** -0.1 * np.exp(0.02 * rng.standard_normal(40))}
    whole = ql.fit(data, "power:params", objective="gaussian")
    found = psis_loo(whole)
    assert found is not None
    assert found.reliable
    terms = []
    for i in range(40):
        rest = {k: np.delete(v, i) for k, v in data.items()}
        part = ql.fit(rest, "power:params", objective="gaussian", starts=whole.theta[None, :])
        off = np.log(data["loss"][i]) - np.log(part.law.value({"params": x[i : i + 1]}, part.theta)[0])
        sigma = part.sigma or np.nan
        terms.append(-0.5 * (off / sigma) ** 2 - np.log(sigma) - 0.5 * np.log(2 * np.pi))
    assert found.elpd == pytest.approx(np.sum(terms), abs=1.0)


def test_psis_loo_needs_a_likelihood() -> None:
    with pytest.raises(InputError, match="likelihood"):
        psis_loo(ql.fit(table(), "chinchilla"))
