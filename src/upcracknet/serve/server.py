"""Listening: how an app is served, with limits that stand before it."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from upcracknet.errors import ConfigurationError
from upcracknet.files import one_line

HEADER_BYTES = 16_384
"""Most bytes of a request's first line and headers."""

HEADER_SECONDS = 10.0
"""Longest time that a client may take for the first line and headers of a request."""

CONNECTIONS = 200
"""Most connections at a time; further ones are answered 503."""

STOPPING_SECONDS = 150
"""Longest time that requests are waited for when the server stops."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that closes connections whose headers do not come; uvicorn itself waits for ever."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Read, and wait for the rest of the headers where they are not complete."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._await_headers()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class StoppableServer(uvicorn.Server):
    """A server that says when it is asked to stop, and not only when it has stopped.

    Args:
        configuration: of uvicorn.
        stopping: called then, by a signal.
    """

    def __init__(self, configuration: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(configuration)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, at a signal."""
        self._stopping()
        super().handle_exit(sig, frame)


def serve_app(
    app: ASGIApp,
    host: str,
    port: int,
    announce: Callable[[str], None],
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serve an app until the process gets SIGTERM or Ctrl-C; requests in work are finished.

    Args:
        app: the app, guarded.
        host: address to listen at.
        port: to listen at; 0 takes a free one.
        announce: called with the address of the app, once it listens.
        stopping: called when the process gets the signal; must take no locks.

    Raises:
        ConfigurationError: one cannot listen there.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"cannot listen at {host}, port {port} ({one_line(error)}); choose others with --host and --port"
        ) from error
    with listening:
        # Connections take it over. Without it the body of each answer waits 40 ms for the other side to
        # acknowledge its headers; asyncio sets it only on sockets that name their protocol.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name, taken = listening.getsockname()[:2]
        configuration = uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,  # the default one closes all handlers of logs that others have opened
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=HEADER_BYTES,
            timeout_graceful_shutdown=STOPPING_SECONDS,
        )
        # Once uvicorn has stopped, it raises the signal again: what is around the app must still be closed.
        before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        try:
            announce(f"http://{f'[{name}]' if ':' in name else name}:{taken}")
            StoppableServer(configuration, stopping).run([listening])
        finally:
            signal.signal(signal.SIGTERM, before)
