"""Belevitch's argument: any smooth law of log-frequency looks like Zipf's near a point, and like Mandelbrot's to second order."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from quantal.reproduce.claim import Claim, judged

SPREAD = 3.0  # standard deviation of the log-frequency
_TYPES = 4_000_000


def belevitch_claims(seed: int) -> list[Claim]:
    """Claims about a Gaussian law of log-frequency, expanded about z0 standard deviations above its mean.

    With the hazard h = phi/(1 - Phi), ln rank falls by h dz, so ln p = const - (spread/h) ln rank to first order, Zipf with
    gamma + 1 = spread/h; to second order Mandelbrot with gamma + 1 = spread/z0 and shift r0 (h/z0 - 1).
    """
    z = np.random.default_rng(seed).standard_normal(_TYPES)
    claims = [_local_exponent(z, z0) for z0 in (1.0, 2.0)]
    for order, name, mandelbrot in ((2.0, "first (Zipf)", False), (3.0, "second (Mandelbrot)", True)):
        errors = [abs(_expansion(2.0, -step, mandelbrot) + SPREAD * step) for step in (0.01, 0.02)]
        claims.append(
            judged(
                f"Belevitch: the {name} order errs by the step to the power {order:g} (closed form, Gaussian log-frequency, to 2 %)",
                {"order": order},
                math.log2(errors[1] / errors[0]),
                tolerance=0.02 * order,
            )
        )
    return claims


def _hazard(z0: float) -> float:
    return math.exp(-(z0**2) / 2) / math.sqrt(2 * math.pi) / float(special.ndtr(-z0))


def _local_exponent(z: np.ndarray, z0: float) -> Claim:
    step = 0.05
    above, below = float(np.sum(z > z0 + step)), float(np.sum(z > z0 - step))
    width = math.log(below / above)
    found = SPREAD * 2 * step / width
    error = found * math.sqrt(1 / above - 1 / below) / width
    hazard = _hazard(z0)
    return judged(
        f"Belevitch: about z = {z0:g} a log-normal looks like Zipf's law, gamma + 1 = spread/hazard (simulation: {_TYPES:,} types)",
        {"first order": SPREAD / hazard, "one universal exponent": SPREAD / _hazard(1.5)},
        found,
        standard_error=error,
    )


def _expansion(z0: float, step: float, mandelbrot: bool) -> float:
    """The change of ln p that an expansion about z0 gives for the rank at z0 + step."""
    ratio = float(special.ndtr(-z0 - step) / special.ndtr(-z0))
    if not mandelbrot:
        return -SPREAD / _hazard(z0) * math.log(ratio)
    shift = _hazard(z0) / z0 - 1
    return -SPREAD / z0 * math.log((ratio + shift) / (1 + shift))
