"""Who may ask: a middleware before the service and the review page, and the headers of their answers.

A page of another site can make a browser ask a server on the same machine. Against that stand the checks of
``Host`` (a foreign name that was made to lead here, DNS rebinding) and of ``Origin`` and ``Sec-Fetch-Site``
(a request that another site's page sends); OWASP, "Cross-Site Request Forgery Prevention".
"""

import asyncio
import hmac
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from upcracknet.serve.guard_options import LOCAL_HOSTS, GuardOptions

__all__ = ["LOCAL_HOSTS", "Guard", "GuardOptions"]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

SECURITY_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
"""Headers of every answer that has not its own; a page may load from its own server alone."""


class Guard:
    """ASGI middleware that checks who asks, and that a request arrives in time.

    Answers itself with 401 (token), 403 (another site), 421 (name of the host) and, where the app reads the
    body, 408 (too slow). The size of bodies is the app's own: ``FastAPI(max_body_size=…)``.

    Args:
        app: what it stands before.
        options: what it lets through.
    """

    def __init__(self, app: ASGIApp, options: GuardOptions) -> None:
        self.app, self.options = app, options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request and hand it on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS:
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
        else:
            await self.app(scope, self._timed(receive), send_with_headers)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        """What to answer a request that is not let through."""
        if scope["type"] != "http":
            return _problem(403, "only HTTP is served here")
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name(host) not in self.options.hosts or len(headers.getlist("host")) > 1:
            return _problem(
                421,
                f"Host {host[:80]!r} is not served here; start the server with --allowed-host NAME for it",
            )
        foreign = not all(_same_site(origin, host) for origin in headers.getlist("origin"))
        if scope["method"] not in SAFE_METHODS:
            foreign = foreign or headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if foreign:
            return _problem(403, "a page of another site asked; requests of other sites are not served")
        if self.options.token is not None and scope["path"] not in self.options.open_paths:
            return self._refusal_of_token(headers.get("authorization", ""))
        return None

    def _refusal_of_token(self, authorization: str) -> JSONResponse | None:
        scheme, _, given = authorization.partition(" ")
        # In constant time: how long a comparison takes must not tell how much of a token is right.
        right = hmac.compare_digest(given.strip().encode(), str(self.options.token).encode())
        if scheme.lower() == "bearer" and right:
            return None
        return _problem(
            401,
            "no valid token; send the header 'Authorization: Bearer TOKEN'",
            {"WWW-Authenticate": "Bearer"},
        )

    def _timed(self, receive: Receive) -> Receive:
        """Receive a body, but not for ever."""
        end, whole = time.monotonic() + self.options.body_seconds, False

        async def receive_in_time() -> Message:
            nonlocal whole
            if whole:  # what follows is word that the client has gone, and may take as long as the answer
                return await receive()
            pause = min(self.options.pause_seconds, max(0.0, end - time.monotonic()))
            try:
                message = await asyncio.wait_for(receive(), pause)
            except TimeoutError as error:
                raise HTTPException(
                    408, "the request's body came too slowly; send less at a time", {"Connection": "close"}
                ) from error
            whole = not message.get("more_body", False)
            return message

        return receive_in_time


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)


def _name(host: str) -> str:
    """The name in a ``Host`` header, without its port; empty where it is none."""
    name, bracket, port = host.lower().rpartition("]")
    if bracket:
        return name + bracket if port == "" or port[1:].isdecimal() else ""
    name, _, port = host.lower().partition(":")
    return name if port == "" or port.isdecimal() else ""


def _same_site(origin: str, host: str) -> bool:
    """Whether the page that asks came from the host that is asked."""
    try:
        parts = urlsplit(origin)
        usual = {"http": 80, "https": 443}[parts.scheme]
        asked = urlsplit(f"//{host}")
        same = (parts.hostname, parts.port or usual) == (asked.hostname, asked.port or usual)
    except (ValueError, KeyError):
        return False
    return same
