"""Who may ask, and what a page may do: Host and Origin, a token off this machine, sizes, and headers."""

from __future__ import annotations

import hmac
import ipaddress
import json
import logging
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantal.app.settings import LOOPBACK, Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
UPLOADS = ("/api/tables",)
LOCKED = "this page asks for a token: open the address that `quantal app` printed, which ends in ?token=..."


class TooLarge(Exception):
    """A body went past its limit."""


class Guard:
    """ASGI middleware that refuses what no page of this server would send, and adds the headers of `HEADERS`."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.names = known_names(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        guarded = _with_headers(send)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await answer(guarded, *refusal)
            return
        if self.settings.token is not None and not self._knows_token(headers):
            await self._ask_for_token(scope, guarded)
            return
        limit = self.limit(scope["path"])
        if int(headers.get("content-length") or 0) > limit:
            await answer(guarded, 413, _too_large(limit))
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await guarded(message)

        try:
            await self.app(scope, _counted(receive, limit), watched)
        except TooLarge:
            if not started:
                await answer(guarded, 413, _too_large(limit))
        except Exception:
            logging.getLogger("uvicorn.error").exception("%s %s", scope["method"], scope["path"])
            if not started:
                await answer(guarded, 500, "the server met an error of its own, which its terminal shows; it goes on")

    def limit(self, path: str) -> int:
        """The most bytes that a request to a path may carry."""
        return self.settings.limits.upload_bytes if path in UPLOADS else self.settings.limits.body_bytes

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._known(host):
            return 400, f"the host {host[:80]!r} is not served here; open the address that `quantal app` printed"
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            return 400, f"content-length {length[:20]!r} is no whole number"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return 403, f"a page of {origin[:80]!r} may not ask this server; open the page that it serves itself"
        site = headers.get("sec-fetch-site")
        if site in ("cross-site", "same-site") and not (scope["path"] == "/" and scope["method"] == "GET"):
            return 403, "another site may not ask this server; open the page that it serves itself"
        return None

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self.names or (not self.settings.loopback and _is_address(name))

    def _knows_token(self, headers: Headers) -> bool:
        given = headers.get("authorization", "").removeprefix("Bearer ")
        return self._same(given) or self._same(_cookie(headers.get("cookie", ""), cookie_name(self.settings)))

    def _same(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self.settings.token or "").encode())

    async def _ask_for_token(self, scope: Scope, send: Send) -> None:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get("token", "")
        if scope["path"] == "/" and self._same(given):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            cookie = f"{cookie_name(self.settings)}={self.settings.token}; HttpOnly; SameSite=Lax; Path=/"
            head = [(b"location", (f"/?{rest}" if rest else "/").encode()), (b"set-cookie", cookie.encode())]
            await send({"type": "http.response.start", "status": 303, "headers": head})
            await send({"type": "http.response.body", "body": b""})
            return
        await answer(send, 401, LOCKED)


def known_names(settings: Settings) -> frozenset[str]:
    """Names by which a browser may call this server; a name that was bent to this machine is not among them."""
    own = () if settings.loopback else (settings.host.lower(), socket.gethostname().lower(), socket.getfqdn().lower())
    return frozenset([*LOOPBACK, *own])


def cookie_name(settings: Settings) -> str:
    """The cookie that holds the token; ports share cookies, so it names its own."""
    return f"quantal-{settings.port}"


async def answer(send: Send, status: int, text: str) -> None:
    """An error as JSON."""
    body = json.dumps({"error": {"message": text, "kind": "Refused"}}).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise TooLarge
        return message

    return receiving


def _too_large(limit: int) -> str:
    return (
        f"the file is larger than {limit / 2**20:.0f} MB, which is the most that this page takes; leave out columns or rows, "
        "save it as Parquet, or give it to the command line: quantal app FILE"
    )


def _cookie(text: str, name: str) -> str:
    try:
        found = SimpleCookie(text).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
