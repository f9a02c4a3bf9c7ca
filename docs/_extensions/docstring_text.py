"""Docstrings as they are written in the source -> reStructuredText that says the same.

In a docstring single backticks mark names, formulas stand as plain text, ``Source:`` names a paper. So names become links
where the reference knows them, whatever reStructuredText would take for markup is escaped, and papers become links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from quantal.report.words import GREEK

_CODE = re.compile(r"(``.+?``|`[^`]+`|\\\(.+?\\\)|(?<![\w-])--[a-z][\w-]*)")
_LETTER = re.compile(r"\\([A-Za-z]+)")
_PAPER = re.compile(r"arXiv (\d{4}\.\d{4,5})")
_MARKUP = re.compile(r"([\\*|_])")
_SECTION = re.compile(r"^(Source|Sources|Formula|Example|Examples|Units|Shapes): ?(.*)$")


def escaped(text: str) -> str:
    """One line of prose with nothing left that reStructuredText would take for markup, but code and papers marked."""
    parts = _CODE.split(text)
    for place, part in enumerate(parts):
        if part.startswith("``"):
            continue
        if part.startswith("--") and part[2:3].isalpha():
            parts[place] = f"``{part}``"
        elif part.startswith(r"\("):
            parts[place] = f":math:`{part[2:-2].strip()}`"
        elif part.startswith("`") and len(part) > 2:
            parts[place] = f":quantal:`{part[1:-1]}`" if re.fullmatch(r"[\w.]+", part[1:-1]) else f"``{part[1:-1]}``"
        else:
            plain = _LETTER.sub(lambda found: GREEK.get(found[1], found[0]), part)
            plain = _MARKUP.sub(r"\\\1", plain.replace("`", r"\`"))
            parts[place] = _PAPER.sub(r"`arXiv \1 <https://arxiv.org/abs/\1>`__", plain)
    marked = ("``", ":quantal:", ":math:")
    return "".join(f"\\ {part}\\ " if part.startswith(marked) else part for part in parts)


def rewritten(lines: list[str]) -> Iterator[str]:
    """The lines of a docstring as reStructuredText."""
    in_example = False
    for line in lines:
        text = line.strip()
        if in_example or text.startswith(">>>"):
            if text.startswith(">>>") and not in_example:
                yield ""
            in_example = bool(text)
            yield line
            continue
        indent = line[: len(line) - len(line.lstrip())]
        if found := _SECTION.match(text):
            title, rest = found.groups()
            yield ""
            yield f"{indent}**{title}.** {escaped(rest)}"
        elif re.fullmatch(r"(Args|Raises|Warns|Returns|Yields):", text):
            yield ""
            yield line
        elif named := re.match(r"^(\w+): (.*)$", text) if indent else None:
            yield f"{indent}{named[1]}: {escaped(named[2])}"
        else:
            yield indent + escaped(text)


def _process(_app: Any, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    lines[:] = list(rewritten(lines))


def setup(app: Any) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"parallel_read_safe": True}
