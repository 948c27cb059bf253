"""A small region for drills: two of everything, made through the real API, each with marks of its own."""

import secrets
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx

from api.development import subject_secret, token
from domain.residents.emails import code_of
from tests.api.region import APPROVAL, STUDY, Region, notice
from tests.drills import surveying
from tests.drills.bodies import phone, upload
from tests.drills.sides import CONTACT, FIND, KEEP, QUOTE, STAFF, Common, Side


class World(NamedTuple):
    """A region with two sides, and the connections to it."""

    region: Region
    left: Side
    right: Side
    common: Common

    def side(self, door: str) -> Side:
        """Whose ids are a door's own: stewards and the like are shown the left one's."""
        return self.right if door in {self.right.resident, self.right.team} else self.left

    def other(self, side: Side) -> Side:
        """The side opposite."""
        return self.left if side is self.right else self.right


async def build(region: Region) -> World:
    """Make the region. Fails loudly where any step is not answered as it should be."""
    for steward in ("maker", "opener"):
        await region.staff(steward, "steward")
    for who, role in STAFF.items():
        await region.staff(who, role)
    common = await _common(region)
    left = Side(resident="anna", team="team", attribute="birth-date")
    right = Side(resident="bertil", team="others", attribute="municipality")
    await _fill(region, left, common, {"birthdate": "1980-02-29"}, ())
    await _fill(region, right, common, {"municipality": "0180"}, (FIND, CONTACT))
    for side in (left, right):
        await _write_from(region, side)
        await _look(region, side)
    left.event_seq, right.event_seq = "1", str(right.events)
    shared = left.private & right.private
    left.private, right.private = left.private - shared, right.private - shared
    return World(region, left, right, common)


async def _common(region: Region) -> Common:
    newcomer = await region.staff("newcomer")
    joinable, _, item = await _study(region, "Joinable", "approved", "active")
    hidden, hidden_notice, hidden_item = await _study(region, "In review")
    return Common(
        joinable=joinable, joinable_item=item, hidden_study=hidden, hidden_notice=hidden_notice,
        hidden_item=hidden_item, newcomer=str(newcomer),
    )  # fmt: skip


async def _study(region: Region, title: str, *statuses: str) -> tuple[str, str, str]:
    """A study with its notice and one required item, taken through the statuses."""
    body = STUDY | {"title": {"sv": title, "en": title}}
    study_id = (await _done(region.post("maker", "/v1/studies", body)))["study_id"]
    item_id = uuid4()
    await _done(region.post("maker", f"/v1/studies/{study_id}/approvals", APPROVAL))
    asked = notice(study_id, item_id)
    asked["items"][0]["categories"].append("survey-sleep")
    published = await _done(region.post("maker", "/v1/notices", asked))
    for status in statuses:
        await _done(region.stand("opener", study_id, status))
    return study_id, published["notice_id"], str(item_id)


async def _fill(
    region: Region, side: Side, common: Common, claims: dict[str, str], more: tuple[str, ...]
) -> None:
    """Give a side a study and a resident who does everything that a resident can."""
    who, side.mark = side.resident, f"{side.resident}-{secrets.token_hex(6)}"
    side.text = f"What {side.mark} wrote."
    drawn = secrets.SystemRandom()
    side.values = tuple(round(drawn.uniform(60, 99), 6) for _ in range(3))
    side.study_id, side.notice_id, side.item_id = await _study(
        region, f"Study of {side.team}", "approved", "active"
    )
    await region.staff(side.team, "lead", UUID(side.study_id))
    await _arrive(region, who, claims)
    for item in (KEEP, QUOTE, side.item_id, common.joinable_item, *more):
        side.events = await answer(region, who, item, side.events)
    await _done(region.post(who, "/v1/me/enrolments", {"study_id": side.study_id}))
    await _done(region.post(who, "/v1/me/donations", upload(side)))
    quoted = {"scope": "item", "item_id": QUOTE}
    await _done(region.post(who, "/v1/me/withdrawals", quoted))
    until = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    asleep = {"scope": "category", "category": "sleep"}
    await _done(region.post(who, "/v1/me/pauses", asleep | {"until": until}))
    side.events += 2
    denied = {"scope": "organisation", "organisation": f"Org of {side.mark}"}
    await _done(region.post(who, "/v1/me/blocks", denied))
    await _done(region.edit("PUT", who, f"/v1/me/devices/{uuid4()}", phone(side), None))
    await _talk(region, side)
    path = f"/v1/me/attributes/{side.attribute}/dispute"
    await _done(region.edit("PUT", who, path, {"text": side.text}, None))
    whom = {"concerning": {"resident_id": await _resident_id(region, who)}}
    await _done(region.post("officer", "/v1/holds", asleep | whom | {"reason": side.text}))
    stopped = {"recipient": f"Recipient of {side.team}", "reason": "A drill"}
    await _done(region.post("maker", "/v1/stop-switches", stopped))
    words = {"title": "A drill", "body": "A drill."}
    told = {"kind": "breach-notice", "texts": {"sv": words, "en": words}}
    drafted = await _done(region.post("maker", "/v1/announcements", told))
    side.announcement_id = drafted["announcement_id"]
    await surveying.ask(region, side)
    used = await region.get(side.team, f"/v1/studies/{side.study_id}/samples")
    assert used.status_code == httpx.codes.OK, used.text


