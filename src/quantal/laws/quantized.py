"""Every model of the theory as a law that fits, compares, forecasts and plans like the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from quantal.errors import LawError
from quantal.laws.law import UNITS, Input, Law
from quantal.laws.learning_shape import LearningShape
from quantal.laws.needs import varies
from quantal.laws.parameter import Parameter
from quantal.laws.quanta_families import TAILS, Form, Powers, geometric_form, power_form, tail_form
from quantal.theory import (
    Capacity,
    Cutoff,
    Frequencies,
    Geometric,
    GradientFlow,
    LearningRule,
    LogNormal,
    Mandelbrot,
    Poisson,
    PowerLoss,
    QuantaModel,
    Stretched,
    Zipf,
)
from quantal.theory.losses import ConstantLoss

SIZES = ("params", "params_non_vocab")
DATA = ("tokens", "samples", "unique_tokens")
STEPS = ("steps",)
SOURCE = "Michaud et al. 2023 (arXiv 2303.13506), section 2; exact continuum form of the quantization model"


@dataclass(frozen=True)
class QuantizedLaw(Law):
    """A law that comes from a model of quanta; ``tied`` says whether gamma gives both exponents."""

    model: QuantaModel | None = field(default=None, repr=False)
    rule: LearningRule = Poisson()  # noqa: RUF009
    capacity: Capacity = Capacity()  # noqa: RUF009
    tied: bool = True


def quantized_law(
    model: QuantaModel,
    *inputs: str,
    rule: LearningRule | None = None,
    capacity: Capacity | None = None,
    tied: bool = True,
    name: str | None = None,
) -> QuantizedLaw:
    r"""A model of quanta as a law in size, in data or steps, or in both.

    Its parameters are E, the amplitudes A and B, gamma and the shape of the frequencies in the units of the inputs: loss
    curves fix nothing else. The model says which law of frequencies; its own numbers are not used. Ranks are taken as continuous,
    which the first n quanta feel as a relative error of gamma/(2n).

    In size and data together Zipf's law gives exactly L = E + L_N + L_D R(beta, u), with L_N = A N^-gamma, L_D = B D^-beta,
    beta = gamma/(gamma+1), and u = [beta M L_N/L_D]^{1/beta} the expected count of the rarest quantum that fits, M the Mellin transform
    of the rule's window. Under Poisson (tau = 1) or exponential learning R = Q(beta, u) and beta M = Gamma(1 + beta); under a hard
    threshold the larger limit decides. Frequencies without a power-law tail join their limits as a mean over 64 hard thresholds,
    good to 0.5 % of the loss above E.

    Args:
        inputs: "params", and one of "tokens", "samples", "unique_tokens" and "steps"; or one of them alone.
        rule: how quanta are learned; Poisson() for data and GradientFlow() for steps unless given.
        capacity: parameters per quantum; only its growth enters.
        tied: False gives alpha and beta in place of gamma, for Zipf's law.
        name: how the law is called; fits by a law of your own are loaded once it is registered.

    Raises:
        LawError: inputs that are no limits of the model, or a model that is no law (counts, or losses that no power of rank gives).

    Source: theory of the quantization model, after Michaud et al. 2023 (arXiv 2303.13506), section 2.

    >>> import quantal.theory as qt
    >>> law = quantized_law(qt.QuantaModel(qt.Zipf(gamma=0.4)), "params", "tokens")
    >>> law.name, law.parameter_names
    ('quantized_joint', ('E', 'A', 'B', 'gamma'))
    >>> float(round(law(params=1e9, tokens=2e10, E=1.7, A=400.0, B=400.0, gamma=0.4), 3))
    2.156
    """
    size, data = _limits(inputs)
    chosen = rule or (GradientFlow() if data in STEPS else Poisson())
    room = capacity or Capacity()
    form = _form(model, chosen, room, size is not None, data is not None, tied)
    given = tuple(one for one in (size, data) if one is not None)

    def function(*columns: Any, **parameters: Any) -> Any:
        by_name = dict(zip(given, columns, strict=True))
        return form.function(by_name.get(size), by_name.get(data), parameters)  # type: ignore[arg-type]

    kind = _kind(model.frequencies)
    usual = rule is None and room.growth == 0 and not isinstance(model.gap, PowerLoss)
    free = "" if tied else "_free"
    plain_name = f"{kind}{free}:{','.join(given)}"
    if kind == "zipf" and given == ("params", "tokens"):
        plain_name = f"quantized_joint{free}"
    distinct = len(form.parameters) if len(given) == 1 else 2
    ratio = (varies(data, per=size),) if size and data else ()
    return QuantizedLaw(
        name=name or (plain_name if usual else f"{plain_name}[{chosen!r}]"),
        function=function,
        inputs=tuple(Input(one, UNITS.get(one, "")) for one in given),
        parameters=tuple(_with_unit(one, size, data) for one in form.parameters),
        title=f"Quanta, {kind.replace('_', ' ')} frequencies, in {' and '.join(given)}",
        formula=form.formula,
        source=SOURCE,
        needs=(*(varies(one, distinct=distinct) for one in given), *ratio),
        starts=form.starts,
        model=model,
        rule=chosen,
        capacity=room,
        tied=tied,
    )


def quanta_law(kind: str, columns: tuple[str, ...]) -> QuantizedLaw:
    """The law of a registered name, such as ``zipf_finite:tokens`` or ``lognormal:params,tokens``.

    Raises:
        LawError: no such law, or columns that are no limits of the model.

    >>> quanta_law("zipf_finite", ("tokens",)).parameter_names
    ('E', 'B', 'gamma', 'K')
    """
    tied = not kind.endswith("_free")
    return quantized_law(QuantaModel(_EXAMPLES[kind.removesuffix("_free")]), *columns, tied=tied)


_EXAMPLES: dict[str, Frequencies] = {
    "quantized_joint": Zipf(gamma=0.4),
    "zipf": Zipf(gamma=0.4),
    "zipf_finite": Zipf(gamma=0.4, count=1_000_000),
    "mandelbrot": Mandelbrot(gamma=0.4, shift=100.0),
    "mandelbrot_finite": Mandelbrot(gamma=0.4, shift=100.0, count=1_000_000),
    "geometric": Geometric(rate=0.1),
    "stretched": Stretched(theta=0.5, scale=100.0),
    "lognormal": LogNormal(sigma=3.0, count=1_000_000),
    "cutoff": Cutoff(gamma=0.4, cutoff=1e4),
}


def _limits(inputs: tuple[str, ...]) -> tuple[str | None, str | None]:
    sizes = [one for one in inputs if one in SIZES]
    data = [one for one in inputs if one in (*DATA, *STEPS)]
    if not inputs or len(sizes) > 1 or len(data) > 1 or len(sizes) + len(data) != len(inputs):
        raise LawError(
            f"inputs {', '.join(map(repr, inputs)) or 'of no name'}: a model of quanta is limited by size ({', '.join(SIZES)}), by data or "
            f"steps ({', '.join((*DATA, *STEPS))}), or by one of each; write quantized_law(model, 'params', 'tokens')"
        )
    return (sizes or [None])[0], (data or [None])[0]


def _kind(frequencies: Frequencies) -> str:
    finite = "_finite" if frequencies.count < float("inf") else ""
    match frequencies:
        case Zipf() | Mandelbrot():
            return type(frequencies).__name__.lower() + finite
        case Stretched() | Cutoff() | LogNormal():
            return type(frequencies).__name__.lower()
        case Geometric() if not finite:
            return "geometric"
    raise LawError(
        f"{frequencies!r} is no law with parameters to fit: give Zipf, Mandelbrot, Cutoff, Geometric (infinite), Stretched or LogNormal"
    )


def _form(model: QuantaModel, rule: LearningRule, capacity: Capacity, size: bool, data: bool, tied: bool) -> Form:
    kind, gap = _kind(model.frequencies), model.gap
    if isinstance(gap, ConstantLoss):
        eps = 0.0
    elif isinstance(gap, PowerLoss) and gap.offset == 0:
        eps = gap.exponent
    else:
        raise LawError(
            f"b - a = {gap!r}: a law has constant losses, or ones that go as a power of rank; write QuantaModel(frequencies), or "
            "unlearned_loss=PowerLoss(scale, exponent)"
        )
    powers = Powers(capacity.nu, eps, rule.omega, rule.growth, tied)
    plain = powers == Powers(tied=tied)
    if not plain and (kind not in ("zipf", "zipf_finite")):
        raise LawError(
            f"{kind} with costs or losses that grow with rank is no closed law; use constant ones, or Zipf frequencies"
        )
    if not tied and kind not in ("zipf", "zipf_finite"):
        raise LawError(f"tied=False: exponents of their own exist for Zipf frequencies, not for {kind}")
    shape = LearningShape.of(rule)
    if kind == "geometric":
        return geometric_form(shape, size, data)
    if kind in TAILS:
        return tail_form(TAILS[kind], shape, size, data)
    return power_form(powers, shape, size, data, finite=kind.endswith("_finite"), shifted=kind.startswith("mandelbrot"))


def _with_unit(one: Parameter, size: str | None, data: str | None) -> Parameter:
    if one.name in ("D_0", "D_c"):
        return Parameter(one.name, one.bounds, one.meaning, UNITS.get(data or "", ""))
    if one.name in ("K", "q", "scale", "N_c"):
        return Parameter(one.name, one.bounds, one.meaning, UNITS.get(size or data or "", ""))
    return one


quantized_joint = quanta_law("quantized_joint", ("params", "tokens"))
quantized_joint_free = quanta_law("quantized_joint_free", ("params", "tokens"))
zipf = partial(quanta_law, "zipf")
zipf_finite = partial(quanta_law, "zipf_finite")
mandelbrot = partial(quanta_law, "mandelbrot")
geometric = partial(quanta_law, "geometric")
stretched = partial(quanta_law, "stretched")
lognormal = partial(quanta_law, "lognormal")
cutoff = partial(quanta_law, "cutoff")
