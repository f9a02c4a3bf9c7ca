"""One law for several groups of runs: some parameters shared, the others each group's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from quantal.errors import LawError, did_you_mean
from quantal.laws.law import Input, Law

GROUP = "group"
"""The input that numbers the group of each run, from zero."""


def by_group(law: Law, labels: Sequence[str], shared: Sequence[str] = ()) -> Law:
    """The law on runs of several groups: parameters in ``shared`` are one for all, each other is ``name[label]``.

    It reads one more input, ``group``, the number of each run's label.

    Raises:
        LawError: fewer than two labels, or a shared parameter that the law does not have.

    >>> from quantal.laws import get_law
    >>> by_group(get_law("power:tokens"), ["c4", "web"], shared=["alpha"]).parameter_names
    ('A[c4]', 'A[web]', 'alpha')
    """
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise LawError(f"{law.name} by group needs two or more different labels, and was given {list(labels)!r}")
    for name in shared:
        if name not in law.parameter_names:
            raise LawError(f"{law.name} has no parameter {name!r}. {did_you_mean(name, law.parameter_names)}")
    parameters = []
    for one in law.parameters:
        names = [one.name] if one.name in shared else [f"{one.name}[{label}]" for label in labels]
        parameters += [replace(one, name=name) for name in names]

    def function(*inputs: Any, **given: Any) -> Any:
        *own, number = inputs
        total: Any = 0.0
        for i, label in enumerate(labels):
            chosen = {p: given[p if p in shared else f"{p}[{label}]"] for p in law.parameter_names}
            total = total + law.function(*own, **chosen) * (number == i)
        return total

    return replace(
        law,
        name=f"{law.name} by {len(labels)} groups",
        function=function,
        inputs=(*law.inputs, Input(GROUP, signed=True)),
        parameters=tuple(parameters),
        needs=(),
        starts=None,
        published={},
        arrange=None,
    )