async def _write_from(region: Region, side: Side) -> None:
    """The resident's e-mail address, which bears their mark, is confirmed."""
    address = {"address": f"{side.mark}@mail.example"}
    await _done(region.edit("PUT", side.resident, "/v1/me/email", address, None))
    whose = UUID(await _resident_id(region, side.resident))
    sql = "SELECT code_id FROM email WHERE resident_id = $1"
    code = code_of(subject_secret(region.settings), await region.admin.fetchval(sql, whose))
    await _done(region.post(side.resident, "/v1/me/email/confirmation", {"code": code}))


async def _talk(region: Region, side: Side) -> None:
    """The team writes to the resident, by the code that is all they know."""
    whose = await _resident_id(region, side.resident)
    code = await region.admin.fetchval(IDS["code"], UUID(whose))
    path = f"/v1/studies/{side.study_id}/participants/{code}/messages"
    side.communication_id = (await _done(region.post(side.team, path, {"text": "A drill."})))[
        "communication_id"
    ]


async def _arrive(region: Region, who: str, claims: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {token(region.settings, who, **claims)}"}
    body = {"notice_version": 1, "language": "en"}
    await _done(region.client.put("/v1/me", json=body, headers=headers))


async def answer(region: Region, who: str, item: str, seen: int) -> int:
    """Permit an item of a first version; the seq of the event."""
    said = {"item_id": item, "notice_version": 1, "language": "en", "decision": "permit"}
    body = {"answers": [said | {"seen_seq": seen}]}
    recorded = await _done(region.post(who, "/v1/me/consent-events", body))
    seq: int = recorded["recorded"][0]["event"]["seq"]
    return seq


async def _resident_id(region: Region, who: str) -> str:
    found: str = (await _done(region.get(who, "/v1/me")))["resident_id"]
    return found


async def _look(region: Region, side: Side) -> None:
    """Note a side's ids as the database has them, and what is private about it."""
    side.resident_id = await _resident_id(region, side.resident)
    for name, sql in IDS.items():
        whose = side.study_id if "membership" in sql else side.resident_id
        setattr(side, name, str(await region.admin.fetchval(sql, UUID(whose))))
    sql = "SELECT stop_id FROM stop_switch WHERE recipient = $1"
    side.stop_id = str(await region.admin.fetchval(sql, f"Recipient of {side.team}"))
    sql = "SELECT revision FROM resident WHERE resident_id = $1"
    side.revision = await region.admin.fetchval(sql, UUID(side.resident_id))
    sql = "SELECT revision FROM study WHERE study_id = $1"
    side.study_revision = await region.admin.fetchval(sql, UUID(side.study_id))
    ids = await _private_ids(region, UUID(side.resident_id))
    side.private = ids | {side.mark, *map(repr, side.values)}


async def _private_ids(region: Region, resident_id: UUID) -> frozenset[str]:
    """Every UUID in the rows of a resident that no shared table has too."""
    columns = await region.admin.fetch(COLUMNS)
    mine: set[str] = set()
    everyones: set[str] = set()
    for table, column, residents in columns:
        whose = "WHERE resident_id = $1" if residents else "WHERE $1::uuid IS NOT NULL"
        sql = f'SELECT DISTINCT "{column}"::text FROM "{table}" {whose}'  # noqa: S608 - from the catalogue
        found = {row[0] for row in await region.admin.fetch(sql, resident_id)}
        (mine if residents else everyones).update(found)
    return frozenset(mine - everyones - {None})


async def _done(doing: Awaitable[httpx.Response]) -> Any:
    response = await doing
    assert response.is_success, f"{response.request.method} {response.url}: {response.text}"
    return response.json() if response.content else None


IDS: Mapping[str, str] = {
    "enrolment_id": "SELECT enrolment_id FROM enrolment WHERE resident_id = $1",
    "code": "SELECT code FROM enrolment WHERE resident_id = $1",
    "stream_id": "SELECT stream_id FROM stream WHERE resident_id = $1",
    "block_id": "SELECT block_id FROM block WHERE resident_id = $1 AND kind = 'block'",
    "hold_id": "SELECT block_id FROM block WHERE resident_id = $1 AND kind = 'hold'",
    "device_id": "SELECT device_id FROM device WHERE resident_id = $1",
    "message_id": "SELECT message_id FROM message WHERE resident_id = $1 ORDER BY 1 LIMIT 1",
    "withdrawal_seq": "SELECT seq FROM withdrawal WHERE resident_id = $1",
    "concern_id": "SELECT concern_id FROM concern WHERE resident_id = $1",
    "membership_id": "SELECT membership_id FROM membership WHERE study_id = $1",
}
COLUMNS = """
    SELECT c.relname, a.attname,
           EXISTS (SELECT FROM pg_attribute r WHERE r.attrelid = c.oid AND r.attname = 'resident_id')
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
       AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped AND c.relname <> 'reply'
"""
