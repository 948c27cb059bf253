"""What is written in one round trip, or two: done whole and kept, or the long way where something stands against it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from litestar import Litestar

from api.auth import subject_hmac
from api.development import subject_secret
from domain.db import Connection, as_json
from domain.donations.keys import KeyProvider, WrappedKey
from tests.api.region import NOON, OpenStudy, Region, donate, notice
from tests.database import Database

EVENTS, WITHDRAWALS = "/v1/me/consent-events", "/v1/me/withdrawals"
Change = Callable[[Region, UUID], Awaitable[Any]]


@pytest.fixture
async def anna(region: Region) -> UUID:
    return await region.resident("anna", "heart")


def permit(study: OpenStudy, seen: int = 0, **more: Any) -> dict[str, Any]:
    words = {"notice_version": 1, "language": "en", "decision": "permit", "seen_seq": seen}
    return words | {"item_id": str(study.item_id)} | more


async def events(region: Region) -> int:
    found: int = await region.admin.fetchval("SELECT count(*) FROM consent_event")
    return found


async def twice(region: Region, path: str, body: object) -> None:
    """The same request with one key: the same answer's bytes, and the second says so."""
    first, second = [await region.post("anna", path, body, "k-1") for _ in range(2)]
    assert first.is_success, first.text
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"


@pytest.mark.usefixtures("anna")
async def test_an_answer_and_a_withdrawal_sent_again_get_the_same_bytes(
    region: Region, study: OpenStudy
) -> None:
    await twice(region, EVENTS, {"answers": [permit(study), permit(study, past=False)]})
    await twice(region, WITHDRAWALS, {"scope": "everything"})
    assert await events(region) == 3
    other = await region.post("anna", EVENTS, {"answers": [permit(study)]}, "k-1")
    assert other.status_code == 422


@pytest.mark.usefixtures("anna")
async def test_of_answers_one_of_which_is_refused_none_is_recorded(
    region: Region, study: OpenStudy
) -> None:
    answers = [permit(study), permit(study, notice_version=2)]
    refused = await region.post("anna", EVENTS, {"answers": answers}, "k-1")
    assert refused.status_code == 404
    assert await events(region) == 0
    assert (await region.post("anna", EVENTS, {"answers": answers[:1]}, "k-1")).status_code == 201


@pytest.mark.usefixtures("anna")
async def test_an_outdated_answer_is_told_the_current_version(
    region: Region, study: OpenStudy
) -> None:
    version = notice(study.study_id, study.item_id, supersedes=1, change="material")
    assert (await region.post("maker", "/v1/notices", version)).status_code == 201
    refused = await region.post("anna", EVENTS, {"answers": [permit(study)]})
    assert (refused.status_code, refused.json()["current_version"]) == (409, 2)


class Meanwhile:
    """Keys, and something that happens while they are unwrapped: after an upload has looked, before it is stored."""

    def __init__(self, keys: KeyProvider, happens: Callable[[], Awaitable[Any]]) -> None:
        self._keys = keys
        self._happens: Callable[[], Awaitable[Any]] | None = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keys, name)

    async def unwrap_all(self, several: Sequence[tuple[WrappedKey, bytes]]) -> list[bytes]:
        happens, self._happens = self._happens, None
        found = await self._keys.unwrap_all(several)
        if happens:
            await happens()
        return found


async def _withdraws(region: Region, _: UUID) -> None:
    done = await region.post("anna", WITHDRAWALS, {"scope": "category", "category": "heart"})
    assert done.status_code == 200


async def _is_blocked(region: Region, anna: UUID) -> None:
    sql = """INSERT INTO block (resident_id, kind, source, scope, placed_by)
             VALUES ($1, 'block', 'resident', 'everything', $1)"""
    await region.admin.execute(sql, anna)


async def _gives_the_same(region: Region, _: UUID) -> None:
    await donate(region, "anna", 60_000)


async def _loses_the_key(region: Region, anna: UUID) -> None:
    await region.admin.execute("DELETE FROM data_key WHERE resident_id = $1", anna)


@pytest.mark.parametrize(
    ("change", "accepted", "duplicates"),
    [(_withdraws, 0, 0), (_is_blocked, 0, 0), (_gives_the_same, 0, 1), (_loses_the_key, 1, 0)],
)
async def test_an_upload_is_judged_anew_where_something_changed_since_it_looked(
    app: Litestar, region: Region, anna: UUID, change: Change, accepted: int, duplicates: int
) -> None:
    await donate(region, "anna", 0)
    app.state.data_keys = Meanwhile(app.state.data_keys, lambda: change(region, anna))
    answer = await upload(region, 60_000)
    assert (answer["accepted"], answer["duplicates"]) == (accepted, duplicates)
    if change is _loses_the_key:
        path = f"/v1/me/streams/{answer['batches'][0]['stream_id']}/samples?from={NOON + 1}"
        assert (await region.get("anna", path)).json()["items"][0]["value"] == [60]


