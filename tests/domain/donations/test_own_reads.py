"""A resident reads all of their streams page by page: each sample once, in every size of page."""

from collections.abc import Iterable
from uuid import UUID

import pytest
from asyncpg import Connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.db import begin
from domain.donations import own_reads, store, streams
from domain.donations.columns import SPAN
from domain.donations.keys import FileKeyProvider
from domain.donations.model import Batch, Deletion, Source, Upload
from domain.donations.own_reads import Mark, Most, Wanted
from tests.domain.donations.conftest import HOUR_MS, NOW, NOW_MS, Give, heart, permit, steps
from tests.people import make_resident

ALL = Wanted()


async def pages(
    conn: Connection,
    keys: FileKeyProvider,
    resident: UUID,
    wanted: Wanted = ALL,
    most: Most = Most(1000),  # noqa: B008
) -> list[tuple[UUID, int]]:
    """Stream and start of every sample, as they come; each page holds some and none too many."""
    found: list[tuple[UUID, int]] = []
    mark: Mark | None = None
    while True:
        async with begin(conn, resident=resident):
            page = await own_reads.read(conn, keys, resident, wanted, mark, most)
        size = sum(len(run.columns.start) for run in page.runs)
        assert size <= most.samples
        assert size or page.mark is None
        for run in page.runs:
            found += [(run.stream_id, NOW_MS - at) for at in run.columns.start.tolist()]
        if page.mark is None:
            return found
        mark = page.mark


def starts(found: Iterable[tuple[UUID, int]]) -> list[int]:
    return [at for _, at in found]


GIVEN = (
    ([90, 10], "a"),
    ([80, 20], "b"),
    ([85, 84, 83], "a"),
    ([50], "a"),
    ([70, 30], "b"),
    ([9], "c"),
)


@pytest.mark.parametrize("most", [Most(1), Most(2), Most(3), Most(100), Most(100, 1), Most(7, 2)])
async def test_pages_of_any_size_hold_each_sample_once_in_order(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID, most: Most
) -> None:
    for times, source in GIVEN:
        await give(heart(*times), source=source)
    found = await pages(conn, keys, resident, most=most)
    assert starts(found) == [90, 85, 84, 83, 50, 10, 80, 70, 30, 20, 9]
    assert found == sorted(found, key=lambda one: (one[0], -one[1]))


uploads = st.lists(
    st.tuples(
        st.lists(st.integers(0, 12), min_size=1, max_size=6, unique=True),
        st.sampled_from("ab"),
        st.booleans(),
    ),
    max_size=8,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    uploads,
    st.builds(Most, st.integers(1, 9), st.integers(1, 4)),
    st.integers(-2, 14),
    st.integers(-2, 14),
)
async def test_pages_hold_what_was_given_within_the_range(
    conn: Connection,
    admin: Connection,
    keys: FileKeyProvider,
    given_: list[tuple[list[int], str, bool]],
    most: Most,
    since: int,
    until: int,
) -> None:
    """Segments overlap, share their beginning, lie within each other, and hold what was replaced."""
    resident = await make_resident(admin)
    await permit(admin, resident, "heart")
    there: set[tuple[str, int]] = set()
    for times, app, replaces in given_:
        batch = Batch(
            measure="heart-rate", unit="/min", utc_offset_minutes=60, replaces=replaces,
            start=[NOW_MS - at for at in times], value=[60.0] * len(times), id=[f"{at}" for at in times],
        )  # fmt: skip
        async with begin(conn, resident=resident):
            await store.donate(
                conn, keys, resident, Upload(source=Source(app=app), batches=[batch]), NOW
            )
        there |= {(app, at) for at in times}
    wanted = Wanted(NOW_MS - since, NOW_MS - until)
    found = await pages(conn, keys, resident, wanted, most)
    assert sorted(starts(found)) == sorted(at for _, at in there if until < at <= since)
    assert found == sorted(set(found), key=lambda one: (one[0], -one[1]))


async def test_samples_are_chosen_by_measure_source_and_time(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(5, 6), steps(HOUR_MS))
    await give(heart(7), source="phone")

    async def found(wanted: Wanted) -> list[int]:
        return starts(await pages(conn, keys, resident, wanted))

    assert await found(Wanted(measures=["heart-rate"])) == [6, 5, 7]
    assert await found(Wanted(app="phone")) == [7]
    assert await found(Wanted(app="phone", device="x")) == []
    assert await found(Wanted(since_ms=NOW_MS - 6)) == [6, 5]
    assert await found(Wanted(until_ms=NOW_MS - 6)) == [HOUR_MS, 7]
    assert await found(Wanted(measures=["sleep-stage"])) == []


async def test_a_deleted_sample_is_on_no_page(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    sent = heart(*range(9, 0, -1))
    one = Upload(source=Source(app="watch"), batches=[Batch(
        measure="heart-rate", unit="/min", utc_offset_minutes=60, start=sent.start, value=sent.value,
        id=[f"{at}" for at in range(9, 0, -1)],
    )])  # fmt: skip
    gone = Upload(
        source=Source(app="watch"),
        deletions=[Deletion(measure="heart-rate", id=["9", "8", "7", "4"])],
    )
    for upload in (one, gone):
        async with begin(conn, resident=resident):
            await store.donate(conn, keys, resident, upload, NOW)
    for most in (Most(1), Most(2), Most(100)):
        assert starts(await pages(conn, keys, resident, most=most)) == [6, 5, 3, 2, 1]
    await give(heart(20, 4))
    assert starts(await pages(conn, keys, resident, most=Most(2))) == [20, 6, 5, 4, 3, 2, 1]


async def test_a_long_time_and_many_segments_are_read_too(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    times = [at * SPAN // 2 for at in range(60, 0, -1)]
    await give(heart(*times), heart(*[at + 1 for at in times]))
    found = await pages(conn, keys, resident, Wanted(since_ms=NOW_MS - times[9]), Most(5, 3))
    assert starts(found) == sorted([*times[9:], *[at + 1 for at in times[10:]]], reverse=True)


async def test_a_stream_deleted_between_pages_is_left_out(
    give: Give, conn: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(5, 4, 3), source="a")
    await give(heart(2), source="b")
    async with begin(conn, resident=resident):
        page = await own_reads.read(conn, keys, resident, ALL, None, Most(1))
        await streams.delete(conn, resident, page.runs[0].stream_id)
        rest = await own_reads.read(conn, keys, resident, ALL, page.mark, Most(9))
    assert [NOW_MS - run.columns.start[0] for run in rest.runs] == [2]
    assert rest.mark is None


async def test_nobody_reads_anothers(
    give: Give, conn: Connection, admin: Connection, keys: FileKeyProvider, resident: UUID
) -> None:
    await give(heart(5))
    other = await make_resident(admin)
    assert await pages(conn, keys, other) == []
    async with begin(conn, resident=other):
        assert (await own_reads.read(conn, keys, resident, ALL, None, Most(9))).runs == []
