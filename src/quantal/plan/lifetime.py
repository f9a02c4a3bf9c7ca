"""Plans whose cost is more than training: inference over a lifetime, and data that runs out and is repeated."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quantal.errors import ExtrapolationWarning, InputError, LawError
from quantal.estimate import Estimate
from quantal.fit import Fit
from quantal.laws import Law, get_law
from quantal.laws.law import Floats
from quantal.plan.allocation import FLOPS_PER_PARAM_AND_TOKEN, joint_form, loss_at, optimum

INFERENCE_FLOPS = 2.0
GRID, ROUNDS, STEPS = 33, 5, 50
SIZES, FAR = (1.0, 1e18), 3.0
REPEATS = {"R_N": 5.309743, "R_D": 15.387756}
"""Decay of repeated data's worth. Source: Muennighoff et al. 2023 (arXiv 2305.16264), C4, published constants."""


@dataclass(frozen=True, eq=False)
class LifetimePlan:
    """The cheapest model of one loss when training and inference are both paid for, with intervals from the draws."""

    loss: float
    inference_tokens: float
    params: Estimate
    tokens: Estimate
    tokens_per_param: Estimate
    train_flops: Estimate
    inference_flops: Estimate
    saved: Estimate
    warnings: tuple[str, ...]
    fit: Fit = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = ("params", "tokens", "tokens_per_param", "train_flops", "inference_flops", "saved")
        out = {"law": self.fit.law.name, "loss": self.loss, "inference_tokens": self.inference_tokens}
        return out | {name: getattr(self, name).to_dict() for name in names} | {"warnings": list(self.warnings)}


def lifetime_plan(
    fit: Fit, loss: float, inference_tokens: float, *, levels: Sequence[float] | None = None
) -> LifetimePlan:
    r"""Minimise 6 N D + 2 N D_inference over sizes N whose data D give the loss that is asked for.

    ``saved`` is the share of the lifetime's FLOPs that this saves against the compute-optimal model of the same loss.

    Source: Sardana et al. 2024 (arXiv 2401.00448), eq. 3.

    Raises:
        InputError: the law cannot reach the loss, or a number is out of range.
        LawError: the law does not read params and tokens.

    Warns:
        ExtrapolationWarning: the plan lies below the sizes of the runs, or far above their tokens per param.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> found = ql.fit({"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.5 + 400 * d**-0.5}, "chinchilla")
    >>> many = lifetime_plan(found, loss=1.8, inference_tokens=1e12)
    >>> few = lifetime_plan(found, loss=1.8, inference_tokens=1e6)
    >>> many.params.value < few.params.value, round(few.tokens_per_param.value, 1), many.saved.value > 0.3
    (True, 1.0, True)
    """
    if set(fit.law.input_names) != {"params", "tokens"}:
        raise LawError(
            f"{fit.law.name} reads {', '.join(fit.law.input_names)}: a lifetime plan needs a law in params and tokens"
        )
    if not (np.isfinite(inference_tokens) and inference_tokens >= 0):
        raise InputError(f"inference_tokens = {inference_tokens!r}: the tokens served over the model's life, from 0 up")
    if not (np.isfinite(loss) and loss > 0):
        raise InputError(f"loss = {loss!r}: the loss to reach, finite and above zero")
    value = _cheapest(fit.law, fit.theta[None, :], loss, inference_tokens)
    if not np.isfinite(value).all():
        raise InputError(f"loss = {loss!r}: {fit.law.name} as fitted reaches it at no size; its floor lies above")
    draws = None if fit.draws is None else _cheapest(fit.law, fit.draws, loss, inference_tokens)
    named = ("params", "tokens", "tokens_per_param", "train_flops", "inference_flops", "saved")
    chosen = fit.levels if levels is None else tuple(levels)
    made = {
        name: Estimate(float(value[i, 0]), {}, "no draws: fit with a bootstrap")
        if draws is None
        else Estimate.from_draws(float(value[i, 0]), draws[i], chosen)
        for i, name in enumerate(named)
    }
    notes = _outside(fit, params=float(value[0, 0]), tokens=float(value[1, 0]))
    for text in notes:
        warnings.warn(text, ExtrapolationWarning, stacklevel=2)
    return LifetimePlan(float(loss), float(inference_tokens), warnings=notes, fit=fit, **made)


