"""Logins of residents and staff, and a study that two stewards have opened over HTTP."""

import json
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
from asyncpg import Connection

from api.auth import subject_hmac
from api.development import subject_secret, token
from api.settings import Settings
from domain.consents import store as consents
from domain.consents.model import ConsentAnswer, ConsentEvent
from tests.domain.donations.conftest import permit
from tests.people import make_resident

Headers = dict[str, str]

STUDY: dict[str, Any] = {
    "kind": "research",
    "title": {"sv": "Hjärtat", "en": "The heart"},
    "summary": {"sv": "Om hjärtat.", "en": "About the heart."},
    "controller": {
        "name": "Region Stockholm",
        "organisation_number": "232100-0016",
        "address": "Box 22550, 104 22 Stockholm",
        "contact": "studie@example.org",
        "data_protection_officer": "dso@example.org",
    },
    "legal_basis": "eu-gdpr:A9-2-a",
    "withdrawal_effects": ["pause", "stop", "no-further-use", "erase", "no-contact"],
    "retention_until": "2090-01-01",
}
APPROVAL = {
    "reference": "Dnr 2026-04127-01",
    "authority": "Etikprövningsmyndigheten",
    "valid_from": "2026-01-01",
    "valid_until": "2089-01-01",
}


class Region(NamedTuple):
    """What a test needs to let people in and ask in their name."""

    admin: Connection
    settings: Settings
    client: httpx.AsyncClient

    def bearer(self, subject: str) -> Headers:
        return {"Authorization": f"Bearer {token(self.settings, subject)}"}

    def _hmac(self, subject: str) -> bytes:
        return subject_hmac(subject_secret(self.settings), self.settings.issuer, subject)

    async def resident(self, subject: str, *kept: str) -> UUID:
        """A resident with that login, who lets these categories be kept."""
        resident_id = await make_resident(self.admin)
        sql = "INSERT INTO identity (issuer, subject_hmac, resident_id) VALUES ($1, $2, $3)"
        await self.admin.execute(sql, self.settings.issuer, self._hmac(subject), resident_id)
        for category in kept:
            await permit(self.admin, resident_id, category)
        return resident_id

    async def staff(self, subject: str, role: str | None = None, study: UUID | None = None) -> UUID:
        """A member with that login, in a role."""
        sql = "INSERT INTO member (issuer, subject_hmac, label) VALUES ($1, $2, $3) RETURNING member_id"
        member_id: UUID = await self.admin.fetchval(
            sql, self.settings.issuer, self._hmac(subject), subject
        )
        if role is not None:
            sql = "INSERT INTO membership (member_id, role, study_id) VALUES ($1, $2, $3)"
            await self.admin.execute(sql, member_id, role, study)
        return member_id

    async def in_clear(self, word: str) -> list[str]:
        """The tables that hold a word as it is, as text or in bytes."""
        sql = """
            SELECT quote_ident(relname) AS name FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        """
        names = [row["name"] for row in await self.admin.fetch(sql)]
        holds = "SELECT EXISTS (SELECT FROM {} t WHERE t::text ~ $1) AS holds"
        found = f"{word}|{word.encode().hex()}"
        return [n for n in names if await self.admin.fetchval(holds.format(n), found)]

    async def post(self, who: str, path: str, body: object = None, key: str = "") -> httpx.Response:
        headers = {**self.bearer(who), "Idempotency-Key": key or str(uuid4())}
        return await self.client.post(path, json={} if body is None else body, headers=headers)

    async def get(self, who: str, path: str) -> httpx.Response:
        return await self.client.get(path, headers=self.bearer(who))

    async def edit(
        self, method: str, who: str, path: str, body: object, revision: int | None
    ) -> httpx.Response:
        match = {} if revision is None else {"If-Match": f'"{revision}"'}
        return await self.client.request(
            method, path, json=body, headers={**self.bearer(who), **match}
        )

    async def stand(self, who: str, study_id: str, status: str, **more: Any) -> httpx.Response:
        """Put a study into a status, from whatever revision it has."""
        sql = "SELECT revision FROM study WHERE study_id = $1"
        revision = await self.admin.fetchval(sql, UUID(study_id))
        path = f"/v1/studies/{study_id}/status"
        return await self.edit("PUT", who, path, {"status": status, **more}, revision)


