"""What a worker counts, for whoever scrapes it. Kinds of answers and ends, never whom they concern."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from notifications.errands import Result

REGISTRY = CollectorRegistry()
KNOCKS = Counter(
    "medverka_knocks", "Knocks, by what the push service said", ("verdict",), registry=REGISTRY
)
ENDED = Counter(
    "medverka_outbox_written", "Knocks, by what became of them", ("state",), registry=REGISTRY
)
UNDER_WAY = Gauge("medverka_knocks_under_way", "Requests without an answer", registry=REGISTRY)
STOPPED = Gauge(
    "medverka_push_stopped",
    "1 while nothing is sent, since we were refused: an alarm",
    registry=REGISTRY,
)


def count(verdicts: Mapping[str, int], written: Iterable[Result]) -> None:
    """Add a batch."""
    for verdict, n in verdicts.items():
        KNOCKS.labels(verdict).inc(n)
    for one in written:
        ENDED.labels(one.state).inc()
