"""/api/plans, /api/predictions, /api/averages, /api/forecasts: what a budget buys, and what a run would reach."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from quantal.app.charts import chart_json
from quantal.app.fits_json import capital, plan_json, worded
from quantal.app.selection import Name, Selection
from quantal.app.work import average_laws, runs_to_pay_for
from quantal.errors import QuantalWarning
from quantal.fit import Fit
from quantal.forecast import Averaged, CurveAverage, forecast_by, title_of
from quantal.plan import HARDWARE, NextRuns, cost, plan
from quantal.report import Series, forecast_along, forecast_fan, regret
from quantal.report.words import decades, number, percent, power, size

router = APIRouter(prefix="/api", tags=["forecast"])
Positive = Annotated[float, Field(gt=0, le=1e40)]
LEVELS = (50.0, 80.0, 90.0)


class Asked(BaseModel):
    """A request that names a fit or an average kept by the server."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PlanRequest(Asked):
    """A budget to split by a fit; ``relative`` is another size, as a multiple of the best, whose waste is asked."""

    fit: Name
    compute: Positive
    relative: Annotated[float, Field(gt=0, le=1000)] | None = None
    hardware: Name = "a100"
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 8
    utilisation: Annotated[float, Field(gt=0, le=1)] = 0.4
    price: Annotated[float, Field(ge=0, le=1e6)] | None = None


class PredictionRequest(Asked):
    """A point at which a fit's law is asked."""

    fit: Name
    at: dict[Name, Positive]


class AverageRequest(Selection):
    """Laws that read just these inputs, to be averaged."""

    inputs: tuple[Name, ...] = ("params", "tokens")
    target: Name = "loss"


class ForecastRequest(Asked):
    """A point at which an average is asked."""

    average: Name
    at: dict[Name, Positive]


class NextRequest(Selection):
    """The run to forecast better, and the budget to spend on others first."""

    params: Positive
    tokens: Positive
    budget: Positive
    target: Name = "loss"


@router.get("/hardware")
def hardware() -> list[dict[str, Any]]:
    """Accelerators by name, with the FLOPs per second of their peak."""
    return [{"name": one.name, "peak": one.peak, "source": one.source} for one in HARDWARE.values()]


@router.post("/plans")
def plans(request: Request, asked: PlanRequest) -> dict[str, Any]:
    """The compute-optimal split of a budget with intervals, what it costs, and what other sizes would waste."""
    fit: Fit = request.app.state.fits.get(asked.fit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = plan(fit, asked.compute)
    spent = cost(
        asked.compute, asked.hardware, count=asked.count, utilisation=asked.utilisation, price=asked.price or None
    )
    drawn, wasted = regret(found), None
    if asked.relative is not None and found.params.value is not None:
        params = asked.relative * found.params.value
        share = found.wasted_by(params)
        ends = share.interval(95.0)
        wasted = {
            "value": "" if share.value is None else percent(share.value),
            "interval": "" if ends is None else f"{percent(ends[0])} to {percent(ends[1])}",
            "params": size(params),
            "tokens": size(asked.compute / 6 / params),
        }
        hover = {"params": (wasted["params"],), "wasted": (wasted["value"],)}
        other = Series("points", [params], [share.value], name="another size", colour="purple", size=11, hover=hover)
        drawn = replace(drawn, series=(*drawn.series, other))
    return plan_json(found) | {"cost": spent.to_dict(), "regret": chart_json(drawn), "wasted": wasted}


@router.get("/fits/{identity}/fan")
def fan(request: Request, identity: str, most: Annotated[float, Field(gt=0, le=1e40)]) -> dict[str, Any]:
    """The forecast along compute (or along a law's one input) up to ``most``, with a point that the page moves."""
    fit: Fit = request.app.state.fits.get(identity)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        if len(fit.law.inputs) == 1:
            (name,) = fit.law.input_names
            return chart_json(forecast_along(fit, [(most, fit.predict(levels=None, **{name: most}))]))
        return chart_json(forecast_fan(fit, [plan(fit, most)]))


@router.post("/predictions")
def predictions(request: Request, asked: PredictionRequest) -> dict[str, Any]:
    """One law's value at a point, with the interval of its parameters."""
    fit: Fit = request.app.state.fits.get(asked.fit)
    beyond = fit.decades_beyond(**asked.at)
    return worded(fit.predict(levels=None, **asked.at), "loss") | {"decades_beyond": beyond, "beyond": decades(beyond)}


@router.post("/averages", status_code=202)
def start_average(request: Request, asked: AverageRequest) -> dict[str, Any]:
    """Fit all laws that read these inputs aside, and weigh them by their errors on the dearest runs."""
    state = request.app.state
    runs = asked.runs(state.tables)

    def finish(found: Averaged | CurveAverage) -> dict[str, Any]:
        if isinstance(found, CurveAverage):
            kept: Averaged | CurveAverage = replace(found, lead=replace(found.lead, runs=runs))
        else:
            kept = replace(found, fits=tuple(replace(one, runs=runs) for one in found.fits))
        return {"id": state.averages.put(asked.key("average"), kept), "inputs": list(asked.inputs)}

    arguments = {"runs": runs, "inputs": asked.inputs, "target": asked.target}
    return state.jobs.start("averaging laws", average_laws, arguments, asked.key("averages"), finish).to_dict()


@router.post("/forecasts")
def forecasts(request: Request, asked: ForecastRequest) -> dict[str, Any]:
    """The averaged forecast at a point, with calibrated intervals, the laws' weights and the record of these runs."""
    found: Averaged | CurveAverage = request.app.state.averages.get(asked.average)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        made = forecast_by(found, asked.at, LEVELS)
    near = min(made.record, key=lambda one: abs(one["decades"] - made.decades_beyond), default=None)
    return {
        "at": dict(made.at),
        "target": made.fit.target,
        "levels": {f"{level:g}": worded(made.loss, "loss", level) for level in LEVELS},
        "decades_beyond": made.decades_beyond,
        "beyond": decades(made.decades_beyond),
        "laws": [
            {
                "law": one["law"],
                "title": capital(title_of(one["law"])),
                "weight": one["weight"],
                "alone": number(one["value"]) if "value" in one else "",
                "heldout": "" if one["heldout_error"] is None else percent(one["heldout_error"]),
            }
            for one in made.laws
        ],
        "record": None
        if near is None
        else {"decades": near["decades"], "n_runs": int(near["n_runs"]), "error": percent(near["error"])},
        "warnings": list(made.warnings),
    }


@router.post("/next-runs", status_code=202)
def start_next(request: Request, asked: NextRequest) -> dict[str, Any]:
    """Choose aside which runs within a budget shrink the forecast's error most, or say to stop."""
    state = request.app.state

    def finish(found: NextRuns) -> dict[str, Any]:
        rows = found.to_dict()["runs"]
        return {
            "runs": [
                one | {"texts": [size(one["params"]), size(one["tokens"]), power(one["compute"])]} for one in rows
            ],
            "error_now": percent(found.error_now),
            "error_after": percent(found.error_after),
            "spent": power(found.compute) if found.compute else "nothing",
            "stop": found.stop,
            "reason": found.reason,
        }

    arguments = {
        "runs": asked.runs(state.tables), "params": asked.params, "tokens": asked.tokens, "budget": asked.budget,
        "target": asked.target,
    }  # fmt: skip
    return state.jobs.start("choosing runs", runs_to_pay_for, arguments, asked.key("next"), finish).to_dict()
