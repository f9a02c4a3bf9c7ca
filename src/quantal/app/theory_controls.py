"""The sliders of the theory: what each is called, between which values it moves, and the model that their values describe."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from quantal.errors import InputError, did_you_mean
from quantal.theory import (
    Exponential,
    Frequencies,
    HardThreshold,
    Hill,
    LearningRule,
    Poisson,
    QuantaModel,
    RepeatedEpochs,
    frequencies_from_dict,
)


@dataclass(frozen=True)
class Control:
    """A slider: its range in the parameter's own unit, whether it moves by ratio, and whether its end stands for infinity."""

    name: str
    symbol: str
    label: str
    least: float
    most: float
    start: float
    scale: Literal["linear", "log"] = "linear"
    endless: bool = False
    whole: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; infinity is the text "inf"."""
        start = "inf" if math.isinf(self.start) else self.start
        return {**{name: getattr(self, name) for name in self.__dataclass_fields__}, "start": start}

    def read(self, text: str) -> float:
        """The value that a text of a query stands for.

        Raises:
            InputError: it is no number, or one outside the range.
        """
        try:
            value = float(text)
        except ValueError:
            raise self._refused(text) from None
        if self.endless and value == math.inf:
            return value
        if not self.least <= value <= self.most or (self.whole and value != int(value)):
            raise self._refused(text)
        return value

    def _refused(self, text: str) -> InputError:
        kind = "a whole number" if self.whole else "a number"
        end = ", or inf" if self.endless else ""
        start = f"{self.start:g}"
        return InputError(
            f"{self.name} = {text!r}: it must be {kind} from {self.least:g} to {self.most:g}{end}; write {self.name}={start}"
        )


_COUNT = Control("count", "K", "quanta", 1, 1e12, math.inf, "log", endless=True, whole=True)
CONTROLS: Mapping[str, Control] = {
    one.name: one
    for one in (
        Control("gamma", "γ", "exponent", 0.02, 2.0, 0.4),
        _COUNT,
        Control("shift", "q", "shift of the ranks", 0, 10_000, 100),
        Control("cutoff", "κ", "cutoff rank", 1, 1e8, 1000, "log"),
        Control("rate", "λ", "rate of decay by rank", 1e-4, 3, 0.05, "log"),
        Control("theta", "θ", "stretch", 0.15, 1.0, 0.5),
        Control("scale", "κ", "scale in ranks", 1, 1e4, 100, "log"),
        Control("sigma", "σ", "spread of ln p", 0.3, 5, 2.0),
        Control("learned_loss", "a", "loss once learned", 0, 5, 1.7),
        Control("unlearned_loss", "b", "loss before", 0.1, 15, 9.0),
        Control("tau", "τ", "samples needed", 1, 1000, 3, "log"),
        Control("power", "q", "power of the tail", 0.1, 6, 2.0),
        Control("epochs", "e", "passes over the data", 1, 50, 4),
    )
}
LAWS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "zipf": ("Zipf, p ∝ k^−(γ+1)", ("gamma", "count")),
    "mandelbrot": ("Zipf–Mandelbrot, p ∝ (k+q)^−(γ+1)", ("gamma", "shift", "count")),
    "cutoff": ("power law cut off, p ∝ k^−(γ+1) e^−k/κ", ("gamma", "cutoff")),
    "geometric": ("geometric, p ∝ e^−λk", ("rate", "count")),
    "stretched": ("stretched exponential, p ∝ e^−(k/κ)^θ", ("theta", "scale")),
    "lognormal": ("log-normal, ln p of spread σ", ("sigma", "count")),
}
RULES: Mapping[str, tuple[str, tuple[str, ...], Callable[..., LearningRule]]] = {
    "poisson": ("at least τ samples of it seen", ("tau",), Poisson),
    "hard": ("hard threshold, D p = τ", ("tau",), HardThreshold),
    "exponential": ("share e^−Dp/τ left", ("tau",), Exponential),
    "hill": ("share 1/(1+(Dp/τ)^q) left", ("tau", "power"), Hill),
    "epochs": ("τ sights over e epochs", ("tau", "epochs"), RepeatedEpochs),
}
_LOSSES = ("learned_loss", "unlearned_loss")
_FINITE = {"lognormal": 1e6}
"""Laws that need a finite count, and the one they start with."""


@dataclass(frozen=True)
class Setting:
    """A model and a rule as the sliders set them, and their values by name, complete."""

    model: QuantaModel
    rule: LearningRule
    values: Mapping[str, Any]


def read_setting(query: Mapping[str, str]) -> Setting:
    """The setting that a query describes; what it leaves out stands where its slider starts.

    Raises:
        InputError: a law or rule is unknown, a value out of its range, a parameter unknown or of another law, or a >= b.

    >>> read_setting({"gamma": "0.5", "tau": "2"}).rule
    Poisson(tau=2.0)
    """
    law, rule = (
        _known("frequencies", query.get("frequencies", "zipf"), LAWS),
        _known("rule", query.get("rule", "poisson"), RULES),
    )
    names = (*LAWS[law][1], *_LOSSES, *RULES[rule][1])
    for name in query:
        if name not in ("frequencies", "rule", *names):
            raise InputError(
                f"{name} = {query[name]!r}: {law} frequencies under the rule {rule} have no {name}. "
                f"{did_you_mean(name, names)} They take {', '.join(names)}"
            )
    values = {name: _value(name, law, query) for name in names}
    frequencies = _frequencies(law, values)
    model = QuantaModel(frequencies, values["learned_loss"], values["unlearned_loss"])
    return Setting(model, RULES[rule][2](**{name: values[name] for name in RULES[rule][1]}), _plain(law, rule, values))


def described_controls() -> dict[str, Any]:
    """The sliders, and which of them each law and rule has, as plain data for JSON."""
    return {
        "controls": {name: one.to_dict() for name, one in CONTROLS.items()},
        "laws": {name: {"label": label, "controls": list(names)} for name, (label, names) in LAWS.items()},
        "rules": {name: {"label": label, "controls": list(names)} for name, (label, names, _) in RULES.items()},
        "losses": list(_LOSSES),
        "starts": {law: {"count": count} for law, count in _FINITE.items()},
    }


def _known(what: str, name: str, known: Mapping[str, Any]) -> str:
    if name not in known:
        raise InputError(f"{what} = {name!r}: it must be one of {', '.join(known)}. {did_you_mean(name, known)}")
    return name


def _value(name: str, law: str, query: Mapping[str, str]) -> float:
    control = CONTROLS[name]
    if name not in query:
        return _FINITE[law] if name == "count" and law in _FINITE else control.start
    value = control.read(query[name])
    if math.isinf(value) and law in _FINITE:
        raise InputError(f"count = inf: {law} frequencies have finitely many quanta; write count={_FINITE[law]:g}")
    return value


def _frequencies(law: str, values: Mapping[str, float]) -> Frequencies:
    return frequencies_from_dict({"law": law, **{name: values[name] for name in LAWS[law][1]}})


def _plain(law: str, rule: str, values: Mapping[str, float]) -> dict[str, Any]:
    shown = {name: "inf" if math.isinf(value) else value for name, value in values.items()}
    return {"frequencies": law, "rule": rule, **shown}