def _outside(fit: Fit, params: float, tokens: float) -> tuple[str, ...]:
    """Where the plan leaves the runs: below their sizes, or above their tokens per param."""
    notes = []
    smallest = float(np.min(fit.runs["params"]))
    if params < smallest / FAR:
        notes.append(f"{params:.3g} params lie below the smallest run, {smallest:.3g}: there the law is a guess")
    with np.errstate(divide="ignore"):
        most = float(np.max(fit.runs["tokens"] / fit.runs["params"]))
    if tokens / params > FAR * most:
        notes.append(
            f"{tokens / params:.3g} tokens per param, and the runs go to {most:.3g}: a law fitted at fewer tokens per param "
            "overrates what further tokens bring (Sardana et al. 2024, section 5)"
        )
    return tuple(notes)


def _cheapest(law: Law, theta: Floats, loss: float, inference: float) -> Floats:
    """params, tokens, their ratio, training and inference FLOPs and the saving (6, R)."""
    rows = np.arange(len(theta))
    many = np.tile(theta, (GRID, 1))

    def total(log_n: Floats, log_d: Floats, served: float) -> Floats:
        return np.exp(log_n) * (FLOPS_PER_PARAM_AND_TOKEN * np.exp(log_d) + INFERENCE_FLOPS * served)

    def best(served: float) -> tuple[Floats, Floats]:
        def look(low: Floats, high: Floats) -> tuple[Floats, Floats, np.ndarray]:
            grid = np.linspace(low, high, GRID)
            data = _data_for(law, many, grid.ravel(), loss).reshape(grid.shape)
            height = np.where(np.isfinite(data), total(grid, np.where(np.isfinite(data), data, 0.0), served), np.inf)
            return grid, data, np.clip(np.argmin(height, axis=0), 1, GRID - 2)

        grid, data, place = look(np.full(len(theta), np.log(SIZES[0])), np.full(len(theta), np.log(SIZES[1])))
        for _ in range(ROUNDS - 1):
            grid, data, place = look(grid[place - 1, rows], grid[place + 1, rows])
        return grid[place, rows], data[place, rows]

    (n, d), (n0, d0) = best(inference), best(0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        saved = 1 - total(n, d, inference) / total(n0, d0, inference)
        size, data = np.exp(n), np.exp(d)
        return np.stack(
            [
                size,
                data,
                data / size,
                FLOPS_PER_PARAM_AND_TOKEN * size * data,
                INFERENCE_FLOPS * size * inference,
                saved,
            ]
        )


def _data_for(law: Law, theta: Floats, log_n: Floats, loss: float) -> Floats:
    """log tokens (R,) at which a model of each size reaches the loss; infinite where none does."""
    low, high = np.full(len(theta), np.log(1.0)), np.full(len(theta), np.log(1e20))
    size = np.exp(log_n)
    reachable = loss_at(law, theta, size, np.exp(high)) <= loss
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        enough = loss_at(law, theta, size, np.exp(middle)) <= loss
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(reachable, high, np.inf)


@dataclass(frozen=True, eq=False)
class LimitedPlan:
    """The best split of a budget when only so many unique tokens exist: beyond them data are repeated for ``epochs``."""

    compute: float
    unique_tokens: float
    params: Estimate
    tokens: Estimate
    epochs: Estimate
    loss: Estimate
    lost: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = ("params", "tokens", "epochs", "loss", "lost")
        out: dict[str, Any] = {"compute": self.compute, "unique_tokens": self.unique_tokens}
        return out | {name: getattr(self, name).to_dict() for name in names}


def limited_plan(
    fit: Fit, compute: float, unique_tokens: float, *, levels: Sequence[float] | None = None
) -> LimitedPlan:
    """Split a budget (6 N D) when data are limited and repetition is worth less and less.

    The fit is of `data_constrained`, or of an additive law such as chinchilla, to which the published decay of repeated
    data is added (`REPEATS`). ``lost`` is by how much the loss is higher than with unlimited data.

    Source: Muennighoff et al. 2023 (arXiv 2305.16264), section 5.

    Raises:
        InputError: a number is not above zero.
        LawError: the law is neither.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> found = ql.fit({"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}, "chinchilla")
    >>> best = limited_plan(found, compute=1e21, unique_tokens=1e9)
    >>> best.epochs.value > 2, best.lost.value > 0
    (True, True)
    """
    for name, value in (("compute", compute), ("unique_tokens", unique_tokens)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} = {value!r}: must be finite and above zero")
    law = get_law("data_constrained")
    theta = _with_repeats(law, fit, fit.theta[None, :])
    value = _split(law, theta, compute, unique_tokens)
    draws = None if fit.draws is None else _split(law, _with_repeats(law, fit, fit.draws), compute, unique_tokens)
    chosen = fit.levels if levels is None else tuple(levels)
    made = {
        name: Estimate(float(value[i, 0]), {}, "no draws: fit with a bootstrap")
        if draws is None
        else Estimate.from_draws(float(value[i, 0]), draws[i], chosen)
        for i, name in enumerate(("params", "tokens", "epochs", "loss", "lost"))
    }
    return LimitedPlan(float(compute), float(unique_tokens), **made)


def _with_repeats(law: Law, fit: Fit, theta: Floats) -> Floats:
    """Parameters (R, P) of the data-constrained law from those of the fit's law."""
    if fit.law.name == law.name:
        return theta
    if joint_form(fit.law, theta) is None or not {"E", "A", "B", "alpha", "beta"} == set(fit.law.parameter_names):
        raise LawError(f"{fit.law.name}: a plan for limited data needs a fit of data_constrained, or of chinchilla")
    columns = {name: theta[:, i] for i, name in enumerate(fit.law.parameter_names)}
    columns |= {name: np.full(len(theta), constant) for name, constant in REPEATS.items()}
    return np.stack([columns[name] for name in law.parameter_names], axis=-1)


def _split(law: Law, theta: Floats, compute: float, unique: float) -> Floats:
    """params, tokens, epochs, loss and what the limit costs (5, R)."""
    columns = {name: theta[:, i] for i, name in enumerate(law.parameter_names)}
    budget = compute / FLOPS_PER_PARAM_AND_TOKEN
    rows = np.arange(len(theta))

    def height(log_n: Floats) -> Floats:
        n = np.exp(log_n)
        given = {"params": n, "tokens": budget / n, "unique_tokens": np.full(len(n), unique)}
        return np.asarray(law.function(*(given[name] for name in law.input_names), **columns), dtype=float)

    def look(low: Floats, high: Floats) -> tuple[Floats, Floats, np.ndarray]:
        grid = np.linspace(low, high, GRID)
        heights = np.stack([height(n) for n in grid])
        return grid, heights, np.clip(np.argmin(heights, axis=0), 1, GRID - 2)

    grid, heights, place = look(np.full(len(theta), 0.0), np.full(len(theta), np.log(budget)))
    for _ in range(ROUNDS - 1):
        grid, heights, place = look(grid[place - 1, rows], grid[place + 1, rows])
    n, least = np.exp(grid[place, rows]), heights[place, rows]
    free = get_law("chinchilla")
    unlimited = np.stack([columns[name] for name in free.parameter_names], axis=-1)
    tokens = budget / n
    return np.stack(
        [n, tokens, np.maximum(tokens / unique, 1.0), least, least - optimum(free, unlimited, compute).loss]
    )
