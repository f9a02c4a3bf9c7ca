"""The grid on which a task's way from chance is summed over: where, how sharply, how far up, how models scatter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from quantal.laws.law import Floats

TAUS = (1.0, 10.0, 100.0)
SPREADS = (0.0, 1.0, 2.5)
"""Standard deviations of a task's quanta in ln frequency."""
TOPS = (0.15, 0.35, 0.65, 1.0)
SCATTERS = (0.1, 0.3, 0.8)
"""Standard deviations, in decades of scale, by which models are ahead or behind."""
NODES = 7
BEYOND = 6.0
CELL = 0.25 * float(np.log(10.0))
"""Width in ln scale of the cells of a grid of middles: nothing is known more finely."""
PARTS = 10
LN10 = float(np.log(10.0))
MISFIT = 0.03
"""Score by which a model may lie off the curve for other reasons than being ahead or behind."""


class Shapes(NamedTuple):
    """Curves g (S, U) on a grid of u = ln x - m, rising from 0 to 1 and one half at about u = 0."""

    u: Floats
    g: Floats

    def at(self, u: Floats) -> Floats:
        """Every curve at u (...): (S, ...), by linear interpolation."""
        place = np.clip((u - self.u[0]) / (self.u[1] - self.u[0]), 0, len(self.u) - 1.001)
        low = place.astype(int)
        part = place - low
        return self.g[:, low] * (1 - part) + self.g[:, low + 1] * part


@cache
def curve_shapes(stretch: float) -> Shapes:
    r"""P(\tau, \tau e^{u / stretch}), regularised incomplete gamma, averaged over normal u of each spread.

    >>> shapes = curve_shapes(1.0)
    >>> bool(np.all(np.diff(shapes.g, axis=1) >= -1e-12)), bool(np.all(shapes.g[:, -1] > 0.999))
    (True, True)
    """
    from scipy.special import gammainc

    u = np.linspace(-40.0, 40.0, 3201)
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    weights = weights / weights.sum()
    rows = []
    for tau in TAUS:
        for spread in SPREADS:
            moved = (u[:, None] + stretch * spread * nodes) / stretch
            rows.append(gammainc(tau, tau * np.exp(np.clip(moved, -700, 60))) @ weights)
    return Shapes(u, np.maximum.accumulate(np.array(rows), axis=1))


@dataclass(frozen=True, eq=False)
class Grid:
    """A task's scores (n,) at ln scale (n,) with errors (n,); ``units`` numbers the model that each belongs to."""

    logs: Floats
    scores: Floats
    errors: Floats
    units: np.ndarray
    chance: float
    threshold: float
    shapes: Shapes

    @cached_property
    def middles(self) -> Floats:
        """ln scales m at which a task may be half way, from two decades below the runs to six beyond them."""
        low, high = self.logs.min() - 2 * LN10, self.logs.max() + BEYOND * LN10
        return np.arange(low, high, CELL)

    @cached_property
    def log_likelihood(self) -> Floats:
        """ln likelihood (M, S, T, W) at each middle, shape, top and scatter, what models are ahead by integrated out."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        weights = weights / weights.sum()
        count = int(self.units.max()) + 1
        size = (len(self.middles), len(self.shapes.g), len(TOPS), len(SCATTERS))
        out = np.zeros(size)
        variance = self.errors**2 + MISFIT**2
        order = np.argsort(self.units, kind="stable")
        edges = np.searchsorted(self.units[order], np.arange(count))
        # points of one model move together, and not as many times independently as there are checkpoints
        share = np.array([1.0 / np.sqrt(np.sum(self.units == unit)) for unit in range(count)])
        for w, scatter in enumerate(SCATTERS):
            total = np.empty((NODES, *size[:3], count))
            for k, node in enumerate(nodes):
                u = self.logs[order] - self.middles[:, None] - scatter * LN10 * node
                g = self.shapes.at(u).swapaxes(0, 1)
                for t, top in enumerate(TOPS):
                    mean = self.chance + top * (1 - self.chance) * g
                    terms = -0.5 * (self.scores[order] - mean) ** 2 / variance[order]
                    total[k, :, :, t] = np.add.reduceat(terms, edges, axis=-1) * share
            high = total.max(axis=0)
            inside = np.einsum("k,kmstc->mstc", weights, np.exp(total - high))
            out[..., w] = (np.log(np.maximum(inside, 1e-300)) + high).sum(axis=-1)
        return out

    def posterior(self, hazard: float) -> Posterior:
        """The grid's weights when, of the tasks at chance, ``hazard`` a decade leave it: density hazard e^(-hazard d)."""
        decades = (self.middles - self.middles[0]) / LN10
        prior = hazard * np.exp(-hazard * decades)
        never = float(np.exp(-hazard * decades[-1]))
        prior = prior * (1 - never) / prior.sum()
        joint = self.log_likelihood + np.log(prior)[:, None, None, None] - np.log(self.log_likelihood[0].size)
        flat = -0.5 * (self.scores - self.chance) ** 2 / (self.errors**2 + MISFIT**2)
        counts = np.bincount(self.units)
        stays = float(np.sum(np.bincount(self.units, flat) / np.sqrt(counts))) + np.log(never)
        high = max(float(joint.max()), stays)
        weights = np.exp(joint - high)
        whole = float(weights.sum()) + float(np.exp(stays - high))
        return Posterior(self, weights / whole, float(np.exp(stays - high)) / whole, float(np.log(whole)) + high)


