"""The compute frontier of a law: the least loss that a budget buys, and the budget that a loss costs, for many draws."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quantal.errors import InputError
from quantal.laws import Law
from quantal.laws.law import Floats
from quantal.runs import Runs

GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)
STEPS = 48
HALF_WIDTH = 9.0
"""How far, in natural logarithms of size, the best size is looked for from that with as many tokens as parameters."""


class Frontier(NamedTuple):
    """How a law is read along its budget: ``resource`` by name, and FLOPs a parameter and token where it is compute."""

    law: Law
    resource: str
    flops: float

    def points(self, theta: Floats, budget: Floats) -> dict[str, Floats]:
        """Inputs (R, n) of the best run at each budget (n,), for each row of parameters (R, P)."""
        if self.law.input_names == (self.resource,):
            return {self.resource: np.broadcast_to(budget, (len(theta), len(budget)))}
        share = np.log(budget / self.flops)
        middle = np.broadcast_to(0.5 * share, (len(theta), len(budget)))
        low, high = middle - HALF_WIDTH, middle + HALF_WIDTH
        a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        at_a, at_b = self._at(theta, a, share), self._at(theta, b, share)
        for _ in range(STEPS):
            left = at_a < at_b
            low, high = np.where(left, low, a), np.where(left, b, high)
            new = np.where(left, high - GOLDEN * (high - low), low + GOLDEN * (high - low))
            value = self._at(theta, new, share)
            a, b, at_a, at_b = (
                np.where(left, new, b), np.where(left, a, new), np.where(left, value, at_b), np.where(left, at_a, value)
            )  # fmt: skip
        size = 0.5 * (low + high)
        return {"params": np.exp(size), "tokens": np.exp(share - size)}

    def losses(self, theta: Floats, budget: Floats) -> Floats:
        """The least loss (R, n) at each budget (n,)."""
        return self.at(theta, self.points(theta, budget))

    def at(self, theta: Floats, inputs: dict[str, Floats]) -> Floats:
        """The law (R, n) at inputs (R, n), each row with its own parameters (R, P)."""
        named = {p.name: theta[:, i, None] for i, p in enumerate(self.law.parameters)}
        value = self.law.function(*(inputs[name] for name in self.law.input_names), **named)
        return np.broadcast_to(value, next(iter(inputs.values())).shape)

    def _at(self, theta: Floats, size: Floats, share: Floats) -> Floats:
        return self.at(theta, {"params": np.exp(size), "tokens": np.exp(share - size)})


def frontier_of(law: Law, runs: Runs) -> tuple[Frontier, Floats]:
    """How this law is read along a budget, and the budget (n,) that each run spent.

    Raises:
        InputError: the law reads neither one input nor params and tokens.
    """
    if len(law.inputs) == 1:
        name = law.input_names[0]
        return Frontier(law, name, 1.0), np.asarray(runs[name], dtype=float)
    if set(law.input_names) != {"params", "tokens"}:
        raise InputError(
            f"{law.name} reads {', '.join(law.input_names)}: recipes are compared along one budget, so take a law of params "
            "and tokens (chinchilla), or of one input (power_floor:compute)"
        )
    product = np.asarray(runs["params"] * runs["tokens"], dtype=float)
    flops = float(np.median(runs["compute"] / product)) if "compute" in runs else 6.0
    return Frontier(law, "compute", flops), flops * product


def costs(budget: Floats, losses: Floats, levels: Floats) -> Floats:
    """The budget (R, k) at which each row of falling losses (R, n) reaches levels (k,); NaN beyond the ends."""
    out = np.full((len(losses), len(levels)), np.nan)
    logs = np.log(budget)
    for r, row in enumerate(losses):
        falling = np.minimum.accumulate(row)[::-1]
        found = np.interp(levels, falling, logs[::-1], left=np.nan, right=np.nan)
        out[r] = np.exp(found)
    return out


def log_gap(front: Frontier, theta: tuple[Floats, Floats], goal: float, point: dict[str, Floats] | None) -> Floats:
    """log loss of B minus that of A (R,) at the target."""
    if point is None:
        a, b = (front.losses(one, np.array([goal]))[:, 0] for one in theta)
    else:
        a, b = (front.at(one, {k: np.broadcast_to(v, (len(one), 1)) for k, v in point.items()})[:, 0] for one in theta)
    return np.log(b) - np.log(a)
