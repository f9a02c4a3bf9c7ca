"""Filters such as ``params > 1e8 and dataset == "c4"``: parsed by a grammar of their own, never evaluated as Python.

condition := both ("or" both)*                both := negated ("and" negated)*
negated   := "not" negated | test             test := "(" condition ")" | operand (comparison)*
comparison := ("==" | "!=" | "<" | "<=" | ">" | ">=") operand | ["not"] "in" "[" constant ("," constant)* "]"
operand   := number | text | true | false | column
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from quantal.errors import InputError, did_you_mean
from quantal.runs.numbers import parse_number

MAX_DEPTH = 50

TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s?[kKmMbBgGtT]?(?![\w.]))
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<quoted>`[^`]+`)
    | (?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    | (?P<word>[^\W\d][\w./:-]*)
    )""",
    re.VERBOSE,
)

COMPARISONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
WORDS = {"and", "or", "not", "in"}
INSTEAD = {"=": "==", "&": "and", "&&": "and", "|": "or", "||": "or", "!": "not", "<>": "!="}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int


@dataclass(frozen=True)
class Operand:
    """One side of a comparison: numbers (float64), texts (object) or truths (bool), shape (n,) or ()."""

    values: np.ndarray
    kind: str
    token: Token


def select(expression: str, columns: Mapping[str, np.ndarray], aliases: Mapping[str, str] | None = None) -> np.ndarray:
    """The mask, shape (n,), of the rows of ``columns`` that satisfy ``expression``; ``aliases`` are further names.

    A row whose number is missing (NaN) satisfies no comparison but ``!=``.

    Raises:
        InputError: the expression is ill-formed, names an unknown column or compares text with numbers;
            the message shows the place.

    >>> table = {"params": np.array([1e8, 1e7]), "data": np.array(["c4", "c4"], dtype=object)}
    >>> select("params > 70M and data == 'c4'", table)
    array([ True, False])
    """
    return _Parser(expression, columns, aliases or {}).mask()


