"""Residents with phones, and a worker that knocks on them, for tests below the wire."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid4

from asyncpg import Connection, Record

from domain.consents import gate
from domain.db import Pool, begin, new_id
from domain.donations import sealed_emails
from domain.donations.keys import FileKeyProvider
from domain.residents import emails
from notifications import outbox
from notifications.deciding import Gate
from notifications.devices import hash_of
from notifications.kinds import Kind
from notifications.post import Post, Poster
from notifications.push import Pusher
from notifications.worker import Worker
from tests.people import make_resident

GATE = Gate(gate.lock_many, gate.contactable)
KEYS, SECRET = FileKeyProvider(bytes(range(32))), b"secret"
AWAKE = '{"quiet_hours": null}'


async def make_phone(admin: Connection, resident_id: UUID, value: str = "") -> UUID:
    """A device of a resident, which can be reached."""
    device_id, value = uuid4(), value or uuid4().hex
    sql = """
        WITH address AS (INSERT INTO device_value (value_hash, resident_id, device_id) VALUES ($4, $1, $2))
        INSERT INTO device (resident_id, device_id, value_kind, value, value_hash, platform, language)
        VALUES ($1, $2, 'fid', $3, $4, 'android', 'sv')
    """
    await admin.execute(sql, resident_id, device_id, value, hash_of("fid", value))
    return device_id


async def make_neighbour(admin: Connection, phones: int = 1) -> UUID:
    """A resident without quiet hours, with phones."""
    resident_id = await make_resident(admin)
    sql = "UPDATE resident SET preferences = $2 WHERE resident_id = $1"
    await admin.execute(sql, resident_id, AWAKE)
    for _ in range(phones):
        await make_phone(admin, resident_id)
    return resident_id


async def make_neighbours(admin: Connection, count: int) -> list[UUID]:
    """So many of them at once, with a phone each."""
    people, phones = [new_id() for _ in range(count)], [uuid4() for _ in range(count)]
    sql = """
        WITH who AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS t (resident_id, device_id, hash)),
             people AS (INSERT INTO resident (resident_id, notice_version, notice_language, language, preferences)
                        SELECT resident_id, 1, 'en', 'en', $4 FROM who),
             locks AS (INSERT INTO resident_lock SELECT resident_id FROM who),
             addresses AS (INSERT INTO device_value SELECT hash, resident_id, device_id FROM who)
        INSERT INTO device (resident_id, device_id, value_kind, value, value_hash, platform, language)
        SELECT resident_id, device_id, 'fid', device_id, hash, 'android', 'sv' FROM who
    """
    hashes = [hash_of("fid", str(one)) for one in phones]
    await admin.execute(sql, people, phones, hashes, AWAKE)
    return people


async def make_email(admin: Connection, who: UUID, address: str, *, confirmed: bool = True) -> None:
    """An address of a resident's, which knocks go to once it is confirmed."""
    sealed = await sealed_emails.seal(KEYS, who, address)
    sql = "INSERT INTO email (resident_id, sealed, confirmed_at) VALUES ($1, $2, CASE WHEN $3 THEN now() END)"
    await admin.execute(sql, who, sealed, confirmed)


def post(poster: Poster) -> Post:
    """A mail server as the `worker` command hands it over."""
    opening = partial(emails.readable, partial(sealed_emails.opened, KEYS))
    return Post(poster, opening, partial(emails.code_of, SECRET))


async def promise(
    pool: Pool, who: UUID, kind: Kind = Kind.SIGNED_OUT, study_id: UUID | None = None
) -> None:
    """As a request of the resident's does."""
    async with pool.acquire() as conn, begin(conn, resident=who):
        await outbox.promise(conn, who, kind, study_id=study_id)


async def rows(admin: Connection) -> Sequence[Record]:
    """The outbox, in the order of promises."""
    return await admin.fetch("SELECT * FROM outbox ORDER BY message_id")


async def states(admin: Connection) -> list[str]:
    return [row["state"] for row in await rows(admin)]


def worker(pool: Pool, pusher: Pusher | None, post: Post | None = None) -> Worker:
    """A worker behind the real gate."""
    return Worker(pool, GATE, pusher, post)


async def make_due(admin: Connection) -> None:
    """Time has passed: every lease is over, and every wait."""
    await admin.execute(
        "UPDATE outbox SET leased_until = NULL, not_before = now() WHERE state = 'waiting'"
    )