class OpenStudy(NamedTuple):
    """A study that is active, with one required item over heart."""

    study_id: str
    notice_id: str
    item_id: UUID


def notice(study_id: str, item_id: UUID, **more: Any) -> dict[str, Any]:
    """A first version with one required item over heart data, past and future."""
    texts = {tag: {"title": "T", "body": "B"} for tag in ("sv", "en")}
    item = {
        "item_id": str(item_id),
        "purpose": "dpv:AcademicResearch",
        "categories": ["heart"],
        "recipients": ["Region Stockholm"],
        "past": True,
        "future": True,
        "required": True,
        "texts": {tag: {"title": "I", "description": "D"} for tag in ("sv", "en")},
    }
    version = {"supersedes": 0, "change": "material", "texts": texts, "items": [item]}
    return {"study_id": study_id, **version, **more}


async def open_study(region: Region) -> OpenStudy:
    """Made by `maker` and opened by `opener`, both stewards."""
    await region.staff("maker", "steward")
    await region.staff("opener", "steward")
    made = await region.post("maker", "/v1/studies", STUDY)
    assert made.status_code == 201, made.text
    study_id, item_id = made.json()["study_id"], uuid4()
    added = await region.post("maker", f"/v1/studies/{study_id}/approvals", APPROVAL)
    assert added.status_code == 201, added.text
    published = await region.post("maker", "/v1/notices", notice(study_id, item_id))
    assert published.status_code == 201, published.text
    for status in ("approved", "active"):
        opened = await region.stand("opener", study_id, status)
        assert opened.status_code == 200, opened.text
    return OpenStudy(study_id, published.json()["notice_id"], item_id)


NOON = 1_767_268_800_000
"""1 January 2026, 12:00 UTC, in ms."""


async def consent(
    region: Region, resident_id: UUID, study: OpenStudy, **answer: Any
) -> ConsentEvent:
    """The resident permits (or denies) the study's item."""
    seen = await consents.seq(region.admin, resident_id)
    words: dict[str, Any] = {"decision": "permit", "notice_version": 1, "language": "en"}
    said = words | {"item_id": study.item_id, "seen_seq": seen} | answer
    [event] = await consents.record(region.admin, resident_id, [ConsentAnswer(**said)], resident_id)
    assert not event.blind
    return event


async def donate(region: Region, who: str, *start: int, **batch: Any) -> None:
    """Heart rates at these ms after noon."""
    heart = {
        "measure": "heart-rate",
        "unit": "/min",
        "utc_offset_minutes": 60,
        "start": [NOON + ms for ms in start],
        "value": [60 + n % 40 for n in range(len(start))],
    }
    body = {"source": {"app": "watch"}, "batches": [heart | batch]}
    given = await region.post(who, "/v1/me/donations", body)
    assert given.status_code == 200, given.text
    assert given.json()["accepted"] == len(start), given.text


async def take_part(
    region: Region, who: str, study: OpenStudy, *start: int
) -> tuple[UUID, dict[str, Any]]:
    """A new resident who consents, joins and donates: their id and their enrolment."""
    resident_id = await region.resident(who)
    await consent(region, resident_id, study)
    joined = await region.post(who, "/v1/me/enrolments", {"study_id": study.study_id})
    assert joined.status_code == 201, joined.text
    if start:
        await donate(region, who, *start)
    return resident_id, joined.json()


async def read(
    region: Region, who: str, study: OpenStudy, query: str = ""
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What a member of the study reads: the lines, and the last one."""
    answer = await region.get(who, f"/v1/studies/{study.study_id}/samples{query}")
    assert answer.status_code == 200, answer.text
    *lines, last = [json.loads(line) for line in answer.text.splitlines()]
    return lines, last
