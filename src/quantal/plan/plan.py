"""plan(fit, compute) -> Plan: how large a model, on how much data, reaching what, and what another choice wastes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quantal.errors import DataWarning, ExtrapolationWarning, InputError, LawError
from quantal.estimate import Estimate
from quantal.fit import Fit
from quantal.plan.allocation import Optimum, optimum, wasted
from quantal.runs import as_number, counts_of

FAR = 1.0
DRIFT = (0.01, 0.1, 1.0, 10.0)
"""Shares of the budget at which the ratio of tokens to params is shown beside it."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The compute-optimal split of a budget (FLOPs = 6 params tokens) by one fitted law, with intervals from its draws."""

    compute: float
    params: Estimate
    tokens: Estimate
    loss: Estimate
    tokens_per_param: Estimate
    params_exponent: Estimate
    tokens_exponent: Estimate
    loss_exponent: Estimate
    decades_beyond: float
    warnings: tuple[str, ...]
    fit: Fit = field(repr=False)

    def wasted_by(self, params: float) -> Estimate:
        """The share of the budget that training a model of ``params`` parameters with it wastes.

        Raises:
            InputError: params is not above zero, or leaves less than one token.
        """
        if not (np.isfinite(params) and 0 < params < self.compute / 6):
            raise InputError(
                f"params = {params!r}: must be above zero and leave at least a token of {self.compute:g} FLOPs"
            )
        value = float(wasted(self.fit.law, self.fit.theta[None, :], self.compute, params)[0])
        if self.fit.draws is None:
            return Estimate(value, {}, "no draws: fit with a bootstrap")
        draws = wasted(self.fit.law, self.fit.draws, self.compute, params)
        return Estimate.from_draws(value, draws, self._levels)

    @property
    def drift(self) -> dict[float, Estimate]:
        """Optimal tokens per param by budget, at a hundredth, a tenth, one and ten times this one: the ratio is no constant.

        Budgets at which the law has no optimal split are left out.
        """
        found = {}
        for share in DRIFT:
            try:
                point, draws = self._split(share * self.compute)
            except LawError:
                continue
            ratio = float(point.tokens[0] / point.params[0])
            found[share * self.compute] = (
                Estimate(ratio, {}, "no draws: fit with a bootstrap")
                if draws is None
                else Estimate.from_draws(ratio, draws.tokens / draws.params, self._levels)
            )
        return found

    @property
    def _levels(self) -> tuple[float, ...]:
        return tuple(self.params.intervals) or self.fit.levels

    def _split(self, compute: float) -> tuple[Optimum, Optimum | None]:
        many = None if self.fit.draws is None else optimum(self.fit.law, self.fit.draws, compute)
        return optimum(self.fit.law, self.fit.theta[None, :], compute), many

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = ("params", "tokens", "loss", "tokens_per_param", "params_exponent", "tokens_exponent", "loss_exponent")
        out: dict[str, Any] = {"law": self.fit.law.name, "compute": self.compute, "flops": "6ND"}
        out["counts"] = counts_of(self.fit.runs)
        out |= {name: getattr(self, name).to_dict() for name in names}
        out["drift"] = [{"compute": at, "tokens_per_param": ratio.to_dict()} for at, ratio in self.drift.items()]
        return out | {"decades_beyond": self.decades_beyond, "n_runs": self.fit.n_runs, "warnings": list(self.warnings)}

    def __repr__(self) -> str:
        count = counts_of(self.fit.runs).get("params")
        counted = f" (6 params tokens, params counted as {count})" if count else ""
        lines = [f"Plan for {self.compute:.4g} FLOPs{counted} by {self.fit.law.title or self.fit.law.name}"]
        for name in ("params", "tokens", "tokens_per_param", "loss", "params_exponent"):
            lines.append(f"  {name:16s} {getattr(self, name)!r}")
        drift = self.drift
        if len(drift) > 1:
            shown = ", ".join(f"{ratio.value:.3g} at {at:.3g}" for at, ratio in drift.items())
            lines.append(f"  tokens per param by budget: {shown} FLOPs")
        return "\n".join(lines)


def plan(fit: Fit, compute: float | str, *, levels: Sequence[float] | None = None) -> Plan:
    """Split a budget of ``compute`` FLOPs (6 params tokens) so that the fitted law's loss is lowest.

    Raises:
        InputError: compute is not a finite number above six.
        LawError: the law does not read params and tokens.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> runs = ql.read_runs({"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.5 + 400 * d**-0.5})
    >>> best = ql.plan(ql.fit(runs, "chinchilla"), compute=6e18)
    >>> f"{best.params.value:.3g} {best.params_exponent.value:.3f}"
    '1e+09 0.500'
    """
    compute = as_number("compute", compute)
    if not (np.isfinite(compute) and compute > 6):
        raise InputError(f"compute = {compute!r}: a budget in FLOPs, finite and above six, such as 5.76e23")
    levels = fit.levels if levels is None else tuple(levels)
    point = optimum(fit.law, fit.theta[None, :], compute)
    draws = None if fit.draws is None else optimum(fit.law, fit.draws, compute)

    def estimate(value: Any, many: Any) -> Estimate:
        if many is None:
            return Estimate(float(value[0]), {}, "no draws: fit with a bootstrap")
        return Estimate.from_draws(float(value[0]), many, levels)

    def field_of(name: str) -> Estimate:
        return estimate(getattr(point, name), None if draws is None else getattr(draws, name))

    beyond = fit.decades_beyond(compute=compute)
    notes = list(fit.warnings)
    if fit.without_outliers is not None:
        other = optimum(fit.law, fit.without_outliers[None, :], compute)
        notes.append(
            f"the runs far off the law weigh on the plan: without them params_exponent goes from {point.params_exponent[0]:.3f} to "
            f"{other.params_exponent[0]:.3f}, and params from {point.params[0]:.3g} to {other.params[0]:.3g}"
        )
        warnings.warn(notes[-1], DataWarning, stacklevel=2)
    if beyond > FAR:
        text = f"the budget lies {beyond:.1f} decades beyond the dearest run: the interval holds only if the law keeps its shape that far"
        notes.append(text)
        warnings.warn(text, ExtrapolationWarning, stacklevel=2)
    return Plan(
        compute=float(compute),
        params=field_of("params"),
        tokens=field_of("tokens"),
        loss=field_of("loss"),
        tokens_per_param=estimate(point.tokens / point.params, None if draws is None else draws.tokens / draws.params),
        params_exponent=field_of("params_exponent"),
        tokens_exponent=field_of("tokens_exponent"),
        loss_exponent=field_of("loss_exponent"),
        decades_beyond=beyond,
        warnings=tuple(notes),
        fit=fit,
    )
