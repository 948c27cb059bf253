"""Logs, metrics and request ids. They name routes and ids, never what was said.

Wraps the whole application, so that an address that leads nowhere is counted and logged too.
"""

import logging
import re
import secrets
import sys
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from api.settings import Settings
from domain import damage

REQUEST_ID = re.compile(rb"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The forms that proxies make: drawn at random, so that nobody's number or name passes as one."""
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
NOWHERE = "unmatched"
QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""On every response that does not say otherwise itself."""

log = structlog.get_logger()
_asked = ContextVar("request_id", default="")


class Metrics:
    """One process's figures; with `metrics_dir`, those of all of its siblings."""

    def __init__(self, settings: Settings) -> None:
        self._directory = settings.metrics_dir
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "medverka_request_seconds", "Time to answer", ("method", "route", "status"),
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.in_flight = Gauge(
            "medverka_requests_in_flight", "Requests being answered",
            registry=self.registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self.pool = Gauge(
            "medverka_pool_connections", "Database connections", ("state",),
            registry=self.registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self.failures = Counter(
            "medverka_failures_total", "Answers of 500 and above", ("route",),
            registry=self.registry,
        )  # fmt: skip
        self.registry.register(damage.NOTICED)

    def readable(self) -> CollectorRegistry:
        """What a scrape reads: this process's registry, or all processes' files."""
        if not self._directory:
            return self.registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=self._directory)  # type: ignore[no-untyped-call]
        return registry


class Observed:
    """The application with a request id, default headers, a log line and a measurement around it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._timing = lru_cache(None)(metrics.seconds.labels)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        _asked.set(request_id)
        begun, answered = time.perf_counter(), Answered(send, request_id)
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, answered)
        finally:
            self._metrics.in_flight.dec()
            self._note(scope, answered.status, time.perf_counter() - begun)

    def _note(self, scope: HTTPScope, status: int, seconds: float) -> None:
        route = scope.get("path_template") or NOWHERE
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self._timing(method, route, status).observe(seconds)
        if status >= 500:  # noqa: PLR2004
            self._metrics.failures.labels(route).inc()
        if route not in QUIET:
            log.info(
                "request", method=method, route=route, status=status, ms=round(seconds * 1e3, 2)
            )


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Answered:
    """A `send` that adds the default headers, and remembers the status. 0: nothing was answered."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = list(message["headers"])
            names = {name.lower() for name, _ in given}
            given += [header for header in HEADERS if header[0] not in names]
            given.append((b"x-request-id", self._request_id))
            message["headers"] = given
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The one that a proxy in front gave, if it is drawn at random; else one of our own."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return value.decode()
    return secrets.token_hex(16)


def configure_logging(settings: Settings) -> None:
    """JSON lines to standard output. Library loggers speak up at warnings, without their texts."""
    structlog.configure(
        processors=[with_request, _line],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if settings.development else logging.INFO
        ),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[Wordless()], level=logging.WARNING, force=True)


class Wordless(logging.Handler):
    """Passes on that a library had something to say, and where: its text may quote anything."""

    def emit(self, record: logging.LogRecord) -> None:
        at = f"{record.pathname}:{record.lineno}"
        log.log(record.levelno, "library", logger=record.name, at=at)


def with_request(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event with the id of the request that it is of, if any."""
    if request_id := _asked.get():
        event["request_id"] = request_id
    return event


def _line(_: object, level: str, event: MutableMapping[str, Any]) -> bytes:
    """Level, time and JSON in one step: every request says a line."""
    return ENCODER.encode({**event, "level": level, "timestamp": datetime.now(UTC)})


ENCODER = msgspec.json.Encoder(enc_hook=str)
