"""Exponents of a study of language models: loss against params, tokens and steps, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quantal.errors import QuantalError
from quantal.estimate import Estimate
from quantal.fit import fit
from quantal.runs import Runs

_LEAST_SHARE = 0.05
_LAWS = {"power": "L = A x^-alpha", "power_floor": "L = E + A x^-alpha"}


@dataclass(frozen=True)
class TextExponent:
    """The exponent of the loss in one column, by one law, with its interval and the fit's verdict on it."""

    column: str
    law: str
    rows: int
    exponent: Estimate
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data: column, law, rows, exponent, verdict."""
        return {
            "column": self.column,
            "law": self.law,
            "rows": self.rows,
            "exponent": self.exponent.to_dict(),
            "verdict": self.verdict,
        }


def text_exponents(runs: Runs, checkpoints: Runs, *, bootstrap: int = 1000, seed: int = 0) -> tuple[TextExponent, ...]:
    """The exponents that a study of text shows, without and with a floor; a law that the runs cannot determine says why.

    params: one-pass runs, the last evaluation of each size and seed. tokens: runs in epochs over so many different tokens, the lowest
    evaluation of each. steps: the evaluations of the largest size in one pass, from 5 % of its steps on.
    """
    parts = {"params": _where(runs, "varies", "params"), "tokens": _where(runs, "varies", "tokens")}
    one_pass = _where(checkpoints, "varies", "params")
    if one_pass is not None:
        largest = one_pass["params"] == one_pass["params"].max()
        late = one_pass["steps"] >= _LEAST_SHARE * one_pass["steps"][largest].max()
        parts["steps"] = one_pass.take(largest & late)
    return tuple(
        _exponent(part, column, law, bootstrap, seed)
        for column, part in parts.items()
        if part is not None and len(set(part[column].tolist())) > 1
        for law in _LAWS
    )


def _where(table: Runs, label: str, value: str) -> Runs | None:
    mask = table[label] == value
    return table.take(mask) if mask.any() else None


def _exponent(part: Runs, column: str, law: str, bootstrap: int, seed: int) -> TextExponent:
    try:
        found = fit(part, f"{law}:{column}", bootstrap=bootstrap, seed=seed)
    except QuantalError as error:
        return TextExponent(column, _LAWS[law], len(part), Estimate(None, {}, str(error)), "not determined")
    return TextExponent(column, _LAWS[law], len(part), found.parameters["alpha"], str(found.verdicts["alpha"]))
