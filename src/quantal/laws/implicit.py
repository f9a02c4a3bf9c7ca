"""Laws that are given by an equation: derivatives by the implicit-function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from quantal.laws.jet import Jet, lift, value_of


def implicit(equation: Callable[..., Any], solve: Callable[..., Any], *args: Any) -> Any:
    """The y with equation(y, *args) = 0, differentiable by the arguments.

    ``solve(*values)`` finds y from plain arrays; ``equation`` is written with arithmetic that jets know. With subscripts
    for partial derivatives, y_a = -F_a / F_y and y_ab = -(F_ab + F_ya y_b + F_yb y_a + F_yy y_a y_b) / F_y.

    >>> x = Jet.seed(2.0, 0)
    >>> root = implicit(lambda y, x: y * y * y - x, np.cbrt, x)
    >>> round(float(root.gradient[0]), 6) == round(2 ** (-2 / 3) / 3, 6)
    True
    """
    values = [np.asarray(value_of(arg), dtype=float) for arg in args]
    y = solve(*values)
    moving = [k for k, arg in enumerate(args) if isinstance(arg, Jet)]
    if not moving:
        return y
    local: list[Any] = list(values)
    for place, k in enumerate(moving):
        local[k] = Jet.seed(values[k], place + 1)
    f = equation(Jet.seed(y, 0), *local)
    down = -1.0 / f.gradient[0]
    first = [f.gradient.get(place + 1, 0.0) * down for place in range(len(moving))]
    second = {}
    for a in range(len(moving)):
        for b in range(a, len(moving)):
            bent = (
                f.hessian.get((a + 1, b + 1), 0.0)
                + f.hessian.get((0, a + 1), 0.0) * first[b]
                + f.hessian.get((0, b + 1), 0.0) * first[a]
                + f.hessian.get((0, 0), 0.0) * first[a] * first[b]
            )
            second[a, b] = bent * down
    return lift(y, tuple(args[k] for k in moving), tuple(first), second)
