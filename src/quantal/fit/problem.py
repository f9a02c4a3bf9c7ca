"""A fit's problem: a law on runs under an objective, evaluated for many parameter vectors at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from quantal.fit.objective import Objective
from quantal.laws import Law, natural, slopes
from quantal.laws import free as to_free
from quantal.laws.law import Floats

CHUNK_ELEMENTS = 18_000
"""Rows times runs that are evaluated together: what fits into a core's cache."""


@dataclass(frozen=True)
class Problem:
    """Minimise sum_i w_i rho(residual_i) over the free coordinates of a law's parameters (and log sigma, under noise).

    ``vary`` are the parameters that move; the others stay at ``fixed`` (P,). Free coordinates have shape (R, q), with
    log sigma last where the objective is a noise model; weights (n,) or (R, n).
    """

    law: Law
    inputs: Mapping[str, Floats]
    y: Floats
    objective: Objective
    vary: tuple[int, ...]
    fixed: Floats = field(repr=False)

    @classmethod
    def of(cls, law: Law, inputs: Mapping[str, Floats], y: Floats, objective: Objective) -> Problem:
        size = len(law.parameters)
        return cls(law, inputs, y, objective, tuple(range(size)), np.full(size, np.nan))

    @property
    def size(self) -> int:
        """Number of free coordinates q."""
        return len(self.vary) + self.objective.noise

    @property
    def n(self) -> int:
        return len(self.y)

    def under(self, objective: Objective) -> Problem:
        return replace(self, objective=objective)

    def holding(self, index: int, theta: Floats) -> Problem:
        """The same problem with parameter ``index`` held at its value in theta."""
        return replace(self, vary=tuple(i for i in self.vary if i != index), fixed=theta)

    def theta(self, free: Floats) -> Floats:
        """Natural parameters (R, P) from free coordinates (R, q)."""
        out = np.tile(self.fixed, (len(free), 1))
        varied = tuple(self.law.parameters[i] for i in self.vary)
        out[:, self.vary] = natural(varied, free[:, : len(self.vary)])
        return out

    def free(self, theta: Floats, log_sigma: Floats | float = 0.0) -> Floats:
        """Free coordinates (R, q) from natural parameters (R, P)."""
        out = to_free(tuple(self.law.parameters[i] for i in self.vary), theta[:, self.vary])
        if self.objective.noise:
            out = np.concatenate([out, np.broadcast_to(log_sigma, (len(theta),))[:, None]], axis=1)
        return out

    @property
    def targets(self) -> Floats:
        """What residuals are taken from (n,): the target, or its logarithm."""
        return np.log(self.y) if self.objective.residual == "log" else self.y

    @property
    def smallest(self) -> float:
        """The objective of residuals at the level of rounding (1e-9 of the target): below it, a fit is exact."""
        size = 1e-9 if self.objective.residual == "log" else 1e-9 * float(np.median(np.abs(self.y)))
        return float(self.n * self.objective.rho(np.array([size]))[0][0])

    def residuals(self, values: Floats) -> Floats:
        """Residuals of the objective's kind for predicted values (..., n)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.targets - (np.log(values) if self.objective.residual == "log" else values)

    def values(self, free: Floats, weights: Floats) -> Floats:
        """The objective (R,) alone."""
        with np.errstate(all="ignore"):
            r = self.residuals(self.law.value(self.inputs, self.theta(free)))
            if self.objective.noise:
                s = free[:, -1:]
                v = self.objective.rho(r * np.exp(-s))[0] + s + self.objective.constant()
            else:
                v = self.objective.rho(r)[0]
        total = _dot(v, np.broadcast_to(weights, v.shape))
        return np.where(np.isfinite(total), total, np.inf)

    def evaluate(
        self, free: Floats, weights: Floats, targets: Floats | None = None, metric: bool = False
    ) -> tuple[Floats, Floats, Floats]:
        """Objective (R,), gradient (R, q) and Hessian (R, q, q) by the free coordinates.

        ``targets`` (n,) or (R, n) replace the measured ones, as in a residual bootstrap. With ``metric`` the matrix is
        that of Gauss and Newton instead, sum_i w_i r_p r_q: a positive measure of length that does not depend on how
        the parameters are scaled or correlated.
        """
        targets = self.targets if targets is None else targets
        rows = max(1, CHUNK_ELEMENTS // self.n)
        parts = []
        with np.errstate(all="ignore"):
            for first in range(0, len(free), rows):
                chunk = slice(first, first + rows)
                w, t = (each if each.ndim == 1 else each[chunk] for each in (weights, targets))
                parts.append(self._evaluate(free[chunk], w, t, metric))
            total, gradient, hessian = (np.concatenate(each) for each in zip(*parts, strict=True))
            return self._to_free(self.theta(free), total, gradient, hessian, metric)

    def _evaluate(self, free: Floats, weights: Floats, targets: Floats, metric: bool) -> tuple[Floats, Floats, Floats]:
        rows, size, moving = len(free), self.size, len(self.vary)
        theta = self.theta(free)
        jet = self.law.jet(self.inputs, theta, self.vary)
        f = np.broadcast_to(jet.value, (rows, self.n))
        w = np.broadcast_to(weights, (rows, self.n))
        if self.objective.residual == "log":
            inverse = 1.0 / f
            r = targets - np.log(f)
        else:
            inverse = None
            r = targets - f
        if self.objective.noise:
            s = free[:, -1:]
            shrink = np.exp(-s)
            z = r * shrink
            v, v_r, v_rr = self.objective.rho(z)
            v_s, v_ss, v_rs = 1.0 - v_r * z, v_rr * z * z + v_r * z, -(v_rr * z + v_r) * shrink
            v, v_r, v_rr = v + s + self.objective.constant(), v_r * shrink, v_rr * shrink * shrink
        else:
            v, v_r, v_rr = self.objective.rho(r)
            v_s = v_ss = v_rs = np.zeros(())
        total = _dot(v, w)
        gradient, hessian = np.zeros((rows, size)), np.zeros((rows, size, size))
        slope, curve = w * v_r, w * v_rr
        if inverse is None:
            first, second = -slope, curve
        else:
            first, second = -slope * inverse, (slope + curve) * inverse * inverse
        if metric:
            second = w if inverse is None else w * inverse * inverse
        for i in range(moving):
            g = jet.gradient.get(i)
            if g is None:
                continue
            gradient[:, i] = _dot(first, g)
            scaled = second * g
            for j in range(i, moving):
                if j in jet.gradient:
                    hessian[:, i, j] = _dot(scaled, jet.gradient[j])
                if not metric and (i, j) in jet.hessian:
                    hessian[:, i, j] += _dot(first, jet.hessian[i, j])
            if self.objective.noise and not metric:
                down = -w * v_rs if inverse is None else -w * v_rs * inverse
                hessian[:, i, moving] = _dot(down, g)
        if self.objective.noise:
            gradient[:, moving] = _dot(w, v_s)
            hessian[:, moving, moving] = 2.0 * w.sum(axis=1) if metric else _dot(w, v_ss)
        return total, gradient, hessian

    def _to_free(
        self, theta: Floats, total: Floats, gradient: Floats, hessian: Floats, metric: bool
    ) -> tuple[Floats, Floats, Floats]:
        varied = tuple(self.law.parameters[i] for i in self.vary)
        first, second = slopes(varied, theta[:, self.vary])
        moving = len(self.vary)
        upper = np.triu(hessian, 1)
        hessian = hessian + np.swapaxes(upper, 1, 2)
        scale = np.ones((len(theta), self.size))
        scale[:, :moving] = first
        hessian = hessian * scale[:, :, None] * scale[:, None, :]
        if not metric:
            index = np.arange(moving)
            hessian[:, index, index] += gradient[:, :moving] * second
        return np.where(np.isfinite(total), total, np.inf), gradient * scale, hessian


def _dot(a: Floats, b: Any) -> Floats:
    """sum over the last axis of a (R, n) times b, which may be a number, (R, 1), (1, n) or (R, n)."""
    if np.ndim(b) == 0:
        return a.sum(axis=1) * b
    if b.shape[1] == 1:
        return a.sum(axis=1) * b[:, 0]
    if b.shape[0] == 1:
        return a @ b[0]
    return np.vecdot(a, b)
