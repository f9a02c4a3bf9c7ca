"""Every law's derivatives are compared with high-precision differences before it may be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.errors import LawError
from quantal.laws.law import Floats, Law, plain, probe

GRADIENT_TOLERANCE = 1e-7
HESSIAN_TOLERANCE = 1e-5


def verify(law: Law, at: tuple[Mapping[str, Floats], Floats] | None = None) -> None:
    """Raise LawError unless value, gradient and Hessian from jets agree with extended-precision central differences.

    They are looked at ``at`` given inputs and parameters, or where `probe` says. The differences are
    Richardson-extrapolated in long double; the error is taken relative to the size of the terms.
    """
    inputs, theta = probe(law) if at is None else at
    try:
        jet = law.jet(inputs, theta[None, :])
    except LawError:
        raise
    except Exception as error:
        raise LawError(
            f"{law.name} cannot be differentiated: {type(error).__name__}: {error}. "
            "Write it with arithmetic and NumPy's functions (np.exp, np.log, np.where ...), not with math or loops over rows."
        ) from error
    n, size = len(inputs[law.input_names[0]]), len(theta)
    expected = law.value(inputs, theta)
    _compare(law, "value", np.broadcast_to(jet.value, (1, n))[0], expected, np.abs(expected), 1e-12)
    for i in range(size):
        if i not in jet.gradient:
            raise LawError(f"{law.name} does not depend on its parameter {law.parameter_names[i]!r}: take it out")
    wide = {name: np.asarray(values, dtype=np.longdouble) for name, values in inputs.items()}
    scale = np.abs(theta)
    for i in range(size):
        got = np.broadcast_to(jet.gradient[i], (1, n))[0]
        want = _first(law, wide, theta, i)
        _compare(
            law,
            f"derivative by {law.parameter_names[i]}",
            got,
            want,
            np.abs(expected) / scale[i] + np.abs(want),
            GRADIENT_TOLERANCE,
        )
        for j in range(i, size):
            got = np.broadcast_to(jet.hessian.get((i, j), 0.0), (1, n))[0]
            want = _second(law, wide, theta, i, j)
            size_of = np.abs(expected) / (scale[i] * scale[j]) + np.abs(want)
            label = f"second derivative by {law.parameter_names[i]} and {law.parameter_names[j]}"
            _compare(law, label, got, want, size_of, HESSIAN_TOLERANCE)


def _compare(law: Law, what: str, got: Any, want: Any, scale: Any, tolerance: float) -> None:
    error = np.max(np.abs(got - want) / np.maximum(scale, 1e-300))
    if not error <= tolerance:
        raise LawError(
            f"{law.name}: its {what} differs from high-precision differences by {float(error):.1e} (relative; allowed "
            f"{tolerance:g}). The function must be smooth, pure and made of functions that jets know."
        )


def _at(law: Law, inputs: dict[str, Any], theta: Any, moves: dict[int, Any]) -> Any:
    moved = np.asarray(theta, dtype=np.longdouble).copy()
    for i, step in moves.items():
        moved[i] += step
    return np.asarray(plain(law, inputs, moved), dtype=np.longdouble)


def _first(law: Law, inputs: dict[str, Any], theta: Any, i: int) -> Any:
    def difference(h: Any) -> Any:
        return (_at(law, inputs, theta, {i: h}) - _at(law, inputs, theta, {i: -h})) / (2 * h)

    step = np.longdouble(abs(theta[i]) * 1e-3)
    return ((4 * difference(step / 2) - difference(step)) / 3).astype(float)


def _second(law: Law, inputs: dict[str, Any], theta: Any, i: int, j: int) -> Any:
    def difference(h: Any, k: Any) -> Any:
        if i == j:
            return (
                _at(law, inputs, theta, {i: h}) - 2 * _at(law, inputs, theta, {}) + _at(law, inputs, theta, {i: -h})
            ) / h**2
        corners = [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]
        return sum(sign * _at(law, inputs, theta, {i: a * h, j: b * k}) for a, b, sign in corners) / (4 * h * k)

    h, k = np.longdouble(abs(theta[i]) * 2e-3), np.longdouble(abs(theta[j]) * 2e-3)
    return ((4 * difference(h / 2, k / 2) - difference(h, k)) / 3).astype(float)
