"""/api/quanta: the saved discovery that the server was started with."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from quantal.app.quanta import Order, Quanta, saved_quanta
from quantal.app.quanta_charts import cluster_ends, quanta_charts
from quantal.errors import DataError

router = APIRouter(prefix="/api/quanta", tags=["quanta"])


@router.get("")
def overview(request: Request) -> dict[str, Any]:
    """What was found as a whole; `given` is false where the server was started without a discovery."""
    if request.app.state.settings.quanta is None:
        return {"given": False}
    return {"given": True, **_quanta(request).overview()}


@router.get("/clusters")
def clusters(
    request: Request, search: str = "", order: Order = "size", stable: bool = False, first: int = 0
) -> dict[str, Any]:
    """Twenty clusters from `first` on with some of their tokens in context, and how many there are."""
    return _quanta(request).page(search[:200], order, stable, first)


@router.get("/cluster")
def cluster(request: Request, number: int) -> dict[str, Any]:
    """One cluster with up to 500 of its tokens in context."""
    return _quanta(request).cluster(number)


@router.get("/charts")
def charts(request: Request) -> JSONResponse:
    """Sizes of clusters by rank with the slope, and the cosines in the order of the clusters, with where each ends among the tokens."""
    found = _quanta(request).found
    return JSONResponse({"charts": quanta_charts(found), "ends": cluster_ends(found)})


def _quanta(request: Request) -> Quanta:
    path = request.app.state.settings.quanta
    if path is None:
        raise DataError("no quanta are shown here; start the page with: quantal app --quanta found.json")
    return saved_quanta(path)
