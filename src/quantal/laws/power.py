"""Power laws in one input, with and without a floor; laws in a generic input x, taken to a column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from quantal.errors import LawError
from quantal.laws.law import UNITS, Input, Law, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Exponent, Positive


def in_column(law: Law, column: str) -> Law:
    """A law of one generic input, x, as a law in a column of that name; it needs as many values as it has parameters.

    Raises:
        LawError: the column's name is empty, or the law reads more than x.

    >>> in_column(power_floor, "steps").name
    'power_floor:steps'
    """
    if not column:
        raise LawError(f"{law.name}: name the column that it is a law in, as in {law.name}:params")
    if law.input_names != ("x",):
        raise LawError(f"{law.name} reads {', '.join(law.input_names)} and cannot be a law in {column} alone")
    inner = law.starts
    return replace(
        law,
        name=f"{law.name}:{column}",
        inputs=(Input(column, UNITS.get(column, "")),),
        title=f"{law.title} in {column}",
        needs=(varies(column, distinct=len(law.parameters)),),
        starts=None if inner is None else lambda given, *rest: inner({"x": given[column]}, *rest),
    )


def power_law(column: str, floor: bool = True) -> Law:
    r"""L(x) = E + A x^-alpha in any column x, or A x^-alpha without the floor.

    Source: Henighan et al. 2020 (arXiv 2010.14701), eq. 1.1, and Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.1 to 1.3.

    Raises:
        LawError: the column's name is empty.

    >>> law = power_law("compute")
    >>> law.name, law.parameter_names
    ('power_floor:compute', ('E', 'A', 'alpha'))
    >>> float(law(compute=1e4, E=1.0, A=10.0, alpha=0.5))
    1.1
    """
    return in_column(power_floor if floor else power, column)


@law(title="power law", source="Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.1 to 1.3")
def power(x: Any, *, A: Positive, alpha: Exponent) -> Any:
    r"""L(x) = \frac{A}{x^\alpha}

    A: value at x = 1 [unit of the target]
    alpha: exponent, the slope of log L on log x
    """
    return A * x**-alpha


@law(title="power law with a floor", source="Henighan et al. 2020 (arXiv 2010.14701), eq. 1.1")
def power_floor(x: Any, *, E: Positive, A: Positive, alpha: Exponent) -> Any:
    r"""L(x) = E + \frac{A}{x^\alpha}

    E: floor that no amount of x removes [unit of the target]
    A: reducible part at x = 1 [unit of the target]
    alpha: exponent of the reducible part
    """
    return E + A * x**-alpha
