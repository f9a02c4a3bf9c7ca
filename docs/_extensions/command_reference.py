"""``.. commands::``: the reference of the command line, from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import click
from docstring_text import escaped
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

MARKS = "-^~"


def every_command(group: click.Group, path: str = "quantal") -> Iterator[tuple[str, click.Command]]:
    """Every command and sub-command with its path, such as 'quantal train parity'."""
    with click.Context(group, info_name=path) as context:
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield f"{path} {name}", found
            if isinstance(found, click.Group):
                yield from every_command(found, f"{path} {name}")


def described(path: str, command: click.Command) -> list[str]:
    """One command as reStructuredText: heading, call, what it does, options, example."""
    with click.Context(command, info_name=path) as context:
        usage = " ".join(command.collect_usage_pieces(context))
    text, _, example = (command.help or "").replace("\b\n", "").partition("Example")
    mark = MARKS[min(path.count(" ") - 1, 2)]
    lines = [f".. _{path.replace(' ', '-')}:", "", path, mark * len(path), ""]
    lines += [escaped(" ".join(part.split())) + "\n" for part in re.split(r"\n\s*\n", text) if part.strip()]
    lines += ["", ".. code-block:: text", "", f"   {path} {usage}", ""]
    if example:
        calls = example.split(":", 1)[1].strip().splitlines()
        lines += [".. code-block:: console", "", *(f"   $ {call.strip()}" for call in calls if call.strip()), ""]
    lines += [f".. program:: {path}", ""]
    for one in command.params:
        lines += _parameter(one)
    return lines


def _parameter(one: click.Parameter) -> list[str]:
    if isinstance(one, click.Argument):
        name = one.make_metavar(click.Context(click.Command("any")))
        return [
            f".. option:: {name}",
            "",
            "   What to work on." if name == "RUNS" else "   Required." * one.required,
            "",
        ]
    assert isinstance(one, click.Option)
    if one.hidden or "--help" in one.opts:
        return []
    value = "" if one.is_flag or one.count else f" {_metavar(one)}"
    names = ", ".join(f"{name}{value}" for name in [*one.opts, *one.secondary_opts])
    text = one.help or ""
    notes = ["Required."] if one.required else []
    if one.multiple and "repeatable" not in text:
        notes.append("Repeatable.")
    if one.show_default and one.default not in (None, (), False) and "(default" not in text:
        notes.append(f"Default: {one.default}.")
    return [f".. option:: {names}", "", f"   {escaped(' '.join([text, *notes]).strip())}", ""]


def _metavar(one: click.Option) -> str:
    if one.metavar is None and isinstance(one.type, click.types.IntParamType | click.types.FloatParamType):
        return "NUMBER"
    return one.make_metavar(click.Context(click.Command("any")))


class Commands(SphinxDirective):
    """Every command of the `quantal` group."""

    def run(self) -> list[nodes.Node]:
        from quantal.cli.app import group

        lines = [line for path, command in every_command(group) for line in described(path, command)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app: Any) -> dict[str, Any]:
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
