"""Saved fits: one JSON file, schema ``quantal.fit/1``, with the runs and the draws in it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from quantal.errors import DataError, LawError
from quantal.estimate import Estimate
from quantal.fit.diagnostics import Verdict
from quantal.fit.objective import Objective
from quantal.fit.result import Fit, StartsReport
from quantal.laws import get_law
from quantal.runs import Runs, counts_of

SCHEMA = "quantal.fit/1"


def fit_to_dict(fit: Fit, full: bool = False) -> dict[str, Any]:
    """A fit as plain data; ``full`` adds what `fit_from_dict` needs to make it again."""
    out: dict[str, Any] = {
        "schema": SCHEMA,
        "law": fit.law.name,
        "formula": fit.law.formula,
        "source": fit.law.source,
        "target": fit.target,
        "objective": fit.value,
        "objective_name": fit.objective.name,
        "objective_description": fit.objective.describe(),
        "n_runs": fit.n_runs,
        "n_dropped": fit.n_dropped,
        "runs": fit.runs.source,
        "counts": counts_of(fit.runs),
        "seed": fit.seed,
        "converged": fit.converged,
        "status": fit.status,
        "starts": fit.starts.to_dict(),
        "bootstrap": 0 if fit.draws is None else len(fit.draws),
        "resample": fit.resample,
        "interval": fit.interval,
        "levels": list(fit.levels),
        "parameters": {name: estimate.to_dict() for name, estimate in fit.parameters.items()},
        "verdicts": {name: {"word": v.word, "reason": v.reason} for name, v in fit.verdicts.items()},
        "sigma": fit.sigma,
        "noise_slope": fit.slope,
        "correlation_within": fit.within,
        "method": "bootstrap" if fit.posterior is None else "mcmc",
        "posterior": None if fit.posterior is None else fit.posterior.to_dict(),
        "criteria": None if fit.criteria is None else dict(fit.criteria),
        "correlation": _nested(fit.correlation),
        "warnings": list(fit.warnings),
    }
    if full:
        out["data"] = {
            "runs": fit.runs.to_dict(),
            "objective": vars(fit.objective),
            "theta": fit.theta.tolist(),
            "draws": _nested(fit.draws),
            "covariance": _nested(fit.covariance),
            "without_outliers": _nested(fit.without_outliers),
            "starts": {"outcomes": _nested(fit.starts.outcomes), "points": _nested(fit.starts.points)},
        }
    return out


def fit_from_dict(data: Mapping[str, Any], where: str = "saved fit") -> Fit:
    """The fit that `fit_to_dict` described with ``full=True``.

    Raises:
        DataError: not a saved fit, of another version, or damaged.
        LawError: its law is not registered here.
    """
    schema = data.get("schema")
    if schema != SCHEMA:
        raise DataError(
            f"{where}: schema {schema!r} is not {SCHEMA!r}: "
            + (
                "it was saved by another version of quantal; install that one, or fit again"
                if schema
                else "this is no saved fit"
            )
        )
    if "data" not in data:
        raise DataError(f"{where}: holds the summary of a fit but not its data; save it with --save (fit.save(path))")
    try:
        return _made(data)
    except LawError as error:
        raise LawError(
            f"{where}: {error} A law of your own must be registered (ql.register) before its fits are loaded."
        ) from None
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(f"{where}: the saved fit is damaged ({type(error).__name__}: {error}); fit again") from None


def save_fit(fit: Fit, path: str) -> None:
    """Write a fit as JSON: to a temporary file beside it, then renamed."""
    text = json.dumps(fit_to_dict(fit, full=True), allow_nan=True)
    target = Path(path)
    if not target.parent.is_dir():
        raise DataError(f"{path}: the folder {target.parent} does not exist; make it first")
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_fit(path: str) -> Fit:
    """Read a fit that `save_fit` wrote; see `fit_from_dict` for what is raised."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; save a fit with --save {path}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, IsADirectoryError) as error:
        raise DataError(f"{path}: not a saved fit ({error})") from None
    if not isinstance(data, dict):
        raise DataError(f"{path}: not a saved fit, but a JSON {type(data).__name__}")
    return fit_from_dict(data, path)


def is_saved_fit(path: str) -> bool:
    """Whether a file looks like a saved fit, by its first characters."""
    try:
        with open(path, encoding="utf-8") as stream:
            return SCHEMA.split("/")[0] in stream.read(64)
    except (OSError, UnicodeDecodeError):
        return False


def _made(data: Mapping[str, Any]) -> Fit:
    inner = data["data"]
    draws, starts = inner["draws"], inner["starts"]
    correlation, covariance, without = data["correlation"], inner["covariance"], inner["without_outliers"]
    return Fit(
        law=get_law(data["law"]),
        runs=Runs.from_dict(inner["runs"]),
        target=data["target"],
        objective=Objective(**inner["objective"]),
        value=float(data["objective"]),
        theta=np.array(inner["theta"], dtype=float),
        parameters={name: Estimate.from_dict(one) for name, one in data["parameters"].items()},
        verdicts={name: Verdict(name, one["word"], one["reason"]) for name, one in data["verdicts"].items()},
        starts=StartsReport(
            **data["starts"],
            outcomes=np.array(starts["outcomes"], dtype=float),
            points=np.array(starts["points"], dtype=float),
        ),
        converged=bool(data["converged"]),
        status=data["status"],
        n_dropped=int(data["n_dropped"]),
        seed=int(data["seed"]),
        levels=tuple(data["levels"]),
        draws=None if draws is None else np.array(draws, dtype=float),
        resample=data["resample"],
        interval=data["interval"],
        sigma=data["sigma"],
        slope=data.get("noise_slope"),
        within=data.get("correlation_within"),
        criteria=data["criteria"],
        covariance=None if covariance is None else np.array(covariance, dtype=float),
        correlation=None if correlation is None else np.array(correlation, dtype=float),
        warnings=tuple(data["warnings"]),
        without_outliers=None if without is None else np.array(without, dtype=float),
    )


def _nested(array: Any) -> Any:
    return None if array is None else array.tolist()
