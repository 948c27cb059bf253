"""What is stored and does not open where it stands: somebody changed or moved it, or a disk did."""

from prometheus_client import Counter

NOTICED = Counter(
    "medverka_damaged",
    "Stored data that did not open in its place: an alarm each",
    registry=None,  # whoever shows figures takes it into a registry of its own
)


class Damaged(Exception):
    """Something stored was tampered with or moved. Nothing of it is given out; each one is counted."""

    def __init__(self) -> None:
        """Count it: where it is raised, a request may have been answered already."""
        super().__init__()
        NOTICED.inc()