class _Parser:
    """Recursive descent over the tokens; each rule returns the mask of the rows that satisfy it."""

    def __init__(self, expression: str, columns: Mapping[str, np.ndarray], aliases: Mapping[str, str]) -> None:
        self.expression = expression
        self.columns = columns
        self.aliases = aliases
        self.rows = len(next(iter(columns.values()))) if columns else 0
        self.tokens = self.tokenize()
        self.next = 0
        self.depth = 0

    def error(self, at: int, why: str) -> InputError:
        if "\n" in self.expression or not self.expression.isprintable():
            return InputError(f"where {self.expression!r}, character {at + 1}: {why}")
        return InputError(f"where: {why}\n  {self.expression}\n  {' ' * at}^")

    def tokenize(self) -> list[Token]:
        found: list[Token] = []
        at = 0
        end = len(self.expression.rstrip())
        while at < end:
            match = TOKEN.match(self.expression, at)
            if match is None or match.lastgroup is None:
                raise self.bad_sign(at)
            kind = match.lastgroup
            text = match[kind]
            if kind == "word" and text in WORDS:
                kind = "sign"
            found.append(Token(kind, text, match.start(match.lastgroup)))
            at = match.end()
        return [*found, Token("end", "", end)]

    def bad_sign(self, at: int) -> InputError:
        rest = self.expression[at:].lstrip()
        at = len(self.expression) - len(rest)
        for wrong in sorted(INSTEAD, key=len, reverse=True):
            if rest.startswith(wrong):
                return self.error(at, f"{wrong!r} is no sign here; write {INSTEAD[wrong]!r}")
        if rest[0] in "\"'`":
            return self.error(at, f"the quote {rest[0]} is never closed")
        number = re.match(r"[+-]?[\d.][\w.]*", rest)
        if number:
            return self.error(
                at, f'{number[0]!r} is no number; write it like 1e8 or 70M, and text in quotes: "{number[0]}"'
            )
        return self.error(at, f"{rest[0]!r} has no meaning here; only comparisons, and, or, not, in and parentheses do")

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self, *signs: str) -> Token | None:
        if self.token.kind == "sign" and self.token.text in signs:
            self.next += 1
            return self.tokens[self.next - 1]
        return None

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise self.error(self.token.at, f"{self.shown()} stands where {sign!r} was expected")

    def shown(self) -> str:
        return "the end" if self.token.kind == "end" else repr(self.token.text)

    def mask(self) -> np.ndarray:
        if self.token.kind == "end":
            raise self.error(0, "the filter is empty; write one like params > 1e8")
        result = self.condition()
        if self.token.kind != "end":
            raise self.error(self.token.at, f"{self.shown()} stands where 'and', 'or' or the end was expected")
        return result

    def condition(self) -> np.ndarray:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(self.token.at, f"more than {MAX_DEPTH} conditions inside one another")
        result = self.both()
        while self.take("or"):
            result = result | self.both()
        self.depth -= 1
        return result

    def both(self) -> np.ndarray:
        result = self.negated()
        while self.take("and"):
            result = result & self.negated()
        return result

    def negated(self) -> np.ndarray:
        negate = False
        while self.take("not"):
            negate = not negate
        return ~self.test() if negate else self.test()

    def test(self) -> np.ndarray:
        if self.take("("):
            result = self.condition()
            self.expect(")")
            return result
        left = self.operand()
        result: np.ndarray | None = None
        while True:
            sign = self.take(*COMPARISONS)
            if sign:
                right = self.operand()
                part = self.compare(left, sign, right)
                left = right
            elif self.token.text in ("in", "not") and self.token.kind == "sign":
                part = self.membership(left)
            else:
                break
            result = part if result is None else result & part
        if result is None:
            result = self.truths(left)
        return np.broadcast_to(result, (self.rows,)).copy()

    def operand(self) -> Operand:
        token = self.token
        self.next += 1
        if token.kind == "number":
            try:
                return Operand(np.asarray(parse_number(token.text)), "numbers", token)
            except InputError as error:
                raise self.error(token.at, str(error)) from None
        if token.kind == "text":
            return Operand(np.asarray(token.text[1:-1], dtype=object), "text", token)
        if token.kind == "word" and token.text in ("true", "false", "True", "False"):
            return Operand(np.asarray(token.text in ("true", "True")), "truths", token)
        if token.kind in ("word", "quoted"):
            return self.column(token)
        self.next -= 1
        raise self.error(token.at, f"{self.shown()} stands where a column, a number or a text was expected")

    def column(self, token: Token) -> Operand:
        name = token.text.strip("`")
        name = name if name in self.columns else self.aliases.get(name, name)
        if name not in self.columns:
            advice = did_you_mean(name, self.columns)
            raise self.error(token.at, f'there is no column {name!r}. {advice} Text stands in quotes: "{name}"')
        values = self.columns[name]
        if values.dtype != object and values.ndim == 1:
            return Operand(values, "numbers", token)
        if values.ndim == 1 and all(isinstance(value, str) for value in values):
            return Operand(values, "text", token)
        raise self.error(token.at, f"column {name!r} holds an array in each row and cannot be compared")

    def truths(self, operand: Operand) -> np.ndarray:
        """An operand as true or false: true/false, 0/1, or texts that read so."""
        if operand.kind == "truths":
            return operand.values
        if operand.kind == "numbers" and operand.values.ndim and np.isin(operand.values, (0.0, 1.0)).all():
            return operand.values == 1.0
        if operand.kind == "text" and operand.values.ndim:
            lowered = np.array([value.strip().lower() for value in operand.values], dtype=object)
            if np.isin(lowered, ["true", "false"]).all():
                return lowered == "true"
        raise self.error(operand.token.at, f"{operand.token.text} is neither true nor false; compare it with something")

    def compare(self, left: Operand, sign: Token, right: Operand) -> np.ndarray:
        if "truths" in (left.kind, right.kind):
            if sign.text not in ("==", "!="):
                raise self.error(sign.at, "true and false can only be compared by == and !=")
            return COMPARISONS[sign.text](self.truths(left), self.truths(right))
        if left.kind != right.kind:
            number, text = (left, right) if left.kind == "numbers" else (right, left)
            advice = f'; write "{number.token.text}" in quotes' if not number.values.ndim else ""
            raise self.error(number.token.at, f"{number.token.text} is a number and {text.token.text} is text{advice}")
        if left.kind == "text" and sign.text not in ("==", "!="):
            raise self.error(sign.at, f"text can only be compared by ==, != and in, not by {sign.text}")
        return np.asarray(COMPARISONS[sign.text](left.values, right.values), dtype=bool)

    def membership(self, left: Operand) -> np.ndarray:
        negate = self.take("not") is not None
        sign = self.token
        self.expect("in")
        self.expect("[")
        result = np.zeros(left.values.shape, dtype=bool)
        while True:
            if self.token.kind not in ("number", "text") and self.token.text.lower() not in ("true", "false"):
                raise self.error(
                    self.token.at, f"{self.shown()} stands where a number or a text in quotes was expected"
                )
            result = result | self.compare(left, Token("sign", "==", sign.at), self.operand())
            if not self.take(","):
                break
        self.expect("]")
        return ~result if negate else result
