"""The compute-optimal split of a FLOP budget between model size and data, and the compute that another split wastes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from quantal.errors import LawError
from quantal.laws import Law
from quantal.laws.law import Floats

NARROWEST, WIDEST = 1.0, 1e30
FLOPS_PER_PARAM_AND_TOKEN = 6.0


class Joint(NamedTuple):
    """Parameters (R,) of the nested family E + [(A N^-alpha)^kappa + (B D^-beta)^kappa]^(1/kappa), A and B as logarithms."""

    log_A: Floats
    log_B: Floats
    alpha: Floats
    beta: Floats
    kappa: Floats


class Optimum(NamedTuple):
    """Optimal params, tokens and loss (R,) at a budget, and the exponents of the three in compute."""

    params: Floats
    tokens: Floats
    loss: Floats
    params_exponent: Floats
    tokens_exponent: Floats
    loss_exponent: Floats


def joint_form(law: Law, theta: Floats) -> Joint | None:
    """A law's parameters (R, P) read as members of the nested family, or None for a law outside it."""
    p = dict(zip(law.parameter_names, theta.T, strict=True))
    one = np.ones(len(theta))
    if law.name == "kaplan":
        a, b = p["alpha_N"], p["alpha_D"]
        return Joint(a * np.log(p["N_c"]), b * np.log(p["D_c"]), a, b, 1 / b)
    if not {"A", "B"} <= set(p):
        return None
    with np.errstate(divide="ignore"):
        log_A, log_B = np.log(p["A"]), np.log(p["B"])
    match law.name:
        case "chinchilla":
            return Joint(log_A, log_B, p["alpha"], p["beta"], one)
        case "kappa":
            return Joint(log_A, log_B, p["alpha"], p["beta"], p["kappa"])
        case "bottleneck":
            return Joint(log_A, log_B, p["alpha"], p["beta"], np.inf * one)
        case "quanta" | "quanta_kappa" | "quanta_bottleneck":
            g = p["gamma"]
            sharpness = {"quanta": one, "quanta_bottleneck": np.inf * one}.get(law.name)
            return Joint(log_A, log_B, g, g / (g + 1), p["kappa"] if sharpness is None else sharpness)
    return None


def optimum(law: Law, theta: Floats, compute: float) -> Optimum:
    r"""The optimal split (R,) of ``compute`` = 6 N D for parameters (R, P).

    In the nested family N* = G (C/6)^{beta/(alpha+beta)}, G = (alpha A^kappa / (beta B^kappa))^{1/(kappa(alpha+beta))}
    (Hoffmann et al. 2022, eq. 4, for kappa = 1); for any other law in params and tokens by a search in log N.

    Raises:
        LawError: the law does not read params and tokens, or its optimum is at no finite size.
    """
    if set(law.input_names) != {"params", "tokens"}:
        raise LawError(
            f"{law.name} reads {', '.join(law.input_names)}: a compute budget is split between params and tokens, so plan "
            "with a joint law such as chinchilla or kappa"
        )
    form = joint_form(law, theta)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return _searched(law, theta, compute) if form is None else _closed(law, theta, form, compute)


def best_loss(law: Law, theta: Floats, compute: Floats) -> Floats:
    """The lowest loss (R,) that each budget (R,) can reach, for parameters (R, P)."""
    form = joint_form(law, theta)
    if form is None:
        params = np.exp(_search_size(law, theta, np.log(compute), inside=False))
        return loss_at(law, theta, params, compute / FLOPS_PER_PARAM_AND_TOKEN / params)
    params = _size(form) * (compute / FLOPS_PER_PARAM_AND_TOKEN) ** (form.beta / (form.alpha + form.beta))
    return loss_at(law, theta, params, compute / FLOPS_PER_PARAM_AND_TOKEN / params)


def wasted(law: Law, theta: Floats, compute: float, params: float | Floats) -> Floats:
    """The share (R,) of ``compute`` that training ``params`` (one, or (R,)) with it wastes, against the optimal split.

    One minus C'/C, with C' the budget whose optimum reaches the same loss. In the nested family the optimum's excess over
    the floor falls as C^{-alpha beta / (alpha + beta)}, so C'/C is a power of the ratio of both excesses.
    """
    sizes = np.broadcast_to(np.asarray(params, dtype=float), (len(theta),))
    form = joint_form(law, theta)
    if form is not None:
        return _wasted_in_closed_form(form, np.log(compute / FLOPS_PER_PARAM_AND_TOKEN), np.log(sizes))
    reached = loss_at(law, theta, sizes, compute / FLOPS_PER_PARAM_AND_TOKEN / sizes)
    least = max(np.log(compute) - 40.0, np.log(FLOPS_PER_PARAM_AND_TOKEN * NARROWEST) + 1.0)
    low, high = np.full(len(theta), min(least, np.log(compute))), np.full(len(theta), np.log(compute))
    for _ in range(60):
        middle = 0.5 * (low + high)
        enough = best_loss(law, theta, np.exp(middle)) <= reached
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return np.maximum(0.0, 1.0 - np.exp(high - np.log(compute)))


