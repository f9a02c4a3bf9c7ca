"""/api/experiments: the sweeps of the store that the server was started with."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from quantal.app.experiment_charts import subtask_charts, sweep_charts
from quantal.app.experiment_curves import config_rows, curves_of, subtasks_of
from quantal.app.experiments import MOST_ROWS, label_of, overview, run_rows, standing, varied, watched
from quantal.errors import DataError
from quantal.train.store import Store

router = APIRouter(prefix="/api/experiments", tags=["experiments"])


@router.get("")
def sweeps(request: Request) -> dict[str, Any]:
    """Every sweep of the store with how far it is; `problem` says why there is none."""
    given = request.app.state.settings.store
    if given is None:
        return {"watched": False, "place": None, "problem": None, "sweeps": []}
    try:
        store = watched(given)
    except DataError as error:
        return {"watched": True, "place": None, "problem": str(error), "sweeps": []}
    return {"watched": True, "place": store.place, "problem": None, "sweeps": overview(store)}


@router.get("/sweep")
def sweep(request: Request, name: str) -> dict[str, Any]:
    """How far a sweep is, and a row for each of its runs (the first 1000)."""
    entries = _store(request).entries(name)
    return {"name": name, **standing(entries), "runs": run_rows(entries), "most": MOST_ROWS}


@router.get("/curves")
def curves(request: Request, name: str) -> JSONResponse:
    """Charts of what the runs of a sweep measured, those in progress up to their last checkpoint."""
    store = _store(request)
    found = curves_of(store, store.entries(name))
    return JSONResponse({"charts": sweep_charts(found)})


@router.get("/run")
def run(request: Request, name: str, key: str, net: int = 0) -> JSONResponse:
    """One run of a sweep: its settings, and for a parity run what its subtasks did, network by network."""
    store = _store(request)
    entries = [one for one in store.entries(name) if one.key.startswith(key)]
    if len(entries) != 1 or not key:
        raise DataError(
            f"{store.place}: {len(entries)} runs of {name!r} have keys that begin with {key[:40]!r}; choose one"
        )
    entry = entries[0]
    told: dict[str, Any] = {
        "key": entry.key,
        "label": label_of(entry.config, varied(store.entries(name))),
        "state": entry.state,
        "error": entry.error,
        "seconds": entry.seconds,
        "config": config_rows(entry),
        "charts": [],
        "nets": [],
    }
    found = subtasks_of(store, entry, net)
    if found is not None:
        told |= {"charts": subtask_charts(found), "nets": list(found.nets), "net": net}
    return JSONResponse(told)


def _store(request: Request) -> Store:
    return watched(request.app.state.settings.store)
