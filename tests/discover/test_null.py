"""Structure that is not there is not reported: gradients of a trained model with their signs shuffled, and untrained models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_models import tiny

import quantal
from quantal.discover.capture import captured
from quantal.discover.cosines import normalised
from quantal.discover.discovery import described, null_cohesion
from quantal.discover.exact import materialised
from quantal.discover.layers import find_layers
from quantal.discover.samples import samples_of
from quantal.train import TextConfig, train_text

pytestmark = pytest.mark.extras
CLUSTERS = 20


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, text_file: Path) -> tuple[Any, Path]:
    """A model of two layers trained on the text for a few seconds."""
    place = tmp_path_factory.mktemp("trained") / "model"
    train_text(TextConfig(width=32, tokens=200_000, distinct=54_272, evaluations=2, text=str(text_file))).save_model(
        place
    )
    return quantal.discover.load_model(place), text_file


@pytest.fixture(scope="module")
def gradients(trained: tuple[Any, Path]) -> np.ndarray:
    """Whole gradients of 250 tokens that the trained model predicts well, shape (250, entries)."""
    language, text = trained
    chosen = quantal.discover.choose_tokens(language, text, 250, max_loss=1.0, scan=55_000)
    layers = find_layers(language.model)
    samples = samples_of(language.model, chosen.pairs(), None)
    with captured(language.model, layers):
        return np.array([materialised(language.model, layers, samples, place) for place in range(len(samples))])


def stable_clusters(cosines: np.ndarray, null: np.ndarray, seed: int) -> int:
    labels = quantal.discover.clusters(cosines, CLUSTERS, seed=seed)
    found = quantal.discover.stability(cosines, labels, resamples=6, seed=seed)
    chance = null_cohesion(null, CLUSTERS, seed=seed)
    return sum(one.stable for one in described(cosines, labels, found, null=chance))


def shuffled(gradients: np.ndarray, seed: int) -> np.ndarray:
    signs = np.random.default_rng(seed).integers(0, 2, gradients.shape, dtype=np.int8) * 2 - 1
    return normalised((gradients * signs) @ (gradients * signs).T)


def stable_when_shuffled(gradients: np.ndarray, seeds: range) -> list[int]:
    return [stable_clusters(shuffled(gradients, seed), shuffled(gradients, 1000 + seed), seed) for seed in seeds]


def stable_when_untrained(text: Path, place: Path, seeds: range) -> list[int]:
    called = []
    for seed in seeds:
        tiny("gpt_neox", seed=seed).save_pretrained(place)
        found = quantal.discover.discover(
            quantal.discover.load_model(place),
            text,
            tokens=100,
            clusters=10,
            max_loss=20,
            scan=3000,
            sketch_size=4099,
            calibration=0,
            resamples=5,
            seed=seed,
        )
        called.append(found.to_dict()["n_stable"])
    return called


def test_a_trained_model_has_clusters_and_its_shuffled_gradients_none(gradients: np.ndarray) -> None:
    whole = normalised(gradients @ gradients.T)
    assert stable_clusters(whole, shuffled(gradients, 0), 0) >= 3
    assert max(stable_when_shuffled(gradients, range(3))) <= 1


def test_an_untrained_model_has_no_stable_clusters(text_file: Path, tmp_path: Path) -> None:
    assert stable_when_untrained(text_file, tmp_path / "model", range(1)) == [0]


@pytest.mark.slow
def test_shuffled_gradients_of_twenty_seeds(gradients: np.ndarray) -> None:
    assert sum(count <= 1 for count in stable_when_shuffled(gradients, range(20))) >= 19


@pytest.mark.slow
def test_twenty_untrained_models(text_file: Path, tmp_path: Path) -> None:
    assert sum(count <= 1 for count in stable_when_untrained(text_file, tmp_path / "model", range(20))) >= 19
