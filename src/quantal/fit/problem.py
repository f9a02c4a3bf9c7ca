"""A fit's problem: a law on runs under an objective, evaluated for many parameter vectors at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from quantal.fit.noise import Scale, Whitening
from quantal.fit.objective import Objective
from quantal.laws import Law, natural, slopes
from quantal.laws import free as to_free
from quantal.laws.law import Floats

CHUNK_ELEMENTS = 18_000
"""Rows times runs that are evaluated together: what fits into a core's cache."""


class _Terms(NamedTuple):
    """The objective (R,), its weighted slope and curvature by residuals (R, n), and its derivatives by log scale."""

    total: Floats
    slope: Floats
    curve: Floats
    v_s: Floats
    v_ss: Floats
    v_rs: Floats
    along: tuple[Any, ...]


@dataclass(frozen=True)
class Problem:
    """Minimise sum_i w_i rho(residual_i) over the free coordinates of a law's parameters (and log sigma, under noise).

    ``vary`` are the parameters that move; the others stay at ``fixed`` (P,). Free coordinates have shape (R, q), with
    those of the noise's scale last (log sigma first) where the objective is a noise model; weights (n,) or (R, n).
    Residuals are whitened before rho is taken of them where ``whiten`` is given.
    """

    law: Law
    inputs: Mapping[str, Floats]
    y: Floats
    objective: Objective
    vary: tuple[int, ...]
    fixed: Floats = field(repr=False)
    scale: Scale = field(default=Scale(), repr=False)
    whiten: Whitening | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        law: Law,
        inputs: Mapping[str, Floats],
        y: Floats,
        objective: Objective,
        scale: Scale | None = None,
        whiten: Whitening | None = None,
    ) -> Problem:
        size = len(law.parameters)
        return cls(law, inputs, y, objective, tuple(range(size)), np.full(size, np.nan), scale or Scale(), whiten)

    @property
    def size(self) -> int:
        """Number of free coordinates q."""
        return len(self.vary) + (self.scale.size if self.objective.noise else 0)

    @property
    def additive(self) -> tuple[int, ...]:
        """The positions among the free coordinates of amplitudes that the law only adds."""
        chosen = self.law.additive_parameters()
        return tuple(k for k, i in enumerate(self.vary) if i in chosen)

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
            phi = np.zeros((len(theta), self.scale.size))
            phi[:, 0] = log_sigma
            out = np.concatenate([out, phi], axis=1)
        return out

    def arranged(self, free: Floats) -> Floats:
        """Free coordinates (R, q) with exchangeable parameters in the one order in which the law reports them."""
        if self.law.arrange is None or len(self.vary) < len(self.law.parameters):
            return free
        theta = self.law.arrange(self.theta(free))
        return np.concatenate([to_free(self.law.parameters, theta), free[:, len(self.vary) :]], axis=1)

    @property
    def targets(self) -> Floats:
        """What residuals are taken from (n,): the target, or its logarithm."""
        return np.log(self.y) if self.objective.residual == "log" else self.y

    @property
    def _log_det(self) -> float:
        return 0.0 if self.whiten is None else self.whiten.log_det

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
            if self.whiten is not None:
                r = self.whiten(r)
            if self.objective.noise:
                s = self.scale.log_scale(free[:, len(self.vary) :])[0]
                v = self.objective.rho(r * np.exp(-s))[0] + s + self.objective.constant()
            else:
                v = self.objective.rho(r)[0]
        total = _dot(v, np.broadcast_to(weights, v.shape)) - self._log_det
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
        if self.whiten is not None:
            r = self.whiten(r)
        terms = self._terms(free[:, moving:], w, r)
        gradient, hessian = np.zeros((rows, size)), np.zeros((rows, size, size))
        slope, stretch = terms.slope, w if metric else terms.curve
        if self.whiten is None:
            moved: dict[int, Floats] = {}
            second = stretch if metric or inverse is None else stretch + slope
            second = second if inverse is None else second * inverse * inverse
        else:
            moved = {
                i: self.whiten(np.broadcast_to(g if inverse is None else g * inverse, (rows, self.n)))
                for i, g in jet.gradient.items()
            }
            slope = self.whiten.back(slope)
            second = np.zeros(()) if inverse is None else slope * inverse * inverse
        first = -slope if inverse is None else -slope * inverse
        for i in range(moving):
            g = jet.gradient.get(i)
            if g is None:
                continue
            gradient[:, i] = _dot(first, g)
            scaled = second * g
            for j in range(i, moving):
                if j in jet.gradient:
                    if moved:
                        hessian[:, i, j] = np.vecdot(stretch * moved[i], moved[j])
                    if not moved or (not metric and inverse is not None):
                        hessian[:, i, j] += _dot(scaled, jet.gradient[j])
                if not metric and (i, j) in jet.hessian:
                    hessian[:, i, j] += _dot(first, jet.hessian[i, j])
            if not metric:
                for a, along in enumerate(terms.along):
                    down = -w * terms.v_rs * along
                    if moved:
                        hessian[:, i, moving + a] = np.vecdot(down, moved[i])
                    else:
                        hessian[:, i, moving + a] = _dot(down if inverse is None else down * inverse, g)
        for a, along in enumerate(terms.along):
            gradient[:, moving + a] = _dot(w, terms.v_s * along)
            for b in range(a, len(terms.along)):
                both = along * terms.along[b]
                inner = 2.0 * both if metric else terms.v_ss * both
                hessian[:, moving + a, moving + b] = _dot(w, np.broadcast_to(inner, w.shape))
        return terms.total, gradient, hessian

    def _terms(self, phi: Floats, w: Floats, r: Floats) -> _Terms:
        """The objective and its derivatives by residuals (R, n) and by log scale, at the scale's coordinates (R, k)."""
        if not self.objective.noise:
            v, v_r, v_rr = self.objective.rho(r)
            none = np.zeros(())
            return _Terms(_dot(v, w) - self._log_det, w * v_r, w * v_rr, none, none, none, ())
        s, along, bend = self.scale.log_scale(phi)
        shrink = np.exp(-s)
        z = r * shrink
        v, v_r, v_rr = self.objective.rho(z)
        v_s = 1.0 - v_r * z
        total = _dot(v + s + self.objective.constant(), w) - self._log_det
        v_ss = v_rr * z * z + v_r * z + v_s * bend
        return _Terms(total, w * v_r * shrink, w * v_rr * shrink * shrink, v_s, v_ss, -(v_rr * z + v_r) * shrink, along)

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
