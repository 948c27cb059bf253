"""T25: a worker that was killed comes back after two hours. What is too late is not sent; the rest is."""

import time
from collections import Counter
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from domain.consents import gate
from notifications import claims, deciding, ready
from notifications.deciding import Gate
from notifications.pace import MOST_A_SECOND
from notifications.ready import Waiting
from tests.drills.harness import MUTANT, Part, Site, scaled
from tests.drills.knocked import Watched, settled, working
from tests.notifications.doorbell import Doorbell
from tests.notifications.street import make_neighbours

KNOCKS = 1_000
HOURS = 2
LEFT_SECONDS = 30
"""Until those expire that are not yet too late."""


async def t25(here: Site) -> Part:
    """Half have expired meanwhile; some are still leased to the worker that died."""
    bell = Doorbell()
    pusher = Watched(bell)
    await _backlog(here, scaled(KNOCKS))
    over = time.monotonic() + LEFT_SECONDS
    async with here.connect() as admin:
        began = await admin.fetchval("SELECT clock_timestamp()")
    if MUTANT:
        _forget_the_time()
    async with working(here, Gate(gate.lock_many, gate.contactable), pusher):
        ended = await settled(here, 60)
    sql = """
        SELECT o.state, o.expires_at < $1 AS late, d.device_id
          FROM outbox o JOIN device d USING (resident_id)
    """
    async with here.connect() as admin:
        rows = await admin.fetch(sql, began)
    too_late = {row["device_id"] for row in rows if row["late"]}
    seconds = Counter(int(at) for times in pusher.begun.values() for at in times)
    wrong = {
        "late": sum(at > over for times in pusher.begun.values() for at in times),
        "sent_too_late": len(too_late & pusher.begun.keys()),
        "not_expired": sum(row["late"] and row["state"] != "expired" for row in rows),
        "kept_beyond_its_time": sum(
            one.lives.total_seconds() > LEFT_SECONDS for one in bell.knocks
        ),
        "unsent": sum(row["state"] == "waiting" for row in rows) + (not ended),
        "too_fast": sum(max(0, count - MOST_A_SECOND) for count in seconds.values()),
    }
    states = dict(Counter(row["state"] for row in rows))
    return Part(n=len(rows), violations=sum(wrong.values()), more={**wrong, "states": states})


def _forget_the_time() -> None:
    """Nothing is ever too late."""

    async def none(*_: object) -> int:
        return 0

    def judged(knock: Waiting, *args: Any, **more: Any) -> Any:
        return ready.judged(
            replace(knock, expires_at=knock.now + timedelta(hours=1)), *args, **more
        )

    setattr(claims, "expire", none)  # noqa: B010 - a mutant
    setattr(deciding, "judged", judged)  # noqa: B010


async def _backlog(here: Site, count: int) -> None:
    async with here.connect() as admin:
        for n, who in enumerate(await make_neighbours(admin, count)):
            sql = """
                WITH told AS (INSERT INTO message (resident_id, message_id, kind)
                              VALUES ($1, uuidv7(), 'signed-out') RETURNING message_id)
                INSERT INTO outbox (bucket, message_id, resident_id, kind, not_before, expires_at, leased_until)
                SELECT get_byte(uuid_send($1), 15) & 63, message_id, $1, 'signed-out',
                       now() - make_interval(hours => $2), now() + make_interval(secs => $3),
                       CASE WHEN $4 THEN now() - make_interval(hours => $2) END
                  FROM told
            """
            left = LEFT_SECONDS if n % 2 else -60 * n
            await admin.execute(sql, who, HOURS, float(left), n % 10 == 0)
