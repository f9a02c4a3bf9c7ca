"""quantal app"""

from __future__ import annotations

import importlib.util
import secrets
import sys
import webbrowser
from dataclasses import replace

import click

from quantal.cli.options import json_option, print_json
from quantal.errors import QuantalError


@click.command("app")
@click.argument("runs", metavar="[RUNS]", required=False)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; beyond this machine a token is asked."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8470, show_default=True, help="Port to listen on.")
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
@click.option(
    "--token", metavar="TEXT", help="Ask every visitor for this token (made up where --host is not this machine alone)."
)
@click.option("--store", metavar="URL", help="A store of sweeps to watch, such as runs.sqlite.")
@click.option("--quanta", metavar="FILE", help="Saved quanta of a language model to look at (`quantal discover`).")
@json_option
def command(
    runs: str | None,
    host: str,
    port: int,
    no_browser: bool,
    token: str | None,
    store: str | None,
    quanta: str | None,
    as_json: bool,
) -> None:
    """Serve the local page: runs, fits, forecasts, plans, theory, sweeps and quanta, in a browser.

    \b
    Example:
      quantal app runs.csv
    """
    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise QuantalError(
            f'{" and ".join(missing)} not installed, and the page is served by it: python -m pip install "quantal[app]"'
        )
    from quantal.app import Settings, create_app, serve

    settings = Settings(runs=runs, store=store, quanta=quanta, host=host, port=port, token=token)
    if settings.token is None and not settings.loopback:
        settings = replace(settings, token=secrets.token_urlsafe(16))
    made = create_app(settings)
    address = settings.address

    def ready() -> None:
        if as_json:
            print_json({"url": address, "table": made.state.tables.first, "token": settings.token})
        else:
            print(f"The page: {address}\nStop it with Ctrl-C.")
        sys.stdout.flush()
        if not no_browser:
            webbrowser.open(address)

    serve(settings, made, ready)
