r"""The LaTeX of laws' formulas -> MathML, which browsers draw themselves.

Read are fractions, roots, sub- and superscripts, brackets (with ``\left`` and ``\right``), Greek letters, functions,
numbers, names and the usual signs; what is unknown is shown as its name, so that no formula is lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from quantal.report.markup import Html, element
from quantal.report.words import GREEK

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|[A-Za-z]+|\S")
_SIGNS = {
    "infty": "∞",
    "cdot": "⋅",
    "times": "×",
    "propto": "∝",
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "approx": "≈",
    "sum": "∑",
    "prod": "∏",
    "int": "∫",
    "to": "→",
    "in": "∈",
    "{": "{",
    "}": "}",
}
_WITH_LIMITS = tuple(f"<mo>{sign}</mo>" for sign in "∑∏")
_ACCENTS = {"tilde": "~", "hat": "^", "bar": "¯", "dot": "˙"}
_FUNCTIONS = ("max", "min", "log", "exp", "ln", "sinh", "cosh", "tanh")
_SPACES = {"quad": "1em", "qquad": "2em", ",": "0.17em", ";": "0.28em", ":": "0.22em", " ": "0.3em", "!": "0"}
_OPEN, _CLOSE = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}


def mathml(latex: str, values: Mapping[str, str] | None = None, *, block: bool = False) -> Html:
    r"""A formula as a MathML element; parameters named in ``values`` are replaced by their values.

    >>> mathml(r"\frac{A}{N^\alpha}")
    '<math aria-label="\\frac{A}{N^\\alpha}"><mfrac><mi>A</mi><msup><mi>N</mi><mi>α</mi></msup></mfrac></math>'
    >>> mathml(r"N^\alpha", {"alpha": "0.35"})
    '<math aria-label="N^\\alpha"><msup><mi>N</mi><mn>0.35</mn></msup></math>'
    """
    reader = _Reader(_TOKEN.findall(latex), dict(values or {}))
    row = reader.row(None)
    while reader.place < len(reader.tokens):
        row.append(element("mo", reader.take()))
        row += reader.row(None)
    return element("math", _row(row), display="block" if block else None, aria_label=latex)


@dataclass
class _Reader:
    tokens: list[str]
    values: dict[str, str]
    place: int = field(default=0)

    def peek(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def row(self, end: str | None) -> list[Html]:
        """Items up to ``end`` (which is taken), a closing bracket that is none of ours (which is left), or the end."""
        items: list[Html] = []
        while (token := self.peek()) is not None:
            if token == end:
                self.take()
                return items
            if token in _CLOSE or (token == r"\right" and end != r"\right"):
                return items
            items.append(self.scripted())
        return items

    def scripted(self) -> Html:
        """One item with its subscript and superscript."""
        name = self.peek() or ""
        base = Html("") if name in "^_" else self.item()
        below = above = None
        while (token := self.peek()) is not None and token in "^_":
            self.take()
            if token == "_":
                before = self.place
                below = self.argument()
                name += "_" + "".join(self.tokens[before : self.place]).strip("{}")
            else:
                above = self.argument()
        if below is not None and (given := self.values.get(name.replace("\\", ""))) is not None:
            base, below = element("mn", given), None
        if below is None and above is None:
            return base
        under, over = ("munder", "mover") if base in _WITH_LIMITS else ("msub", "msup")
        if below is not None and above is not None:
            return element(under + over.removeprefix("m"), base, below, above)
        return element(under, base, below) if below is not None else element(over, base, above)

    def argument(self) -> Html:
        r"""A group in braces, or the next item alone (with its own subscript, as in ``N^\alpha_N``)."""
        if self.peek() is None:
            return Html("<mrow></mrow>")
        return self.item()

    def item(self) -> Html:
        token = self.take()
        if token == "{":
            return _row(self.row("}"))
        if token in _OPEN:
            return self.bracketed(token, _OPEN[token])
        if token.startswith("\\"):
            return self.command(token[1:])
        if token[0].isdigit():
            return element("mn", token)
        if token[0].isalpha():
            return self.name(token)
        return element("mo", {"-": "−", "*": "⋅", "'": "′"}.get(token, token))

    def name(self, text: str) -> Html:
        if text in self.values:
            return element("mn", self.values[text])
        return element("mi", GREEK.get(text, text))

    def command(self, name: str) -> Html:
        if name == "frac":
            return element("mfrac", self.argument(), self.argument())
        if name == "sqrt":
            return element("msqrt", self.argument())
        if name in _ACCENTS:
            return element("mover", self.argument(), element("mo", _ACCENTS[name]), accent="true")
        if name in ("text", "mathrm", "operatorname"):
            return self.words()
        if name == "left":
            opening = self.take() if self.peek() is not None else ""
            inside = self.row(r"\right")
            closing = self.take() if self.peek() is not None else ""
            return _row([_fence(opening), *inside, _fence(closing)])
        if name in _SPACES:
            return element("mspace", width=_SPACES[name])
        if name in GREEK:
            return self.name(name)
        if name in _FUNCTIONS:
            return element("mi", name)
        return element("mo", _SIGNS[name]) if name in _SIGNS else element("mtext", name)

    def bracketed(self, opening: str, closing: str) -> Html:
        inside = self.row(closing)
        closed = self.place > 0 and self.tokens[self.place - 1] == closing
        return _row([_fence(opening, "false"), *inside, *([_fence(closing, "false")] if closed else [])])

    def words(self) -> Html:
        if self.peek() != "{":
            return self.argument()
        self.take()
        parts = []
        while (token := self.peek()) is not None:
            self.take()
            if token == "}":
                break
            parts.append(token)
        return element("mtext", " ".join(parts))


def _row(items: list[Html]) -> Html:
    return items[0] if len(items) == 1 else element("mrow", items)


def _fence(sign: str, stretchy: str = "true") -> Html:
    return Html("") if sign in (".", "") else element("mo", sign.removeprefix("\\"), fence="true", stretchy=stretchy)
