"""Figures of the service for Prometheus."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from upcracknet.serve.worker import PhotoWorker

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
"""Upper ends of the classes of answering times, in seconds."""


class Metrics:
    """What is counted; each service has its own.

    Args:
        worker: works at the photos.
    """

    def __init__(self, worker: PhotoWorker) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        named = {"registry": self.registry}
        self._requests = Counter("upcracknet_requests", "Requests.", ["method", "path", "status"], **named)
        self._seconds = Histogram(
            "upcracknet_request_seconds", "Time to answer.", ["method", "path"], buckets=BUCKETS, **named
        )
        self._photos = Counter("upcracknet_photos", "Photos that were finished.", ["outcome"], **named)
        gauges: dict[str, tuple[str, Callable[[], float]]] = {
            "upcracknet_queued_photos": ("Single photos that wait or are in work.", lambda: worker.queued),
            "upcracknet_job_photos": ("Photos of jobs that wait or are in work.", worker.store.jobs.waiting),
            "upcracknet_seconds_per_photo": (
                "Mean time between two finished photos.", lambda: worker.seconds_per_photo or 0.0
            ),
        }  # fmt: skip
        for name, (text, value) in gauges.items():
            Gauge(name, text, **named).set_function(value)
        worker.finished = self._finished

    def _finished(self, error: str | None) -> None:
        self._photos.labels("done" if error is None else "failed").inc()

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            scope: of the request, once it was routed.
            status: of the answer.
            seconds: that it took.
        """
        # By the route and not by the path, of which there are any number.
        path = getattr(scope.get("route"), "path", "other")
        self._requests.labels(scope["method"], path, str(status)).inc()
        self._seconds.labels(scope["method"], path).observe(seconds)


class Counted:
    """ASGI middleware that counts requests.

    Args:
        app: what it stands before.
        metrics: where they are counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            self.metrics.answered(scope, status, time.perf_counter() - start)
