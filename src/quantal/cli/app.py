"""The `quantal` command: subcommands are imported when they are called, and errors are one message without traceback."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from typing import Any

import click

from quantal import __version__

COMMANDS = {
    "report": "Read runs, fit every law, forecast and plan; write one HTML page.",
    "fit": "Fit one law: parameters, intervals, a verdict for each.",
    "compare": "Rank laws by their error on the dearest runs, predicted from the others.",
    "forecast": "Predict the loss of a run that has not been trained.",
    "emergence": "From small models alone: the probability that a task leaves chance.",
    "benchmark": "Score forecasts where the answer is known.",
    "plan": "Split a compute budget between model size and data.",
    "cost": "Say what a model costs: FLOPs by a named count, inference, hours and money.",
    "next": "Say which runs to train next for a better forecast, or to stop.",
    "track": "Say whether a run in progress is on its forecast.",
    "theory": "What the quantization model predicts: exponents and exact losses.",
    "frequencies": "Which law of frequencies counts follow: Zipf's, exponential, others.",
    "simulate": "Simulate runs of the quantization model, with their noise.",
    "train": "Train networks that learn quanta: multitask sparse parity, language models on text.",
    "sweep": "Run a table of configurations once each, on this machine or a cluster.",
    "runs": "List, show or export the runs of a sweep's store.",
    "discover": "Find the skills of a language model: clusters of tokens by their gradients.",
    "spectrum": "Read frequencies of quanta from loss curves or counts, and test the hypothesis.",
    "curves": "Each token's loss across models: learned at once, gradually, never, or unlearned.",
    "reproduce": "Check the theory's claims by measurement: predicted, measured, verdict.",
    "app": "Open the local page: runs, fits, forecasts, theory, sweeps and quanta.",
    "laws": "List the laws, or show one: formula, inputs, parameters, source.",
    "data": "List, show, export or fetch tables of runs.",
    "completion": "Print the shell completion script (bash, zsh, fish).",
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"quantal.cli.{cmd_name}_command").command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from quantal.errors import did_you_mean

            raise click.UsageError(f"there is no command {args[0]!r}. {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


EPILOG = """\b
Examples:
  quantal report tiny-lm -o report.html
  quantal fit runs.csv --law chinchilla --bootstrap 1000
  quantal plan runs.csv --compute 1e21

RUNS is a file (CSV, TSV, Parquet, JSON lines), a saved fit, or the name of a table: tiny-lm is the demo that comes with
quantal, `quantal data list` shows the others."""


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="quantal")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Plan, fit and explain neural scaling laws: from a table of training runs to laws, forecast and plan."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command line; exit status 0, 1 (the input cannot be used), 2 (the call is wrong) or 130 (interrupted)."""
    warnings.showwarning = _show_warning
    status = 0
    try:
        status = group.main(prog_name="quantal", standalone_mode=False) or 0
    except click.exceptions.Abort:
        _say("interrupted")
        status = 130
    except KeyboardInterrupt:
        _say("interrupted")
        status = 130
    except click.UsageError as error:
        help_of = error.ctx.command_path if error.ctx else "quantal"
        text = error.format_message().rstrip(".")
        _say(f"{text}{'' if text.endswith('?') else '.'} See `{help_of} --help`.")
        status = 2
    except click.ClickException as error:
        _say(error.format_message())
        status = 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except Exception as error:
        from quantal.errors import QuantalError

        if not isinstance(error, (QuantalError, OSError, MemoryError)):
            raise
        _say(str(error) or type(error).__name__)
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def _say(text: str) -> None:
    print(f"quantal: {text}", file=sys.stderr)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    from quantal.errors import QuantalWarning

    if issubclass(category, QuantalWarning):
        print(f"warning: {message}", file=sys.stderr)
