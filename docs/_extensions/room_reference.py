"""``.. room:: quantal.fit``: the reference of everything that a room makes public, from the docstrings.

A name that ``quantal`` itself offers stands under that short name, for that is how it is called. ``.. everything::`` is the
table of the short names.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from typing import Any

from docstring_text import escaped, rewritten
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective, SphinxRole

ROOMS = (
    "runs",
    "laws",
    "fit",
    "forecast",
    "plan",
    "report",
    "theory",
    "simulate",
    "spectrum",
    "train",
    "discover",
    "reproduce",
    "app",
    "estimate",
    "errors",
)


def public_names(module_name: str) -> dict[str, str]:
    """The public names of a room and the module that defines each, in the order of its ``__init__``."""
    module = importlib.import_module(module_name)
    tree = ast.parse(inspect.getsource(module))
    if not hasattr(module, "__path__"):
        defined = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        return {node.name: module_name for node in defined if not node.name.startswith("_")}
    return {
        (alias.asname or alias.name): node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and _is_home(node.module, module_name)
        for alias in node.names
        if not (alias.asname or alias.name).startswith("_")
    }


def _is_home(source: str, room: str) -> bool:
    """Whether a name from ``source`` is the room's own: from inside it, or from a module of quantal that is no room."""
    parts = source.split(".")
    return source.startswith(f"{room}.") or (parts[0] == "quantal" and len(parts) > 1 and parts[1] not in ROOMS)


def full_name(room: str, name: str) -> str:
    """How a public name is called: by its short name where ``quantal`` offers the same thing."""
    import quantal

    thing = getattr(importlib.import_module(room), name)
    return f"quantal.{name}" if name in dir(quantal) and getattr(quantal, name) is thing else f"{room}.{name}"


class Room(SphinxDirective):
    """Autodoc directives for every public name of a room."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        room = self.arguments[0]
        module = importlib.import_module(room)
        lines = [*rewritten((inspect.getdoc(module) or "").partition("\n\n")[0].splitlines()), ""]
        found = sorted(public_names(room).items(), key=lambda one: full_name(room, one[0]).count("."))
        for name, home in found:
            lines += _entry(full_name(room, name), getattr(module, name), name, home)
        return self.parse_text_to_nodes("\n".join(lines))


def _entry(called: str, thing: Any, name: str, home: str) -> list[str]:
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        return [f".. autoexception:: {called}", "   :show-inheritance:", ""]
    if inspect.isclass(thing):
        return [f".. autoclass:: {called}", "   :members:", ""]
    if callable(thing) and inspect.isfunction(inspect.unwrap(thing)):
        return [f".. autofunction:: {called}", ""]
    text = rewritten(ModuleAnalyzer.for_module(home).find_attr_docs().get(("", name), ["A constant."]))
    return [f".. py:data:: {called}", "", *(f"   {line}" for line in text), ""]


class Everything(SphinxDirective):
    """A table of what ``quantal`` offers under short names, each with its one-line summary and room."""

    def run(self) -> list[nodes.Node]:
        import quantal

        rows = [".. list-table::", "   :widths: 30 70", "   :class: names", ""]
        for room in ROOMS:
            for name in public_names(f"quantal.{room}"):
                called = full_name(f"quantal.{room}", name)
                if called.count(".") == 1:
                    first = (inspect.getdoc(getattr(quantal, name)) or "").partition("\n")[0]
                    shown = f":py:obj:`ql.{name} <{called}>`"
                    rows += [f"   * - {shown}", f"     - {escaped(_summary(first, getattr(quantal, name)))}"]
        return self.parse_text_to_nodes("\n".join(rows))


def _summary(first_line: str, thing: Any) -> str:
    return first_line if inspect.isclass(thing) or inspect.isfunction(inspect.unwrap(thing)) else "A kind of parameter."


class Name(SphinxRole):
    """A name in a docstring: a link where the reference holds it, code otherwise."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        known = _known(self.text)
        if known is None:
            return [nodes.literal(self.text, self.text)], []
        link = pending_xref(
            "", nodes.literal(self.text, self.text), refdomain="py", reftype="obj", reftarget=known, refexplicit=True
        )
        link["refdoc"] = self.env.docname
        return [link], []


_NAMES: dict[str, str] = {}


def _known(text: str) -> str | None:
    if not _NAMES:
        for room in reversed(ROOMS):
            for name in public_names(f"quantal.{room}"):
                called = full_name(f"quantal.{room}", name)
                _NAMES[name] = _NAMES[called] = _NAMES[f"quantal.{room}.{name}"] = called
    return _NAMES.get(text.removeprefix("ql."))


def _readable(
    _app: Any, _what: str, _name: str, _obj: Any, _options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Signatures with the names of types, not of the machinery that holds them."""
    return tuple(text and re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text) for text in (signature, returns))  # type: ignore[return-value]


def setup(app: Any) -> dict[str, Any]:
    app.connect("autodoc-process-signature", _readable)
    app.add_directive("room", Room)
    app.add_directive("everything", Everything)
    app.add_role("quantal", Name())
    return {"parallel_read_safe": True}