class Shares(NamedTuple):
    """Shares (J, n) of models above a threshold at n scales, and the weight (J,) of each."""

    shares: Floats
    weights: Floats

    def probability(self) -> Floats:
        """The mean share (n,): the probability that a new model lies above."""
        return np.clip(self.weights @ self.shares, 1e-6, 1 - 1e-6)

    def interval(self, level: float) -> Floats:
        """The central interval (n, 2) of the share, at a level in percent."""
        ends = np.empty((self.shares.shape[1], 2))
        for i, column in enumerate(self.shares.T):
            order = np.argsort(column, kind="stable")
            places = np.searchsorted(np.cumsum(self.weights[order]), (0.5 - level / 200, 0.5 + level / 200))
            ends[i] = column[order][np.minimum(places, len(column) - 1)]
        return ends


@dataclass(frozen=True, eq=False)
class Posterior:
    """Weights (M, S, T, W) of the grid and of staying at chance throughout, with the ln evidence."""

    grid: Grid
    weights: Floats
    stays: float
    evidence: float

    def shares(self, logs: Floats) -> Shares:
        """Of models at ln scales (n,), the share that scores above the threshold, were each cell of the grid the truth."""
        from scipy.special import ndtr

        grid = self.grid
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        weights = weights / weights.sum()
        noise = float(np.sqrt(np.median(grid.errors) ** 2 + MISFIT**2))
        shares = np.zeros((*self.weights.shape, len(logs)))
        for w, scatter in enumerate(SCATTERS):
            for weight, node in zip(weights, nodes, strict=True):
                g = grid.shapes.at(logs - grid.middles[:, None] - scatter * LN10 * node).swapaxes(0, 1)
                for t, top in enumerate(TOPS):
                    above = ndtr((grid.chance + top * (1 - grid.chance) * g - grid.threshold) / noise)
                    shares[:, :, t, w] += weight * above
        at_chance = np.full((1, len(logs)), float(ndtr((grid.chance - grid.threshold) / noise)))
        return Shares(
            np.concatenate([shares.reshape(-1, len(logs)), at_chance]), np.append(self.weights.ravel(), self.stays)
        )

    def starts(self) -> tuple[Floats, Floats]:
        """ln scales at which a middling model's score passes the threshold, in order, and their probabilities."""
        grid = self.grid
        share = (grid.threshold - grid.chance) / (1 - grid.chance)
        places, mass = [], []
        for t, top in enumerate(TOPS):
            for s, g in enumerate(grid.shapes.g):
                place = float(np.interp(share / top, g, grid.shapes.u)) if share < top else np.inf
                places.append(grid.middles + place)
                mass.append(self.weights[:, s, t].sum(axis=-1))
        # a middle stands for its whole cell
        parts = CELL * ((np.arange(PARTS) + 0.5) / PARTS - 0.5)
        where = (np.concatenate(places)[:, None] + parts).ravel()
        how_much = np.repeat(np.concatenate(mass) / PARTS, PARTS)
        finite = np.isfinite(where)
        order = np.argsort(where[finite])
        return where[finite][order], how_much[finite][order]
