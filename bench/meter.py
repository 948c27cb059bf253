"""Processor time by who used it: a busy machine stretches the clock, and hardly this."""

import os
from typing import NamedTuple

import psutil


class Cpu(NamedTuple):
    """Seconds of processor time of the serving processes, of PostgreSQL, and of the load itself."""

    server: float
    postgresql: float
    load: float

    def since(self, earlier: "Cpu") -> "Cpu":
        return Cpu(*(now - then for now, then in zip(self, earlier, strict=True)))

    def per(self, count: float) -> "Cpu":
        """The share of each one of `count`."""
        return Cpu(*(seconds / count for seconds in self))

    def told(self) -> dict[str, float]:
        """By name, to three digits."""
        return {name: float(f"{seconds:.3g}") for name, seconds in self._asdict().items()}


class Meter:
    """Reads the processes of a server (with its workers) and of PostgreSQL (with its backends)."""

    def __init__(self, backend: int, server: psutil.Process | None = None) -> None:
        """Find PostgreSQL by the process of one of its backends."""
        postmaster = psutil.Process(backend).parent()
        if postmaster is None:
            raise psutil.NoSuchProcess(backend)
        self._postmaster = postmaster
        self._server = server

    def read(self) -> Cpu:
        """What each has used since it began."""
        own = os.times()
        server = _family(self._server) if self._server else 0.0
        return Cpu(server, _family(self._postmaster), own.user + own.system)


def _family(root: psutil.Process) -> float:
    """What a process and its children have used; of those that ended, their parent knows."""
    used = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            used += sum(
                process.cpu_times()[:4]
            )  # user and system, its own and its ended children's
        except psutil.NoSuchProcess:
            continue
    return used
