"""/api/theory: the quantization model at one position of its sliders, as numbers and as charts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from quantal.app.theory_answer import theory_answer
from quantal.app.theory_charts import Show, theory_charts
from quantal.app.theory_controls import described_controls, read_setting

router = APIRouter(prefix="/api/theory", tags=["theory"])


@router.get("")
def numbers(request: Request) -> JSONResponse:
    """The loss in params, samples and steps, the staircase of quanta and their emergence, for the setting that the query describes.

    The query takes `frequencies`, `rule` and their parameters, `learned_loss` and `unlearned_loss`; `/api/theory/controls` lists them.
    """
    return JSONResponse(theory_answer(read_setting(request.query_params)))


@router.get("/charts")
def charts(request: Request, show: Show = "above") -> JSONResponse:
    """The same drawn: charts with the loss above its floor, or the whole loss, and what stands beside them."""
    answer = theory_answer(read_setting({name: one for name, one in request.query_params.items() if name != "show"}))
    told = ("setting", "floor", "ceiling", "frequencies", "rule", "exponents")
    return JSONResponse({**{name: answer[name] for name in told}, "charts": theory_charts(answer, show)})


@router.get("/controls")
def controls() -> dict[str, Any]:
    """The sliders with their ranges, and which of them each law of frequencies and each rule has."""
    return described_controls()
