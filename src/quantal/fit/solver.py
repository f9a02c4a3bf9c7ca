"""A batched minimiser: damped Newton steps for many starts, resamples or profile points in lockstep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quantal.fit.problem import Problem
from quantal.laws.law import Floats

Progress = Callable[[int, int], None]

BATCH_ELEMENTS = 160_000
MAX_ITERATIONS = 300
TOLERANCE = 1e-11
LONGEST_STEP = 2.0
START_DAMPING, SHRINK, GROW = 0.03, 0.3, 6.0
SINKING, RISING = -0.98, 1e8
"""The smallest and the largest relative change of an additive amplitude in one step."""


@dataclass(frozen=True)
class Solution:
    """Where each of R minimisations ended.

    ``decrement`` is half of g H^-1 g over the objective: by how much, relatively, one more Newton step would lower it.
    It does not depend on the scaling of parameters, and convergence is judged by it.
    """

    free: Floats
    objective: Floats
    decrement: Floats
    converged: np.ndarray
    iterations: np.ndarray

    def continued(self, rows: np.ndarray, later: Solution) -> Solution:
        """This solution with the rows of a mask replaced by where a later one took them."""
        out = Solution(*(np.array(part) for part in vars(self).values()))
        for mine, new in zip(vars(out).values(), vars(later).values(), strict=True):
            mine[rows] = new
        out.iterations[rows] += self.iterations[rows]
        return out


def minimise(
    problem: Problem,
    starts: Floats,
    weights: Floats,
    *,
    targets: Floats | None = None,
    metric: Floats | None = None,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    progress: Progress | None = None,
) -> Solution:
    """Minimise from each row of ``starts`` (R, q), with weights (and targets) (n,) shared or (R, n) one row a start.

    Exact Hessians, Levenberg damping in a metric (q, q) that is the Gauss-Newton matrix (at each start, unless given):
    steps do not depend on the scaling or correlation of parameters. An amplitude that the law only adds, such as a floor,
    moves by x (1 + step) with its Hessian in natural coordinates, so that a floor of zero is reached in a few steps.
    Finished rows leave the batch and others take their place, so that every row's result is independent of the others.
    """
    count, size = starts.shape
    out = Solution(
        starts.copy(),
        np.full(count, np.inf),
        np.full(count, np.inf),
        np.zeros(count, dtype=bool),
        np.zeros(count, dtype=int),
    )
    targets = problem.targets if targets is None else targets
    rows = Rows(weights, targets)
    batch = int(np.clip(BATCH_ELEMENTS // problem.n, 8, 512))
    waiting, smallest, additive = 0, problem.smallest, problem.additive
    ids = np.empty(0, dtype=int)
    state = _State.empty(size, rows.take(np.empty(0, dtype=int)))
    while waiting < count or len(ids):
        room = batch - len(ids)
        if room and waiting < count and (room >= batch // 4 or not len(ids)):
            new = np.arange(waiting, min(count, waiting + room))
            waiting += len(new)
            ids = np.concatenate([ids, new])
            own = rows.take(new)
            lengths = problem.evaluate(starts[new], *own, metric=True)[2] if metric is None else metric
            state = state.joined(starts[new], own, np.broadcast_to(lengths, (len(new), size, size)))
        state.step(problem, tolerance, smallest, additive)
        state.age += 1
        over = state.done | (state.age >= max_iterations)
        if np.any(over) and (over.mean() >= 0.2 or np.all(over) or waiting >= count):
            gone = ids[over]
            out.free[gone] = state.free[over]
            out.objective[gone] = state.objective[over]
            out.decrement[gone] = state.decrement[over]
            out.converged[gone] = state.ok[over]
            out.iterations[gone] = state.age[over]
            ids, state = ids[~over], state.kept(~over)
            if progress is not None:
                progress(count - len(ids) - (count - waiting), count)
    return out


class Rows(NamedTuple):
    """Weights and targets, each (n,) and shared or (R, n)."""

    weights: Floats
    targets: Floats

    def take(self, index: np.ndarray) -> Rows:
        return Rows(*(part if part.ndim == 1 else part[index] for part in self))

    def joined(self, other: Rows) -> Rows:
        return Rows(*(a if a.ndim == 1 else np.concatenate([a, b]) for a, b in zip(self, other, strict=True)))


@dataclass
class _State:
    """The rows that are being minimised now."""

    free: Floats
    trial: Floats
    objective: Floats
    predicted: Floats
    gradient: Floats
    hessian: Floats
    metric: Floats
    damping: Floats
    decrement: Floats
    done: np.ndarray
    ok: np.ndarray
    age: np.ndarray
    rows: Rows

    @classmethod
    def empty(cls, size: int, rows: Rows) -> _State:
        none, square = np.empty((0, size)), np.empty((0, size, size))
        flat, flags = np.empty(0), np.empty(0, dtype=bool)
        return cls(
            none,
            none,
            flat,
            flat,
            none,
            square,
            square,
            flat,
            flat,
            flags,
            flags,
            np.empty(0, dtype=int),
            rows,
        )

    def joined(self, starts: Floats, rows: Rows, metric: Floats) -> _State:
        m, size = starts.shape
        add = np.concatenate
        return _State(
            add([self.free, starts]),
            add([self.trial, starts]),
            add([self.objective, np.full(m, np.inf)]),
            add([self.predicted, np.zeros(m)]),
            add([self.gradient, np.zeros((m, size))]),
            add([self.hessian, np.zeros((m, size, size))]),
            add([self.metric, _bounded(metric)]),
            add([self.damping, np.full(m, START_DAMPING)]),
            add([self.decrement, np.full(m, np.inf)]),
            add([self.done, np.zeros(m, dtype=bool)]),
            add([self.ok, np.zeros(m, dtype=bool)]),
            add([self.age, np.zeros(m, dtype=int)]),
            self.rows.joined(rows),
        )

    def kept(self, mask: np.ndarray) -> _State:
        return _State(
            self.free[mask],
            self.trial[mask],
            self.objective[mask],
            self.predicted[mask],
            self.gradient[mask],
            self.hessian[mask],
            self.metric[mask],
            self.damping[mask],
            self.decrement[mask],
            self.done[mask],
            self.ok[mask],
            self.age[mask],
            self.rows.take(mask),
        )

    def step(self, problem: Problem, tolerance: float, smallest: float, additive: tuple[int, ...]) -> None:
        """Look at the trial points, accept or refuse them, and propose the next ones."""
        value, gradient, hessian = problem.evaluate(self.trial, *self.rows)
        hessian[:, additive, additive] -= gradient[:, additive]
        usable = np.isfinite(value) & np.isfinite(gradient).all(axis=1) & np.isfinite(hessian).all(axis=(1, 2))
        fresh = np.isinf(self.objective)
        size_of = _size(self.objective, smallest)
        accept = usable & (fresh | (value <= self.objective)) & ~self.done
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(fresh, 1.0, (self.objective - value) / self.predicted)
        self.damping = np.where(
            fresh,
            self.damping,
            np.where(
                accept & (ratio > 0.6),
                self.damping * SHRINK,
                np.where(accept & (ratio > 0.2), self.damping, self.damping * GROW),
            ),
        )
        self.damping = np.maximum(self.damping, 1e-12)
        stuck = ~accept & ~fresh & (self.predicted <= 1e-14 * size_of)
        self.free[accept], self.objective[accept] = self.trial[accept], value[accept]
        self.gradient[accept], self.hessian[accept] = gradient[accept], hessian[accept]
        failed = (fresh & ~usable) | (self.damping > 1e14)
        move, decrement = self._solve(additive)
        self.decrement = np.where(self.done, self.decrement, decrement / _size(self.objective, smallest))
        others = np.ones(move.shape[1], dtype=bool)
        others[list(additive)] = False
        longest = np.abs(move[:, others]).max(axis=1, initial=0.0)
        move *= np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300))[:, None]
        move[:, additive] = np.clip(move[:, additive], SINKING, RISING)
        bent = np.einsum("ri,rij,rj->r", move, self.hessian, move)
        self.predicted = -(np.einsum("ri,ri->r", self.gradient, move) + 0.5 * bent)
        small = (self.decrement <= tolerance) & (self.damping <= 1.0)
        reached = (small | stuck) & ~failed
        self.ok = np.where(self.done, self.ok, reached & (self.decrement <= 1e-6))
        self.done = self.done | reached | failed
        move[:, additive] = np.log1p(move[:, additive])
        self.trial = self.free + move

    def _solve(self, additive: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Damped Newton moves (R, q), with damping raised until the matrix is positive, and half of g (H+)^-1 g."""
        move = np.zeros_like(self.free)
        todo = ~self.done & np.isfinite(self.objective)
        for _ in range(40):
            if not np.any(todo):
                break
            matrix = self.hessian[todo] + self.damping[todo, None, None] * self.metric[todo]
            found, positive = solve_positive(matrix, -self.gradient[todo])
            if additive:
                _sink(found, matrix, -self.gradient[todo], additive)
            index = np.flatnonzero(todo)
            move[index[positive]] = found[positive]
            self.damping[index[~positive]] = np.maximum(self.damping[index[~positive]] * 10.0, 1e-4)
            todo[index[positive]] = False
        return move, -0.5 * np.einsum("ri,ri->r", self.gradient, move)


