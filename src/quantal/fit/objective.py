"""Objectives: what a fit minimises, with first and second derivatives by the residual."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from quantal.errors import InputError, did_you_mean

Kind = Literal["huber", "squares", "l1", "student_t"]


@dataclass(frozen=True)
class Objective:
    """A sum over runs of rho(residual), with the residual in log loss or in loss.

    With ``noise`` it is the negative log likelihood of a density whose scale sigma is fitted along with the law; only
    then do Hessian, profile and information criteria mean anything. ``over`` multiplies rho where the law lies above
    the run: use it when runs are only upper bounds on what could be reached.

    A noise model may name columns: ``errors`` known standard errors of the target, to which sigma is added in quadrature;
    ``scale_by`` a column that the scale is a power of; ``within`` a label whose runs share part of their noise (repeated
    seeds, one evaluation set), or, with ``along``, whose runs are points of one curve, correlated with their neighbours.

    >>> objective("huber").describe()
    'sum of Huber(delta = 0.001) of log residuals'
    """

    name: str
    kind: Kind
    residual: Literal["log", "linear"] = "log"
    delta: float = 1.0
    over: float = 1.0
    noise: bool = False
    degrees: float = 4.0
    errors: str | None = None
    scale_by: str | None = None
    within: str | None = None
    along: str | None = None

    def describe(self) -> str:
        """One line for people."""
        of = "log residuals" if self.residual == "log" else "residuals"
        if self.noise:
            density = {"squares": "Gaussian", "huber": f"Huber density (k = {self.delta:g})"}.get(
                self.kind, f"Student t, {self.degrees:g} degrees of freedom"
            )
            more = [
                f"known errors {self.errors}" if self.errors else "",
                f"scale by {self.scale_by}" if self.scale_by else "",
                f"shared within {self.within}" if self.within and not self.along else "",
                f"correlated along {self.along} within {self.within}" if self.along else "",
            ]
            text = "".join(f", {one}" for one in more if one)
            return f"negative log likelihood, {density} noise with fitted scale in {of}{text}"
        rho = {"huber": f"Huber(delta = {self.delta:g})", "squares": "half squares", "l1": "absolute values"}[self.kind]
        tail = f", overestimates weighed {self.over:g} times" if self.over != 1.0 else ""
        return f"sum of {rho} of {of}{tail}"

    @property
    def kinked(self) -> bool:
        """Whether the first derivative jumps, so that convergence is judged by the subgradient."""
        return self.kind == "l1"

    def rho(self, r: Any) -> tuple[Any, Any, Any]:
        """rho, rho' and rho'' at residuals of any shape (standardised ones under a noise model)."""
        if self.kind == "squares":
            value, slope, curve = 0.5 * r * r, r, np.ones_like(r)
        elif self.kind == "student_t":
            nu = self.degrees
            base = nu + r * r
            value, slope, curve = (
                0.5 * (nu + 1) * np.log(base / nu),
                (nu + 1) * r / base,
                (nu + 1) * (nu - r * r) / base**2,
            )
        else:
            slope = np.clip(r, -self.delta, self.delta)
            value = slope * (r - 0.5 * slope)
            curve = (slope == r).astype(float)
            if self.kind == "l1":
                value, slope, curve = value / self.delta, slope / self.delta, curve / self.delta
        if self.over != 1.0:
            weight = np.where(r < 0, self.over, 1.0)
            return value * weight, slope * weight, curve * weight
        return value, slope, curve

    def constant(self) -> float:
        """The logarithm of the noise density's normaliser, which each run adds to the negative log likelihood."""
        if not self.noise:
            return 0.0
        if self.kind == "squares":
            return 0.5 * math.log(2 * math.pi)
        if self.kind == "student_t":
            nu = self.degrees
            return math.lgamma(nu / 2) - math.lgamma((nu + 1) / 2) + 0.5 * math.log(nu * math.pi)
        k = self.delta
        return math.log(math.sqrt(2 * math.pi) * math.erf(k / math.sqrt(2)) + 2 / k * math.exp(-k * k / 2))

    def stages(self, cold: bool = False) -> tuple[Objective, ...]:
        """The objectives to be minimised in turn, itself last: a kinked one through Huber functions that close in on it.

        ``cold`` puts wide Huber functions first, whose basin is wide too, for starts that lie anywhere.
        """
        if self.kind not in ("l1", "huber") or self.noise:
            return (self,)
        closing = (1e-3, 1e-4, 1e-5, 1e-6) if self.kind == "l1" else ()
        widths = ((1.0, 0.03) if cold and self.residual == "log" else ()) + closing
        return (*(replace(self, delta=delta) for delta in widths if delta > self.delta), self)


OBJECTIVES: dict[str, Objective] = {
    one.name: one
    for one in (
        Objective("huber", "huber", delta=1e-3),
        Objective("log_squares", "squares"),
        Objective("squares", "squares", residual="linear"),
        Objective("l1", "l1", delta=1e-7),
        Objective("asymmetric", "huber", delta=1e-3, over=10.0),
        Objective("gaussian", "squares", noise=True),
        Objective("student_t", "student_t", noise=True),
        Objective("huber_density", "huber", delta=1.345, noise=True),
    )
}


def objective(
    name: str | Objective,
    *,
    delta: float | None = None,
    over: float | None = None,
    residual: Literal["log", "linear"] | None = None,
    degrees: float | None = None,
    errors: str | None = None,
    scale_by: str | None = None,
    within: str | None = None,
    along: str | None = None,
) -> Objective:
    """The objective of a name, with another Huber width ``delta``, penalty ``over`` or unit of residuals if given.

    huber: summed Huber of log residuals (Hoffmann et al. 2022, approach 3, delta 1e-3); log_squares, squares: half the
    sum of squares in log loss or in loss; l1: absolute log residuals; asymmetric: Huber with overestimates weighed ten
    times; gaussian, student_t, huber_density: noise models with a fitted scale, which take columns of the runs as
    `Objective` says.

    Raises:
        InputError: unknown name; delta, over or degrees not above zero; residual neither "log" nor "linear".

    >>> objective("huber", delta=0.01).delta
    0.01
    """
    if isinstance(name, Objective):
        found = name
    elif name in OBJECTIVES:
        found = OBJECTIVES[name]
    else:
        raise InputError(f"there is no objective {name!r}. {did_you_mean(str(name), OBJECTIVES)}")
    if residual not in (None, "log", "linear"):
        raise InputError(f"objective {found.name}: residual = {residual!r}; it is 'log' or 'linear'")
    for label, value in (("delta", delta), ("over", over), ("degrees", degrees)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(
                f"objective {found.name}: {label} = {value!r} must be a finite number above zero, such as 1e-3"
            )
    return replace(
        found,
        delta=found.delta if delta is None else float(delta),
        over=found.over if over is None else float(over),
        degrees=found.degrees if degrees is None else float(degrees),
        residual=residual or found.residual,
        errors=errors or found.errors,
        scale_by=scale_by or found.scale_by,
        within=within or found.within,
        along=along or found.along,
    )
