"""Newton's method where groups meet only in a border of shared values: an arrow-shaped Hessian, solved by its Schur complement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quantal.fit.problem import Problem
from quantal.laws.law import Floats

OWN_SD = 5.0
"""Width of the weak prior on each group's own free coordinates, around the groups' median."""
STEPS = 200
LONGEST = 2.0


@dataclass(frozen=True)
class Roles:
    """Which of a group's coordinates (q of them, the noise's scale last) are shared, pooled and the group's own."""

    names: tuple[str, ...]
    shared: tuple[int, ...]
    pooled: tuple[int, ...]

    @classmethod
    def of(cls, names: tuple[str, ...], shared: tuple[str, ...], pooled: tuple[str, ...]) -> Roles:
        return cls(names, *(tuple(i for i, name in enumerate(names) if name in chosen) for chosen in (shared, pooled)))

    @property
    def local(self) -> tuple[int, ...]:
        """Coordinates that differ between groups, own and pooled."""
        return tuple(i for i in range(len(self.names)) if i not in self.shared)


class State(NamedTuple):
    """A minimum: groups' blocks (G, m, m), their couplings (G, m, b) to the border, its Schur complement (b, b)."""

    blocks: Floats
    couplings: Floats
    schur: Floats
    converged: bool


@dataclass(frozen=True, eq=False)
class Arrow:
    """Sum of the groups' objectives and of the priors on their coordinates; the border is (shared values, means mu)."""

    problems: list[Problem]
    roles: Roles
    centre: Floats

    def split(self, full: Floats) -> tuple[Floats, Floats]:
        """Local coordinates (G, m) and border (b,) from each group's full ones (G, q)."""
        middle = np.median(full, axis=0)
        border = np.concatenate([middle[list(self.roles.shared)], middle[list(self.roles.pooled)]])
        return full[:, self.roles.local].copy(), border

    def joined(self, u: Floats, border: Floats) -> Floats:
        """Full coordinates (R, G, q) from local ones (R, G, m) and borders (R, b)."""
        full = np.empty((*u.shape[:2], len(self.roles.names)))
        full[..., self.roles.local] = u
        shared = len(self.roles.shared)
        full[..., self.roles.shared] = border[:, None, :shared]
        return full

    def evaluate(
        self, u: Floats, border: Floats, tau: Floats, spent: Floats
    ) -> tuple[float, Floats, Floats, Floats, Floats, Floats]:
        """Value, gradients (G, m) and (b,), blocks (G, m, m), couplings (G, m, b) and the border's own block (b, b).

        ``spent`` (G,) degrees of freedom are taken off the likelihood of the noise's scale, as parameters use them up.
        """
        full = self.joined(u[None], border[None])[0]
        count, local, shared = len(u), list(self.roles.local), list(self.roles.shared)
        m, k, b = len(local), len(shared), len(border)
        slope_u, slope_b = np.zeros((count, m)), np.zeros(b)
        blocks, couplings, corner = np.zeros((count, m, m)), np.zeros((count, m, b)), np.zeros((b, b))
        total = 0.0
        for g, problem in enumerate(self.problems):
            value, gradient, hessian = problem.evaluate(full[g : g + 1], np.ones(problem.n))
            total += float(value[0]) - spent[g] * full[g, -1]
            gradient[0, -1] -= spent[g]
            slope_u[g], slope_b[:k] = gradient[0, local], slope_b[:k] + gradient[0, shared]
            blocks[g] = hessian[0][np.ix_(local, local)]
            couplings[g, :, :k] = hessian[0][np.ix_(local, shared)]
            corner[:k, :k] += hessian[0][np.ix_(shared, shared)]
        for place, i in enumerate(local):
            if i in self.roles.pooled:
                j = self.roles.pooled.index(i)
                off, weight = u[:, place] - border[k + j], tau[j] ** -2
                couplings[:, place, k + j] -= weight
                slope_b[k + j] -= weight * off.sum()
                corner[k + j, k + j] += count * weight
            else:
                off, weight = u[:, place] - self.centre[i], OWN_SD**-2
            total += 0.5 * weight * float(off @ off)
            slope_u[:, place] += weight * off
            blocks[:, place, place] += weight
        return total, slope_u, slope_b, blocks, couplings, corner

    def spread(self, u: Floats, border: Floats, state: State) -> tuple[Floats, Floats]:
        """Variances (G, m) of u about its prior's centre given the runs, and tau squared (J,) as EM has it next."""
        k, local = len(self.roles.shared), self.roles.local
        inverse = np.linalg.inv(state.blocks)
        joint = np.linalg.inv(state.schur) if len(state.schur) else state.schur
        # u - centre = -(rows of A^-1 C, one more for a mean in the border) border + noise of variance A^-1
        rows = np.einsum("gmn,gnb->gmb", inverse, state.couplings)
        for j, i in enumerate(self.roles.pooled):
            rows[:, local.index(i), k + j] += 1.0
        variance = np.einsum("gmm->gm", inverse) + np.einsum("gmb,bc,gmc->gm", rows, joint, rows)
        places = [local.index(i) for i in self.roles.pooled]
        off = u[:, places] - border[k:]
        return variance, np.mean(off**2 + variance[:, places], axis=0)

    def degrees(self, variance: Floats, tau: Floats) -> Floats:
        """Degrees of freedom (G,) that each group's runs spend on parameters other than the noise's scale."""
        sigma = len(self.roles.names) - 1
        weights = np.full(len(self.roles.local), OWN_SD**-2)
        for j, i in enumerate(self.roles.pooled):
            weights[self.roles.local.index(i)] = tau[j] ** -2
        counted = np.array([i != sigma for i in self.roles.local])
        own = np.sum((1.0 - variance * weights)[:, counted], axis=1)
        common = sum(i != sigma for i in (*self.roles.shared, *self.roles.pooled))
        return np.clip(own + common / len(own), 0.0, [0.9 * problem.n for problem in self.problems])

    def draws(
        self, u: Floats, border: Floats, state: State, count: int, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Draws of local coordinates (R, G, m) and of the border (R, b) from the normal approximation at a minimum."""
        size = len(border)
        moved = np.zeros((count, 0))
        if size:
            root = np.linalg.cholesky(np.linalg.inv(state.schur))
            moved = rng.standard_normal((count, size)) @ root.T
        inverse = np.linalg.inv(state.blocks)
        lower = np.linalg.cholesky(0.5 * (inverse + np.swapaxes(inverse, 1, 2)))
        noise = np.einsum("gmn,rgn->rgm", lower, rng.standard_normal((count, *u.shape)))
        pull = np.einsum("gmn,gnb,rb->rgm", inverse, state.couplings, moved)
        return u + noise - pull, border + moved

    def population(
        self, border: Floats, drawn: Floats, tau: Floats, rng: np.random.Generator
    ) -> tuple[Floats, Floats, Floats | None]:
        """The border, its draws, and full coordinates (R, q) of new groups, None where some are each group's own."""
        k = len(self.roles.shared)
        if set(self.roles.shared) | set(self.roles.pooled) < set(range(len(self.roles.names))):
            own = set(range(len(self.roles.names))) - set(self.roles.shared) - set(self.roles.pooled)
            if own != {len(self.roles.names) - 1}:
                return border, drawn, None
        full = np.zeros((len(drawn), len(self.roles.names)))
        full[:, self.roles.shared] = drawn[:, :k]
        full[:, self.roles.pooled] = drawn[:, k:] + tau * rng.standard_normal((len(drawn), len(tau)))
        return border, drawn, full


def descend(arrow: Arrow, u: Floats, border: Floats, tau: Floats, spent: Floats) -> tuple[Floats, Floats, State]:
    """Damped Newton steps to the minimum over local coordinates and border, spreads and degrees of freedom held."""
    damping = 1e-3
    value, slope_u, slope_b, blocks, couplings, corner = arrow.evaluate(u, border, tau, spent)
    converged = False
    for _ in range(STEPS):
        found = _step(slope_u, slope_b, blocks, couplings, corner, damping)
        if found is None:
            damping = max(10 * damping, 1e-3)
            if damping > 1e12:
                break
            continue
        step_u, step_b, _ = found
        decrement = 0.5 * -(float(np.sum(step_u * slope_u)) + float(step_b @ slope_b))
        shrink = min(1.0, LONGEST / max(float(np.abs(step_u).max()), float(np.abs(step_b).max(initial=0.0)), 1e-300))
        trial = arrow.evaluate(u + shrink * step_u, border + shrink * step_b, tau, spent)
        if np.isfinite(trial[0]) and trial[0] <= value + 1e-12 * abs(value):
            u, border = u + shrink * step_u, border + shrink * step_b
            value, slope_u, slope_b, blocks, couplings, corner = trial
            damping = max(0.2 * damping, 1e-12)
            if decrement < 1e-8 * max(1.0, abs(value)) and damping < 1.0:
                converged = True
                break
        else:
            damping = max(6 * damping, 1e-6)
            if decrement < 1e-9 * max(1.0, abs(value)):
                converged = True
                break
            if damping > 1e12:
                break
    last = _step(slope_u, slope_b, blocks, couplings, corner, 0.0)
    if last is None:
        converged, lift = False, 1e-6
        while last is None:
            last = _step(slope_u, slope_b, blocks, couplings, corner, lift)
            lift *= 10
    diagonal = np.eye(blocks.shape[1])
    schur = last[2]
    while np.linalg.eigvalsh(blocks).min() <= 0:
        blocks = blocks + diagonal * (1e-6 - min(0.0, float(np.linalg.eigvalsh(blocks).min())))
    return u, border, State(blocks, couplings, schur, converged)


def _step(
    slope_u: Floats, slope_b: Floats, blocks: Floats, couplings: Floats, corner: Floats, damping: float
) -> tuple[Floats, Floats, Floats] | None:
    """Newton's step for groups and border, and the border's Schur complement; None where the matrix is not positive."""
    m, b = blocks.shape[1], len(slope_b)
    lift = damping * (np.abs(np.einsum("gmm->gm", blocks)) + 1.0)
    damped = blocks + lift[:, :, None] * np.eye(m)
    try:
        np.linalg.cholesky(damped)
        solved = np.linalg.solve(damped, np.concatenate([slope_u[:, :, None], couplings], axis=2))
        schur = corner + damping * np.diag(np.abs(np.diag(corner)) + 1.0)
        schur = schur - np.einsum("gmb,gmc->bc", couplings, solved[:, :, 1:])
        step_b = np.zeros(b)
        if b:
            np.linalg.cholesky(schur)
            step_b = -np.linalg.solve(schur, slope_b - np.einsum("gmb,gm->b", couplings, solved[:, :, 0]))
    except np.linalg.LinAlgError:
        return None
    step_u = -(solved[:, :, 0] + solved[:, :, 1:] @ step_b)
    return step_u, step_b, schur
