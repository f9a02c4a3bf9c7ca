"""quantal cost"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import Command, Size, json_option, level_option, print_json

if TYPE_CHECKING:
    from quantal.plan import LifetimePlan
    from quantal.runs import TransformerShape

NEEDED = ("layers", "width", "vocabulary", "context")


def shape_options(command: Command) -> Command:
    """The shape of a transformer, as its config file names its parts."""
    whole = click.IntRange(min=1)
    for add in reversed(
        (
            click.option("--layers", type=whole, metavar="L", help="A shape in place of --params: its layers,"),
            click.option("--width", type=whole, metavar="W", help="its width (d_model, hidden_size),"),
            click.option("--vocabulary", type=whole, metavar="V", help="its vocabulary,"),
            click.option("--context", type=whole, metavar="T", help="its context, in tokens."),
            click.option(
                "--heads", type=whole, metavar="H", help="Attention heads (they matter to the softmax alone)."
            ),
            click.option("--kv-heads", type=whole, metavar="H", help="Heads of keys and values, where fewer."),
            click.option("--head-width", type=whole, metavar="W", help="Width of a head (default: width / heads)."),
            click.option("--hidden", type=whole, metavar="W", help="Feed-forward width (default: 4 width)."),
            click.option("--gated", is_flag=True, help="Three feed-forward matrices, as in SwiGLU."),
            click.option("--untied", is_flag=True, help="An output layer of its own beside the embeddings."),
        )
    ):
        command = add(command)
    return command


@click.command("cost")
@click.option("--params", type=Size(), metavar="N", help="Model size, counted as 6 params tokens.")
@shape_options
@click.option("--tokens", type=Size(), metavar="D", help="Training tokens.")
@click.option("--inference-tokens", type=Size(), default=0.0, metavar="D", help="Tokens served over the model's life.")
@click.option(
    "--fit", "fit_file", metavar="FILE", help="With --loss: the cheapest model of a loss over its life, by a saved fit."
)
@click.option("--loss", type=float, metavar="L", help="With --fit: the loss to reach.")
@click.option(
    "--flops",
    metavar="COUNT",
    help="How a shape's FLOPs are counted: exact (default), 6ND, 6ND-non-embedding, 6ND-with-head, chinchilla-appendix-f.",
)
@click.option(
    "--hardware",
    default="a100",
    show_default=True,
    metavar="NAME",
    help="A device by name, or its peak in FLOPs a second.",
)
@click.option("--devices", type=click.IntRange(min=1), default=1, show_default=True, help="How many of them.")
@click.option(
    "--utilisation",
    type=float,
    default=0.4,
    show_default=True,
    metavar="SHARE",
    help="Share of the peak that is reached.",
)
@click.option("--price", type=float, metavar="MONEY", help="Money for an hour of one device.")
@level_option
@json_option
def command(
    params: float | None,
    tokens: float | None,
    inference_tokens: float,
    fit_file: str | None,
    loss: float | None,
    flops: str | None,
    hardware: str,
    devices: int,
    utilisation: float,
    price: float | None,
    levels: tuple[float, ...],
    as_json: bool,
    **shape: Any,
) -> None:
    """Say what a model costs: training FLOPs by a named count, inference over its life, hours and money.

    \b
    Example:
      quantal cost --layers 12 --width 768 --vocabulary 50257 --context 1024 --heads 12 --tokens 10B --hardware rtx4090
    """
    from quantal.plan import run_cost
    from quantal.runs import TransformerShape

    best: LifetimePlan | None = None
    if fit_file is not None or loss is not None:
        best = _cheapest(fit_file, loss, inference_tokens, levels, params, tokens, shape)
        model: TransformerShape | float = best.params.value or 0.0
        tokens = best.tokens.value
    else:
        model = _model(params, shape)
    if tokens is None:
        raise click.UsageError("--tokens is missing: how many tokens is the model trained on, such as --tokens 20B?")
    found = run_cost(
        model,
        tokens,
        inference_tokens,
        _hardware(hardware),
        flops=flops,
        count=devices,
        utilisation=utilisation,
        price=price,
    )
    counts = model.side_by_side() if isinstance(model, TransformerShape) else None
    if as_json:
        lifetime = {} if best is None else {"lifetime": best.to_dict()}
        print_json(found.to_dict() | {"counts": counts} | lifetime)
        return
    if best is not None:
        print(f"The cheapest model of loss {best.loss:g} over its life, by {best.fit.law.title or best.fit.law.name}")
        for name in ("params", "tokens", "tokens_per_param", "saved"):
            print(f"  {name:16s} {getattr(best, name)!r}")
    print(repr(found))
    if counts is not None:
        for title, unit in (("params", "params"), ("flops_per_token", "training FLOPs a token")):
            print(f"  {unit}: {', '.join(f'{name} {value:.4g}' for name, value in counts[title].items())}")


def _model(params: float | None, shape: dict[str, Any]) -> TransformerShape | float:
    from quantal.runs import TransformerShape

    untied = shape.pop("untied")
    given = {name: value for name, value in shape.items() if value}
    if params is not None:
        if given or untied:
            raise click.UsageError("--params and a shape were both given: the shape has its own params; leave one out.")
        return params
    missing = [f"--{name}" for name in NEEDED if name not in given]
    if missing:
        raise click.UsageError(f"the model is missing: give --params, or a shape ({', '.join(missing)} to go).")
    return TransformerShape(**given, tied=not untied)


def _cheapest(
    fit_file: str | None,
    loss: float | None,
    inference_tokens: float,
    levels: tuple[float, ...],
    params: float | None,
    tokens: float | None,
    shape: dict[str, Any],
) -> LifetimePlan:
    from quantal.fit import load_fit
    from quantal.plan import lifetime_plan

    if fit_file is None or loss is None:
        raise click.UsageError("--fit and --loss go together, as in --fit fit.json --loss 2.1.")
    if params is not None or tokens is not None or any(shape.values()):
        raise click.UsageError("--fit chooses params and tokens itself: leave out --params, --tokens and the shape.")
    return lifetime_plan(load_fit(fit_file), loss, inference_tokens, levels=levels)


def _hardware(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text
