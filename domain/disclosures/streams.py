"""A study's reading as a stream: batch after batch, each a transaction, and at last how it ended."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import structlog

from domain.db import Connection, Pool, begin
from domain.disclosures.model import Reader, UseStopped

ACQUIRE_SECONDS = 30.0
"""A stream waits its turn: its connections are few, so that withdrawals need not wait for theirs."""

log = structlog.get_logger()


class Walk(Protocol):
    """How far a reading has come."""

    @property
    def over(self) -> bool:
        """Whether nothing is left to read."""
        ...


W = TypeVar("W", bound=Walk)
L = TypeVar("L")


class Batch(NamedTuple, Generic[W, L]):
    """What was committed together, and where the reading stands then. `reason`: why it broke off."""

    walk: W
    lines: Sequence[L]
    reason: str | None = None


async def batches(
    pool: Pool,
    reader: Reader,
    walk: W,
    read: Callable[[Connection, W], Awaitable[tuple[W, list[L]]]],
) -> AsyncIterator[Batch[W, L]]:
    """Until the walk is over. No connection is held while the caller writes; the last batch has no lines."""
    reason = None
    try:
        while not walk.over:
            async with (
                pool.acquire(timeout=ACQUIRE_SECONDS) as conn,
                begin(conn, member=reader.member_id, study=reader.study_id),
            ):
                came, lines = await read(conn, walk)
            walk = came  # only now is it committed
            yield Batch(walk, lines)
    except UseStopped as stopped:
        reason = stopped.reason
    except Exception as error:  # noqa: BLE001 - the status is long sent: the last line has to say it
        log.error("use_interrupted", error=type(error).__name__)  # noqa: TRY400 - its text may quote
        reason = "interrupted"
    yield Batch(walk, (), reason)
