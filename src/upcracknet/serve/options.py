"""What the operator of the service chooses, and what follows from it: who may ask."""

import os
from dataclasses import dataclass
from pathlib import Path

from upcracknet.errors import ConfigurationError
from upcracknet.files import one_line
from upcracknet.serve.guard_options import LOCAL_HOSTS, GuardOptions

TOKEN_VARIABLE = "UPCRACKNET_TOKEN"  # noqa: S105 - a name, no token
"""Environment variable that may hold the token."""

LEAST_TOKEN = 16
"""Characters that a token has at least."""

OPEN_PATHS = frozenset({"/health", "/docs", "/docs/start.js", "/docs/ui.js", "/docs/ui.css", "/openapi.json"})
"""Paths that need no token: they tell nothing of photos, and browsers and watchdogs have none to send."""

MEGABYTE = 1_000_000

FORM_BYTES = MEGABYTE
"""What a form may take beside its photos, in bytes; and any other request."""

FIELD_BYTES = 1024
"""Most bytes of a field of a form that is no photo."""


@dataclass(frozen=True)
class ServiceOptions:
    """How the service listens, what it accepts, and how long it keeps what it found.

    Attributes:
        host: address of this machine to listen at; 0.0.0.0 is all of them.
        port: to listen at; 0 takes a free one.
        allowed_host: further name that requests may ask for, such as roads.example.org; may be repeated.
        token_file: file with the token that requests must have; the environment variable UPCRACKNET_TOKEN
            does the same.
        no_token: let anybody ask who can reach the address, also one that is not of this machine alone.
        folder: where photos, jobs and results are kept; jobs go on there after a restart. Without it they are
            kept in a temporary folder until the service ends.
        max_megapixels: largest photo that is accepted, in millions of pixels.
        max_photo_mb: largest file of a photo that is accepted, in millions of bytes.
        max_job_mb: largest body of a request with the photos of a job, in millions of bytes.
        max_job_photos: most photos of a job.
        max_waiting_photos: most photos of jobs that wait.
        queue: most single photos that wait or are worked at.
        request_seconds: longest time that a request with a single photo waits for its answer.
        keep_hours: how long results are kept.
        keep_photos: of how many photos results are kept.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    allowed_host: list[str] | None = None
    token_file: Path | None = None
    no_token: bool = False
    folder: Path | None = None
    max_megapixels: float = 64.0
    max_photo_mb: int = 64
    max_job_mb: int = 1024
    max_job_photos: int = 1000
    max_waiting_photos: int = 10_000
    queue: int = 32
    request_seconds: float = 120.0
    keep_hours: float = 24.0
    keep_photos: int = 10_000

    def __post_init__(self) -> None:
        numbers = {
            "--max-megapixels": self.max_megapixels, "--max-photo-mb": self.max_photo_mb,
            "--max-job-mb": self.max_job_mb, "--max-job-photos": self.max_job_photos,
            "--max-waiting-photos": self.max_waiting_photos, "--queue": self.queue,
            "--request-seconds": self.request_seconds, "--keep-hours": self.keep_hours,
            "--keep-photos": self.keep_photos,
        }  # fmt: skip
        wrong = [f"{name} {value:g}" for name, value in numbers.items() if not value > 0]
        if not 0 <= self.port < 65536:
            wrong.append(f"--port {self.port}")
        if wrong:
            raise ConfigurationError(
                f"{', '.join(wrong)}: expected numbers above 0, and a port from 0 to 65535"
            )

    def guard(self) -> GuardOptions:
        """Tell who may ask.

        Raises:
            ConfigurationError: the token cannot be read or is short, or others could reach the service and
                there is none.
        """
        token, host = self._token(), self.host.lower()
        local = f"[{host}]" if ":" in host else host
        if token is None and local not in LOCAL_HOSTS and not self.no_token:
            raise ConfigurationError(
                f"--host {self.host}: others can reach it; set a token with --token-file FILE or "
                f"{TOKEN_VARIABLE}, or say --no-token"
            )
        names = {name.lower() for name in self.allowed_host or ()}
        return GuardOptions(LOCAL_HOSTS | {local} | names, token, OPEN_PATHS)

    def _token(self) -> str | None:
        token = os.environ.get(TOKEN_VARIABLE)
        if self.token_file is not None:
            try:
                token = self.token_file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"{self.token_file}: no token ({one_line(error)})") from error
        if token is None:
            return None
        token = token.strip()
        if len(token) < LEAST_TOKEN or not token.isascii() or " " in token:
            raise ConfigurationError(
                f"a token of {len(token)} characters: expected {LEAST_TOKEN} or more, ASCII, without spaces; "
                "make one with `openssl rand -hex 32`"
            )
        return token
