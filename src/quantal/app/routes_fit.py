"""/api/fits and /api/comparisons: laws fitted side by side, ranked, and drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from quantal.app.charts import chart_json
from quantal.app.fits_json import comparison_json, fit_json
from quantal.app.runs_json import carried
from quantal.app.selection import Name, Selection
from quantal.app.work import fit_laws, rank_laws
from quantal.errors import InputError
from quantal.fit import Comparison, Fit
from quantal.laws import get_law
from quantal.report import exponent_draws, loss_surface, measured_against_predicted, parameter_intervals, residuals

router = APIRouter(prefix="/api", tags=["fit"])
Kind = Literal["measured", "residuals", "draws", "surface"]


class FitRequest(Selection):
    """Laws to fit, with so many resamples for their intervals."""

    laws: tuple[Name, ...] = Field(min_length=1, max_length=12)
    target: Name = "loss"
    bootstrap: Annotated[int, Field(ge=0, le=5000)] = 300


class CompareRequest(Selection):
    """Laws to rank; those that these runs carry unless named."""

    laws: tuple[Name, ...] | None = Field(default=None, max_length=40)
    target: Name = "loss"


@router.post("/fits", status_code=202)
def start_fits(request: Request, asked: FitRequest) -> dict[str, Any]:
    """Fit each law aside; the job's result holds parameters with intervals and verdicts, and why a law was refused."""
    state = request.app.state
    laws = tuple(get_law(name).name for name in asked.laws)
    runs = asked.runs(state.tables)

    def finish(found: dict[str, Fit | str]) -> dict[str, Any]:
        fits = {name: replace(one, runs=runs) for name, one in found.items() if isinstance(one, Fit)}
        ids = {name: state.fits.put(asked.key("fit", name), one) for name, one in fits.items()}
        with_exponents = [one for one in fits.values() if any(not p.bounds.scale for p in one.law.parameters)]
        return {
            "fits": [fit_json(ids[name], one) for name, one in fits.items()],
            "refused": {name: one for name, one in found.items() if isinstance(one, str)},
            "chart": chart_json(parameter_intervals(with_exponents)) if with_exponents else None,
        }

    arguments = {"runs": runs, "laws": laws, "target": asked.target, "bootstrap": asked.bootstrap}
    return state.jobs.start("fitting", fit_laws, arguments, asked.key("fits"), finish).to_dict()


@router.post("/comparisons", status_code=202)
def start_comparison(request: Request, asked: CompareRequest) -> dict[str, Any]:
    """Rank laws aside, by their errors on the dearest runs predicted from the others."""
    state = request.app.state
    runs = asked.runs(state.tables)
    laws = asked.laws or tuple(one.name for one in carried(runs, asked.target))
    if not laws:
        raise InputError(f"no law reads the columns of {runs.source}: say which column is which in the view Runs")

    def finish(found: Comparison) -> dict[str, Any]:
        return comparison_json(found)

    arguments = {"runs": runs, "laws": laws, "target": asked.target}
    return state.jobs.start("ranking laws", rank_laws, arguments, asked.key("compare"), finish).to_dict()


@router.get("/fits/{identity}/charts/{kind}")
def chart(request: Request, identity: str, kind: Kind, against: str | None = None) -> dict[str, Any]:
    """A chart of a fit: measured against predicted, residuals against an input, bootstrap draws, or the loss surface."""
    fit: Fit = request.app.state.fits.get(identity)
    makers = {
        "measured": lambda: measured_against_predicted(fit),
        "residuals": lambda: residuals(fit, against),
        "draws": lambda: exponent_draws(fit),
        "surface": lambda: loss_surface(fit),
    }
    return chart_json(makers[kind]())
