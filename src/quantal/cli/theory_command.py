"""quantal theory"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from quantal.cli.model_options import model_of, model_options, rule_of, rule_options
from quantal.cli.options import Size, json_option, print_json
from quantal.errors import InputError

if TYPE_CHECKING:
    from quantal.theory import LearningRule, QuantaModel


@click.command("theory")
@model_options
@click.option("--quanta", type=Size(), metavar="N", help="Also the loss once the N most frequent quanta are learned.")
@click.option("--samples", type=Size(), metavar="D", help="Also the loss after D samples, under --rule.")
@rule_options
@click.option("--chart", metavar="FILE", help="Write a chart of the loss: .html (needs no network) or .json.")
@json_option
def command(quanta: float | None, samples: float | None, chart: str | None, as_json: bool, **options: Any) -> None:
    """What the quantization model predicts: exponents, and the exact loss after so many quanta or samples.

    \b
    Example:
      quantal theory --gamma 0.5 --quanta 1e6
      quantal theory --frequencies geometric --rate 0.5 --samples 1e6 --tau 3 --rule poisson
    """
    if quanta is not None and samples is not None:
        raise InputError(
            "--quanta and --samples at once: the loss after so many quanta and after so many samples are two questions; "
            "give one of them"
        )
    model, rule = model_of(options), rule_of(options)
    found: dict[str, Any] = {
        "frequencies": model.frequencies.to_dict(),
        "exponents": model.exponents(rule=rule).to_dict(),
    }
    if quanta is not None:
        found |= {"quanta": quanta, "loss": _after_quanta(model, quanta)}
    if samples is not None:
        found |= {"samples": samples, "rule": repr(rule), "loss": _after_samples(model, samples, rule)}
    if chart is not None:
        from quantal.report.charts_theory import loss_in_quanta, loss_in_samples

        (loss_in_samples(model, rule) if samples is not None else loss_in_quanta(model)).save(chart)
    if as_json:
        print_json(found)
        return
    _show(found, model)
    if chart is not None:
        print(f"The chart: {chart}")


def _after_quanta(model: QuantaModel, quanta: float) -> dict[str, Any]:
    loss: dict[str, Any] = {"exact": model.loss_after(quanta)}
    for form in ("naive", "midpoint"):
        try:
            loss[form] = model.loss_after(quanta, form=form)
        except InputError as error:
            loss |= {form: None, "reason": str(error)}
    return loss


def _after_samples(model: QuantaModel, samples: float, rule: LearningRule) -> dict[str, Any]:
    from quantal.theory import resource_term

    loss: dict[str, Any] = {"exact": model.loss(samples=samples, rule=rule)}
    try:
        return loss | {"asymptotic": model.floor + resource_term(model, rule).at(samples)}
    except InputError as error:
        return loss | {"asymptotic": None, "reason": str(error)}


def _show(found: dict[str, Any], model: QuantaModel) -> None:
    print(f"{model.frequencies!r}, loss {model.ceiling:.6g} with nothing learned, {model.floor:.6g} with everything")
    exponents = found["exponents"]
    names = [name for name in ("params", "samples", "steps", "compute") if exponents[name] is not None]
    print("exponents: " + (", ".join(f"{name} {exponents[name]:.6g}" for name in names) or "none"))
    for condition in exponents["conditions"]:
        print(f"  {condition}")
    if "loss" in found:
        amount = (
            f"{found['quanta']:g} quanta" if "quanta" in found else f"{found['samples']:g} samples, {found['rule']}"
        )
        values = [f"{name} {value:.9g}" for name, value in found["loss"].items() if isinstance(value, float)]
        print(f"loss after {amount}: " + ", ".join(values))
        if "reason" in found["loss"]:
            print(f"  no asymptote: {found['loss']['reason']}")
