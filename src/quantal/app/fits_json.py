"""Fits, comparisons and plans for the page: numbers beside the words that show them."""

from __future__ import annotations

import re
from typing import Any

from quantal.app.charts import chart_json
from quantal.estimate import Estimate
from quantal.fit import Comparison, Fit, outliers
from quantal.laws import Law
from quantal.plan import Plan
from quantal.report import law_ranking
from quantal.report.analysis import vanished
from quantal.report.mathml import mathml
from quantal.report.words import estimate_parts, number, percent, power, symbol

LEVEL = 95.0


def law_json(law: Law) -> dict[str, Any]:
    """A law by name, title, formula (MathML), source, and what it reads."""
    return {
        "law": law.name,
        "title": capital(law.title or law.name),
        "formula": str(mathml(law.formula)) if law.formula else "",
        "source": law.source,
        "inputs": list(law.input_names),
        "n_parameters": len(law.parameters),
    }


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def fit_json(identity: str, fit: Fit) -> dict[str, Any]:
    """A fit: its law, its objective, and each parameter with interval and verdict."""
    return law_json(fit.law) | {
        "id": identity,
        "target": fit.target,
        "n_runs": fit.n_runs,
        "objective": {"value": fit.value, "text": power(fit.value), "what": fit.objective.describe()},
        "status": fit.status,
        "parameters": [_parameter(fit, name) for name in fit.law.parameter_names],
        "warnings": list(fit.warnings),
        "far": [int(row) for row in fit.runs.rows[list(outliers(fit.residuals).positions)]],
        "bootstrap": 0 if fit.draws is None else len(fit.draws),
    }


def _parameter(fit: Fit, name: str) -> dict[str, Any]:
    estimate, verdict = fit.parameters[name], fit.verdicts[name]
    meaning = next(one.meaning for one in fit.law.parameters if one.name == name)
    out = {"name": name, "symbol": symbol(name), "meaning": meaning, "estimate": finite(estimate)}
    if vanished(fit.runs, fit.target, name, estimate):
        ends = estimate.interval(LEVEL)
        return out | {
            "value": "0",
            "interval": "" if ends is None else f"0 to {number(ends[1], 3)}",
            "verdict": "not determined",
            "reason": "the fit went to zero: these runs ask for no such term",
        }
    value, interval = estimate_parts(estimate, LEVEL)
    return out | {"value": value, "interval": interval, "verdict": verdict.word, "reason": verdict.reason}


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Laws ranked by held-out error, with the chart of it."""
    scored = [one for one in found.laws if one.heldout_error is not None]
    return {
        "laws": [
            law_json(one.fit.law)
            | {
                "heldout_error": one.heldout_error,
                "heldout": "unknown" if one.heldout_error is None else percent(one.heldout_error),
                "objective": power(one.objective),
                "reason": one.reason,
            }
            for one in found.laws
        ],
        "refused": dict(found.refused),
        "held_out": found.held_out,
        "statement": _titled(found),
        "chart": chart_json(law_ranking(found)) if scored else None,
    }


def _titled(found: Comparison) -> str:
    """The statement with titles in place of names."""
    titles = {one.law: one.fit.law.title or one.law for one in found.laws}
    words = re.split(r"([^\s,]+)", found.statement)
    return capital("".join(titles.get(word, word) for word in words))


def plan_json(plan: Plan, level: float = LEVEL) -> dict[str, Any]:
    """A plan: each number with its interval, in words too."""
    roles = {"params": "params", "tokens": "tokens", "loss": "loss", "tokens_per_param": ""}
    roles |= {"params_exponent": "", "tokens_exponent": "", "loss_exponent": ""}
    return {
        "compute": plan.compute,
        "compute_text": power(plan.compute),
        "decades_beyond": plan.decades_beyond,
        "warnings": list(plan.warnings),
        "numbers": {name: worded(getattr(plan, name), role, level) for name, role in roles.items()},
    }


def worded(estimate: Estimate, role: str = "", level: float = LEVEL) -> dict[str, Any]:
    """An estimate with its value and interval in words."""
    value, interval = estimate_parts(estimate, level, role)
    return {"estimate": finite(estimate), "value": value, "interval": interval}


def finite(estimate: Estimate) -> dict[str, Any]:
    """An estimate as JSON takes it: what is not finite is None."""
    out = estimate.to_dict()
    out["value"] = _finite(out["value"])
    out["intervals"] = {level: [_finite(one) for one in ends] for level, ends in out["intervals"].items()}
    return out


def _finite(x: float | None) -> float | None:
    return x if x is not None and x - x == 0 else None
