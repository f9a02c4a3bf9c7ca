"""Laws with some of their parameters held at given values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from quantal.errors import LawError, did_you_mean
from quantal.laws.law import Floats, Law, check_parameter


def hold(law: Law, **values: float) -> Law:
    """The law whose named parameters are constants, as when published values are kept and the others fitted.

    Raises:
        LawError: the law has no such parameter, or none would be left to fit.
        InputError: a value lies outside the parameter's bounds.

    >>> from quantal.laws import get_law
    >>> hold(get_law("m4"), E_0=1.0).parameter_names
    ('E', 'beta', 'c', 'alpha')
    """
    for name in values:
        if name not in law.parameter_names:
            raise LawError(f"{law.name} has no parameter {name!r}. {did_you_mean(name, law.parameter_names)}")
    if len(values) == len(law.parameters):
        raise LawError(f"{law.name}: all its parameters would be held; leave one of {', '.join(values)} free")
    constants = {name: np.float64(value) for name, value in values.items()}
    for parameter in law.parameters:
        if parameter.name in constants:
            check_parameter(law, parameter, np.asarray(constants[parameter.name]))
    kept = [i for i, name in enumerate(law.parameter_names) if name not in constants]
    inner = law.starts

    def starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
        return inner(inputs, y, rng, count)[:, kept]  # type: ignore[misc]

    def function(*inputs: Any, **free: Any) -> Any:
        return law.function(*inputs, **constants, **free)

    return replace(
        law,
        name=f"{law.name}[{', '.join(f'{name}={value:g}' for name, value in constants.items())}]",
        function=function,
        parameters=tuple(law.parameters[i] for i in kept),
        starts=None if inner is None else starts,
        published={},
        arrange=None,
    )
