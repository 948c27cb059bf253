"""A resident who lets everything be kept, and uploads of theirs."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID, uuid4

import pytest
from asyncpg import Connection

from domain.db import begin
from domain.donations import store
from domain.donations.keys import FileKeyProvider
from domain.donations.model import Batch, Source, Upload, UploadAnswer
from tests.people import make_resident

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOUR_MS = 3_600_000
Give: TypeAlias = Callable[..., Coroutine[None, None, UploadAnswer]]


@pytest.fixture
def keys() -> FileKeyProvider:
    return FileKeyProvider(bytes(range(32)))


@pytest.fixture
async def resident(admin: Connection) -> UUID:
    """May be collected from at any time: heart and activity."""
    resident_id = await make_resident(admin)
    for category in ("heart", "activity"):
        await permit(admin, resident_id, category)
    return resident_id


@pytest.fixture
def give(conn: Connection, keys: FileKeyProvider, resident: UUID) -> Give:
    """Upload batches as that resident, each in a transaction of its own."""

    async def upload(*batches: Batch, source: str = "watch") -> UploadAnswer:
        one = Upload(source=Source(app=source), batches=list(batches))
        async with begin(conn, resident=resident):
            return await store.donate(conn, keys, resident, one, NOW)

    return upload


async def permit(
    admin: Connection,
    resident_id: UUID,
    category: str,
    period: str = "(,)",
    study_id: UUID | None = None,
) -> None:
    """A grant to keep a category, or to let a study use it."""
    await admin.execute(
        """
        INSERT INTO consent_grant (resident_id, item_id, category, study_id, use, notice_version,
                                   recipients, ehds, status, event_seq, data_period)
        VALUES ($1, $2, $3, $4, $5, 1, '{}', false, 'ConsentGiven', 1,
                tstzmultirange($6::text::tstzrange))
        """,
        resident_id,
        uuid4(),
        category,
        study_id,
        "study" if study_id else "keep",
        period,
    )


def heart(*start: int, value: float = 60.0) -> Batch:
    """Heart rates at these ms before now."""
    return Batch(
        measure="heart-rate",
        unit="/min",
        utc_offset_minutes=60,
        start=[NOW_MS - at for at in start],
        value=[value] * len(start),
    )


def steps(*start: int) -> Batch:
    """Hours of steps that began these ms before now."""
    return Batch(
        measure="step-count",
        unit="{steps}",
        utc_offset_minutes=60,
        start=[NOW_MS - at for at in start],
        end=[NOW_MS - at + HOUR_MS for at in start],
        value=[100.0] * len(start),
    )
