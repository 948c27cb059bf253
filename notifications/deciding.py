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
from notifications import addresses, devices, recording
from notifications.claims import Claimed
from notifications.errands import Errand, errands, pushed
from notifications.mailing import Sorted, is_code, sort
from notifications.post import Letter, Post, Posted
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


class Ways(NamedTuple):
    """How residents are told: a push service, and by e-mail who has no device that it reaches.

    Without a push service no device is reached. Without a mail server nobody is written to.
    """

    pusher: Pusher | None
    post: Post | None = None


Pushed = tuple[Errand, list[Begun]]
Mailed = tuple[Errand, list[Posted]]


class Going(NamedTuple):
    """What was begun of a bucket's batch, and when by the database's clock."""

    bucket: int
    leased_until: datetime
    at: datetime
    errands: list[Pushed]
    letters: list[Mailed]


async def decide(
    conn: Connection, gate: Gate, ways: Ways, bucket: int, claimed: Sequence[Claimed]
) -> Going:
    """Write what ends or waits, and begin the rest. The caller's transaction commits right after."""
    lease = claimed[0].leased_until
    locked = set(await gate.lock(conn, sorted({one.resident_id for one in claimed})))
    knocks = await _knocks(conn, bucket, [one.message_id for one in claimed], lease)
    ends = await _ends(conn, gate, knocks, locked)
    go = [one for one in knocks if one.message_id not in ends]
    going, sorted_ = await _sorted(conn, ways, go)
    await recording.end(conn, bucket, lease, ends | sorted_.ends)
    now = max((knock.now for knock in knocks), default=lease)
    begun = await _begin(ways, going, sorted_.letters, now)
    return Going(bucket, lease, now, *begun)


async def _sorted(
    conn: Connection, ways: Ways, go: Sequence[Waiting]
) -> tuple[list[Errand], Sorted]:
    """What devices are told, and what goes by e-mail to those who have none.

    A knock that some device was told before goes nowhere else: that one has taken it.
    """
    who = sorted({one.resident_id for one in go})
    known = await addresses.known(conn, who) if ways.post and who else {}
    mailed = {one.resident_id for one in known.values() if one.usable}
    found = await devices.reachable(conn, who) if ways.pusher else []
    going = errands([one for one in go if not is_code(one)], found, mailed)
    left = [knock for errand in going if not errand.devices for knock in errand.knocks]
    codes = [one for one in go if is_code(one)]
    sorted_ = await sort(ways.post, [*codes, *(one for one in left if not one.told)], known)
    sorted_.ends.update({one.message_id: Ended("sent", "") for one in left if one.told})
    return [errand for errand in going if errand.devices], sorted_


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
    ways: Ways,
    going: Sequence[Errand],
    letters: Sequence[tuple[Errand, Letter]],
    now: datetime,
) -> tuple[list[Pushed], list[Mailed]]:
    """Begin all requests, and call back those that have not begun within a second."""
    wanted = [(errand, pushed(errand, now)) for errand in going]
    knocks = [knock for _, each in wanted for knock in each]
    begun = ways.pusher.begin(knocks) if ways.pusher else []
    posted = ways.post.poster.begin([one for _, one in letters]) if ways.post else []
    started = [*(one.started for one in begun), *(one.started for one in posted)]
    if waiting := [one for one in started if not one.done()]:
        await asyncio.wait(waiting, timeout=BEGIN_SECONDS)
    for one in started:
        if not one.done():
            one.cancel()
    each = iter(begun)
    told = [(errand, [next(each) for _ in knocks]) for errand, knocks in wanted]
    return told, [(errand, [one]) for (errand, _), one in zip(letters, posted, strict=True)]
