"""quantal train"""

from __future__ import annotations

import click


class _Kinds(click.Group):
    """Imports the module of a kind of training only when it is called."""

    KINDS = {  # noqa: RUF012
        "parity": "Networks of one hidden layer or more on multitask sparse parity.",
        "text": "Small language models on text, token by token.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        import importlib

        if cmd_name not in self.KINDS:
            return None
        return importlib.import_module(f"quantal.cli.train_{cmd_name}_command").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.KINDS.items()))


@click.group("train", cls=_Kinds)
def command() -> None:
    """Train networks that learn quanta, and measure what they learn when.

    \b
    Example:
      quantal train parity --tasks 100 --bits 32 --k 2 --width 100 --batch-size 2000 --steps 2000
    """
