"""Could any frequencies at all give this curve? The test whether L(D) is a non-negative mixture of learning windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.spectrum.curve import Floats, loss_curve
from quantal.spectrum.inversion import design, fit_mixture, frequency_grid
from quantal.theory import GradientFlow, LearningRule, Poisson

PER_DECADE = 16
NOISE_OF_EXACT = 1e-9


@dataclass(frozen=True, eq=False)
class MixtureTest:
    """How far the best mixture of h(D p) is from a curve.

    ``misfit`` is the largest distance over the range of the loss, ``rms`` the root mean square distance in the unit of the loss.
    ``p_value`` is the share of noisy curves of the best mixture that fit no better, None where the noise is unknown.
    """

    rule: LearningRule
    misfit: float
    rms: float
    worst_at: float
    chi_square: float | None
    p_value: float | None
    verdict: str
    fitted: Floats

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rule": repr(self.rule),
            "misfit": self.misfit,
            "rms": self.rms,
            "worst_at": self.worst_at,
            "chi_square": self.chi_square,
            "p_value": self.p_value,
            "verdict": self.verdict,
        }

    def __repr__(self) -> str:
        return f"MixtureTest({self.rule!r}: {self.verdict})"


def mixture_test(
    runs: Any,
    input: str = "tokens",
    *,
    rule: LearningRule | None = None,
    noise: ArrayLike | None = None,
    draws: int = 200,
    level: float = 0.05,
    seed: int = 0,
    target: str = "loss",
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> MixtureTest:
    """Is the curve E + sum_j m_j h(D p_j) with m_j >= 0, whatever the frequencies? For tau = 1: is it completely monotone?

    Independent quanta under the rule h can give no other curve. A rejection says that the rule is wrong, that quanta are not
    independent, or that the runs lie on no one curve; a curve that passes is no proof of quanta. The p-value is by a parametric
    bootstrap from the best mixture; where the noise comes from the curve's own roughness it is left out.

    Args:
        runs: a curve's runs, with size held or ample.
        rule: h; Poisson() (GradientFlow() for steps) unless given.
        noise: standard deviation of one loss.

    Raises:
        DataError: the runs are no curve.
        InputError: level not between 0 and 1, or fewer than 20 draws.

    Source: Bernstein's theorem for tau = 1; theory of the quantization model, inverse problem.

    >>> import numpy as np, quantal.theory as qt
    >>> d = np.geomspace(1e2, 1e6, 30)
    >>> model = qt.QuantaModel(qt.Zipf(gamma=0.5))
    >>> mixture_test({"samples": d, "loss": model.loss(samples=d)}, "samples", noise=1e-3, draws=50).verdict[:9]
    'compatibl'
    >>> bump = model.loss(samples=d) + 0.02 * np.exp(-np.log(d / 1e4) ** 2)
    >>> mixture_test({"samples": d, "loss": bump}, "samples", noise=1e-3, draws=50).verdict[:8]
    'rejected'
    """
    if not 0 < level < 1:
        raise InputError(f"level = {level!r}: the chance of a false alarm lies between 0 and 1, such as 0.05")
    if draws < 20:
        raise InputError(f"draws = {draws}: a p-value needs at least 20 noisy curves, such as 200")
    if input == "params":
        raise InputError(
            "input = 'params': a mixture of learning windows is a claim on data or steps; write input='tokens'"
        )
    curve = loss_curve(runs, input, noise=noise, target=target, where=where, columns=columns)
    chosen = rule or (GradientFlow() if curve.resource == "steps" else Poisson())
    known = curve.noise_source != "roughness" and bool(np.all(curve.noise > 0))
    weight = curve.noise if known else np.full(len(curve), NOISE_OF_EXACT * max(float(np.ptp(curve.loss)), 1e-300))
    frequency = frequency_grid(curve.x, chosen, PER_DECADE)
    matrix = design(curve.x, frequency, chosen)
    best = fit_mixture(matrix, frequency, curve.loss, weight)
    away = curve.loss - best.values
    worst = int(np.argmax(np.abs(away)))
    misfit = float(np.abs(away[worst]) / np.ptp(curve.loss)) if np.ptp(curve.loss) > 0 else 0.0
    p_value = None
    if known:
        rng = np.random.default_rng(seed)
        noisy = [
            fit_mixture(matrix, frequency, best.values + weight * rng.standard_normal(len(curve)), weight).chi_square
            for _ in range(draws)
        ]
        p_value = (1 + int(np.sum(np.array(noisy) >= best.chi_square))) / (draws + 1)
    return MixtureTest(
        rule=chosen,
        misfit=misfit,
        rms=float(np.sqrt(np.mean(away**2))),
        worst_at=float(curve.x[worst]),
        chi_square=best.chi_square if known else None,
        p_value=p_value,
        verdict=_verdict(p_value, level, misfit, float(curve.x[worst]), curve.resource),
        fitted=best.values,
    )


def _verdict(p_value: float | None, level: float, misfit: float, worst: float, resource: str) -> str:
    where = f"the best mixture misses by {misfit:.2g} of the loss's range, most at {worst:.3g} {resource}"
    if p_value is None:
        return f"undecided: {where}; whether that is noise cannot be said without noise= or replicates"
    if p_value < level:
        return f"rejected (p = {p_value:.2g}): {where}"
    return f"compatible (p = {p_value:.2g}): {where}, as noise does"
