"""/api/tables and /api/runs: bring a table, see what its columns were taken for, and where its runs lie."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from quantal.app.selection import Selection
from quantal.runs import catalogue

router = APIRouter(prefix="/api", tags=["runs"])


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
    """What was read: each column with its role, unit, range and origin, and what deserves a look."""
    runs = chosen.whole(request.app.state.tables)
    return {"source": runs.source, "rows": len(runs), "notes": list(runs.notes)}
