"""Law: a pure function of inputs and parameters to one target, with exact derivatives, its formula and its source."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import InputError, LawError, did_you_mean
from quantal.laws.jet import Jet, value_of
from quantal.laws.needs import Need, check_needs, varies
from quantal.laws.parameter import Bounds, Parameter

Floats = NDArray[np.float64]
Starts = Callable[[Mapping[str, Floats], Floats, np.random.Generator, int], Floats]

Series = Annotated[Any, "series"]
"""Marks an input that holds an array for each run, such as a schedule; the law receives it as (n, T)."""

Signed = Annotated[Any, "signed"]
"""Marks an input that may be zero or negative, such as a principal component or a share of the data."""

UNITS = {
    "params": "parameters",
    "tokens": "tokens",
    "samples": "samples",
    "compute": "FLOPs",
    "steps": "steps",
    "unique_tokens": "tokens",
    "batch_size": "tokens",
    "params_non_vocab": "parameters",
    "params_vocab": "parameters",
    "finetune_examples": "examples",
}


@dataclass(frozen=True)
class Input:
    """A column that a law reads; ``series`` marks one with an array in each cell, ``signed`` one that may be below zero."""

    name: str
    unit: str = ""
    series: bool = False
    signed: bool = False


@dataclass(frozen=True)
class Target:
    """What a law predicts; ``positive`` means that its logarithm may be taken."""

    name: str = "loss"
    unit: str = "unit of the loss"
    positive: bool = True


@dataclass(frozen=True)
class Law:
    """A scaling law: ``function(*inputs, **parameters)`` with everything that the rest of quantal needs to know of it.

    Make one with the decorator `law`.

    >>> from quantal.laws import get_law
    >>> chinchilla = get_law("chinchilla")
    >>> float(round(chinchilla(params=70e9, tokens=1.4e12, E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28), 4))
    1.9366
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    inputs: tuple[Input, ...]
    parameters: tuple[Parameter, ...]
    target: Target = Target()
    title: str = ""
    formula: str = ""
    source: str = ""
    needs: tuple[Need, ...] = ()
    starts: Starts | None = field(default=None, repr=False)
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict, repr=False)
    arrange: Callable[[Floats], Floats] | None = field(default=None, repr=False)
    """Where exchanging parameters gives the same law, as with breaks: theta (R, P) to the one order that is reported."""

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.inputs)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.parameters)

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process by name, which only a law of the registry has there."""
        from quantal.laws.registry import get_law

        return get_law, (self.name,)

    def __call__(self, **named: ArrayLike) -> Any:
        """The law at inputs and parameters given by name, broadcast like NumPy arrays.

        Raises:
            InputError: a name is missing or unknown.
        """
        expected = (*self.input_names, *self.parameter_names)
        for name in named:
            if name not in expected:
                raise InputError(f"{self.name} takes no {name!r}. {did_you_mean(name, expected)}")
        if missing := [name for name in expected if name not in named]:
            raise InputError(f"{self.name} needs {', '.join(missing)}; write {self.signature()}")
        arrays = {name: np.asarray(value, dtype=float) for name, value in named.items()}
        for parameter in self.parameters:
            check_parameter(self, parameter, arrays[parameter.name])
        return self.function(
            *(arrays[name] for name in self.input_names), **{name: arrays[name] for name in self.parameter_names}
        )

    def value(self, inputs: Mapping[str, Floats], theta: Floats) -> Floats:
        """Values (R, n) for parameters (R, P) and inputs (n,); (n,) for parameters (P,)."""
        flat = np.atleast_2d(theta)
        n = len(inputs[self.input_names[0]])
        columns = {p.name: flat[:, i, None] for i, p in enumerate(self.parameters)}
        out = np.broadcast_to(self.function(*self._shaped(inputs), **columns), (len(flat), n))
        return out[0] if np.ndim(theta) == 1 else out

    def jet(self, inputs: Mapping[str, Floats], theta: Floats, vary: Sequence[int] | None = None) -> Jet:
        """Value with gradient and Hessian by the natural parameters, for theta (R, P); only ``vary`` are varied."""
        varied = range(len(self.parameters)) if vary is None else vary
        columns: dict[str, Any] = {p.name: theta[:, i, None] for i, p in enumerate(self.parameters)}
        for place, i in enumerate(varied):
            columns[self.parameters[i].name] = Jet.seed(theta[:, i, None], place)
        out = self.function(*self._shaped(inputs), **columns)
        return out if isinstance(out, Jet) else Jet(np.asarray(out), {}, {})

    def gradient(self, inputs: Mapping[str, Floats], theta: Floats) -> Floats:
        """Derivatives (n, P) by the parameters at theta (P,)."""
        jet = self.jet(inputs, theta[None, :])
        n = len(inputs[self.input_names[0]])
        rows = [np.broadcast_to(jet.gradient.get(i, 0.0), (1, n))[0] for i in range(len(self.parameters))]
        return np.stack(rows, axis=-1)

    def hessian(self, inputs: Mapping[str, Floats], theta: Floats) -> Floats:
        """Second derivatives (n, P, P) by the parameters at theta (P,)."""
        jet = self.jet(inputs, theta[None, :])
        n, size = len(inputs[self.input_names[0]]), len(self.parameters)
        out = np.zeros((n, size, size))
        for (i, j), h in jet.hessian.items():
            out[:, i, j] = out[:, j, i] = np.broadcast_to(h, (1, n))[0]
        return out

    def linear_parameters(self) -> tuple[int, ...]:
        """The indices of parameters in which the law is jointly linear, read off the pattern of its second derivatives."""
        inputs, theta = probe(self)
        jet = self.jet(inputs, theta[None, :])
        chosen: list[int] = []
        for i, parameter in enumerate(self.parameters):
            pairs = [(min(i, j), max(i, j)) for j in [*chosen, i]]
            if parameter.bounds.low == 0.0 and np.isinf(parameter.bounds.high) and parameter.bounds.scale:
                flat = all(np.all(np.abs(jet.hessian.get(pair, 0.0)) < 1e-300) for pair in pairs)
                if flat and i in jet.gradient:
                    chosen.append(i)
        return tuple(chosen)

    def additive_parameters(self) -> tuple[int, ...]:
        """The indices of amplitudes that the law adds as they are, such as a floor: no second derivative holds them."""
        inputs, theta = probe(self)
        jet = self.jet(inputs, theta[None, :])
        curved = {i for pair, curve in jet.hessian.items() if np.any(np.abs(curve) > 1e-300) for i in pair}
        return tuple(
            i for i, one in enumerate(self.parameters) if one.bounds.scale and i in jet.gradient and i not in curved
        )

    def then(self, outer: Law, name: str | None = None) -> Law:
        """The composed law outer(self(...)), such as loss and then accuracy; `outer` has this law's target as an input.

        Raises:
            LawError: the outer law does not read this law's target, or parameter names clash.
        """
        if self.target.name not in outer.input_names:
            raise LawError(
                f"{outer.name} reads {', '.join(outer.input_names)}, not {self.target.name!r}: it cannot follow {self.name}"
            )
        if clash := set(self.parameter_names) & set(outer.parameter_names):
            raise LawError(
                f"{self.name} and {outer.name} both have parameters {sorted(clash)}: rename them in one of the two"
            )
        others = tuple(one for one in outer.inputs if one.name != self.target.name and one not in self.inputs)
        inner_inputs, inner_names = self.input_names, self.parameter_names

        def composed(*arrays: Any, **parameters: Any) -> Any:
            given = dict(zip((*inner_inputs, *(one.name for one in others)), arrays, strict=True))
            middle = self.function(*(given[n] for n in inner_inputs), **{n: parameters[n] for n in inner_names})
            given[self.target.name] = middle
            return outer.function(
                *(given[n] for n in outer.input_names), **{n: parameters[n] for n in outer.parameter_names}
            )

        return replace(
            outer,
            name=name or f"{self.name}+{outer.name}",
            function=composed,
            inputs=self.inputs + others,
            parameters=self.parameters + outer.parameters,
            formula=rf"{outer.formula}, \quad {self.formula}",
            source=f"{self.source}; {outer.source}",
            needs=self.needs,
            starts=None,
            published={},
            arrange=None,
        )

    def check(self, runs: Any) -> None:
        """Raise IdentifiabilityError or DataError unless the runs hold what this law needs."""
        signed = [one.name for one in self.inputs if one.signed]
        check_needs(self.name, self.needs, self.input_names, runs, signed)

    def signature(self) -> str:
        """How to call the law."""
        return f"{self.name}({', '.join([*self.input_names, '*', *self.parameter_names])})"

    def to_dict(self) -> dict[str, Any]:
        """Name, formula, inputs, parameters with meaning, unit and bounds, target and source as plain data."""
        return {
            "name": self.name,
            "title": self.title,
            "formula": self.formula,
            "source": self.source,
            "inputs": [{"name": one.name, "unit": one.unit, "series": one.series} for one in self.inputs],
            "target": self.target.name,
            "parameters": [
                {"name": p.name, "meaning": p.meaning, "unit": p.unit, "bounds": str(p.bounds)} for p in self.parameters
            ],
            "published": {source: dict(values) for source, values in self.published.items()},
        }

    def _shaped(self, inputs: Mapping[str, Floats]) -> list[Floats]:
        return [inputs[one.name] if one.series else inputs[one.name][None, :] for one in self.inputs]


def check_parameter(law: Law, parameter: Parameter, values: Floats) -> None:
    """Raise InputError where a parameter is not finite or out of its bounds."""
    bad = ~np.isfinite(values) | (values < parameter.bounds.low) | (values > parameter.bounds.high)
    if np.any(bad):
        raise InputError(
            f"{law.name}: {parameter.name} = {float(values[bad].flat[0])!r} lies outside {parameter.bounds}; "
            f"{parameter.name} is {parameter.meaning or 'a parameter of the law'}"
        )


def law(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    title: str = "",
    source: str = "",
    target: Target | str = "loss",
    needs: tuple[Need, ...] | None = None,
    starts: Starts | None = None,
    published: Mapping[str, Mapping[str, float]] | None = None,
) -> Any:
    """Turn a plain function into a `Law`; its derivatives come from running it on jets, checked against differences.

    Positional arguments are columns, keyword-only arguments are parameters, annotated with `Positive`, `Exponent`,
    `Fraction`, `Real` or ``Annotated[float, Bounds(low, high)]``. The docstring's first paragraph is the formula in
    LaTeX; lines ``name: meaning [unit]`` describe parameters.

    Raises:
        LawError: an annotation is missing, or the derivatives differ from high-precision differences.

    >>> import quantal as ql
    >>> @ql.law(source="a textbook")
    ... def saturating(tokens, *, E: ql.Positive, A: ql.Positive, alpha: ql.Exponent):
    ...     "L(D) = E + A / (1 + D)^alpha"
    ...     return E + A * (1 + tokens) ** -alpha
    >>> saturating.input_names, saturating.parameter_names
    (('tokens',), ('E', 'A', 'alpha'))
    """

    def make(fn: Callable[..., Any]) -> Law:
        hints = get_type_hints(fn, include_extras=True)
        text = inspect.getdoc(fn) or ""
        inputs, parameters = [], []
        for one in inspect.signature(fn).parameters.values():
            if one.kind is inspect.Parameter.KEYWORD_ONLY:
                parameters.append(_parameter(fn.__name__, one.name, hints.get(one.name), text))
            else:
                marked = get_args(hints.get(one.name))
                series, signed = marked == get_args(Series), marked == get_args(Signed)
                inputs.append(Input(one.name, UNITS.get(one.name, ""), series, signed))
        if not inputs or not parameters:
            raise LawError(
                f"{fn.__name__}: a law takes columns by position and parameters after a star, "
                f"as in def {fn.__name__}(params, tokens, *, E: ql.Positive, alpha: ql.Exponent)"
            )
        made = Law(
            name=name or fn.__name__,
            function=fn,
            inputs=tuple(inputs),
            parameters=tuple(parameters),
            target=target if isinstance(target, Target) else Target(target),
            title=title or (name or fn.__name__).replace("_", " "),
            formula=text.split("\n\n")[0].replace("\n", " ").strip(),
            source=source,
            needs=tuple(varies(one.name) for one in inputs if not one.series) if needs is None else needs,
            starts=starts,
            published=published or {},
        )
        from quantal.laws.verify import verify

        verify(made)
        return made

    return make if function is None else make(function)


def _parameter(owner: str, name: str, hint: Any, text: str) -> Parameter:
    found = [extra for extra in get_args(hint) if isinstance(extra, Bounds)] if get_origin(hint) is Annotated else []
    if not found:
        raise LawError(
            f"{owner}: parameter {name!r} has no domain; annotate it: {name}: ql.Positive, ql.Exponent, ql.Fraction, "
            "ql.Real or Annotated[float, ql.Bounds(low, high)]"
        )
    match = re.search(rf"^{re.escape(name)}: *(.+?)(?: *\[(.+)\])?$", text, flags=re.MULTILINE)
    meaning, unit = (match.group(1), match.group(2) or "") if match else ("", "")
    return Parameter(name, found[0], meaning, unit)


def probe(law: Law) -> tuple[dict[str, Floats], Floats]:
    """Inputs (n = 3) and parameters (P,) of ordinary size, at which a law's derivatives are looked at."""
    inputs: dict[str, Floats] = {}
    for place, one in enumerate(law.inputs):
        big = one.name in UNITS
        values = (
            np.array([2.0e3, 3.0e4, 5.0e5]) * (1.0 + 0.3 * place) if big else np.array([1.3, 2.1, 3.4]) + 0.2 * place
        )
        inputs[one.name] = np.linspace(1.0, 0.2, 4) * values[:, None] if one.series else values
    theta = []
    for place, parameter in enumerate(law.parameters):
        if parameter.bounds.scale:
            theta.append(parameter.bounds.low + 1.9 + 0.37 * place)
        elif np.isfinite(parameter.bounds.low) and np.isinf(parameter.bounds.high):
            theta.append(parameter.bounds.low + 0.31 + 0.07 * place)
        else:
            theta.append(float(parameter.bounds.natural(np.float64(0.2 + 0.11 * place))))
    return inputs, np.array(theta)


def plain(law: Law, inputs: Mapping[str, Any], theta: Any) -> Any:
    """The law's own function on arrays of any float type, for theta (P,)."""
    return value_of(
        law.function(*(inputs[n] for n in law.input_names), **dict(zip(law.parameter_names, theta, strict=True)))
    )
