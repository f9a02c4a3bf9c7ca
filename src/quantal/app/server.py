"""The server: the page's files, its JSON API, and the guard in front of both."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from quantal.app import (
    routes_experiments,
    routes_fit,
    routes_forecast,
    routes_jobs,
    routes_quanta,
    routes_runs,
    routes_theory,
)
from quantal.app.aside import nothing, run_aside
from quantal.app.experiments import check_store
from quantal.app.jobs import Jobs
from quantal.app.kept import Kept
from quantal.app.quanta import saved_quanta
from quantal.app.runs_json import runs_json
from quantal.app.security import Guard
from quantal.app.sessions import Tables, cells
from quantal.app.settings import Settings
from quantal.errors import QuantalError
from quantal.fit import Fit
from quantal.forecast import Averaged, CurveAverage
from quantal.report.palette import RAMPS, SURFACES, THEMES

STATIC = Path(str(resources.files("quantal.app"))) / "static"
ROUTERS = (
    routes_runs.router,
    routes_fit.router,
    routes_forecast.router,
    routes_theory.router,
    routes_experiments.router,
    routes_quanta.router,
    routes_jobs.router,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; ``GET /api/openapi.json`` describes its API.

    Raises:
        QuantalError: the runs, the store or the discovery that the settings name cannot be read.
    """
    chosen = settings or Settings()
    if chosen.store is not None:
        check_store(chosen.store)
    if chosen.quanta is not None:
        saved_quanta(chosen.quanta)
    app = FastAPI(
        title="quantal",
        version=_version(),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.settings = chosen
    app.state.tables = Tables(chosen)
    app.state.jobs = Jobs()
    app.state.fits = Kept[Fit]("fit", 48, lambda one: cells(one.runs), chosen.limits.kept_cells)
    app.state.averages = Kept[Averaged | CurveAverage](
        "average of laws", 12, lambda one: cells(one.lead.runs), chosen.limits.kept_cells
    )
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_api_route("/plotly.min.js", _plotly, include_in_schema=False)
    app.add_api_route("/api/page", _about, tags=["page"], summary="What the page needs to start: colours and limits.")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(QuantalError, _quantal_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_middleware(Guard, settings=chosen)
    return app


def serve(settings: Settings, app: FastAPI | None = None, ready: Callable[[], Any] | None = None) -> None:
    """Serve until interrupted; ``ready`` is called once the server answers.

    Raises:
        QuantalError: the port is taken, or the host is not this machine's.
    """
    import uvicorn

    made = create_app(settings) if app is None else app
    listening = _listening(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            made,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
    )
    if ready is not None:
        threading.Thread(target=_when_started, args=(server, ready), daemon=True).start()
    with listening:
        server.run(sockets=[listening])


def _when_started(server: Any, ready: Callable[[], Any]) -> None:
    while not server.started:
        time.sleep(0.01)
    ready()


def _listening(settings: Settings) -> socket.socket:
    """A socket that is named as TCP's, without which asyncio leaves Nagle's delay of 40 ms on every answer."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((settings.host, settings.port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise QuantalError(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror or error}); choose another with --port, "
            f"such as --port {settings.port + 1 if settings.port < 65535 else 8471}, or another --host"
        ) from None
    return made


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    threading.Thread(target=_warm, args=(app,), daemon=True).start()
    yield
    app.state.jobs.close()


def _warm(app: FastAPI) -> None:
    """Do once, before anybody waits for it, what is slow the first time: read the first table, start what starts workers."""
    runs_json(app.state.tables.get(app.state.tables.first))
    run_aside(nothing, {})


def _page() -> FileResponse:
    return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})


def _plotly() -> FileResponse:
    place = Path(str(resources.files("plotly"))) / "package_data" / "plotly.min.js"
    return FileResponse(place, media_type="text/javascript", headers={"cache-control": "max-age=86400"})


def _about(request: Request) -> dict[str, Any]:
    settings: Settings = request.app.state.settings
    return {
        "colours": THEMES,
        "ramp": RAMPS,
        "surface": SURFACES,
        "limits": {"upload_bytes": settings.limits.upload_bytes, "rows": settings.limits.rows},
        "first": request.app.state.tables.first,
        "store": settings.store is not None,
        "quanta": settings.quanta is not None,
    }


async def _quantal_error(request: Request, error: Exception) -> JSONResponse:
    return _error(422, str(error), type(error).__name__)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _error(error.status_code, str(error.detail), "HTTPException")


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    told = "; ".join(f"{'.'.join(str(one) for one in found['loc'])}: {found['msg']}" for found in error.errors()[:5])
    return _error(422, f"the request is ill-formed: {told}", "RequestValidationError")


def _error(status: int, text: str, kind: str) -> JSONResponse:
    return JSONResponse({"error": {"message": text, "kind": kind}}, status_code=status)


def _version() -> str:
    from quantal import __version__

    return __version__
