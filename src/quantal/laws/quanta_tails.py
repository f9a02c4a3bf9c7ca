"""Unlearned mass after the first quanta, for laws of frequencies that are no power law: special functions on jets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from quantal.laws.implicit import implicit
from quantal.laws.incomplete_gamma import lift_moving, upper_gamma_jet
from quantal.laws.jet import Jet, exp, lift, log, value_of, where
from quantal.laws.learning_shape import spread

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_LEAST = 1e-30


def normal_tail(z: Any) -> Any:
    """Phi(z) of a jet or an array."""
    v = np.asarray(value_of(z), dtype=float)
    if not isinstance(z, Jet):
        return special.ndtr(v)
    density = np.exp(-0.5 * v * v) / math.sqrt(2 * math.pi)
    return lift(special.ndtr(v), (z,), (density,), {(0, 0): -v * density})


def lognormal_size(log_share: Any, sigma: Any) -> Any:
    """T = Phi(Phi^-1(1 - n/K) - sigma) for ln(n/K), 0 from K on."""
    below = np.minimum(np.asarray(value_of(log_share), dtype=float), -1e-13)
    z = -special.ndtri_exp(below)
    if isinstance(log_share, Jet):
        # d z / d ln v = -v / phi(z), and again
        slope = -np.exp(below + 0.5 * z * z) * math.sqrt(2 * math.pi)
        z = lift(z, (log_share,), (slope,), {(0, 0): slope * (1.0 + z * slope)})
    inside = value_of(log_share) < 0
    return where(inside, normal_tail(z - sigma), 0.0 * (log_share + sigma))


def lognormal_data(log_ratio: Any, sigma: Any) -> Any:
    """Phi(-ln(D/D_0)/sigma)."""
    return normal_tail(-log_ratio / sigma)


def stretched_size(log_ratio: Any, theta: Any) -> Any:
    """Q(1/theta, (n/scale)^theta) for ln(n/scale)."""
    return upper_gamma_jet(1.0 / theta, theta * log_ratio)


def stretched_data(log_ratio: Any, theta: Any) -> Any:
    """Q(1/theta, ln(D/D_0)), 1 below D_0."""
    rise = where(value_of(log_ratio) > _LEAST, log_ratio, 0.0 * log_ratio + _LEAST)
    return upper_gamma_jet(1.0 / theta, log(rise))


def cutoff_size(log_ratio: Any, gamma: Any) -> Any:
    """gamma w^-gamma E_(gamma+1)(w) for ln w = ln(n/cutoff): w^-gamma where w is small."""
    return gamma * exp(-gamma * log_ratio) * exponential_integral(gamma, log_ratio)


def cutoff_data(log_ratio: Any, gamma: Any) -> Any:
    """The same at the w with w^(gamma+1) e^(w-1) = D/D_c, for ln(D/D_c)."""
    return cutoff_size(implicit(_balance, _balanced, log_ratio, gamma), gamma)


def _balance(log_w: Any, right: Any, gamma: Any) -> Any:
    return (gamma + 1.0) * log_w + exp(log_w) - 1.0 - right


def _balanced(right: Any, gamma: Any) -> Any:
    """The root in ln w by Newton's steps, from above, where they are monotone."""
    s = gamma + 1.0
    at = np.where(right > 0, np.log1p(np.maximum(right, 0.0)), right / s) + 0.0 * s
    for _ in range(60):
        step = _balance(at, right, gamma) / (s + np.exp(at))
        at = at - step
        if np.all(np.abs(step) <= 1e-15 * (1.0 + np.abs(at))):
            break
    return at


def exponential_integral(gamma: Any, log_w: Any) -> Any:
    r"""E_{gamma+1}(w) = \int_0^\infty e^{-gamma v - w e^v} dv of jets or arrays gamma > 0 and ln w, to about 1e-13 relative.

    Gauss-Legendre up to where e^(-w e^v) has fallen below 1e-17; by w: w E_gamma = e^-w - gamma E_(gamma+1) (DLMF 8.19.12).
    """
    g, y = (np.asarray(value_of(one), dtype=float) for one in (gamma, log_w))
    w = np.exp(np.minimum(y, 6.6))
    reach = np.log1p(40.0 / w)
    v = spread(0.5 * reach) * (1.0 + _NODES)
    terms = np.exp(-spread(g) * v - spread(w) * np.exp(v)) * (spread(0.5 * reach) * _WEIGHTS)
    value = terms.sum(axis=-1)
    if not (isinstance(gamma, Jet) or isinstance(log_w, Jet)):
        return value
    first = -(terms * v).sum(axis=-1)
    second = (terms * v * v).sum(axis=-1)
    at_one = np.exp(-w)
    slope = g * value - at_one
    curves = {(0, 0): second, (0, 1): value + g * first, (1, 1): g * slope + w * at_one}
    return lift_moving(value, (gamma, log_w), (first, slope), curves)
