"""What a server of the page was started with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quantal.errors import InputError

TOKEN = re.compile(r"[A-Za-z0-9_-]{8,}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Limits:
    """What an upload may hold, what reading it may take, and how many cells of tables the server keeps."""

    upload_bytes: int = 64 * 2**20
    body_bytes: int = 2**20
    rows: int = 500_000
    columns: int = 256
    cells: int = 8_000_000
    kept_cells: int = 16_000_000
    memory_bytes: int = 2 * 2**30
    seconds: float = 60.0


@dataclass(frozen=True)
class Settings:
    """Where the page is served, and what it shows first.

    ``runs`` is what `read_runs` reads (a path, or a name of the catalogue), ``store`` the store of sweeps, ``quanta`` a
    saved discovery; None leaves the view to what the visitor brings. ``token`` is asked of every visitor where there is
    one. All paths come from here, none from the page.

    Raises:
        InputError: the token is short, or could not stand in an address as it is.
    """

    runs: str | None = None
    store: str | None = None
    quanta: str | None = None
    host: str = "127.0.0.1"
    port: int = 8470
    token: str | None = None
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if self.token is not None and not TOKEN.fullmatch(self.token):
            raise InputError(
                f"a token of {len(self.token)} characters: it needs 8 or more letters, digits, - or _, so that it can neither be "
                "guessed nor break an address; or leave --token out, and one is made up where it is needed"
            )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK

    @property
    def address(self) -> str:
        """Where the page is opened, with the token where one is asked."""
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(self.host, self.host)
        return f"http://{name}:{self.port}/" + (f"?token={self.token}" if self.token else "")
