"""Power laws in one input, with and without a floor."""

from __future__ import annotations

from typing import Any

from quantal.errors import LawError
from quantal.laws.law import UNITS, Input, Law, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Exponent, Positive


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
    if not column:
        raise LawError("power law: name the column that it is a power of, as in power:params")
    made = _power_floor if floor else _power
    prefix = "power_floor" if floor else "power"
    needs = (varies(column, distinct=len(made.parameters)),)
    return Law(
        name=f"{prefix}:{column}",
        function=made.function,
        inputs=(Input(column, UNITS.get(column, "")),),
        parameters=made.parameters,
        target=made.target,
        title=f"power law in {column}" + (" with a floor" if floor else ""),
        formula=made.formula,
        source=made.source,
        needs=needs,
    )


@law(source="Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.1 to 1.3")
def _power(x: Any, *, A: Positive, alpha: Exponent) -> Any:
    r"""L(x) = \frac{A}{x^\alpha}

    A: value at x = 1 [unit of the target]
    alpha: exponent, the slope of log L on log x
    """
    return A * x**-alpha


@law(source="Henighan et al. 2020 (arXiv 2010.14701), eq. 1.1")
def _power_floor(x: Any, *, E: Positive, A: Positive, alpha: Exponent) -> Any:
    r"""L(x) = E + \frac{A}{x^\alpha}

    E: floor that no amount of x removes [unit of the target]
    A: reducible part at x = 1 [unit of the target]
    alpha: exponent of the reducible part
    """
    return E + A * x**-alpha
