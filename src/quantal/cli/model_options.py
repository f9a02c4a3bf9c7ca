"""Options that choose a quantization model and a learning rule, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import Command, Size
from quantal.errors import InputError

if TYPE_CHECKING:
    from quantal.theory import Frequencies, LearningRule, QuantaModel

LAWS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "zipf": (("gamma",), ("count",)),
    "mandelbrot": (("gamma", "shift"), ("count",)),
    "cutoff": (("gamma", "cutoff"), ()),
    "geometric": (("rate",), ("count",)),
    "stretched": (("theta", "scale"), ()),
    "lognormal": (("sigma", "count"), ()),
}
RULES: dict[str, tuple[str, ...]] = {
    "poisson": ("tau",),
    "binomial": ("tau",),
    "hard": ("tau",),
    "exponential": ("tau",),
    "hill": ("tau", "power"),
    "epochs": ("tau", "epochs"),
}


class Sizes(click.ParamType):
    """Numbers with optional magnitudes, separated by commas."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[float]:
        if isinstance(value, list):
            return value
        return [Size().convert(part, param, ctx) for part in str(value).split(",") if part.strip()]


def _add(options: tuple[Callable[[Command], Command], ...]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _number(flag: str, text: str) -> Callable[[Command], Command]:
    return click.option(flag, type=Size(), metavar="X", help=text)


rank_options = _add(
    (
        click.option(
            "--frequencies",
            "law",
            type=click.Choice(list(LAWS)),
            default="zipf",
            show_default=True,
            help="The law of how often each quantum is used.",
        ),
        _number("--gamma", "zipf, mandelbrot, cutoff: p_k ∝ k^-(gamma+1)."),
        _number("--count", "zipf, mandelbrot, geometric, lognormal: the number of quanta (default: infinitely many)."),
        _number("--shift", "mandelbrot: p_k ∝ (k+shift)^-(gamma+1)."),
        _number("--cutoff", "cutoff: p_k ∝ k^-(gamma+1) e^(-k/cutoff)."),
        _number("--rate", "geometric: p_k ∝ e^(-rate k)."),
        _number("--theta", "stretched: p_k ∝ e^(-(k/scale)^theta)."),
        _number("--scale", "stretched: its scale in ranks."),
        _number("--sigma", "lognormal: the standard deviation of ln p."),
    )
)

_loss_options = _add(
    (
        click.option(
            "--learned-loss", type=Size(), default=0.0, metavar="A", help="Loss of a learned quantum (default 0)."
        ),
        click.option(
            "--unlearned-loss", type=Size(), default=1.0, metavar="B", help="Loss of an unlearned quantum (default 1)."
        ),
    )
)


def model_options(command: Command) -> Command:
    """The law of frequencies, and the loss of learned and unlearned quanta."""
    return rank_options(_loss_options(command))


rule_options = _add(
    (
        click.option(
            "--rule",
            type=click.Choice(list(RULES)),
            default="poisson",
            show_default=True,
            help="When samples teach a quantum: at least tau of a stream (poisson) or of exactly D samples (binomial), an "
            "expected count of tau (hard), a share exp(-Dp/tau) or 1/(1+(Dp/tau)^power) left (exponential, hill), or tau "
            "sights in repeated epochs.",
        ),
        _number("--tau", "Samples that a quantum needs (default 1)."),
        _number("--power", "hill: the power of its tail."),
        _number("--epochs", "epochs: how often the data are passed."),
    )
)


def model_of(options: dict[str, Any]) -> QuantaModel:
    """The model that `model_options` describe."""
    from quantal.theory import QuantaModel

    return QuantaModel(frequencies_of(options), options["learned_loss"], options["unlearned_loss"])


def frequencies_of(options: dict[str, Any]) -> Frequencies:
    """The law of frequencies that `model_options` describe.

    Raises:
        InputError: a parameter is missing, or is one of another law.
    """
    from quantal.theory import frequencies_from_dict

    law = options["law"]
    needed, allowed = LAWS[law]
    known = {name for pair in LAWS.values() for name in (*pair[0], *pair[1])}
    given = {name: options[name] for name in sorted(known) if options[name] is not None}
    _require(f"--frequencies {law}", given, needed, allowed)
    return frequencies_from_dict({"law": law, **given})


def rule_of(options: dict[str, Any]) -> LearningRule:
    """The learning rule that `rule_options` describe.

    Raises:
        InputError: a parameter is missing, or is one of another rule.
    """
    from quantal.theory import Binomial, Exponential, HardThreshold, Hill, Poisson, RepeatedEpochs

    rule = options["rule"]
    given = {name: options[name] for name in ("tau", "power", "epochs") if options[name] is not None}
    _require(f"--rule {rule}", given, tuple(name for name in RULES[rule] if name != "tau"), ("tau",))
    made: dict[str, Callable[..., LearningRule]] = {
        "poisson": Poisson,
        "binomial": Binomial,
        "hard": HardThreshold,
        "exponential": Exponential,
        "hill": Hill,
        "epochs": RepeatedEpochs,
    }
    return made[rule](**given)


def _require(what: str, given: dict[str, float], needed: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    missing = [name for name in needed if name not in given]
    extra = [name for name in given if name not in (*needed, *allowed)]
    takes = ", ".join(f"--{name}" for name in (*needed, *allowed))
    if missing:
        raise InputError(f"{what}: it needs --{missing[0]}; write for example {what} " + _example(needed))
    if extra:
        raise InputError(f"{what} with --{extra[0]}: it takes {takes} only; leave --{extra[0]} out")


def _example(needed: tuple[str, ...]) -> str:
    values = {"gamma": "0.5", "shift": "10", "cutoff": "1000", "rate": "0.5", "theta": "0.5", "scale": "100"}
    values |= {"sigma": "2", "count": "1e6", "power": "2", "epochs": "4"}
    return " ".join(f"--{name} {values[name]}" for name in needed)