def _wasted_in_closed_form(form: Joint, log_total: float, log_sizes: Floats) -> Floats:
    best = np.log(_size(form)) + form.beta / (form.alpha + form.beta) * log_total
    with np.errstate(invalid="ignore", over="ignore"):
        lost = _log_excess(form, log_sizes, log_total - log_sizes) - _log_excess(form, best, log_total - best)
        return np.maximum(0.0, -np.expm1(-np.maximum(lost, 0.0) * (1 / form.alpha + 1 / form.beta)))


def _log_excess(form: Joint, log_params: Floats, log_tokens: Floats) -> Floats:
    """The logarithm (R,) of the loss above its floor."""
    by_size, by_data = form.log_A - form.alpha * log_params, form.log_B - form.beta * log_tokens
    larger, smaller = np.maximum(by_size, by_data), np.minimum(by_size, by_data)
    with np.errstate(invalid="ignore"):
        rest = np.log1p(np.exp(form.kappa * (smaller - larger))) / form.kappa
    return larger + np.where(np.isinf(form.kappa), 0.0, rest)


def loss_at(law: Law, theta: Floats, params: Floats, tokens: Floats) -> Floats:
    """The law (R,) with row r of theta at the r-th params and tokens."""
    given: dict[str, Any] = {"params": params, "tokens": tokens}
    columns = {name: theta[:, i] for i, name in enumerate(law.parameter_names)}
    return np.asarray(law.function(*(given[name] for name in law.input_names), **columns), dtype=float)


def _size(form: Joint) -> Floats:
    """G of the closed form; the limit (A/B)^(1/(alpha+beta)) for a strict bottleneck."""
    total = form.alpha + form.beta
    tilt = np.where(np.isinf(form.kappa), 0.0, np.log(form.alpha / form.beta) / form.kappa)
    return np.exp((tilt + form.log_A - form.log_B) / total)


def _closed(law: Law, theta: Floats, form: Joint, compute: float) -> Optimum:
    total = form.alpha + form.beta
    params = _size(form) * (compute / FLOPS_PER_PARAM_AND_TOKEN) ** (form.beta / total)
    tokens = compute / FLOPS_PER_PARAM_AND_TOKEN / params
    loss = loss_at(law, theta, params, tokens)
    return Optimum(params, tokens, loss, form.beta / total, form.alpha / total, form.alpha * form.beta / total)


def _searched(law: Law, theta: Floats, compute: float) -> Optimum:
    step = 0.05
    at = [_search_size(law, theta, np.log(compute) + move) for move in (-step, 0.0, step)]
    slope = (at[2] - at[0]) / (2 * step)
    params = np.exp(at[1])
    tokens = compute / FLOPS_PER_PARAM_AND_TOKEN / params
    floor = theta[:, law.parameter_names.index("E")] if "E" in law.parameter_names else np.zeros(len(theta))
    losses = [
        loss_at(law, theta, np.exp(n), np.exp(np.log(compute) + move - n) / FLOPS_PER_PARAM_AND_TOKEN) - floor
        for n, move in zip(at, (-step, 0.0, step), strict=True)
    ]
    fall = -(np.log(losses[2]) - np.log(losses[0])) / (2 * step)
    return Optimum(params, tokens, losses[1] + floor, slope, 1 - slope, fall)


def _search_size(law: Law, theta: Floats, log_compute: float | Floats, inside: bool = True) -> Floats:
    """log N (R,) of the optimum at each budget: the best of a grid, then golden-section search around it.

    With ``inside`` a minimum at either end of the sizes is refused; without, it is taken.
    """
    total = np.broadcast_to(np.asarray(log_compute, dtype=float), (len(theta),)) - np.log(FLOPS_PER_PARAM_AND_TOKEN)
    grid = np.linspace(np.log(NARROWEST), total, 400)
    values = np.stack([loss_at(law, theta, np.exp(n), np.exp(total - n)) for n in grid])
    best = np.argmin(values, axis=0)
    if inside and np.any((best == 0) | (best == len(grid) - 1)):
        raise LawError(
            f"{law.name}: its loss at a fixed budget has no minimum inside (it falls towards one end of the sizes), "
            "so there is no optimal split; the law must grow at both ends"
        )
    best, rows = np.clip(best, 1, len(grid) - 2), np.arange(len(theta))
    low, high = grid[best - 1, rows], grid[best + 1, rows]
    ratio = (np.sqrt(5.0) - 1) / 2
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        smaller = loss_at(law, theta, np.exp(left), np.exp(total - left)) < loss_at(
            law, theta, np.exp(right), np.exp(total - right)
        )
        low, high = np.where(smaller, low, left), np.where(smaller, right, high)
    return 0.5 * (low + high)
