"""Broken neural scaling laws: power laws whose exponent changes smoothly at one to three breaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.errors import LawError
from quantal.laws.draws import across, floors, log_uniform, middle
from quantal.laws.jet import exp, log, softplus
from quantal.laws.law import Floats, Input, Law
from quantal.laws.needs import varies
from quantal.laws.parameter import Bounds, Parameter
from quantal.laws.verify import verify


def broken_law(breaks: int) -> Law:
    r"""y = a + b x^{-c_0} \prod_i (1 + (x / d_i)^{1 / f_i})^{-c_i f_i}, in the generic input x.

    The slope of log (y - a) on log x goes from -c0 to -(c0 + c1) around d1, within f1 in log x, and so on.

    Source: Caballero et al. 2022 (arXiv 2210.14891), eq. 1.

    Raises:
        LawError: fewer than one break, or more than three.

    >>> law = broken_law(1)
    >>> law.parameter_names
    ('a', 'b', 'c0', 'c1', 'd1', 'f1')
    >>> float(round(law(x=4.0, a=1.0, b=8.0, c0=0.5, c1=0.0, d1=1.0, f1=1.0), 12))
    5.0
    """
    if breaks not in (1, 2, 3):
        raise LawError(f"broken law with {breaks!r} breaks: it has 1, 2 or 3")
    numbers = range(1, breaks + 1)
    real, scale, exponent = Bounds(), Bounds(0.0, scale=True), Bounds(0.0)
    parameters = [
        Parameter("a", scale, "floor that no amount of x removes", "unit of the target"),
        Parameter("b", scale, "reducible part at x = 1, before the first break", "unit of the target"),
        Parameter("c0", real, "exponent before the first break"),
    ]
    for i in numbers:
        parameters += [
            Parameter(f"c{i}", real, f"change of the exponent at break {i}"),
            Parameter(f"d{i}", scale, f"where break {i} is", "unit of x"),
            Parameter(f"f{i}", exponent, f"width of break {i} in log x"),
        ]

    def function(x: Any, **p: Any) -> Any:
        logs = np.log(x)
        turn = -p["c0"] * logs
        for i in numbers:
            width = p[f"f{i}"]
            turn = turn - p[f"c{i}"] * width * softplus((logs - log(p[f"d{i}"])) / width)
        return p["a"] + p["b"] * exp(turn)

    def starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
        x, floor, first = inputs["x"], floors(rng, y, count), rng.uniform(-0.2, 1.0, count)
        at = np.sort(np.stack([across(rng, x, count) for _ in numbers]), axis=0)
        columns = [floor, (middle(y) - floor) * middle(x) ** first, first]
        for i in numbers:
            columns += [rng.normal(0.0, 0.7, count), at[i - 1], log_uniform(rng, 0.05, 1.5, count)]
        return np.stack(columns, axis=-1)

    def arrange(theta: Floats) -> Floats:
        """Breaks in the order of where they are: any other order of them is the same law."""
        triples = theta[:, 3:].reshape(len(theta), breaks, 3)
        order = np.argsort(triples[:, :, 1], axis=1)[:, :, None]
        return np.concatenate(
            [theta[:, :3], np.take_along_axis(triples, order, axis=1).reshape(len(theta), -1)], axis=1
        )

    made = Law(
        name=f"bnsl{breaks}",
        function=function,
        inputs=(Input("x"),),
        parameters=tuple(parameters),
        title=f"Broken law, {breaks} break{'s' if breaks > 1 else ''}",
        formula=rf"y = a + b x^{{-c_0}} \prod_{{i=1}}^{{{breaks}}} \left(1 + (x / d_i)^{{1 / f_i}}\right)^{{-c_i f_i}}",
        source="Caballero et al. 2022 (arXiv 2210.14891), eq. 1",
        needs=(varies("x"),),
        starts=starts,
        arrange=arrange,
    )
    verify(made)
    return made


bnsl1, bnsl2, bnsl3 = (broken_law(breaks) for breaks in (1, 2, 3))
