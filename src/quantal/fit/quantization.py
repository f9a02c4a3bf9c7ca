"""The quantization reading: what the fitted exponents say about quanta, and whether the strict hypothesis survives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from quantal.errors import InputError
from quantal.estimate import Estimate
from quantal.fit.result import Fit

Survival = Literal["rejected", "not rejected", "undecided"]


@dataclass(frozen=True)
class QuantizationReading:
    """Exponents of a fit read as the quantization model would have them.

    gamma_params = alpha_N; gamma_tokens = alpha_D / (1 - alpha_D); gap = alpha_D - alpha_N / (1 + alpha_N), zero under
    the hypothesis; nu = alpha_N (1 - alpha_D) / alpha_D, the power with which the number of quanta grows with model
    size (1 under the hypothesis); kappa, how the limits combine (infinite in its strict form).
    """

    gamma_params: Estimate
    gamma_tokens: Estimate
    gap: Estimate
    nu: Estimate
    kappa: Estimate
    exponents: Survival
    bottleneck: Survival
    summary: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = ("gamma_params", "gamma_tokens", "gap", "nu", "kappa")
        out: dict[str, Any] = {name: getattr(self, name).to_dict() for name in names}
        return out | {"exponents": self.exponents, "bottleneck": self.bottleneck, "summary": self.summary}


def quantization_reading(
    joint: Fit, nested: Fit | None = None, levels: Sequence[float] | None = None
) -> QuantizationReading:
    """Read a Chinchilla-like fit (and one of the nested family for kappa) against the quantization hypothesis.

    The hypothesis ties the exponents: alpha_D = alpha_N / (1 + alpha_N) (Michaud et al. 2023, arXiv 2303.13506,
    eq. 4 and 5), and in its strict form the larger limit alone decides (kappa infinite).

    Raises:
        InputError: the joint fit has no alpha and beta, or the nested one no kappa.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> runs = ql.read_runs({"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.5 + 2000 * d**-(1 / 3)})
    >>> reading = quantization_reading(ql.fit(runs, "chinchilla"))
    >>> round(reading.gamma_tokens.value, 3), round(reading.nu.value, 3)
    (0.5, 1.0)
    """
    if not {"alpha", "beta"} <= set(joint.law.parameter_names):
        raise InputError(
            f"{joint.law.name} has no alpha and beta: fit chinchilla or kappa for the quantization reading"
        )
    if nested is not None and "kappa" not in nested.law.parameter_names:
        raise InputError(f"{nested.law.name} has no kappa: fit the law 'kappa' for the nested reading")
    levels = joint.levels if levels is None else tuple(levels)
    alpha, alpha_draws = _parameter(joint, "alpha")
    beta, beta_draws = _parameter(joint, "beta")

    def derived(function: Any) -> Estimate:
        value = float(function(alpha, beta))
        if alpha_draws is None or beta_draws is None:
            return Estimate(value, {}, "no draws: fit with a bootstrap")
        return Estimate.from_draws(value, function(alpha_draws, beta_draws), levels)

    gap = derived(lambda a, b: b - a / (1 + a))
    kappa = Estimate(None, {}, "the nested family was not fitted") if nested is None else nested.parameters["kappa"]
    exponents = _survival(gap, 0.0, max(levels))
    bottleneck = _bottleneck(kappa, max(levels))
    return QuantizationReading(
        gamma_params=derived(lambda a, b: a),
        gamma_tokens=derived(lambda a, b: b / (1 - b)) if _below_one(beta, beta_draws) else _no_gamma(beta),
        gap=gap,
        nu=derived(lambda a, b: a * (1 - b) / b),
        kappa=kappa,
        exponents=exponents,
        bottleneck=bottleneck,
        summary=_summary(gap, kappa, exponents, bottleneck, max(levels)),
    )


def _parameter(fit: Fit, name: str) -> tuple[float, Any]:
    index = fit.law.parameter_names.index(name)
    return float(fit.theta[index]), None if fit.draws is None else fit.draws[:, index]


def _below_one(beta: float, draws: Any) -> bool:
    return beta < 1 and (draws is None or bool(np.all(draws < 1)))


def _no_gamma(beta: float) -> Estimate:
    return Estimate(None, {}, f"alpha_D = {beta:.3g} reaches one, and gamma/(gamma+1) is below one for every gamma")


def _survival(estimate: Estimate, expected: float, level: float) -> Survival:
    ends = estimate.interval(level)
    if ends is None:
        return "undecided"
    return "not rejected" if ends[0] <= expected <= ends[1] else "rejected"


def _bottleneck(kappa: Estimate, level: float) -> Survival:
    ends = kappa.interval(level)
    if ends is None:
        return "undecided"
    return "rejected" if ends[1] < 10 else "not rejected"


def _summary(gap: Estimate, kappa: Estimate, exponents: Survival, bottleneck: Survival, level: float) -> str:
    words: Mapping[str, str] = {
        "rejected": "these runs reject it",
        "not rejected": "these runs do not reject it",
        "undecided": "undecided without intervals",
    }
    first = f"Tied exponents (alpha_D = alpha_N/(1+alpha_N)): {words[exponents]}"
    if gap.interval(level):
        low, high = gap.intervals[level]
        first += f"; the gap is {gap.value:+.3f} ({level:g}%: {low:+.3f} to {high:+.3f})"
    second = f"Strict bottleneck (kappa infinite): {words[bottleneck]}"
    if kappa.interval(level) and kappa.value is not None:
        low, high = kappa.intervals[level]
        second += f"; kappa is {kappa.value:.2f} ({low:.2f} to {high:.2f})"
    return f"{first}. {second}."
