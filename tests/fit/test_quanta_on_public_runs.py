"""The hypothesis on the 240 public runs of the Chinchilla replication: objective and residual of each joint form, by exact optima."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import quantal as ql
from quantal.errors import DataWarning, QuantalWarning


@ql.law(source="Michaud 2026: kappa = 1/gamma and beta = gamma/(gamma + 1)")
def outer_exponent(params, tokens, *, E: ql.Positive, A: ql.Positive, B: ql.Positive, gamma: ql.Exponent):
    r"""L(N, D) = E + (A / N + B / D^{1/(1 + \gamma)})^\gamma"""
    return E + (A / params + B * tokens ** (-1 / (1 + gamma))) ** gamma


@ql.law(source="Kaplan et al. 2020, eq. 1.5, with a floor: kappa = 1/beta")
def kaplan_floor(
    params, tokens, *, E: ql.Positive, A: ql.Positive, B: ql.Positive, alpha: ql.Exponent, beta: ql.Exponent
):
    r"""L(N, D) = E + (A / N^{\alpha/\beta} + B / D)^\beta"""
    return E + (A * params ** (-alpha / beta) + B / tokens) ** beta


@pytest.mark.parametrize(
    ("law", "objective", "residual"),
    [
        ("chinchilla", 10.183, 0.00755),
        ("quanta", 12.02, 0.0101),
        (outer_exponent, 21.5, 0.0133),
        (kaplan_floor, 21.7, 0.0131),
        ("quantized_joint_free", 32.1, 0.0195),
        ("quantized_joint", 35.0, 0.0207),
        ("bottleneck", 52.7, 0.0284),
        ("kappa", 9.54, 0.00673),
    ],
    ids=lambda one: getattr(one, "name", one),
)
def test_each_joint_form(chinchilla_runs: ql.Runs, law: object, objective: float, residual: float) -> None:
    """Sum of Huber (delta 1e-3) of log residuals times 1e4, and their root mean square."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        fit = ql.fit(chinchilla_runs, law, drop_highest_loss=5)
    misses = np.log(fit.runs["loss"]) - np.log(
        fit.law.value({"params": fit.runs["params"], "tokens": fit.runs["tokens"]}, fit.theta)
    )
    assert 1e4 * fit.value == pytest.approx(objective, rel=2.5e-3)
    assert np.sqrt(np.mean(misses**2)) == pytest.approx(residual, rel=0.012)


def test_the_exponents_depart_from_the_hypothesis(chinchilla_runs: ql.Runs) -> None:
    """beta - alpha/(1+alpha) = 0.112 [0.061, 0.169], nu = 0.59 [0.46, 0.74] by the bootstrap."""
    with pytest.warns(DataWarning, match="2 runs lie"):
        fit = ql.fit(chinchilla_runs, "chinchilla", drop_highest_loss=5, bootstrap=400)
    names = fit.law.parameter_names
    alpha, beta = (fit.draws[:, names.index(name)] for name in ("alpha", "beta"))
    assert np.percentile(beta - alpha / (1 + alpha), [2.5, 97.5]) == pytest.approx([0.061, 0.169], abs=0.02)
    assert np.percentile(alpha * (1 - beta) / beta, [2.5, 97.5]) == pytest.approx([0.46, 0.74], abs=0.04)
    alpha, beta = (fit.parameters[name].value for name in ("alpha", "beta"))
    assert beta - alpha / (1 + alpha) == pytest.approx(0.112, abs=0.005)
    assert alpha * (1 - beta) / beta == pytest.approx(0.59, abs=0.015)
