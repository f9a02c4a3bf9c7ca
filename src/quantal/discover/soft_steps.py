"""Shapes of a token's loss along a scale: flat, one drop, gradual, or rising, chosen by a penalised fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import InputError

Floats = NDArray[np.float64]
KINDS = ("flat", "monogenic", "polygenic", "inverse")
_SHARP = 0.5
_WIDTHS = (0.08, 0.2, 0.4)
_PLACES = 41


@dataclass(frozen=True, eq=False)
class Shapes:
    """For each token its kind, where it is learned (in units of the scale; NaN where there is no single drop), and its loss there.

    kind: of KINDS, as text, shape (T,). place: shape (T,). drop: the fitted loss before minus after, in nats, shape (T,).
    """

    kind: NDArray[np.str_]
    place: Floats
    drop: Floats

    def counts(self) -> dict[str, int]:
        return {name: int(np.sum(self.kind == name)) for name in KINDS}


def classify(scale: ArrayLike, loss: ArrayLike, *, noise: ArrayLike | float | None = None) -> Shapes:
    """The shape of each token's loss over sizes, samples or steps.

    Each token is fitted, by least squares on ln(scale), with a constant (flat); a step lo + (hi - lo) / (1 + exp((x - m) / w)), w at
    most half a unit of ln(scale) (monogenic: one drop); and a line in x (polygenic: gradual improvement at many scales); a step or a
    line that rises is inverse. The lowest sum of squares / noise^2 + penalty wins, the penalty 2 ln(n) a parameter (twice that of BIC), and
    for the step twice the log of the places that were tried.

    Args:
        scale: sizes or steps, increasing, shape (n,), at least 4.
        loss: nats, shape (T, n); means over seeds where there are several.
        noise: standard error of a loss, one number or one a token: from seeds. None: 1.48 median deviations of second differences.

    Raises:
        InputError: the shapes do not fit, a value is not finite, or the scale does not increase.
    """
    x, y = np.log(np.asarray(scale, dtype=float)), np.atleast_2d(np.asarray(loss, dtype=float))
    if x.ndim != 1 or len(x) < 4 or y.shape[1] != len(x):
        raise InputError(
            f"scale of shape {x.shape}, loss of shape {y.shape}: they must be (n,) and (tokens, n), n at least 4"
        )
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y)) and np.all(np.diff(x) > 0)):
        raise InputError("scale must increase and be above 0, and every loss must be finite")
    sigma = np.broadcast_to(_noise(y) if noise is None else np.asarray(noise, dtype=float), len(y))
    variance = np.maximum(sigma, 1e-3) ** 2
    count = len(x)
    flat = np.sum((y - y.mean(1, keepdims=True)) ** 2, axis=1)
    best, place, drop = np.full(len(y), np.inf), np.full(len(y), np.nan), np.zeros(len(y))
    for width in _WIDTHS:
        for middle in np.linspace(x[0], x[-1], _PLACES)[1:-1]:
            rise = 1 / (1 + np.exp(np.clip(-(x - middle) / min(width, _SHARP), -50, 50)))
            squares, slope = _line(rise, y)
            better = squares < best
            best[better], place[better], drop[better] = squares[better], np.exp(middle), -slope[better]
    line, slope = _line(x, y)
    penalty = 2 * np.log(count)
    scores = np.stack(
        [flat / variance + penalty, best / variance + 4 * penalty + 2 * np.log(_PLACES), line / variance + 2 * penalty]
    )
    chosen = np.argmin(scores, axis=0)
    falls = np.where(chosen == 1, drop > 0, slope < 0)
    kind = np.where(chosen == 0, "flat", np.where(~falls, "inverse", np.where(chosen == 1, "monogenic", "polygenic")))
    single = kind == "monogenic"
    fall = np.where(chosen == 0, 0.0, np.where(chosen == 1, drop, -slope * (x[-1] - x[0])))
    return Shapes(kind, np.where(single, place, np.nan), fall)


def learned_share(shapes: Shapes, scale: Sequence[float]) -> Floats:
    """The share of single drops that lie at or below each point of the scale, shape (n,); NaN where there is none."""
    places = shapes.place[np.isfinite(shapes.place)]
    if not places.size:
        return np.full(len(scale), np.nan)
    return np.array([float(np.mean(places <= one)) for one in scale])


def _line(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Residual sums of squares and slopes of each row of y on x."""
    centred = x - x.mean()
    total = float(centred @ centred)
    if total < 1e-12:
        return np.sum((y - y.mean(1, keepdims=True)) ** 2, axis=1), np.zeros(len(y))
    slope = y @ centred / total
    residual = y - y.mean(1, keepdims=True) - slope[:, None] * centred
    return np.sum(residual**2, axis=1), slope


def _noise(y: Floats) -> Floats:
    """The spread of a loss about its neighbours, token by token: second differences of independent noise have variance 6 sigma^2."""
    second = np.diff(y, n=2, axis=1)
    return 1.4826 * np.median(np.abs(second), axis=1) / np.sqrt(6)