async def upload(region: Region, *start: int, key: str = "") -> dict[str, Any]:
    batch = {
        "measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 60,
        "start": [NOON + ms for ms in start], "value": [60] * len(start),
    }  # fmt: skip
    answer = await region.post(
        "anna", "/v1/me/donations", {"source": {"app": "watch"}, "batches": [batch]}, key
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_follows_its_stream_counts_and_is_answered_as_any_other(
    region: Region, anna: UUID
) -> None:
    first = [await upload(region, ms, key=f"k{ms}") for ms in (0, 1000, 2000)]
    again = await upload(region, 1000, key="k1000")
    assert [one["accepted"] for one in first] == [1, 1, 1]
    assert again == first[1]
    sql = "SELECT seq, loose, samples, recent_uploads FROM stream WHERE resident_id = $1"
    found = await region.admin.fetchrow(sql, anna)
    assert found is not None
    assert tuple(found) == (3, 3, 3, 3)


async def test_nobody_waits_behind_withdrawals_that_wait_for_uses_under_way(
    region: Region, database: Database
) -> None:
    in_use = [await region.resident(name) for name in ("anna", "bo")]
    await region.resident("cia")
    reader = await asyncpg.connect(database.dsn("admin"))
    await reader.execute("BEGIN")
    sql = "SELECT pg_advisory_xact_lock_shared(uuid_hash_extended(one, 0)) FROM unnest($1::uuid[]) one"
    await reader.execute(sql, in_use)
    withdrawals = [
        asyncio.create_task(region.post(name, "/v1/me/withdrawals", {"scope": "everything"}))
        for name in ("anna", "bo")  # as many as there are trips
    ]
    await asyncio.sleep(0.05)
    assert (await region.get("cia", "/v1/me/consents")).status_code == 200
    assert not any(task.done() for task in withdrawals)
    await reader.close()
    assert all(answer.is_success for answer in await asyncio.gather(*withdrawals))


async def test_those_who_share_a_trip_each_get_and_store_their_own(
    region: Region, study: OpenStudy
) -> None:
    names = [f"resident {n}" for n in range(20)]
    ids = [await region.resident(name, "heart") for name in names]

    async def visit(n: int) -> None:
        name, seconds = names[n], [1_000 * at for at in range(n + 1)]
        given = await region.post(name, EVENTS, {"answers": [permit(study, seen=n % 2)]})
        assert given.status_code == (422 if n % 2 else 201)  # odds claim to have seen what was not
        await donate(region, name, *seconds)
        await donate(region, name, *[NOON // 1000 + at for at in seconds])
        standing = (await region.get(name, "/v1/me/consents")).json()
        assert (standing["seq"], len(standing["consents"])) == ((0, 1) if n % 2 else (1, 2))
        assert len((await region.get(name, "/v1/me/streams")).json()["items"]) == 1

    await asyncio.gather(*map(visit, range(len(names))))
    sql = "SELECT sum(samples)::int FROM segment WHERE resident_id = $1"
    assert [await region.admin.fetchval(sql, one) for one in ids] == [
        2 * (n + 1) for n in range(len(names))
    ]
    together = "SELECT count(*) > count(DISTINCT xmin::text) FROM segment"
    assert await region.admin.fetchval(together)  # of several residents by one statement
    ended = await asyncio.gather(
        *[region.post(name, WITHDRAWALS, {"scope": "everything"}) for name in names]
    )
    assert [one.json()["event"]["seq"] for one in ended] == [1 if n % 2 else 2 for n in range(20)]


async def test_a_first_upload_makes_its_key_and_its_stream_at_once(
    app: Litestar, region: Region, anna: UUID
) -> None:
    await donate(region, "anna", 0, 1, id=["a", "b"])
    assert app.state.pool.get_size() == app.state.trips.kept == 1  # the long way takes another
    found = await region.admin.fetchrow("SELECT seq, loose, samples FROM stream")
    assert found is not None
    assert tuple(found) == (1, 1, 2)
    assert await region.admin.fetchval("SELECT resident_id FROM data_key") == anna


@pytest.mark.usefixtures("anna")
async def test_what_was_deleted_by_its_id_is_kept_out_of_what_follows(region: Region) -> None:
    await donate(region, "anna", 0, id=["a"])
    gone = {"measure": "heart-rate", "id": ["late"]}
    body = {"source": {"app": "watch"}, "batches": [], "deletions": [gone]}
    assert (await region.post("anna", "/v1/me/donations", body)).status_code == 200
    batch = {
        "measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 60,
        "start": [NOON + 1, NOON + 2], "value": [60, 61], "id": ["late", "new"],
    }  # fmt: skip
    body = {"source": {"app": "watch"}, "batches": [batch]}
    answer = await region.post("anna", "/v1/me/donations", body)
    assert answer.json()["accepted"] == 1, answer.text


async def test_each_row_of_a_shared_statement_sees_one_resident_alone(
    region: Region, conn: Connection
) -> None:
    names = ["anna", "bo", "cia"]
    ids = [await region.resident(name, "heart") for name in names]
    for name in names:
        await donate(region, name, 0)
    sql = """
        SELECT a.n, me.resident_id,
               ARRAY(SELECT s.resident_id FROM stream s WHERE me.resident_id IS NOT NULL) AS seen
          FROM jsonb_to_recordset($1) AS a (n integer, issuer text, subject text)
         CROSS JOIN LATERAL enter_alone(a.issuer, decode(a.subject, 'base64')) me
    """
    secret, issuer = subject_secret(region.settings), region.settings.issuer
    asked = [{"n": n, "issuer": issuer, "subject": subject_hmac(secret, issuer, name)}
             for n, name in enumerate(names, 1)]  # fmt: skip
    rows = await conn.fetch(sql, as_json(asked))
    assert [(row["resident_id"], row["seen"]) for row in rows] == [(one, [one]) for one in ids]
