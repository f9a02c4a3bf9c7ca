"""The registry of laws: one list, one form, found by name."""

from __future__ import annotations

from quantal.errors import LawError, did_you_mean
from quantal.laws import joint
from quantal.laws.law import Law
from quantal.laws.power import power_law

_LAWS: dict[str, Law] = {}


def register(law: Law) -> Law:
    """Add a law to the registry, so that it is found by name everywhere; a registered name cannot be taken twice.

    Raises:
        LawError: the name is taken by another law.
    """
    if _LAWS.get(law.name, law) is not law:
        raise LawError(f"a law named {law.name!r} is registered already; give yours another name: @ql.law(name=...)")
    _LAWS[law.name] = law
    return law


def get_law(law: str | Law) -> Law:
    """The law of a name (or the law itself); ``power:COLUMN`` and ``power_floor:COLUMN`` are power laws in any column.

    Raises:
        LawError: no law has that name; suggests the nearest.

    >>> get_law("chinchilla").parameter_names
    ('E', 'A', 'B', 'alpha', 'beta')
    >>> get_law("power:steps").input_names
    ('steps',)
    """
    if isinstance(law, Law):
        return law
    if law in _LAWS:
        return _LAWS[law]
    kind, _, column = law.partition(":")
    if kind in ("power", "power_floor") and column:
        return power_law(column, floor=kind == "power_floor")
    raise LawError(f"there is no law {law!r}. {did_you_mean(law, [*_LAWS, 'power:COLUMN', 'power_floor:COLUMN'])}")


def laws() -> tuple[Law, ...]:
    """All registered laws, power laws in params, tokens, compute and steps among them.

    >>> "kaplan" in [law.name for law in laws()]
    True
    """
    return tuple(_LAWS.values())


for _law in (
    joint.chinchilla,
    joint.kappa,
    joint.bottleneck,
    joint.kaplan,
    joint.kaplan_steps,
    joint.quanta,
    joint.quanta_kappa,
    joint.quanta_bottleneck,
    *(power_law(column, floor) for column in ("params", "tokens", "compute", "steps") for floor in (True, False)),
):
    register(_law)
