"""/api/tables and /api/runs: bring a table, see what its columns were taken for, and where its runs lie."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from quantal.app.runs_json import page_json, points_json, row_json, runs_json
from quantal.app.selection import Name, Selection
from quantal.runs import catalogue

router = APIRouter(prefix="/api", tags=["runs"])


class PointsRequest(Selection):
    """Two columns to lay the runs out by, and one to shade them by."""

    x: Name
    y: Name
    colour: Name | None = None


class RowRequest(Selection):
    """One run by its row number."""

    row: int


class PageRequest(Selection):
    """Some rows, from ``start``, perhaps sorted."""

    start: Annotated[int, Field(ge=0)] = 0
    count: Annotated[int, Field(ge=1, le=200)] = 50
    by: Name | None = None
    descending: bool = False


@router.get("/tables")
def tables() -> list[dict[str, Any]]:
    """The tables of the catalogue that are on this machine."""
    return [
        {"id": one.name, "title": one.title, "description": one.description, "rows": one.rows, "citation": one.citation}
        for one in catalogue()
        if one.is_here()
    ]


@router.post("/tables", status_code=201)
async def upload(request: Request, name: str = "runs.csv") -> dict[str, Any]:
    """Keep the file in the body (CSV, TSV, Parquet, JSON, JSON lines, a tracker's log) in memory; its id is its hash."""
    data = await request.body()
    return {"id": await run_in_threadpool(request.app.state.tables.upload, name[:200], data)}


@router.post("/runs")
def describe(request: Request, chosen: Selection) -> dict[str, Any]:
    """What was read: each column with its role, unit, range and origin, what deserves a look, and which laws apply."""
    return runs_json(chosen.whole(request.app.state.tables))


@router.post("/runs/points")
def points(request: Request, asked: PointsRequest) -> dict[str, Any]:
    """Every run as a point, in packed arrays (those left out too: the page marks them)."""
    return points_json(asked.whole(request.app.state.tables), asked.x, asked.y, asked.colour)


@router.post("/runs/row")
def row(request: Request, asked: RowRequest) -> dict[str, Any]:
    """One run in words."""
    return row_json(asked.whole(request.app.state.tables), asked.row)


@router.post("/runs/page")
def page(request: Request, asked: PageRequest) -> dict[str, Any]:
    """Some runs in words."""
    return page_json(asked.whole(request.app.state.tables), asked.start, asked.count, asked.by, asked.descending)
