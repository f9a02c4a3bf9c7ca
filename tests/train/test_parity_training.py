"""Multitask sparse parity: the task, the data, training, and what a result says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError, InputError
from quantal.theory import Geometric, Mandelbrot
from quantal.train import ParityConfig, ParityResult, train_parity
from quantal.train.parity_data import DataSet, Stream, evaluation_samples, subsets

SMALL = ParityConfig(tasks=12, bits=16, k=2, widths=(8, 24), batch_size=300, steps=60, learning_rates=(1e-2,))


def same(one: ParityResult, other: ParityResult) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.arrays().values(), other.arrays().values(), strict=True))


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 50))
@settings(max_examples=30, deadline=None)
def test_subsets_are_distinct_and_of_k_bits(bits: int, k: int, seed: int) -> None:
    import math

    k = min(k, bits)
    config = ParityConfig(tasks=math.comb(bits, k), bits=bits, k=k, seed=seed)
    chosen = subsets(config)
    assert chosen.shape == (config.tasks, k)
    assert len({tuple(one) for one in chosen.tolist()}) == config.tasks
    assert all(len(set(one)) == k and min(one) >= 0 and max(one) < bits for one in chosen.tolist())


@pytest.mark.parametrize("samples", [None, 1000])
def test_batches_are_parities_and_follow_the_frequencies(samples: int | None) -> None:
    config = dataclasses.replace(SMALL, samples=samples, bits=13, k=3)
    chosen = subsets(config)
    source = Stream(config, chosen) if samples is None else DataSet(config, chosen)
    counts = np.zeros(config.tasks)
    for step in range(200):
        batch = source.batch(step)
        assert batch.bits.shape == (300, 13)
        assert np.array_equal(batch.bits[np.arange(300)[:, None], chosen[batch.tasks]].sum(axis=1) % 2, batch.labels)
        assert np.all(np.diff(batch.tasks) >= 0)
        counts += np.bincount(batch.tasks, minlength=config.tasks)
    drawn = counts.sum() if samples is None else samples
    error = np.sqrt(config.probabilities * (1 - config.probabilities) / drawn)
    assert np.all(np.abs(counts / counts.sum() - config.probabilities) < 4.5 * error)


def test_bits_are_fair_and_steps_differ() -> None:
    stream = Stream(SMALL, subsets(SMALL))
    first = stream.batch(0).bits
    second = stream.batch(1).bits
    assert np.array_equal(first, stream.batch(0).bits)
    assert not np.array_equal(first, second)
    assert abs(first.mean() - 0.5) < 4 * 0.5 / np.sqrt(first.size)


def test_an_epoch_holds_every_sample_once_in_a_new_order() -> None:
    config = dataclasses.replace(SMALL, samples=900)
    data = DataSet(config, subsets(config))
    whole = [np.concatenate([data.batch(3 * epoch + i).bits for i in range(3)]) for epoch in range(2)]
    ordered = [one[np.lexsort(one.T)] for one in whole]
    assert np.array_equal(ordered[0], ordered[1])
    assert not np.array_equal(whole[0], whole[1])
    odd = dataclasses.replace(SMALL, samples=400)
    assert len(DataSet(odd, subsets(odd)).batch(1).tasks) == 300


def test_evaluation_samples_are_even_over_tasks() -> None:
    batch = evaluation_samples(SMALL, subsets(SMALL))
    assert np.array_equal(np.bincount(batch.tasks), np.full(12, SMALL.evaluation_samples))


def test_networks_learn_and_the_frequent_tasks_first() -> None:
    config = ParityConfig(
        tasks=20,
        bits=16,
        k=2,
        widths=(64,),
        batch_size=500,
        steps=1500,
        learning_rates=(1e-2,),
        gamma=0.8,
        evaluate_every=50,
    )
    result = train_parity(config)
    assert result.learned_count()[0] >= 4
    times = np.nan_to_num(result.learned_steps()[0], nan=np.inf)
    assert times[:2].max() < times[4:].min()
    assert result.final_loss[0] < 0.3
    assert result.accuracy[0, -1] > 0.85
    assert result.loss[0] == pytest.approx(result.subtask_loss[0].astype(float) @ config.probabilities)


@pytest.mark.parametrize(
    "change",
    [{}, {"depth": 3}, {"optimizer": "adamw", "weight_decay": 0.1}, {"optimizer": "sgd", "momentum": 0.9}, {"samples": 700}],
)  # fmt: skip
def test_a_training_that_stops_goes_on_as_if_it_had_not(change: dict[str, Any], tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, **change)
    path = tmp_path / "state.npz"
    told: list[int] = []

    def stop(step: int, total: int | None) -> None:
        told.append(step)
        if step == 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_parity(config, checkpoint=path, progress=stop)
    assert path.exists()
    resumed = train_parity(config, checkpoint=path, progress=lambda step, total: told.append(step))
    assert told == list(range(1, 26)) + list(range(26, 61))
    assert same(resumed, train_parity(config))
    assert not path.exists()
    assert not list(tmp_path.iterdir())


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="no checkpoint of a parity training, or a damaged one; remove it"):
        train_parity(SMALL, checkpoint=path)
    with pytest.raises(InputError, match="there is no folder"):
        train_parity(SMALL, checkpoint=tmp_path / "nowhere" / "state.npz")


def test_more_than_the_memory_is_refused() -> None:
    with pytest.raises(InputError, match=r"batch_size = 1000000000000000, .* more memory than this machine gives"):
        train_parity(dataclasses.replace(SMALL, batch_size=10**15))


def test_networks_do_not_depend_on_their_company() -> None:
    together = train_parity(dataclasses.replace(SMALL, net_seeds=(0, 1), dtype="float64"))
    alone = train_parity(dataclasses.replace(SMALL, widths=(24,), net_seeds=(1,), dtype="float64"))
    assert together.loss[3] == pytest.approx(alone.loss[0], rel=1e-9)
    rates = train_parity(dataclasses.replace(SMALL, widths=(8,), learning_rates=(1e-3, 1e-2), dtype="float64"))
    assert together.loss[0] == pytest.approx(rates.loss[1], rel=1e-9)


def test_finite_data_overfit_and_stop_early() -> None:
    config = dataclasses.replace(
        SMALL, widths=(64,), samples=300, steps=3000, evaluate_every=10, patience=5, learning_rates=(3e-3,)
    )
    result = train_parity(config)
    assert result.steps[-1] < 3000
    assert result.evaluations[0] == result.steps.size
    assert np.all(np.diff(result.loss[0, -6:]) > 0)
    assert result.counted[0] == np.argmin(result.loss[0])
    assert result.final_loss[0] == result.loss[0].min()


def test_any_law_of_frequencies() -> None:
    config = dataclasses.replace(SMALL, frequencies=Geometric(0.5))
    assert config.probabilities[1] / config.probabilities[0] == pytest.approx(np.exp(-0.5))
    assert ParityConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert dataclasses.replace(SMALL, frequencies=Mandelbrot(0.4, 10.0)).key() != SMALL.key()


def test_results_are_plain_data_and_runs() -> None:
    result = train_parity(SMALL)
    assert same(ParityResult.from_arrays(SMALL, result.arrays()), result)
    summary = json.loads(json.dumps(result.summary()))
    assert [one["width"] for one in summary["nets"]] == [8, 24]
    runs = result.to_runs()
    assert len(runs) == 2 * result.steps.size
    assert runs["params"].max() == (12 + 16) * 24 + 24 + 2 * 24 + 2
    assert "2 networks" in repr(result)


def test_learned_widths_are_the_smallest_that_suffice() -> None:
    result = train_parity(SMALL)
    losses = np.full((2, result.steps.size, 12), 0.5)
    losses[1, -1, :5] = losses[0, -1, :2] = 0.05
    made = dataclasses.replace(result, subtask_loss=losses)
    assert made.learned_widths()[:6].tolist()[:5] == [8, 8, 24, 24, 24]
    assert np.isnan(made.learned_widths()[5])
    assert made.learned_samples()[1, 0] == 60 * 300


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 17}, "a parity takes k different bits"),
        ({"tasks": 121}, "only 120 subsets of 2"),
        ({"gamma": -1.0}, r"gamma = -1.0: it must be a finite number > -1; write gamma=0.4"),
        ({"gamma": float("nan")}, "gamma = nan"),
        ({"samples": 299}, "cannot be smaller than a batch; write batch_size=299"),
        ({"widths": ()}, "widths = "),
        ({"widths": (8, 8)}, "each once"),
        ({"widths": (0,)}, "whole number >= 1"),
        ({"steps": 1.5}, "steps = 1.5"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"learning_rates": (0.0,)}, "finite number > 0"),
        ({"frequencies": Geometric(1.0, count=3)}, "every task needs a frequency; write tasks=3 or less"),
        ({"frequencies": Geometric(100.0)}, "a frequency of 0"),
        ({"frequencies": 3}, "it must be a law of frequencies; write frequencies=Zipf"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        dataclasses.replace(SMALL, **change)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(InputError, match=r"'widhts' is no setting of a parity training. Did you mean 'widths'"):
        ParityConfig.from_dict({"widhts": [1]})


@given(st.integers(1, 3000), st.integers(1, 60), st.sampled_from([None, 500]), st.sampled_from([None, 7]))
@settings(max_examples=60, deadline=None)
def test_the_last_step_is_evaluated(steps: int, tasks: int, samples: int | None, every: int | None) -> None:
    config = dataclasses.replace(SMALL, steps=steps, tasks=tasks, samples=samples, evaluate_every=every)
    found = config.evaluation_steps
    assert found[-1] == steps
    assert found[0] >= 1
    assert np.all(np.diff(found) > 0)
    assert every is not None or found.size <= 200
