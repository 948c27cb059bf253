"""`make drill-bombs`: small bodies that would become large ones, or cost as much (T37).

What the serving process uses for each is measured there: processor time by its own clock, and the
most memory that it ever held (`VmHWM`) since a reset.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import uuid4

import psutil

from api.codings import SECONDS
from api.donations import LARGEST
from tests.coded import COMPRESS, tables
from tests.drills import mutant
from tests.drills.harness import MUTANT, Part, Server, Site, p99_ms, run, scaled
from tests.drills.http import Http
from tests.drills.mutant import Mutation
from tests.drills.residents import done
from tests.drills.uploads import PATH, Donor, astray, donors

TURNS = 5
ORDINARY = 1 << 20
"""The cap of an address that asks for no larger one."""
CPU_MS = 50
TABLES_MS = 1000 * SECONDS + CPU_MS
"""For blocks that cost the more for what they hold: they are given up by the clock."""
GROWTH = 3
"""Times the cap that the process may grow by."""
BOMB = 200_000_000
AT_ONCE = 8
OTHERS = 400
ZSTD_HEAD = b"\x28\xb5\x2f\xfd\x00"
SKIPPABLE = b"\x50\x2a\x4d\x18\0\0\0\0"
UNBOUNDED = (
    Mutation("api/codings.py", "stream.decompress(piece, left + 1)", "stream.decompress(piece, 1 << 28)"),
)  # fmt: skip
"""Whatever comes out is made first and counted afterwards."""


class Bomb(NamedTuple):
    """A body under a coding, and the answer that is right; 413 is so of all that are larger than the cap."""

    name: str
    coding: str
    body: bytes
    status: int
    cpu_ms: float = CPU_MS


def bombs() -> Iterator[Bomb]:
    """One of each kind."""
    large, odd, unknown = 413, 400, 415
    zeros, upload = bytes(BOMB), b'{"source": {"app": "watch"}, "batches": []}'
    for coding, compress in COMPRESS.items():
        small, bomb = compress(upload), compress(zeros)
        yield Bomb("1000:1", coding, bomb, large)
        yield Bomb("1000:1, cut", coding, bomb[:-1], large)
        yield Bomb("1000:1, then more", coding, bomb + small, large)
        yield Bomb("1000:1, coded twice", coding, compress(bomb), odd)
        yield Bomb("coded twice", f"{coding}, {coding}", compress(small), unknown)
        yield Bomb("truncated", coding, small[:-1], odd)
        yield Bomb("something after", coding, small + b"\0", odd)
        yield Bomb("two", coding, small + small, odd)
        yield Bomb("50,000 empty ones", coding, compress(b"") * 50_000, odd)
        yield Bomb("of another coding", coding, b"BZh9" + small, odd)
    yield Bomb("50,000 skippable frames", "zstd", SKIPPABLE * 50_000, odd)
    yield Bomb("a window of 2 GB", "zstd", ZSTD_HEAD + bytes([21 << 3, 1, 0, 0]), odd)
    yield Bomb("a window of 8 MB and more", "zstd", ZSTD_HEAD + bytes([13 << 3 | 1, 1, 0, 0]), odd)
    block = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b" "
    yield Bomb("blocks of one byte", "zstd", ZSTD_HEAD + bytes([13 << 3]) + block * 50_000, large)
    for cap in (ORDINARY, LARGEST):
        yield Bomb(f"tables of {cap} bytes", "gzip", tables(cap - 100), odd, TABLES_MS)


class _Process:
    """The one of the server's processes that serves."""

    def __init__(self, server: Server) -> None:
        found = max(server.process.children(recursive=True), key=_memory)
        self._clock = (~found.pid << 3) | 2  # clock_getcpuclockid(3): all threads of a process
        self._folder = Path("/proc") / str(found.pid)
        self._process = found

    def cpu_ms(self) -> float:
        return time.clock_gettime(self._clock) * 1000

    def memory(self) -> int:
        return _memory(self._process)

    def forget_peak(self) -> None:
        (self._folder / "clear_refs").write_text("5")

    def peak(self) -> int:
        """Bytes, the most since it was told to forget."""
        status = (self._folder / "status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def _memory(process: psutil.Process) -> int:
    held: int = process.memory_info().rss
    return held


class _Target(NamedTuple):
    """An address and what comes out there at most."""

    method: str
    path: str
    cap: int


TARGETS = (_Target("POST", PATH, LARGEST), _Target("PUT", "/v1/me", ORDINARY))


async def t37(here: Site) -> Part:
    """400, 413 or 415; <= 50 ms of processor time; memory up by <= 3 times the cap; nothing stored."""
    wrongs, used, grown = Counter[str](), dict[str, list[float]](), dict[str, float]()
    with TemporaryDirectory(prefix="medverka-drill-") as folder:
        more = mutant.environment(Path(folder), UNBOUNDED) if MUTANT else {}
        async with here.serve(**more) as server, server.http() as http:
            (donor,) = await donors(here, server, 1)
            process = _Process(server)
            begun = process.memory()
            for target in reversed(TARGETS):  # the smaller cap first: memory is rarely given back
                for bomb in bombs():
                    name = f"{target.method} {target.path}: {bomb.coding}, {bomb.name}"
                    shots = [
                        await _fire(http, process, donor, target, bomb, wrongs)
                        for _ in range(scaled(TURNS))
                    ]
                    used[name] = [ms for ms, _ in shots]
                    grown[name] = round(median(size for _, size in shots) / target.cap, 2)
                    wrongs["cpu"] += median(used[name]) > bomb.cpu_ms
                    wrongs["memory"] += grown[name] > GROWTH
            wrongs["memory in all"] += process.memory() - begun > GROWTH * LARGEST
            wrongs["stored"] += sum((await astray(here, http, [donor])).values())
            wrongs["key used"] += not (await http.exchange(donor.make().request())).ok
            quiet, beside = [await _others(server, donor, count) for count in (0, AT_ONCE)]
    return Part(
        n=sum(map(len, used.values())), violations=wrongs.total(),
        p99_ms=p99_ms([ms / 1000 for found in used.values() for ms in found]),
        more={"wrongs": dict(wrongs), "grown_by_caps": max(grown.values()), "cpu_ms": _worst(used),
              "others_p99_ms": beside, "others_alone_p99_ms": quiet},
    )  # fmt: skip


async def _fire(
    http: Http, process: _Process, donor: Donor, target: _Target, bomb: Bomb, wrongs: Counter[str]
) -> tuple[float, int]:
    """Milliseconds of processor time that the server used, and bytes that it grew by meanwhile."""
    headers = {"Content-Encoding": bomb.coding, "Idempotency-Key": str(uuid4())}
    process.forget_peak()
    begun, before = process.cpu_ms(), process.memory()
    answer = await http.ask(target.method, target.path, donor.token, bomb.body, headers)
    used = process.cpu_ms() - begun, process.peak() - before
    http.break_off()  # the server closes where it answers by the headers, rather than read the rest
    if answer.status != (413 if len(bomb.body) > target.cap else bomb.status):
        wrongs[f"{bomb.name}: {answer.status}"] += 1
    return used


async def _others(server: Server, donor: Donor, at_once: int) -> float:
    """What others wait for an answer, at the 99th percentile, while so many bombs come at once."""
    (bomb, *_) = bombs()
    headers = {"Content-Encoding": bomb.coding, "Idempotency-Key": "bomb"}
    waited: list[float] = []

    async def bomber() -> None:
        async with server.http() as http:
            for _ in range(OTHERS // 20):
                await http.ask("POST", PATH, donor.token, bomb.body, headers)
                http.break_off()

    bombers = [asyncio.create_task(bomber()) for _ in range(at_once)]
    async with server.http() as http:
        for _ in range(OTHERS):
            begun = time.perf_counter()
            done(await http.get("/health/live"))
            waited.append(time.perf_counter() - begun)
    await asyncio.gather(*bombers)
    return p99_ms(waited)


def _worst(used: Mapping[str, list[float]]) -> dict[str, float]:
    """The five that cost the most, by their medians."""
    by_cost = sorted(((round(median(ms), 1), name) for name, ms in used.items()), reverse=True)
    return {name: ms for ms, name in by_cost[:5]}


if __name__ == "__main__":
    run("bombs", {"T37": t37}, mutants=["T37"])