def _sink(found: Floats, matrix: Floats, right: Floats, additive: tuple[int, ...]) -> None:
    """Where an additive amplitude would fall below zero, let it sink to 2 % and solve for the other moves again."""
    sinking = np.zeros(found.shape, dtype=bool)
    sinking[:, additive] = found[:, additive] < SINKING
    rows = np.flatnonzero(sinking.any(axis=1))
    if not len(rows):
        return
    held = sinking[rows]
    fixed = np.where(held, SINKING, 0.0)
    rest = right[rows] - np.einsum("rij,rj->ri", matrix[rows], fixed)
    reduced = np.where(held[:, :, None] | held[:, None, :], np.eye(found.shape[1]), matrix[rows])
    found[rows] = solve_positive(reduced, np.where(held, SINKING, rest))[0]


def _size(objective: Floats, smallest: float) -> Floats:
    return np.maximum(np.abs(np.where(np.isfinite(objective), objective, 1.0)), smallest)


def _bounded(metric: Floats) -> Floats:
    """The metric with a small multiple of its own diagonal added, so that no direction is without length."""
    diagonal = np.einsum("rii->ri", metric)
    finite = np.where(np.isfinite(diagonal), diagonal, 1.0)
    floor = 1e-7 * finite + 1e-12 * finite.max(axis=1, keepdims=True) + 1e-300
    clean = np.where(np.isfinite(metric), metric, 0.0)
    return clean + floor[:, :, None] * np.eye(metric.shape[1])


