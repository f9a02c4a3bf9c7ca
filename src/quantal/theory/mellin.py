"""The Mellin transform of a learning window where no closed form is at hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from quantal.theory.arguments import Floats

_STEP = 1 / 64


def mellin_by_quadrature(
    window: Callable[[Floats], Floats], at_zero: float, scale: float, beta: float, decay: float, lower: float = 0.0
) -> float:
    """Integral of u^(beta-1) h(u) from lower to infinity for an analytic window h, to about 1e-13.

    From 0: h(0) exp(-u/scale), whose transform is known, is taken off; what is left falls at both ends of y = ln u, where the
    trapezoidal rule converges exponentially (Trefethen and Weideman 2014). From lower > 0: the same rule after u = lower + e^(x - e^-x).

    Args:
        window: h, vectorised.
        at_zero: h(0).
        scale: a typical u, such as where h is half of h(0).
        beta: > 0, below decay.
        decay: h falls as u^-decay (infinite: faster than every power).
        lower: >= 0.
    """
    reach = 40 / (decay - beta) if math.isfinite(decay) else math.log(800.0) + 4
    if lower == 0:
        y = math.log(scale) + np.arange(-40 / (1 + beta), reach, _STEP)
        u = np.exp(y)
        rest = np.sum(np.exp(beta * y) * (window(u) - at_zero * np.exp(-u / scale))) * _STEP
        return float(at_zero * scale**beta * special.gamma(beta) + rest)
    x = np.arange(-4.0, math.log(max(scale, lower)) - min(0.0, math.log(scale)) + reach + 4, _STEP)
    beyond = scale * np.exp(x - np.exp(-x))
    u = lower + beyond
    return float(np.sum(u ** (beta - 1) * window(u) * beyond * (1 + np.exp(-x))) * _STEP)
