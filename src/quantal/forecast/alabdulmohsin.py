"""The estimators M1 to M4 of Alabdulmohsin, Neyshabur and Zhai 2022 (arXiv 2209.06640), as published: the peers to beat.

Each minimises the mean squared difference of logarithms of its equation's two sides, by turns: the linear parameters by
least squares, the floor (M2, M4) by Newton steps between zero and 1e-3 below the lowest loss, the levelling (M3) among the
values that solve the equation at one point. Written afresh; the floor's inner iteration, which the authors damp and repeat
a hundred times, is run to its end by undamped steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from quantal.laws.law import Floats

MARGIN = 1e-3
BLOCKS = 10_000
STOP = 1e-10
INNER = 8
GRID = 10_000
FLAT = 1e-5
DAMPING = 0.5
CHANCE = {"BB": 1.001}
"""The value of an untrained model from which M4 starts, where it is not 1."""

Predict = Callable[[Floats], Floats]


def m1(x: Floats, y: Floats) -> Predict:
    """log y = log b + c log x by least squares."""
    c, b = np.polyfit(np.log(x), np.log(y), 1)
    return lambda at: np.exp(b + c * np.log(at))


def m2(x: Floats, y: Floats) -> Predict:
    """The same for y - E, with the floor E by turns."""
    design = np.stack([np.ones_like(x), np.log(x)], axis=1)
    inverse = np.linalg.pinv(design)
    floor, before = float(y.min()) - MARGIN, 1.0
    beta, c = 1.0, -0.5
    for block in range(BLOCKS):
        log_beta, c = inverse @ np.log(y - floor)
        beta = float(np.exp(log_beta))
        floor = _floor(y, floor, log_beta + c * design[:, 1])
        if abs(beta - before) < STOP and block > 1:
            break
        before = beta
    return lambda at: beta * at**c + floor


def m3(x: Floats, y: Floats) -> Predict:
    """y = b (1/x + g)^c."""
    gamma, before = 0.0, 1.0
    logs = np.log(y)
    beta, c = 1.0, 0.5
    for _ in range(BLOCKS):
        c, log_beta = np.polyfit(np.log(1.0 / x + gamma), logs, 1)
        beta, c = float(np.exp(log_beta)), max(0.0, float(c))
        if c == 0.0:
            break
        with np.errstate(over="ignore"):
            tried = (y / beta) ** (1.0 / c) - 1.0 / x
        tried = np.concatenate([[gamma], tried[np.isfinite(tried) & (tried >= 0)]])
        off = logs - log_beta - c * np.log(1.0 / x + tried[:, None])
        gamma = float(tried[int(np.argmin((off**2).sum(axis=1)))])
        if abs(beta - before) < STOP:
            break
        before = beta
    return lambda at: beta * (1.0 / at + gamma) ** c


def m4(x: Floats, y: Floats, chance: float = 1.0) -> Predict:
    """(y - E) / (e - y)^a = b x^c, with log b, -c and a not below zero; solved on a grid of 10,000 values, as published.

    E and e move by turns with the others, from 1e-3 below the lowest loss and from ``chance``; the regression keeps the
    e that it began with, as published.
    """
    from scipy.optimize import nnls

    logs_x = np.log(x)
    design = np.stack([np.ones_like(x), -logs_x, np.log(chance - y)], axis=1)
    least, most = float(y.max()) + MARGIN, float(y.min()) - MARGIN
    floor, top, before = most, chance, 1.0
    beta, c, alpha = 1.0, -0.5, 0.0
    for block in range(BLOCKS):
        (log_beta, down, alpha), _ = nnls(design, np.log(y - floor))
        beta, c = float(np.exp(log_beta)), -float(down)
        logs = log_beta + c * logs_x
        for _ in range(2 * INNER):
            under, over = y - floor, top - y
            off = np.log(under) - alpha * np.log(over) - logs
            bend, bend_top = ((1.0 - off) / under**2).mean(), alpha * ((alpha + off) / over**2).mean()
            slope, slope_top = -(off / under).mean(), -alpha * (off / over).mean()
            if abs(bend) > FLAT:
                floor = min(max(floor - DAMPING * slope / bend, 0.0), most)
            if abs(bend_top) > FLAT:
                top = max(top - DAMPING * slope_top / bend_top, least)
        if abs(beta - before) < STOP and block > 1:
            break
        before = beta

    def predict(at: Floats) -> Floats:
        if alpha < FLAT:
            return floor + beta * at**c
        width = np.linspace(0.0, top - floor, GRID)
        shape = (top - floor - width) ** alpha
        places = [int(np.argmin(np.abs(width - f * shape))) for f in beta * at**c]
        return floor + width[places]

    return predict


ESTIMATORS: Mapping[str, Callable[..., Predict]] = {"m1": m1, "m2": m2, "m3": m3, "m4": m4}


def published(method: str, x: Floats, y: Floats, domain: str = "") -> Predict:
    """Fit one of m1 to m4 to a curve; the last of repeated x is kept.

    >>> x = 2.0 ** np.arange(10)
    >>> [round(float(published(m, x, 3.0 * x**-0.3)(np.array([2048.0]))[0]), 4) for m in ("m1", "m3")]
    [0.3046, 0.3046]
    """
    places = np.unique(x[::-1], return_index=True)[1]
    x, y = x[::-1][places], y[::-1][places]
    return m4(x, y, CHANCE.get(domain, 1.0)) if method == "m4" else ESTIMATORS[method](x, y)


def _floor(y: Floats, floor: float, logs: Floats) -> float:
    """The floor that minimises sum (log(y - E) - logs)^2 from where it is, by Newton steps."""
    most = float(y.min()) - MARGIN
    for _ in range(INNER):
        left = y - floor
        off = np.log(left) - logs
        slope, bend = -float((off / left).sum()), float(((1.0 - off) / left**2).sum())
        if bend <= 0.0:
            break
        moved = min(max(floor - slope / bend, 0.0), most)
        if abs(moved - floor) < 1e-14:
            return moved
        floor = moved
    return floor
