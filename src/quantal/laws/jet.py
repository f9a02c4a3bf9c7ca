"""Jet: an array with its exact first and second derivatives, carried forward through NumPy arithmetic.

Derivatives are sparse: a term knows only the parameters that it depends on, so evaluating a sum of power laws costs
about what hand-written derivatives cost, and a parameter in which the law is linear has no second derivative at all.
Arrays keep their own shape (a parameter is (R, 1), an input (1, n)) until arithmetic broadcasts them to (R, n).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import LawError

Array = Any
Pair = tuple[int, int]


def _times(array: Array, factor: Array) -> Array:
    return array if isinstance(factor, float) and factor == 1.0 else array * factor


def _add(store: dict[Any, Array], key: Any, term: Array) -> None:
    store[key] = store[key] + term if key in store else term


class Jet:
    """Value, gradient and Hessian of an expression in the parameters of a law.

    ``gradient[i]`` is the derivative by parameter i, ``hessian[i, j]`` (i <= j) the second one; what is absent is zero.

    >>> x = Jet.seed(2.0, 0)
    >>> y = x**3 + np.exp(x)
    >>> round(float(y.gradient[0]), 6), round(float(y.hessian[0, 0]), 6)
    (19.389056, 19.389056)
    """

    __slots__ = ("gradient", "hessian", "value")

    def __init__(self, value: ArrayLike, gradient: Mapping[int, Array], hessian: Mapping[Pair, Array]):
        self.value: Array = value
        self.gradient = gradient
        self.hessian = hessian

    @classmethod
    def seed(cls, value: ArrayLike, index: int) -> Jet:
        """The parameter number ``index`` itself: gradient one, Hessian zero."""
        return cls(np.asarray(value), {index: 1.0}, {})

    # arithmetic -------------------------------------------------------------------------------------------------
    def __add__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return Jet(self.value + other, self.gradient, self.hessian)
        gradient, hessian = dict(self.gradient), dict(self.hessian)
        for i, g in other.gradient.items():
            _add(gradient, i, g)
        for key, h in other.hessian.items():
            _add(hessian, key, h)
        return Jet(self.value + other.value, gradient, hessian)

    __radd__ = __add__

    def __neg__(self) -> Jet:
        return self.scaled(-1.0)

    def __sub__(self, other: Any) -> Jet:
        return self + (-other)

    def __rsub__(self, other: Any) -> Jet:
        return (-self) + other

    def __mul__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return self.scaled(other)
        return lift(self.value * other.value, (self, other), (other.value, self.value), {(0, 1): 1.0})

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Jet:
        return self * other**-1.0 if isinstance(other, Jet) else self.scaled(1.0 / np.asarray(other))

    def __rtruediv__(self, other: Any) -> Jet:
        return self**-1.0 * other

    def __pow__(self, exponent: Any) -> Jet:
        if isinstance(exponent, Jet):
            return exp(exponent * log(self))
        c = exponent
        if np.ndim(c) == 0 and float(c) == 2.0:
            return lift(self.value * self.value, (self,), (2.0 * self.value,), {(0, 0): 2.0})
        value = self.value**c
        slope = c * self.value ** (c - 1.0)
        return lift(value, (self,), (slope,), {(0, 0): c * (c - 1.0) * self.value ** (c - 2.0)})

    def __rpow__(self, base: Any) -> Jet:
        base = np.asarray(base, dtype=float)
        if np.any(base <= 0):
            raise LawError(f"a base of {float(np.min(base))!r} is raised to a parameter: the base must be above zero")
        return exp(self * np.log(base))

    def __abs__(self) -> Jet:
        return self.scaled(np.sign(self.value))

    def scaled(self, factor: Array) -> Jet:
        """This jet times something that depends on no parameter."""
        return Jet(
            self.value * factor,
            {i: factor * g if isinstance(g, float) else g * factor for i, g in self.gradient.items()},
            {key: h * factor for key, h in self.hessian.items()},
        )

    # comparisons look at values, so that np.where and masks work ------------------------------------------------------
    def __lt__(self, other: Any) -> Array:
        return self.value < value_of(other)

    def __le__(self, other: Any) -> Array:
        return self.value <= value_of(other)

    def __gt__(self, other: Any) -> Array:
        return self.value > value_of(other)

    def __ge__(self, other: Any) -> Array:
        return self.value >= value_of(other)

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, key: Any) -> Jet:
        """Indexing for shapes only, such as ``x[..., None]``."""
        return self._each(lambda a: np.broadcast_to(a, np.shape(self.value))[key])

    def sum(self, axis: int = -1) -> Jet:
        """The sum over one axis, as for an array column that holds a schedule."""
        return self._each(lambda a: np.broadcast_to(a, np.shape(self.value)).sum(axis=axis))

    def _each(self, change: Callable[[Array], Array]) -> Jet:
        return Jet(
            change(self.value),
            {i: change(g) for i, g in self.gradient.items()},
            {key: change(h) for key, h in self.hessian.items()},
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.value)

    # NumPy protocols ------------------------------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        rule = _UFUNCS.get(ufunc.__name__)
        if method != "__call__" or options or rule is None:
            known = ", ".join(sorted(_UFUNCS))
            raise LawError(
                f"np.{ufunc.__name__} ({method}) has no derivative here; write the law with arithmetic and: {known}"
            )
        return rule(*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function is np.where and len(args) == 3 and not options:
            return where(*args)
        if function is np.sum and len(args) == 1:
            return args[0].sum(**options)
        raise LawError(
            f"np.{function.__name__} has no derivative here; write the law with arithmetic, np.where, np.sum and: "
            + ", ".join(sorted(_UFUNCS))
        )

    def __repr__(self) -> str:
        return f"Jet(value={self.value!r}, depends on parameters {sorted(self.gradient)})"


def value_of(x: Any) -> Array:
    """The plain value of a jet or of an array."""
    return x.value if isinstance(x, Jet) else x


def lift(value: Array, args: tuple[Jet, ...], first: tuple[Array, ...], second: Mapping[Pair, Array]) -> Jet:
    """The jet of f(args) from f's value, its first and (a <= b) its second partial derivatives: the chain rule.

    A law that needs a special function gives its value and partial derivatives here.
    """
    gradient: dict[int, Array] = {}
    hessian: dict[Pair, Array] = {}
    for arg, slope in zip(args, first, strict=True):
        for i, g in arg.gradient.items():
            _add(gradient, i, _times(slope, g))
        for key, h in arg.hessian.items():
            _add(hessian, key, slope * h)
    for (a, b), curve in second.items():
        for i, gi in args[a].gradient.items():
            row = _times(curve, gi)
            for j, gj in args[b].gradient.items():
                if a == b:
                    if j >= i:
                        _add(hessian, (i, j), _times(row, gj))
                else:
                    term = _times(row, gj)
                    _add(hessian, (min(i, j), max(i, j)), 2.0 * term if i == j else term)
    return Jet(value, gradient, hessian)


def exp(x: Any) -> Any:
    """Exponential of a jet or an array."""
    if not isinstance(x, Jet):
        return np.exp(x)
    value = np.exp(x.value)
    gradient = {i: _times(value, g) for i, g in x.gradient.items()}
    hessian: dict[Pair, Array] = {}
    for i, gi in x.gradient.items():
        for j, gj in x.gradient.items():
            if j >= i:
                inner = _times(gi, gj) if not isinstance(gi, float) else _times(gj, gi)
                extra = x.hessian.get((i, j))
                hessian[i, j] = value * (inner if extra is None else inner + extra)
    for key, h in x.hessian.items():
        if key not in hessian:
            hessian[key] = value * h
    return Jet(value, gradient, hessian)


def log(x: Any) -> Any:
    """Natural logarithm of a jet or an array."""
    if not isinstance(x, Jet):
        return np.log(x)
    inverse = 1.0 / x.value
    return lift(np.log(x.value), (x,), (inverse,), {(0, 0): -inverse * inverse})


def where(condition: Array, yes: Any, no: Any) -> Any:
    """Element by element ``yes`` where the condition holds, else ``no``, derivatives included."""
    condition = np.asarray(value_of(condition))
    if not isinstance(yes, Jet) and not isinstance(no, Jet):
        return np.where(condition, yes, no)
    left, right = _as_jet(yes), _as_jet(no)
    return Jet(
        np.where(condition, left.value, right.value),
        {
            i: np.where(condition, left.gradient.get(i, 0.0), right.gradient.get(i, 0.0))
            for i in {**left.gradient, **right.gradient}
        },
        {
            key: np.where(condition, left.hessian.get(key, 0.0), right.hessian.get(key, 0.0))
            for key in {**left.hessian, **right.hessian}
        },
    )


def _as_jet(x: Any) -> Jet:
    return x if isinstance(x, Jet) else Jet(np.asarray(x, dtype=float), {}, {})


def _unary(
    function: Callable[[Array], Array], derivatives: Callable[[Array, Array], tuple[Array, Array]]
) -> Callable[[Jet], Jet]:
    def rule(x: Jet) -> Jet:
        value = function(x.value)
        slope, curve = derivatives(x.value, value)
        return lift(value, (x,), (slope,), {(0, 0): curve})

    return rule


def _expit(x: Array) -> Array:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _logaddexp(a: Any, b: Any) -> Any:
    left, right = _as_jet(a), _as_jet(b)
    share = _expit(left.value - right.value)
    spread = share * (1.0 - share)
    return lift(
        np.logaddexp(left.value, right.value),
        (left, right),
        (share, 1.0 - share),
        {(0, 0): spread, (0, 1): -spread, (1, 1): spread},
    )


def _power(base: Any, exponent: Any) -> Any:
    return base**exponent if isinstance(base, Jet) else exponent.__rpow__(base)


_UFUNCS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b if isinstance(a, Jet) else b + a,
    "subtract": lambda a, b: a - b if isinstance(a, Jet) else (-b) + a,
    "multiply": lambda a, b: a * b if isinstance(a, Jet) else b * a,
    "divide": lambda a, b: a / b if isinstance(a, Jet) else b**-1.0 * a,
    "power": _power,
    "negative": lambda a: -a,
    "positive": lambda a: a,
    "absolute": abs,
    "fabs": abs,
    "square": lambda a: a**2.0,
    "sqrt": _unary(np.sqrt, lambda x, v: (0.5 / v, -0.25 / (x * v))),
    "exp": exp,
    "exp2": lambda a: exp(a * np.log(2.0)),
    "expm1": _unary(np.expm1, lambda x, v: (v + 1.0, v + 1.0)),
    "log": log,
    "log2": lambda a: log(a) * (1.0 / np.log(2.0)),
    "log10": lambda a: log(a) * (1.0 / np.log(10.0)),
    "log1p": _unary(np.log1p, lambda x, v: (1.0 / (1.0 + x), -1.0 / (1.0 + x) ** 2)),
    "tanh": _unary(np.tanh, lambda x, v: (1.0 - v * v, -2.0 * v * (1.0 - v * v))),
    "expit": _unary(_expit, lambda x, v: (v * (1.0 - v), v * (1.0 - v) * (1.0 - 2.0 * v))),
    "logaddexp": _logaddexp,
    "maximum": lambda a, b: where(value_of(a) >= value_of(b), a, b),
    "minimum": lambda a, b: where(value_of(a) <= value_of(b), a, b),
    "greater": lambda a, b: value_of(a) > value_of(b),
    "greater_equal": lambda a, b: value_of(a) >= value_of(b),
    "less": lambda a, b: value_of(a) < value_of(b),
    "less_equal": lambda a, b: value_of(a) <= value_of(b),
}


def softplus(x: Any) -> Any:
    """log(1 + e^x) without overflow, for a jet or an array."""
    z = value_of(x)
    e = np.exp(-np.abs(z))
    value = np.maximum(z, 0.0) + np.log(1.0 + e)
    if not isinstance(x, Jet):
        return value
    small = e / (1.0 + e)
    return lift(value, (x,), (np.where(z >= 0, 1.0 - small, small),), {(0, 0): small * (1.0 - small)})


def expit(x: Any) -> Any:
    """1 / (1 + e^-x) to full relative precision in both tails, for a jet or an array."""
    return exp(-softplus(-x))
