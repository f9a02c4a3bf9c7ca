"""Which law of frequencies explains runs best out of sample, and whether the runs can tell at all."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import quantal as ql
import quantal.theory as qt
from quantal.errors import DataError, InputError, QuantalWarning
from quantal.spectrum import which_frequencies

D = np.geomspace(1e4, 1e9, 30)


def runs(law: qt.Frequencies, noise: float, seed: int = 0) -> dict[str, np.ndarray]:
    loss = np.asarray(qt.QuantaModel(law, 1.7, 9.0).loss(samples=D))
    return {"tokens": D, "loss": loss * np.exp(np.random.default_rng(seed).normal(0, noise, D.size))}


def test_the_exponential_law_is_told_from_zipf_at_once() -> None:
    found = which_frequencies(runs(qt.Zipf(0.5), 1e-3), frequencies=("geometric", "zipf"), bootstrap=40)
    assert [one.frequencies for one in found.rivals] == ["zipf", "geometric"]
    assert found.told_apart
    assert "tells" in found.verdict or "tell it from" in found.verdict
    assert not found.rivals[1].tied


def test_zipf_and_log_normal_are_not_told_apart_by_noisy_runs() -> None:
    """With noise of 1e-3 and more no loss curve tells them apart, and for a decade more it does not matter."""
    found = which_frequencies(runs(qt.Zipf(0.5), 3e-3), frequencies=("zipf", "lognormal"), bootstrap=40)
    assert not found.told_apart
    assert all(one.tied for one in found.rivals)
    assert "cannot tell" in found.verdict
    values = [one.beyond for one in found.rivals]
    assert max(values) / min(values) < 1.02


def test_a_log_normal_is_recognised() -> None:
    law = qt.LogNormal(3.0, count=1e6)
    found = which_frequencies(runs(law, 1e-3), frequencies=("zipf", "lognormal", "geometric"), bootstrap=40)
    assert found.rivals[0].frequencies == "lognormal"
    assert found.told_apart


def test_inputs_are_those_that_vary() -> None:
    n, d = np.repeat(np.geomspace(1e4, 1e7, 5), 6), np.tile(np.geomspace(1e6, 1e11, 6), 5)
    loss = qt.QuantaModel(qt.Zipf(0.4), 1.7, 9.0).loss(params=n, samples=d)
    found = which_frequencies({"params": n, "tokens": d, "loss": loss}, frequencies=("zipf",), bootstrap=40)
    assert found.rivals[0].fit.law.input_names == ("params", "tokens")
    assert found.n_held_out == 6
    assert set(found.to_dict()) == {"rivals", "refused", "told_apart", "n_held_out", "verdict"}
    assert "zipf" in repr(found)


def test_a_law_with_too_many_parameters_is_refused_and_the_rest_stays() -> None:
    few = {"tokens": D[::5], "loss": runs(qt.Zipf(0.5), 1e-3)["loss"][::5]}
    found = which_frequencies(few, frequencies=("zipf", "mandelbrot"), bootstrap=40)
    assert [one.frequencies for one in found.rivals] == ["zipf"]
    assert "mandelbrot" in found.refused


@pytest.mark.parametrize(
    ("table", "call", "error", "message"),
    [
        (runs(qt.Zipf(0.5), 0.0), {"frequencies": ("zip",)}, InputError, "Did you mean"),
        (runs(qt.Zipf(0.5), 0.0), {"held_out": 0.0}, InputError, "between 0 and 1"),
        (runs(qt.Zipf(0.5), 0.0), {"bootstrap": 3}, InputError, "at least 20 resamples"),
        ({"tokens": [1e6] * 9, "loss": 2.0 + 0.01 * np.arange(9)}, {}, DataError, "varies"),
    ],
)
def test_bad_input_is_refused(table: dict, call: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        which_frequencies(table, **call)


@pytest.mark.parametrize(("decades", "residual", "far"), [(2, 1.6e-4, 0.015), (4, 2.3e-4, 0.004)])
def test_without_noise_a_log_normal_still_fits_a_power_law(decades: int, residual: float, far: float) -> None:
    """E + B D^-0.28 over so many decades, and two beyond: the log-normal is as good as seeds allow, the exponential law hopeless."""

    def exact(d: np.ndarray) -> np.ndarray:
        return 1.69 + 410.7 * d**-0.28

    tokens = np.geomspace(1e9, 10.0 ** (9 + decades), 40)
    misses = {}
    for law in ("lognormal:tokens", "geometric:tokens"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantalWarning)
            found = ql.fit({"tokens": tokens, "loss": exact(tokens)}, law, objective="log_squares")
        misses[law] = np.sqrt(np.mean(np.log(found.law.value({"tokens": tokens}, found.theta) / exact(tokens)) ** 2))
        if law == "lognormal:tokens":
            beyond = tokens[-1:] * 100
            assert abs(found.law.value({"tokens": beyond}, found.theta) - exact(beyond))[0] < far
    assert misses["lognormal:tokens"] < residual
    assert misses["geometric:tokens"] > 0.03
