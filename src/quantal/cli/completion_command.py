"""quantal completion"""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the shell completion script.

    \b
    Example:
      quantal completion bash >> ~/.bashrc
    """
    from click.shell_completion import get_completion_class

    from quantal.cli.app import group

    kind = get_completion_class(shell)
    assert kind is not None
    print(kind(group, {}, "quantal", "_QUANTAL_COMPLETE").source())
