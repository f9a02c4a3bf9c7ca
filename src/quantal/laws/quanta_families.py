"""The quantization model as laws: for each law of frequencies, loss as a function of size, of data, and of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.laws.draws import across, floors, log_uniform, middle
from quantal.laws.jet import exp, log, value_of, where
from quantal.laws.law import Floats, Starts
from quantal.laws.learning_shape import LearningShape, spread
from quantal.laws.parameter import Bounds, Parameter
from quantal.laws.quanta_tails import (
    cutoff_data,
    cutoff_size,
    lognormal_data,
    lognormal_size,
    stretched_data,
    stretched_size,
)

SCALE = Bounds(0.0, math.inf)
AMPLITUDE = Bounds(0.0, math.inf, scale=True)
Given = Mapping[str, Any]


@dataclass(frozen=True)
class Powers:
    """Exponents of a power law of frequencies: alpha = nu (gamma + eps) in size, beta = (gamma + eps)/(omega (gamma + 1) + delta) in data.

    With ``tied`` off alpha and beta are parameters of their own.
    """

    nu: float = 1.0
    eps: float = 0.0
    omega: float = 1.0
    delta: float = 0.0
    tied: bool = True

    def names(self, size: bool, data: bool) -> tuple[str, ...]:
        if self.tied:
            return ("gamma",)
        return (*(("alpha",) if size else ()), *(("beta",) if data else ()))

    def alpha(self, p: Given) -> Any:
        return self.nu * (p["gamma"] + self.eps) if self.tied else p["alpha"]

    def beta(self, p: Given) -> Any:
        if not self.tied:
            return p["beta"]
        return (p["gamma"] + self.eps) / (self.omega * (p["gamma"] + 1.0) + self.delta)

    def formula(self, size: bool, data: bool) -> str:
        """How gamma gives the exponents, as LaTeX to be appended."""
        if not self.tied:
            return ""
        top = rf"\gamma + {self.eps:g}" if self.eps else r"\gamma"
        bottom = (r"\gamma + 1" if self.omega == 1 else rf"{self.omega:g} (\gamma + 1)") + (
            f" + {self.delta:g}" if self.delta else ""
        )
        alpha = top if self.nu == 1 else rf"{self.nu:g} ({top})"
        ties = ([rf"\alpha = {alpha}"] if size else []) + ([rf"\beta = \frac{{{top}}}{{{bottom}}}"] if data else [])
        return "".join(rf", \quad {tie}" for tie in ties)


@dataclass(frozen=True)
class Form:
    """A law of frequencies as a law: names of parameters, the function (size, data, parameters), the formula, and starts."""

    parameters: tuple[Parameter, ...]
    function: Callable[[Any, Any, Given], Any]
    formula: str
    starts: Starts


def parameter(name: str, unit: str = "") -> Parameter:
    """A parameter of these laws by its name."""
    bounds, meaning = _PARAMETERS[name]
    return Parameter(name, bounds, meaning, "unit of the loss" if name in ("E", "A", "B") else unit)


_PARAMETERS: dict[str, tuple[Bounds, str]] = {
    "E": (AMPLITUDE, "loss once every quantum is learned"),
    "A": (AMPLITUDE, "amplitude of the size term, or of the whole"),
    "B": (AMPLITUDE, "amplitude of the data term"),
    "gamma": (SCALE, "frequencies go as rank^-(gamma + 1)"),
    "alpha": (SCALE, "exponent in size"),
    "beta": (SCALE, "exponent in data"),
    "K": (SCALE, "where the last quantum is learned (by a smooth rule: with chance 1/2)"),
    "q": (SCALE, "size that the flat head of the frequencies takes"),
    "D_0": (SCALE, "data at which the first quantum is learned (by a smooth rule: with chance 1/2)"),
    "scale": (SCALE, "size at which the unlearned mass bends"),
    "theta": (Bounds(0.05, 1.0), "stretch of the exponential; 1 is the geometric law"),
    "sigma": (Bounds(0.0, 30.0), "standard deviation of the logarithm of the frequencies"),
    "N_c": (SCALE, "size at which the cutoff sets in"),
    "D_c": (SCALE, "data at which the cutoff sets in"),
}


def power_form(powers: Powers, shape: LearningShape, size: bool, data: bool, finite: bool, shifted: bool) -> Form:
    """Zipf and Zipf-Mandelbrot, infinite or finite; both limits join as L_N + L_D [R(u_N) - R(u_0)]."""
    shapes = (*(("K",) if finite else ()), *((("q",) if size else ("D_0",)) if shifted else ()))
    names = ("E", *(("A",) if size else ()), *(("B",) if data else ()), *powers.names(size, data), *shapes)

    def learned_size(N: Any, p: Given) -> Any:
        within = _smaller(N, p["K"]) if finite else N
        return within + p["q"] if shifted else within

    def only_size(N: Any, _: Any, p: Given) -> Any:
        alpha = powers.alpha(p)
        term = _power(learned_size(N, p), alpha)
        if finite:
            term = term - _power(p["K"] + p["q"] if shifted else p["K"], alpha)
        return p["E"] + p["A"] * term

    def only_data(_: Any, D: Any, p: Given) -> Any:
        beta = powers.beta(p)
        share = 1.0
        if finite:
            share = shape.share(beta, log(D) - log(p["K"]) + shape.log_half)
        if shifted:
            share = share - shape.share(beta, log(D) - log(p["D_0"]) + shape.log_half)
        return p["E"] + p["B"] * _power(D, beta) * share

    def both(N: Any, D: Any, p: Given) -> Any:
        alpha, beta = powers.alpha(p), powers.beta(p)
        data_term = p["B"] * _power(D, beta)

        def share(at: Any) -> Any:
            # ln u, the expected count of the quantum at that size
            return shape.share(
                beta, (shape.log_moment(beta) + log(p["A"]) - alpha * log(at) - log(p["B"]) + beta * log(D)) / beta
            )

        end = share(learned_size(N, p))
        return only_size(N, D, p) + data_term * (end - share(p["q"]) if shifted else end)

    function = both if size and data else only_size if size else only_data
    formula = _power_formula(size, data, finite, shifted) + powers.formula(size, data)
    return Form(tuple(parameter(name) for name in names), function, formula, _starts(names, size, data))


def geometric_form(shape: LearningShape, size: bool, data: bool) -> Form:
    """The exponential law: e^(-N/scale) in size, 1/D in data, which join with beta = 1."""
    names = ("E", *(("A",) if size else ()), *(("B",) if data else ()), *(("scale",) if size else ()))

    def function(N: Any, D: Any, p: Given) -> Any:
        if not size:
            return p["E"] + p["B"] / D
        term = exp(-N / p["scale"])
        if not data:
            return p["E"] + p["A"] * term
        log_u = shape.log_moment(np.ones(1)) + log(p["A"]) - N / p["scale"] - log(p["B"]) + log(D)
        return p["E"] + p["A"] * term + p["B"] / D * shape.share(np.ones(1), log_u)

    parts = ([r"A\,e^{-N/N_s}"] if size else []) + ([r"\frac{B}{D}" + (r"\,R(1, u)" if size else "")] if data else [])
    formula = f"L({_arguments(size, data)}) = E + {' + '.join(parts)}"
    return Form(tuple(parameter(name) for name in names), function, formula, _starts(names, size, data))


@dataclass(frozen=True)
class Tail:
    """A law of frequencies by its unlearned mass: in size as tail(ln(N/scale)), under a hard threshold as tail(ln(D/D_0))."""

    size: Callable[[Any, Any], Any]
    data: Callable[[Any, Any], Any]
    shape: str
    size_scale: str
    data_scale: str
    size_formula: str
    data_formula: str


TAILS = {
    "lognormal": Tail(
        lognormal_size, lognormal_data, "sigma", "K", "D_0",
        r"\Phi(\Phi^{-1}(1 - N/K) - \sigma)", r"\Phi(-\ln(D/(u D_0))/\sigma)",
    ),
    "stretched": Tail(
        stretched_size, stretched_data, "theta", "scale", "D_0",
        r"Q(1/\theta, (N/N_s)^\theta)", r"Q(1/\theta, \ln(D/(u D_0)))",
    ),
    "cutoff": Tail(
        cutoff_size, cutoff_data, "gamma", "N_c", "D_c",
        r"\gamma E_{\gamma+1}(N/N_c)", r"\gamma E_{\gamma+1}(w(D/(u D_c)))",
    ),
}  # fmt: skip


def tail_form(tail: Tail, shape: LearningShape, size: bool, data: bool) -> Form:
    """Laws without a power-law tail; a smooth rule is a mean over hard thresholds u, and limits join as the larger of the two."""
    scales = (*((tail.size_scale,) if size else ()), *((tail.data_scale,) if data else ()))
    names = ("E", "A", tail.shape, *scales)

    def function(N: Any, D: Any, p: Given) -> Any:
        by_size = tail.size(log(N) - log(p[tail.size_scale]), p[tail.shape]) if size else None
        if not data:
            return p["E"] + p["A"] * by_size
        ratio, inner = spread(log(D) - log(p[tail.data_scale]) + shape.log_half), spread(p[tail.shape])

        def hard(log_u: Floats) -> Any:
            unlearned = tail.data(ratio - log_u, inner)
            return unlearned if by_size is None else np.maximum(unlearned, spread(by_size))

        return p["E"] + p["A"] * shape.mean(hard, smooth=not size)

    inside = {(True, False): tail.size_formula, (False, True): rf"\sum_u w_u\,{tail.data_formula}"}.get(
        (size, data), rf"\sum_u w_u \max({tail.size_formula}, {tail.data_formula})"
    )
    formula = f"L({_arguments(size, data)}) = E + A\\,{inside}"
    return Form(tuple(parameter(name) for name in names), function, formula, _starts(names, size, data))


def _power(x: Any, exponent: Any) -> Any:
    return exp(-exponent * log(x))


def _smaller(x: Any, limit: Any) -> Any:
    return where(value_of(x) <= value_of(limit), x, limit)


def _arguments(size: bool, data: bool) -> str:
    return ", ".join((*(("N",) if size else ()), *(("D",) if data else ())))


def _power_formula(size: bool, data: bool, finite: bool, shifted: bool) -> str:
    base = "(N + q)" if shifted else "N"
    last = (r"(K + q)^{-\alpha}" if shifted else r"K^{-\alpha}") if finite else ""
    by_size = rf"A\left[{base}^{{-\alpha}} - {last}\right]" if finite else rf"A\,{base}^{{-\alpha}}"
    end = r"R(\beta, u_N)" if size else r"R(\beta, D/D_K)" if finite else ("1" if shifted else "")
    start = (r" - R(\beta, u_0)" if size else r" - R(\beta, D/D_0)") if shifted else ""
    share = rf"\left[{end}{start}\right]" if start else end
    parts = ([by_size] if size else []) + ([rf"B\,D^{{-\beta}} {share}".strip()] if data else [])
    count = (
        rf", \quad u_N^\beta = \beta M_\beta \frac{{A\,{base}^{{-\alpha}}}}{{B\,D^{{-\beta}}}}" if size and data else ""
    )
    return f"L({_arguments(size, data)}) = E + {' + '.join(parts)}{count}"


def _starts(names: tuple[str, ...], size: bool, data: bool) -> Starts:
    """Draws whose terms share the loss at the middle of the runs; shapes spread over the range of the inputs and beyond."""

    def starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
        columns = list(inputs.values())
        N, D = columns[0], columns[-1]
        left = np.exp(np.log(y).mean()) - (floor := floors(rng, y, count))
        gamma = log_uniform(rng, 0.03, 1.2, count)
        # an exponent of its own for the data, where exponents are not tied
        beta = log_uniform(rng, 0.03, 0.9, count) if "beta" in names else gamma / (gamma + 1.0)
        share = rng.uniform(0.1, 0.9, count) if size and data else np.ones(count)
        x = N if size else D
        drawn = {
            "E": floor,
            "gamma": gamma,
            "alpha": gamma,
            "beta": beta,
            "theta": rng.uniform(0.1, 0.95, count),
            "sigma": log_uniform(rng, 0.5, 8.0, count),
            "K": across(rng, x, count, below=3.0, beyond=1e6),
            "q": across(rng, x, count, below=1e-3),
            "scale": across(rng, x, count, below=1e-6),
            "D_0": across(rng, D, count, below=1e-6, beyond=0.1),
            "N_c": across(rng, N, count, beyond=1e4),
            "D_c": across(rng, D, count, beyond=1e4),
        }
        tail_shaped = bool({"theta", "sigma", "N_c", "D_c"} & set(names))
        amplitude = left * share * (4.0 if tail_shaped else middle(x) ** (gamma if size else beta))
        drawn["A"] = amplitude
        drawn["B"] = left * (1.0 - share if size else share) * middle(D) ** beta
        if "scale" in names and "theta" not in names:
            drawn["B"] = left * middle(D)
            drawn["A"] = left * np.exp(middle(x) / drawn["scale"]).clip(1.0, 1e3)
        return np.stack([drawn[name] for name in names], axis=-1)

    return starts
