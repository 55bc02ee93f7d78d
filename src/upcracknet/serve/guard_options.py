"""Who may ask: plain values, so that a command can show its options without the packages of a server."""

from dataclasses import dataclass

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names of this machine that are always allowed."""


@dataclass(frozen=True)
class GuardOptions:
    """What the guard lets through.

    Attributes:
        hosts: names that ``Host`` may have, lower case, without port.
        token: what ``Authorization: Bearer`` must have; None asks for none.
        open_paths: paths that need no token.
        pause_seconds: longest pause between two pieces of a request's body.
        body_seconds: longest time that a whole body may take.
    """

    hosts: frozenset[str] = LOCAL_HOSTS
    token: str | None = None
    open_paths: frozenset[str] = frozenset()
    pause_seconds: float = 20.0
    body_seconds: float = 600.0
