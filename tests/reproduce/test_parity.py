"""The parity study: presets, resuming, measurements on made-up results, claims, page."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from quantal.errors import InputError
from quantal.reproduce import estimate, parity
from quantal.reproduce.parity import ParityStudy, judge
from quantal.reproduce.parity_claims import data_claims, size_claims
from quantal.reproduce.parity_estimate import StudyEstimate
from quantal.reproduce.parity_measure import LN2, DataStudy, SizeStudy, bootstrap, exponent, finite_losses, learned_at
from quantal.theory import Zipf
from quantal.train import (
    PARITY_PRESETS,
    ParityConfig,
    ParityPreset,
    ParityResult,
    Standing,
    parity_preset,
    read_sweep,
    train_parity,
)

TASKS = 200
P = Zipf(0.4, count=TASKS).pmf(np.arange(1, TASKS + 1))


def planted_sizes(seeds: int = 3, noise: float = 0.02) -> SizeStudy:
    """Networks that follow the hypothesis: n = width/4 most frequent tasks, each learned when 1/p steps have passed."""
    rng = np.random.default_rng(0)
    widths = np.array([8.0, 16, 32, 64, 128, 256])
    unlearned = np.arange(1, TASKS + 1) > widths[:, None] / 4
    steps = np.unique(np.rint(np.geomspace(5, 2000, 60)))
    late = steps[:, None] < 3 / P
    final = LN2 * unlearned + noise * rng.random((seeds, widths.size, TASKS))
    curve = LN2 * np.exp(-np.maximum(0, steps[:, None] * P / 3)) * np.ones((seeds, 1, 1))
    assert late.any()
    return SizeStudy(Zipf(0.4, count=TASKS), P, widths, 100 * widths, final, steps, curve)


def test_presets_are_the_published_configurations() -> None:
    main = parity_preset("fig2")
    widths = sorted(net.width for config in main.sizes for net in config.nets)
    assert (len(widths), widths[0], widths[-1]) == (30, 10, 500)
    sums = [sum(net.width for net in config.nets) for config in main.sizes]
    assert max(sums) / min(sums) < 1.02
    assert {config.steps for config in main.sizes} == {200_000}
    assert [config.samples for config in main.data][:: len(main.data) - 1] == [10_000, 5_000_000]
    assert {config.steps for config in parity_preset("fig2-short").sizes} == {40_000}
    exponents = parity_preset("fig10")
    assert len(exponents.sizes) == 24
    assert len(exponents.data) == 15 * 25
    for name in PARITY_PRESETS:
        keys = [config.key() for config in parity_preset(name).configs]
        assert len(set(keys)) == len(keys)
        assert not set(keys) & {config.key() for config in parity_preset(name, seed=1).configs}


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(InputError, match=r"Did you mean 'quick'"):
        parity_preset("quik")


def test_long_presets_want_a_folder() -> None:
    with pytest.raises(InputError, match="-o parity-fig2"):
        parity("fig2")


def test_the_finite_sum_is_the_sum() -> None:
    params, samples = np.array([30.0, 100.0, 300.0]), np.array([1e2, 1e3, 1e4])
    by_hand = LN2 * np.array([P[n:].sum() for n in (3, 10, 30)])
    assert finite_losses(P, "params", params, by_hand) == pytest.approx(by_hand, rel=1e-3)
    by_hand = LN2 * np.array([(P * np.exp(-P * one / 7.0)).sum() for one in samples])
    assert finite_losses(P, "samples", samples, by_hand) == pytest.approx(by_hand, rel=1e-4)


def test_learning_times_lie_between_the_evaluations() -> None:
    steps = np.array([10.0, 20.0, 30.0])
    curve = LN2 * np.array([[1.0, 1.0, 0.05], [0.2, 1.0, 0.01], [0.05, 1.0, 0.01]])
    found = learned_at(steps, curve)
    assert found[0] == pytest.approx(25.0)
    assert np.isnan(found[1])
    assert found[2] == 10.0


def test_a_network_that_keeps_the_hypothesis_is_found_to() -> None:
    claims = {one.claim.split(" (")[0]: one for one in size_claims(planted_sizes(), 0, (20.0, 2000.0))}
    assert claims["alpha_N"].predicted["finite"] == pytest.approx(claims["alpha_N"].measured or 0, abs=0.05)
    assert claims["alpha_N"].predicted["pure"] == 0.4
    assert claims["alpha_S"].verdict == "holds"
    assert claims["alpha_S"].predicted["pure"] == pytest.approx(0.4 / 1.4)
    times = next(one for name, one in claims.items() if name.startswith("steps to learn"))
    assert times.measured == pytest.approx(1.0, abs=0.02)
    order = next(one for name, one in claims.items() if name.startswith("tasks are learned in the order"))
    assert (order.measured, order.verdict) == (pytest.approx(1.0), "holds")
    assert all({"pure", "finite"} == set(one.predicted) for one in claims.values())


def test_a_wrong_exponent_in_data_fails() -> None:
    samples = np.geomspace(300, 30_000, 8)
    right = LN2 * np.exp(-samples[:, None] * P / 20)[None].repeat(3, axis=0)
    made = DataStudy(Zipf(0.4, count=TASKS), P, samples, right)
    assert data_claims(made, 0)[0].verdict != "fails"
    flat = dataclasses.replace(made, best=(0.2 * (samples / 300) ** -0.1)[None, :, None] * np.ones((3, 1, TASKS)))
    assert data_claims(flat, 0)[0].verdict == "fails"
    few = dataclasses.replace(made, samples=samples[:2], best=right[:, :2])
    assert data_claims(few, 0)[0].verdict == "undecided"


def test_bootstrap_intervals_hold_the_truth() -> None:
    """Losses scatter about a law from seed to seed: 95 % intervals of its exponent hold it in about that share of studies."""
    rng = np.random.default_rng(1)
    x = np.geomspace(1, 100, 8)
    held = 0
    for study in range(24):
        scatter = np.exp(rng.normal(0, 0.2, (5, 8, 30)))
        found = bootstrap(0.5 * x[:, None] ** -0.4 * scatter, lambda losses: exponent(x, losses.mean(axis=-1)), study)
        held += found.interval[0] <= 0.4 <= found.interval[1]
    assert 19 <= held <= 24


@pytest.fixture(scope="module")
def small() -> ParityPreset:
    shared = {"bits": 12, "k": 2, "batch_size": 200, "learning_rates": (1e-2,), "tasks": 20, "evaluate_every": 20}
    sizes = tuple(
        ParityConfig(widths=(4, 8, 16, 32), steps=300, seed=one, net_seeds=(one,), **shared) for one in (0, 1)
    )
    data = tuple(ParityConfig(widths=(16,), steps=600, samples=size, **shared) for size in (400, 800, 1600, 6400))
    return ParityPreset("small", "a test", sizes, data)


def test_a_study_without_a_store_gives_the_numbers_of_direct_trainings(small: ParityPreset) -> None:
    told: list[Standing] = []
    study = parity(small, workers=2, tell=told.append)
    assert told[-1].done == told[-1].total == len(small.configs)
    for config, result in zip(small.configs, study.results, strict=True):
        assert result.config == config
    alone = train_parity(small.configs[-1])
    assert np.array_equal(study.results[-1].subtask_loss, alone.subtask_loss)
    assert {one.claim.split(" ")[0] for one in study.claims} >= {"alpha_N", "alpha_S", "alpha_D"}


def test_presets_are_sweeps_too() -> None:
    for name in PARITY_PRESETS:
        assert read_sweep(f"parity-{name}").configs == parity_preset(name).configs
    assert {one.tasks for one in read_sweep("parity-quick", tasks=150).configs} == {150}


def test_the_page_the_table_and_the_claims(small: ParityPreset, tmp_path: Path) -> None:
    results = tuple(train_parity(config) for config in small.configs)
    claims, charts = judge(small, results, 0)
    study = ParityStudy(small, results, tuple(claims), tuple(charts))
    page = study.save(tmp_path / "out")
    assert [one.name for one in charts] == [
        "loss-against-params", "loss-against-steps", "loss-against-samples", "learned-tasks-of-data",
        "single-tasks", "learning-times", "learned-tasks", "spread-of-losses",
    ]  # fmt: skip
    assert page.read_text().count("<figure") == 8
    found = json.loads((tmp_path / "out" / "claims.json").read_text())
    assert len(found) == len(claims) == 8
    assert all({"pure", "finite"} <= set(one["predicted"]) for one in found)
    rows = list(csv.DictReader((tmp_path / "out" / "claims.csv").read_text().splitlines()))
    assert [one["claim"] for one in rows] == [one["claim"] for one in found]
    assert all(ParityConfig.from_dict(one) for one in json.loads((tmp_path / "out" / "configs.json").read_text()))


def test_several_gammas_give_exponents_against_gamma(small: ParityPreset) -> None:
    made: list[ParityResult] = []
    for gamma in (0.3, 0.6):
        made += [train_parity(dataclasses.replace(config, gamma=gamma)) for config in small.sizes[:1]]
    claims, charts = judge(small, made, 0)
    assert [one.name for one in charts] == [
        "alpha_N-against-gamma", "alpha_S-against-gamma", "time-against-gamma", "learned-tasks-against-gamma",
        "loss-against-params", "loss-against-steps", "learning-times", "learned-tasks", "spread-of-losses",
    ]  # fmt: skip
    assert sum(one.claim.startswith("gamma = 0.3: ") for one in claims) == 6
    of_data = [train_parity(dataclasses.replace(config, gamma=gamma)) for gamma in (0.3, 0.6) for config in small.data]
    charts = judge(small, of_data, 0)[1]
    assert [one.name for one in charts] == [
        "alpha_D-against-gamma", "learned-tasks-of-data-against-gamma", "loss-against-samples", "learned-tasks-of-data",
    ]  # fmt: skip
    for one in charts:
        assert one.to_plotly()["data"]


def test_the_estimate_scales_timed_steps_to_the_preset() -> None:
    found = StudyEstimate(1e11, 2, 4680.0, 3600.0, 7200.0)
    assert found.to_dict()["stream_hours_at_matrix_rate"] == 1.0
    assert "1.3 hours" in str(found)
    shared = {"tasks": 50, "bits": 16, "k": 2, "batch_size": 500, "widths": (20, 40), "evaluate_every": 1000}
    short, long = (
        ParityPreset(
            "timed", "", (ParityConfig(steps=steps, **shared),) * 2, (ParityConfig(samples=600, steps=steps, **shared),)
        )
        for steps in (2_000, 20_000)
    )
    one, other = estimate(short, workers=2), estimate(long, workers=1)
    assert 4 < other.stream_seconds / one.stream_seconds < 100  # 20 but for the clock's noise
    assert other.stream_matrix_seconds / one.stream_matrix_seconds == pytest.approx(20, rel=0.9)
    assert one.data_seconds > 0
    assert estimate(ParityPreset("streams", "", short.sizes, ()), workers=1).data_seconds == 0
