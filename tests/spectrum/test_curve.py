"""A loss curve in one resource: replicates, noise, and what is no curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError, InputError
from quantal.spectrum import loss_curve

TOKENS = np.geomspace(1e6, 1e10, 9)
LOSS = 1.7 + 30 * TOKENS**-0.3


def test_replicates_are_averaged_and_tell_the_noise() -> None:
    rng = np.random.default_rng(0)
    tokens = np.repeat(TOKENS, 40)
    curve = loss_curve({"tokens": tokens, "loss": np.repeat(LOSS, 40) + rng.normal(0, 0.02, tokens.size)}, "tokens")
    assert curve.noise_source == "replicates"
    assert len(curve) == 9
    assert curve.noise == pytest.approx(np.full(9, 0.02 / 40**0.5), rel=0.1)
    assert curve.loss == pytest.approx(LOSS, abs=0.015)


def test_without_replicates_the_noise_is_the_roughness() -> None:
    rng = np.random.default_rng(1)
    tokens = np.geomspace(1e6, 1e10, 200)
    curve = loss_curve({"tokens": tokens, "loss": 1.7 + 30 * tokens**-0.3 + rng.normal(0, 0.01, 200)}, "tokens")
    assert curve.noise_source == "roughness"
    assert curve.noise[0] == pytest.approx(0.01, rel=0.2)


def test_given_noise_of_replicates_is_averaged_down() -> None:
    curve = loss_curve(
        {"tokens": np.repeat(TOKENS, 4), "loss": np.repeat(LOSS, 4) + 1e-3 * np.arange(36)}, "tokens", noise=0.02
    )
    assert (curve.noise_source, curve.noise[0]) == ("given", pytest.approx(0.01))
    assert loss_curve(curve, "tokens") is curve


def test_samples_and_tokens_are_one() -> None:
    assert loss_curve({"samples": TOKENS, "loss": LOSS}, "samples").resource in ("samples", "tokens")


@pytest.mark.parametrize(
    ("table", "resource", "error", "message"),
    [
        ({"tokens": TOKENS, "loss": LOSS}, "compute", InputError, "a loss against one of params"),
        ({"tokens": TOKENS, "loss": LOSS}, "params", DataError, "there is no column 'params'"),
        ({"tokens": TOKENS[:4], "loss": LOSS[:4]}, "tokens", DataError, "4 different values of tokens"),
        (
            {"tokens": TOKENS, "params": TOKENS, "loss": LOSS},
            "tokens",
            DataError,
            "params varies from 1e\\+06 to 1e\\+10",
        ),
    ],
)
def test_what_is_no_curve_is_refused(table: dict, resource: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        loss_curve(table, resource)


@pytest.mark.parametrize("noise", [-0.1, np.nan, [0.1, 0.2]])
def test_noise_out_of_range_is_refused(noise: object) -> None:
    with pytest.raises(InputError, match="the standard deviation of a loss is at least zero"):
        loss_curve({"tokens": TOKENS, "loss": LOSS}, "tokens", noise=noise)


@settings(max_examples=40, deadline=None)
@given(
    losses=st.lists(st.floats(1e-3, 1e3), min_size=5, max_size=30),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_runs_does_not_matter(losses: list[float], order: object) -> None:
    tokens = np.geomspace(1e3, 1e9, len(losses))
    places = list(range(len(losses)))
    order.shuffle(places)  # type: ignore[attr-defined]
    first = loss_curve({"tokens": tokens, "loss": losses}, "tokens")
    other = loss_curve({"tokens": tokens[places], "loss": np.array(losses)[places]}, "tokens")
    assert np.array_equal(first.x, other.x)
    assert np.allclose(first.loss, other.loss)
    assert np.allclose(first.noise, other.noise)
