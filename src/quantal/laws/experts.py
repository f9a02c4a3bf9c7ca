"""Routed language models: mixtures of experts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.laws.draws import log_uniform
from quantal.laws.jet import exp, log
from quantal.laws.law import Floats, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Positive, Real


def _clark_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    size = np.log10(inputs["params"]).mean()
    a, b, c = rng.uniform(-0.3, 0.0, count), rng.uniform(-0.4, 0.05, count), rng.uniform(-0.02, 0.04, count)
    start = log_uniform(rng, 1.0, 8.0, count)
    d = np.log10(y).mean() - a * size - (b + c * size) * np.log10(np.sqrt(inputs["num_experts"].max()) + start)
    return np.stack([a, b, c, d, start, start * log_uniform(rng, 5.0, 1000.0, count)], axis=-1)


@law(
    title="Mixture of experts",
    source="Clark et al. 2022 (arXiv 2202.01169), eq. 1 and 2; decimal logarithms as in the authors' code",
    needs=(varies("params"), varies("num_experts", distinct=3)),
    starts=_clark_starts,
    published={
        "Clark et al. 2022, S-Base": {"a": -0.082, "b": -0.108, "c": 0.009, "d": 1.104, "E_s": 1.847, "E_m": 314.478},
        "Clark et al. 2022, RL-R": {"a": -0.083, "b": -0.126, "c": 0.012, "d": 1.111, "E_s": 1.880, "E_m": 469.982},
        "Clark et al. 2022, Hash": {"a": -0.087, "b": -0.136, "c": 0.012, "d": 1.157, "E_s": 4.175, "E_m": 477.741},
    },
)
def clark(params: Any, num_experts: Any, *, a: Real, b: Real, c: Real, d: Real, E_s: Positive, E_m: Positive) -> Any:
    r"""\log_{10} L = a \log_{10} N + b \log_{10} \hat E + c \log_{10} N \log_{10} \hat E + d, \quad
    \frac{1}{\hat E} = \frac{1}{E - 1 + \left(\frac{1}{E_s} - \frac{1}{E_m}\right)^{-1}} + \frac{1}{E_m}

    N is the size of the dense part, E the number of experts (1 for a dense model).

    a: slope of log L on log N for one effective expert
    b: slope of log L on log effective experts at N = 1
    c: how the gain from experts changes with size
    d: log10 of the loss at N = 1 and one effective expert
    E_s: effective experts of a dense model
    E_m: effective experts that no number of experts exceeds
    """
    effective = -log(1.0 / (num_experts - 1.0 + 1.0 / (1.0 / E_s - 1.0 / E_m)) + 1.0 / E_m) / np.log(10.0)
    size = np.log10(params)
    return exp(np.log(10.0) * (a * size + (b + c * size) * effective + d))