def solve_positive(matrix: Floats, right: Floats) -> tuple[Floats, np.ndarray]:
    """Solve many small symmetric systems (R, q, q) x = (R, q) by Cholesky; False where a matrix is not positive."""
    size = right.shape[1]
    lower = np.zeros_like(matrix)
    positive = np.ones(len(right), dtype=bool)
    scale = np.einsum("rii->ri", matrix)
    for j in range(size):
        row = lower[:, j, :j]
        pivot = matrix[:, j, j] - np.einsum("rk,rk->r", row, row)
        good = pivot > 1e-14 * np.abs(scale[:, j])
        positive &= good
        root = np.sqrt(np.where(good, pivot, 1.0))
        lower[:, j, j] = root
        if j + 1 < size:
            below = matrix[:, j + 1 :, j] - np.einsum("rik,rk->ri", lower[:, j + 1 :, :j], row)
            lower[:, j + 1 :, j] = below / root[:, None]
    x = np.empty_like(right)
    for j in range(size):
        x[:, j] = (right[:, j] - np.einsum("rk,rk->r", lower[:, j, :j], x[:, :j])) / lower[:, j, j]
    for j in range(size - 1, -1, -1):
        x[:, j] = (x[:, j] - np.einsum("rk,rk->r", lower[:, j + 1 :, j], x[:, j + 1 :])) / lower[:, j, j]
    return x, positive
