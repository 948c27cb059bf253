"""A region of many residents with phones and grants, and messages promised to them, made by COPY."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from time import perf_counter
from uuid import UUID

from asyncpg import Range
from msgspec import Struct

from domain.db import Connection, begin, bucket_of, new_id
from notifications import outbox
from notifications.devices import hash_of
from notifications.kinds import Kind
from notifications.outbox import About
from tests import people
from tests.drills.harness import Site
from tests.notifications.street import AWAKE

AT_ONCE = 1_000
KIND = Kind.CONSENT_TO_REVIEW


class Street(Struct, frozen=True):
    """Residents with one phone each, who have permitted a study's item and have no quiet hours."""

    residents: list[UUID]
    study: UUID

    def value(self, resident: UUID) -> str:
        """What the push service knows their phone by; as long as FCM's are."""
        return f"{resident.hex:0>152}"


async def made(conn: Connection, count: int) -> Street:
    """So many residents."""
    item, study = await people.make_item(conn, ["heart"])
    street = Street([new_id() for _ in range(count)], study)
    always = [Range(datetime(2020, 1, 1, tzinfo=UTC), None)]
    grant = (item, study, "study", "heart", 1, ["KI"], False, "ConsentGiven", 1, always)
    tables: dict[tuple[str, ...], Iterable[Sequence[object]]] = {
        ("resident", "resident_id", "notice_version", "notice_language", "language", "preferences"): (
            (r, 1, "sv", "sv", AWAKE) for r in street.residents
        ),
        ("resident_lock", "resident_id"): ((r,) for r in street.residents),
        ("consent_grant", "resident_id", "item_id", "study_id", "use", "category", "notice_version",
         "recipients", "ehds", "status", "event_seq", "data_period"): (
            (r, *grant) for r in street.residents
        ),
        ("device", "resident_id", "device_id", "value_kind", "value", "value_hash", "platform", "language"): (
            (r, r, "fid", v := street.value(r), hash_of("fid", v), "android", "sv") for r in street.residents
        ),
        ("device_value", "value_hash", "resident_id", "device_id"): (
            (hash_of("fid", street.value(r)), r, r) for r in street.residents
        ),
    }  # fmt: skip
    for (table, *columns), records in tables.items():
        await conn.copy_records_to_table(table, columns=columns, records=records)
    await conn.execute("VACUUM ANALYZE")
    return street


async def promised(here: Site, street: Street) -> float:
    """Promise one message to each, as a job does it. How many seconds it took."""
    waiting = iter(street.residents)
    begun = perf_counter()
    async with here.connect("worker") as conn:
        while some := list(islice(waiting, AT_ONCE)):
            async with begin(conn, job="bench"):
                those = [About(one, None, street.study) for one in some]
                await outbox.promise_each(conn, KIND, those)
    return perf_counter() - begun


async def million(conn: Connection, street: Street, count: int) -> None:
    """So many waiting knocks more, each of another resident; every tenth is prompt."""
    until = datetime.now(UTC) + timedelta(days=1)

    def rows() -> Iterator[Sequence[object]]:
        for n in range(count):
            one = new_id()
            yield bucket_of(one), one, one, KIND, street.study, until, n % 10 > 0

    columns = ("bucket", "message_id", "resident_id", "kind", "study_id", "expires_at", "bulk")
    await conn.copy_records_to_table("outbox", columns=columns, records=rows())
    await conn.execute("VACUUM ANALYZE outbox")
