"""The registry of laws: one list, one form, found by name; the specialised ones are loaded when first asked for."""

from __future__ import annotations

import importlib

from quantal.errors import LawError, did_you_mean
from quantal.laws import joint
from quantal.laws.law import Law
from quantal.laws.power import in_column, power, power_floor, power_law

# Where each law lies that is tried only when asked for by name.
_ASKED_FOR = {
    name: module
    for module, names in {
        "curves": "m1 m2 m3 m4 shifted_power power_cutoff",
        "broken": "bnsl1 bnsl2 bnsl3",
        "kaplan_set": "kaplan_params kaplan_tokens kaplan_compute critical_batch kaplan_training",
        "surfaces": "rosenfeld farseer",
        "data_limits": "data_constrained fine_tuning",
        "experts": "clark",
        "downstream": "overtraining downstream_error overtraining_error ladder_loss ladder_accuracy ladder emergence",
        "observational": "capability",
        "training": "step_learning_rate step_batch_size",
        "schedule": "annealing multi_power",
        "composition": "vocabulary",
        "precision": "precision quantization_penalty",
        "quantized": "quantized_joint quantized_joint_free",
    }.items()
    for name in names.split()
}
# Laws in as many columns as are named after a colon: the function that makes them, and columns for the list of laws.
_IN_COLUMNS = {
    "observational": ("observational", "observational_law", ("pc1", "pc2", "pc3")),
    "mixture": ("composition", "mixture_law", ("share1", "share2")),
    **{
        kind: ("quantized", kind, ("tokens",))
        for kind in ("zipf", "zipf_finite", "mandelbrot", "geometric", "stretched", "lognormal", "cutoff")
    },
}
_ALSO_TRIED = ("quantized_joint",)
_GENERIC = {law.name: law for law in (power, power_floor)}
_DEFAULT: dict[str, Law] = {}


def register(law: Law) -> Law:
    """Add a law to the registry, so that it is found by name everywhere; a registered name cannot be taken twice.

    Raises:
        LawError: the name is taken by another law.
    """
    if _DEFAULT.get(law.name, law) is not law or law.name in _ASKED_FOR:
        raise LawError(f"a law named {law.name!r} is registered already; give yours another name: @ql.law(name=...)")
    _DEFAULT[law.name] = law
    return law


def get_law(law: str | Law) -> Law:
    """The law of a name (or the law itself).

    A law of one curve takes any column after a colon, as in ``power:COLUMN``, ``m4:COLUMN`` or ``bnsl1:COLUMN``;
    ``observational:COLUMN,...`` and ``mixture:COLUMN,...`` take several, and laws of quanta such as ``lognormal:COLUMN`` one or
    two.

    Raises:
        LawError: no law has that name; suggests the nearest.

    >>> get_law("chinchilla").parameter_names
    ('E', 'A', 'B', 'alpha', 'beta')
    >>> get_law("power:steps").input_names, get_law("m3:tokens").input_names
    (('steps',), ('tokens',))
    """
    if isinstance(law, Law):
        return law
    if law in _DEFAULT:
        return _DEFAULT[law]
    kind, colon, columns = law.partition(":")
    if kind in _IN_COLUMNS:
        module, maker, usual = _IN_COLUMNS[kind]
        chosen = tuple(part.strip() for part in columns.split(",") if part.strip()) if colon else usual
        return getattr(_module(module), maker)(chosen)
    if kind in _GENERIC or kind in _ASKED_FOR:
        found: Law = _GENERIC.get(kind) or getattr(_module(_ASKED_FOR[kind]), kind)
        return in_column(found, columns.strip()) if colon else found
    known = [*_DEFAULT, *_ASKED_FOR, *_IN_COLUMNS, "power:COLUMN", "power_floor:COLUMN"]
    raise LawError(f"there is no law {law!r}. {did_you_mean(law, known)}")


def default_laws() -> tuple[Law, ...]:
    """The laws that are tried where none is named: joint laws, power laws in the usual columns, and those of one's own.

    >>> "kaplan" in [law.name for law in default_laws()], "clark" in [law.name for law in default_laws()]
    (True, False)
    """
    return (*_DEFAULT.values(), *(get_law(name) for name in _ALSO_TRIED))


def laws() -> tuple[Law, ...]:
    """All laws; those of one curve in a generic input x, which `get_law` takes to any column.

    >>> "clark" in [law.name for law in laws()]
    True
    """
    return (*_DEFAULT.values(), *(get_law(name) for name in (*_ASKED_FOR, *_IN_COLUMNS)))


def _module(name: str) -> object:
    return importlib.import_module(f"quantal.laws.{name}")


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
