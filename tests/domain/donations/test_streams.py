"""A resident reads back what was given, page by page, and deletes from it."""

from uuid import UUID, uuid4

import pytest
from asyncpg import Connection
from msgspec.structs import replace

from domain.db import begin
from domain.donations import streams
from domain.donations.columns import SPAN
from domain.donations.keys import FileKeyProvider
from domain.errors import NotFound
from tests.domain.donations.conftest import HOUR_MS, NOW_MS, Give, heart, steps
from tests.people import make_resident


async def only(conn: Connection, resident: UUID) -> UUID:
    """The resident's only stream."""
    (stream,) = await streams.streams(conn, resident)
    return stream.stream_id


async def read_all(
    conn: Connection, keys: FileKeyProvider, resident: UUID, stream: UUID, limit: int
) -> list[int]:
    """Every sample in pages, as ms before now; each page holds some and none too many."""
    found: list[int] = []
    since: int | None = -(2**53)
    while since is not None:
        page = await streams.read(conn, keys, resident, stream, since_ms=since, limit=limit)
        size = sum(len(batch.start) for batch in page.batches)
        assert 0 < size <= limit
        found += [NOW_MS - start for batch in page.batches for start in batch.start]
        since = page.next_ms
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_pages_of_any_size_hold_every_sample_in_order(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID, limit: int
) -> None:
    for times in ([90, 10], [80, 20], [85, 84, 83], [50], [70, 30, 15], [5, 4, 3, 2, 1]):
        await give(heart(*times))
    async with begin(conn, resident=resident):
        found = await read_all(conn, keys, resident, await only(conn, resident), limit)
    assert found == [90, 85, 84, 83, 80, 70, 50, 30, 20, 15, 10, 5, 4, 3, 2, 1]


async def test_more_segments_than_one_look_takes_are_read_too(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    times = [[at * SPAN - nth for at in range(1, 21)] for nth in range(30)]
    await give(*(heart(*part) for part in times))
    async with begin(conn, resident=resident):
        found = await read_all(conn, keys, resident, await only(conn, resident), 10_000)
    assert found == sorted((at for part in times for at in part), reverse=True)


async def test_a_range_takes_its_beginning_and_leaves_its_end(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(9, 8, 7, 6, 5))
    async with begin(conn, resident=resident):
        stream = await only(conn, resident)
        page = await streams.read(
            conn, keys, resident, stream, since_ms=NOW_MS - 8, until_ms=NOW_MS - 6, limit=9
        )
    assert [NOW_MS - start for start in page.batches[0].start] == [8, 7]
    assert page.next_ms is None


async def test_what_is_read_could_be_uploaded_again(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    given = [steps(3 * HOUR_MS, 2 * HOUR_MS), steps(HOUR_MS)]
    summer = replace(given[1], utc_offset_minutes=120)
    await give(given[0])
    await give(summer)
    async with begin(conn, resident=resident):
        page = await streams.read(conn, keys, resident, await only(conn, resident))
    assert page.batches == [given[0], summer]


async def test_streams_say_where_a_sync_may_go_on(
    give: Give, conn: Connection, resident: UUID
) -> None:
    await give(heart(5, 9), steps(HOUR_MS))
    async with begin(conn, resident=resident):
        (stream,) = await streams.streams(conn, resident, measure="heart-rate")
        both = await streams.streams(conn, resident)
        rest = await streams.streams(conn, resident, after=both[0].stream_id)
    assert (stream.newest_ms, stream.samples, stream.unit) == (NOW_MS - 5, 2, "/min")
    assert stream.source.app == "watch"
    assert (len(both), rest) == (2, both[1:])


async def test_a_deleted_range_is_gone_and_the_rest_is_kept(
    give: Give, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    for times in ([9, 8, 7], [6, 5], [4, 3, 2]):
        await give(heart(*times))
    uploaded_at = await admin.fetchval("SELECT last_upload_at FROM stream")
    async with begin(conn, resident=resident):
        stream = await only(conn, resident)
        deleted = await streams.delete_samples(
            conn, keys, resident, stream, since_ms=NOW_MS - 7, until_ms=NOW_MS - 3
        )
        left = await read_all(conn, keys, resident, stream, 100)
    assert (deleted.samples, left) == (4, [9, 8, 3, 2])
    assert await admin.fetchval("SELECT last_upload_at FROM stream") == uploaded_at
    assert await admin.fetchval("SELECT samples FROM stream") == 4
    assert await admin.fetchval("SELECT sum(samples) FROM segment") == 4


async def test_deleting_a_range_without_samples_changes_nothing(
    give: Give, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(9, 2))
    before = await admin.fetch("SELECT * FROM segment")
    async with begin(conn, resident=resident):
        deleted = await streams.delete_samples(
            conn, keys, resident, await only(conn, resident), since_ms=NOW_MS - 8, until_ms=NOW_MS
        )
    assert deleted.samples == 1
    async with begin(conn, resident=resident):
        again = await streams.delete_samples(
            conn, keys, resident, await only(conn, resident), since_ms=0, until_ms=NOW_MS - 10
        )
    assert again.samples == 0
    assert len(await admin.fetch("SELECT * FROM segment")) == len(before)


async def test_a_deleted_stream_is_gone(
    give: Give, conn: Connection, admin: Connection, resident: UUID
) -> None:
    await give(heart(2, 1), steps(HOUR_MS))
    async with begin(conn, resident=resident):
        (stream,) = await streams.streams(conn, resident, measure="heart-rate")
        assert (await streams.delete(conn, resident, stream.stream_id)).samples == 2
    assert await admin.fetchval("SELECT array_agg(measure) FROM stream") == ["step-count"]
    assert await admin.fetchval("SELECT array_agg(category) FROM segment") == ["activity"]


async def test_anothers_stream_is_not_there(
    give: Give, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(1))
    stream_id = await admin.fetchval("SELECT stream_id FROM stream")
    other = await make_resident(admin)
    for who, stream in ((other, stream_id), (resident, stream_id), (other, uuid4())):
        async with begin(conn, resident=other):  # row-level security, where the argument is wrong
            for attempt in (
                streams.read(conn, keys, who, stream),
                streams.delete(conn, who, stream),
                streams.delete_samples(conn, keys, who, stream, since_ms=0, until_ms=NOW_MS),
            ):
                with pytest.raises(NotFound):
                    await attempt
    assert await admin.fetchval("SELECT count(*) FROM segment") == 1
