"""Decide and begin: one transaction behind the residents' locks, from the look to the first byte.

A withdrawal that was answered before is seen; one that comes now waits until the requests have
begun, a second at the most. So none begins after its answer, and a slow service delays nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.db import Connection, fetch_all
from notifications import devices, recording
from notifications.claims import Claimed
from notifications.errands import Errand, errands, pushed
from notifications.push import Begun, Pusher
from notifications.quiet_hours import is_holiday
from notifications.ready import BY_NAME, Ended, Person, PutOff, Waiting, judged

BEGIN_SECONDS = 1.0
"""How long the residents' locks are held for requests to begin; what has not begun is given back."""
WITHDRAWING = timedelta(seconds=2)
"""Until a withdrawal that is under way is over: its resident's knocks are looked at again then."""

Pair = tuple[UUID, UUID | None]


class Gate(NamedTuple):
    """The consent gate, as the `worker` command hands it over.

    `lock` holds off withdrawals until COMMIT and returns whom it could; `contactable` says to whom
    a study (None: the platform) may speak now.
    """

    lock: Callable[[Connection, Sequence[UUID]], Awaitable[list[UUID]]]
    contactable: Callable[[Connection, Sequence[Pair]], Awaitable[set[Pair]]]


class Going(NamedTuple):
    """What was begun of a bucket's batch, and when by the database's clock."""

    bucket: int
    leased_until: datetime
    at: datetime
    errands: list[tuple[Errand, list[Begun]]]


async def decide(
    conn: Connection, gate: Gate, pusher: Pusher, bucket: int, claimed: Sequence[Claimed]
) -> Going:
    """Write what ends or waits, and begin the rest. The caller's transaction commits right after."""
    lease = claimed[0].leased_until
    locked = set(await gate.lock(conn, sorted({one.resident_id for one in claimed})))
    knocks = await _knocks(conn, bucket, [one.message_id for one in claimed], lease)
    ends = await _ends(conn, gate, knocks, locked)
    go = [one for one in knocks if one.message_id not in ends]
    going = errands(go, await devices.reachable(conn, sorted({one.resident_id for one in go})))
    for knock in (knock for errand in going if not errand.devices for knock in errand.knocks):
        ends[knock.message_id] = _unreachable(knock)
    await recording.end(conn, bucket, lease, ends)
    now = max((knock.now for knock in knocks), default=lease)
    return Going(bucket, lease, now, await _begin(pusher, [e for e in going if e.devices], now))


async def _ends(
    conn: Connection, gate: Gate, knocks: Sequence[Waiting], locked: AbstractSet[UUID]
) -> dict[UUID, Ended | PutOff]:
    """Those that do not go now, by what gate, resident and message say behind the lock."""
    held = [one for one in knocks if one.resident_id in locked]
    pairs = {(one.resident_id, one.study_id) for one in held if _asks(one)}
    allowed = await gate.contactable(conn, sorted(pairs, key=str)) if pairs else set()
    people = {one.resident_id: one for one in await _people(conn, held)} if held else {}
    ends: dict[UUID, Ended | PutOff] = {
        one.message_id: PutOff(one.now + WITHDRAWING, "being-withdrawn", bulk=one.bulk)
        for one in knocks
        if one.resident_id not in locked
    }
    for knock in held:
        may = (knock.resident_id, knock.study_id) in allowed
        if end := judged(knock, people.get(knock.resident_id), is_holiday, allowed=may):
            ends[knock.message_id] = end
    return ends


def _asks(knock: Waiting) -> bool:
    """Whether the gate is to be asked: not for what tells of the account, or of an ending."""
    return knock.kind in BY_NAME and not knock.rule.stays


def _unreachable(knock: Waiting) -> Ended:
    """No device is left to tell. Those that were told before have taken it."""
    return Ended("sent", "") if knock.told else Ended("no-device", "none-registered")


async def _knocks(
    conn: Connection, bucket: int, message_ids: Sequence[UUID], lease: datetime
) -> list[Waiting]:
    """What is still ours and still waits: a withdrawal may have cancelled some since the claim."""
    sql = """
        SELECT message_id, resident_id, kind, study_id, bulk, expires_at, attempts, told, tried_at,
               clock_timestamp() AS now
          FROM outbox
         WHERE bucket = $1 AND message_id = ANY ($2) AND leased_until = $3 AND state = 'waiting'
           AND leased_until > clock_timestamp()
    """
    return await fetch_all(conn, Waiting, sql, bucket, message_ids, lease)


async def _people(conn: Connection, knocks: Sequence[Waiting]) -> list[Person]:
    sql = """
        SELECT r.resident_id, r.state, r.zone, r.language, r.preferences,
               ARRAY(SELECT m.message_id
                       FROM message m
                      WHERE m.resident_id = r.resident_id AND m.message_id = ANY ($2)
                        AND (m.read_at IS NOT NULL OR m.archived_at IS NOT NULL)) AS read
          FROM resident r
         WHERE r.resident_id = ANY ($1)
    """
    ids = list({one.resident_id for one in knocks})
    return await fetch_all(conn, Person, sql, ids, [one.message_id for one in knocks])


async def _begin(
    pusher: Pusher, going: Sequence[Errand], now: datetime
) -> list[tuple[Errand, list[Begun]]]:
    """Begin all requests, and call back those that have not begun within a second."""
    wanted = [(errand, pushed(errand, now)) for errand in going]
    begun = pusher.begin([knock for _, knocks in wanted for knock in knocks])
    if waiting := [one.started for one in begun if not one.started.done()]:
        await asyncio.wait(waiting, timeout=BEGIN_SECONDS)
    for one in begun:
        if not one.started.done():
            one.started.cancel()
    each = iter(begun)
    return [(errand, [next(each) for _ in knocks]) for errand, knocks in wanted]
