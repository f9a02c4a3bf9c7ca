"""Costs: published counts, published savings, and what holds for any numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import DataError, ExtrapolationWarning, InputError
from quantal.laws import get_law
from quantal.plan import HARDWARE, cost, lifetime_plan, limited_plan, optimum, run_cost
from quantal.plan.lifetime import REPEATS, _cheapest
from quantal.runs import FLOPS_COUNTS, TransformerShape, recount

SARDANA = np.array([[1.69, 406.4, 410.7, 0.336, 0.283]])
"""Hoffmann et al. 2022, approach 3, with the exponents to three digits as Sardana et al. 2024 use them."""
sizes = st.floats(1e3, 1e13)
shares = st.floats(0.01, 1.0)


@pytest.mark.parametrize(
    ("params", "tokens", "flops", "rel"),
    [
        (174.6e9, 300e9, 3.14e23, 0.005),  # Brown et al. 2020, table D.1: GPT-3 175B
        (70e9, 1.4e12, 5.88e23, 0.001),  # Hoffmann et al. 2022: Chinchilla, their budget of 5.76e23 within 3 %
        (540.35e9, 780e9, 2.5272e24, 0.002),  # Chowdhery et al. 2022, table 21: PaLM 540B
    ],
)
def test_training_flops_of_published_models(params: float, tokens: float, flops: float, rel: float) -> None:
    assert run_cost(params, tokens).training.flops == pytest.approx(flops, rel=rel)


def test_hours_of_a_published_run() -> None:
    """Touvron et al. 2023, table 2: Llama 2 70B took 1,720,320 A100 hours on 2T tokens; 6ND puts that at 43 % of the peak."""
    found = run_cost(7e10, 2e12, hardware="a100", utilisation=0.4347, count=2048, price=2.0).training
    assert found.device_hours == pytest.approx(1_720_320, rel=2e-3)
    assert found.hours == pytest.approx(840, rel=3e-3)
    assert found.money == pytest.approx(2 * 1_720_320, rel=2e-3)


def test_the_saving_that_sardana_et_al_print() -> None:
    """Figure 1: 13B quality and 2T tokens served: a 7B model saves 1.7e22 FLOPs, 17 %."""
    law = get_law("chinchilla")
    budget = next(c for c in np.geomspace(1e21, 1e24, 20001) if optimum(law, SARDANA, c).params[0] >= 13e9)
    best = optimum(law, SARDANA, budget)
    params, _, _, training, inference, saved = _cheapest(law, SARDANA, float(best.loss[0]), 2e12)[:, 0]
    assert params == pytest.approx(7e9, rel=0.01)
    assert saved == pytest.approx(0.17, abs=0.005)
    assert saved / (1 - saved) * (training + inference) == pytest.approx(1.7e22, rel=0.01)


@settings(max_examples=20, deadline=None)
@given(
    floor=st.floats(0.5, 3),
    a=st.floats(50, 5000),
    b=st.floats(50, 5000),
    alpha=st.floats(0.2, 0.6),
    beta=st.floats(0.2, 0.6),
    power=st.floats(18, 23),
)
def test_a_lifetime_without_inference_is_the_compute_optimal_split(
    floor: float, a: float, b: float, alpha: float, beta: float, power: float
) -> None:
    law, theta = get_law("chinchilla"), np.array([[floor, a, b, alpha, beta]])
    best = optimum(law, theta, 10.0**power)
    alone = _cheapest(law, theta, float(best.loss[0]), 0.0)[:, 0]
    assert alone[3] == pytest.approx(10.0**power, rel=1e-3)
    assert alone[5] == pytest.approx(0.0, abs=1e-12)
    few, many = (_cheapest(law, theta, float(best.loss[0]), served * float(best.tokens[0]))[:, 0] for served in (1, 30))
    assert many[0] < few[0] < alone[0] * 1.001
    assert many[1] > few[1] > alone[1] * 0.999
    assert 0 <= few[5] < many[5] < 1


@given(params=sizes, tokens=sizes, served=sizes, devices=st.integers(1, 10_000), share=shares, price=st.floats(0, 100))
def test_costs_add_up(params: float, tokens: float, served: float, devices: int, share: float, price: float) -> None:
    found = run_cost(params, tokens, served, "h100", count=devices, utilisation=share, price=price)
    assert found.inference is not None
    assert found.total.flops == pytest.approx(6 * params * tokens + 2 * params * served)
    for part in (found.training, found.inference, found.total):
        assert part.hours * devices == pytest.approx(part.device_hours)
        assert part.device_hours * 3600 * share * HARDWARE["h100"].peak == pytest.approx(part.flops)
        assert part.money == pytest.approx(part.device_hours * price)
    assert found.training.device_hours + found.inference.device_hours == pytest.approx(found.total.device_hours)


@given(
    layers=st.integers(1, 100),
    heads=st.integers(1, 32),
    head=st.integers(8, 128),
    vocabulary=st.integers(2, 300_000),
    context=st.integers(1, 100_000),
    count=st.sampled_from(sorted(FLOPS_COUNTS)),
)
def test_counts_of_any_shape(layers: int, heads: int, head: int, vocabulary: int, context: int, count: str) -> None:
    shape = TransformerShape(layers=layers, width=heads * head, vocabulary=vocabulary, context=context, heads=heads)
    assert shape.params("non-embedding") == 12 * layers * (heads * head) ** 2
    assert shape.flops_per_token("exact") >= shape.flops_per_token("6ND-with-head") > 0
    found = run_cost(shape, 1e9, 3e9, flops=count)
    assert found.training.flops == pytest.approx(shape.train_flops(1e9, count))
    assert found.inference is not None
    assert found.inference.flops == pytest.approx(found.training.flops)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: run_cost(0.0, 1e9), "params"),
        (lambda: run_cost(1e9, float("nan")), "tokens"),
        (lambda: run_cost(1e9, 1e9, -1.0), "inference_tokens"),
        (lambda: run_cost(1e9, 1e9, flops="exact"), "shape"),
        (lambda: run_cost(TransformerShape(2, 8, 100, 16), 1e9, flops="excat"), "Did you mean 'exact'"),
        (lambda: run_cost(1e9, 1e9, hardware="h10"), "Did you mean 'h100'"),
        (lambda: cost(1e20, utilisation=1.5), "utilisation"),
        (lambda: cost(1e20, count=0), "count"),
        (lambda: cost(float("inf")), "flops"),
        (lambda: cost(1e20, -1.0), "hardware"),
    ],
)
def test_bad_costs_are_refused(call, says: str) -> None:
    with pytest.raises(InputError, match=says):
        call()


def _exact_fit() -> ql.Fit:
    n, d = np.repeat([1e7, 1e8, 1e9], 3), np.tile([2e8, 2e9, 2e10], 3)
    loss = 1.69 + 406.4 * n**-0.336 + 410.7 * d**-0.283
    return ql.fit({"params": n, "tokens": d, "loss": loss}, "chinchilla")


def test_a_lifetime_plan_says_where_it_leaves_the_runs() -> None:
    fitted = _exact_fit()
    with (
        pytest.warns(ExtrapolationWarning, match="tokens per param, and the runs go to"),
        pytest.warns(ExtrapolationWarning, match="below the smallest run"),
    ):
        found = lifetime_plan(fitted, 5.5, 1e17)
    assert len(found.to_dict()["warnings"]) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lifetime_plan(fitted, 2.6, 1e9).warnings == ()


def test_repeated_data_are_worth_what_muennighoff_et_al_say() -> None:
    """Four epochs are worth 93 % of as much new data by the published constants; a limit that does not bind costs nothing."""
    worth = 1 + REPEATS["R_D"] * (1 - np.exp(-3 / REPEATS["R_D"]))
    assert worth / 4 == pytest.approx(0.93, abs=0.005)
    fitted = _exact_fit()
    free, bound = limited_plan(fitted, 1e20, 1e14), limited_plan(fitted, 1e20, 1e9)
    best = optimum(fitted.law, fitted.theta[None, :], 1e20)
    assert free.params.value == pytest.approx(best.params[0], rel=1e-3)
    assert bound.tokens.value is not None
    assert bound.epochs.value == pytest.approx(bound.tokens.value / 1e9)
    assert (bound.loss.value or 0) - (bound.lost.value or 0) == pytest.approx(best.loss[0], rel=1e-6)


SHAPES = {"n_layers": [2, 4], "d_model": [64, 128], "vocab_size": [1000, 1000], "seq_len": [128, 128]}


def test_recounts_follow_one_another() -> None:
    runs = ql.read_runs({**SHAPES, "params": [1e5, 1e6], "tokens": [1e8, 1e8], "compute": [1e14, 1e15], "loss": [4, 3]})
    by_size = recount(runs, params="non-embedding")
    assert by_size["params"].tolist() == [12 * 2 * 64**2, 12 * 4 * 128**2]
    assert by_size["compute"].tolist() == (6 * by_size["params"] * 1e8).tolist()
    assert recount(runs, flops="6ND-non-embedding")["params"].tolist() == by_size["params"].tolist()
    assert recount(runs, flops="exact").column("params").unit == "parameters, total"
    again = recount(runs, flops="2ND")
    assert again["compute"].tolist() == [2e13, 2e14]
    assert again["params"].tolist() == [1e5, 1e6]
    assert again["compute_before"].tolist() == [1e14, 1e15]
    assert recount(again, flops="6ND")["compute"].tolist() == [6e13, 6e14]


def test_recounts_that_cannot_be() -> None:
    bare = ql.read_runs({"params": [1e5, 1e6], "loss": [4, 3]})
    with pytest.raises(DataError, match="no column tokens"):
        recount(bare, flops="6ND")
    with pytest.raises(DataError, match="layers"):
        recount(bare, params="total")
    with pytest.raises(InputError, match="Did you mean 'exact'"):
        recount(bare, flops="excat")
    with pytest.raises(InputError, match="Did you mean 'total'"):
        recount(bare, params="totl")
