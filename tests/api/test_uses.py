"""A study reads what is consented to, under codes, until the moment of a withdrawal."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from litestar import Litestar

from domain.consents import store as consents
from domain.consents.model import Scope
from domain.disclosures import uses
from domain.disclosures.model import LastLine, Reader, Wanted
from tests.api.region import (
    NOON,
    OpenStudy,
    Region,
    consent,
    donate,
    read,
    take_part,
)
from tests.database import Database


async def test_it_reads_exactly_what_was_donated_under_the_code(
    region: Region, study: OpenStudy
) -> None:
    _, joined = await take_part(region, "anna", study, *range(0, 50_000, 5))
    (line,), last = await read(region, "ana", study)
    assert line["participant"] == joined["code"]
    assert line["start"] == list(range(NOON, NOON + 50_000, 5))
    assert line["value"] == [60 + n % 40 for n in range(10_000)]
    assert (line["measure"], line["category"], line["unit"]) == ("heart-rate", "heart", "/min")
    assert line["utc_offset_minutes"] == 60
    assert last == {
        "end": True, "reason": None, "participants": 1, "samples": 10_000, "skipped": 0,
        "cursor": None,
    }  # fmt: skip


async def test_participants_come_by_code_and_no_id_of_theirs_does(
    region: Region, study: OpenStudy
) -> None:
    people = [await take_part(region, f"r{n}", study, 1, 2, 3) for n in range(8)]
    answer = await region.get("ana", f"/v1/studies/{study.study_id}/samples")
    lines, last = await read(region, "ana", study)
    assert [line["participant"] for line in lines] == sorted(one["code"] for _, one in people)
    assert (last["participants"], last["samples"]) == (8, 24)
    assert not any(str(resident_id) in answer.text for resident_id, _ in people)


async def test_it_asks_for_a_time_and_for_categories_and_measures(
    region: Region, study: OpenStudy
) -> None:
    await take_part(region, "anna", study, 1, 2, 3, 4)
    (line,), _ = await read(region, "ana", study, f"?from={NOON + 2}&to={NOON + 4}")
    assert line["start"] == [NOON + 2, NOON + 3]
    for query, found in [
        ("?category=heart&measure=heart-rate", 1), ("?category=sleep", 0),
        ("?category=sleep&category=heart", 1), ("?measure=step-count", 0),
    ]:  # fmt: skip
        lines, last = await read(region, "ana", study, query)
        assert (len(lines), last["participants"]) == (found, found)


async def test_data_of_before_a_consent_to_the_future_alone_stays_closed(
    region: Region, study: OpenStudy
) -> None:
    anna = await region.resident("anna")
    await consent(region, anna, study)
    await region.post("anna", "/v1/me/enrolments", {"study_id": study.study_id})
    await donate(region, "anna", 1, 2, 3)
    await consent(region, anna, study, past=False)
    await region.admin.execute(
        "UPDATE consent_grant SET data_period = data_period - '{(,2026-10-01)}'"
    )
    lines, last = await read(region, "ana", study)
    assert (lines, last["samples"]) == ([], 0)


async def test_every_use_is_in_the_resident_s_access_log_and_no_other(
    region: Region, study: OpenStudy
) -> None:
    await take_part(region, "anna", study, 1, 2, 3)
    await take_part(region, "bo", study)
    await read(region, "ana", study)
    (entry,) = (await region.get("anna", "/v1/me/access-log")).json()["items"]
    assert entry["study_title"] == "The heart"
    assert entry["controller"] == "Region Stockholm"
    assert (entry["categories"], entry["samples"], entry["purpose"]) == (["heart"], 3, "research")
    assert entry["data_from"] == "2026-01-01T12:00:00.001000Z"
    assert entry["data_until"] == "2026-01-01T12:00:00.003000Z"
    assert entry["grant_seqs"] == [1]
    assert (await region.get("bo", "/v1/me/access-log")).json()["items"] == []


@pytest.mark.parametrize("scope", ["item", "study", "category", "everything"])
async def test_after_a_withdrawal_nothing_is_read(
    region: Region, study: OpenStudy, scope: str
) -> None:
    anna, _ = await take_part(region, "anna", study, 1, 2, 3)
    ids = {
        "item": {"item_id": study.item_id}, "study": {"study_id": UUID(study.study_id)},
        "category": {"category": "heart"}, "everything": {},
    }  # fmt: skip
    about = Scope(scope=scope, **ids[scope])  # type: ignore[arg-type]
    await consents.close(region.admin, anna, "withdraw", about, anna, effect="no-further-use")
    lines, last = await read(region, "ana", study)
    assert (lines, last["end"], last["samples"]) == ([], True, 0)


async def test_the_last_episode_s_code_names_the_data(region: Region, study: OpenStudy) -> None:
    _, first = await take_part(region, "anna", study, 1, 2, 3)
    await region.post("anna", f"/v1/me/enrolments/{first['enrolment_id']}/leave")
    (line,), _ = await read(region, "ana", study)
    assert line["participant"] == first["code"]
    body = {"study_id": study.study_id}
    second = (await region.post("anna", "/v1/me/enrolments", body)).json()
    (line,), _ = await read(region, "ana", study)
    assert line["participant"] == second["code"]


async def test_who_is_not_in_the_team_finds_nothing(region: Region, study: OpenStudy) -> None:
    path = f"/v1/studies/{study.study_id}/samples"
    await region.staff("other", "lead", uuid4())
    for who in ("maker", "other"):
        assert (await region.get(who, path)).status_code == 404


async def test_a_suspended_study_is_told_so(region: Region, study: OpenStudy) -> None:
    await take_part(region, "anna", study, 1)
    await region.stand("maker", study.study_id, "active", suspended=True)
    refused = await region.get("ana", f"/v1/studies/{study.study_id}/samples")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/study-not-in-force")


async def test_who_is_being_withdrawn_from_is_skipped_and_counted(
    region: Region, study: OpenStudy, database: Database
) -> None:
    anna, _ = await take_part(region, "anna", study, 1, 2)
    _, bo = await take_part(region, "bo", study, 3)
    withdrawing = await asyncpg.connect(database.dsn("admin"))
    await withdrawing.execute("BEGIN")
    await withdrawing.fetchval("SELECT resident_drain($1)", anna)
    lines, last = await read(region, "ana", study)
    await withdrawing.close()
    assert [line["participant"] for line in lines] == [bo["code"]]
    assert (last["end"], last["skipped"]) == (True, 1)


async def test_a_withdrawal_between_two_batches_ends_it_there(
    region: Region, study: OpenStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, _ = await take_part(region, "anna", study, *range(10))
    for minute in range(1, 4):
        await donate(region, "anna", *(60_000 * minute + n for n in range(10)))
    monkeypatch.setattr(uses, "MOST_SAMPLES", 10)
    monkeypatch.setattr(uses, "MOST_SEGMENTS", 1)
    assert [len(line["start"]) for line in (await read(region, "ana", study))[0]] == [10] * 4
    batch, calls = uses._batch, 0

    async def withdrawn_after_two(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            about = Scope(scope="everything")
            await consents.close(
                region.admin, anna, "withdraw", about, anna, effect="no-further-use"
            )
        return await batch(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(uses, "_batch", withdrawn_after_two)
    lines, last = await read(region, "ana", study)
    assert [len(line["start"]) for line in lines] == [10, 10]
    assert (last["end"], last["participants"], last["samples"]) == (True, 1, 20)


async def test_a_dismissed_member_reads_no_further_batch(
    region: Region, study: OpenStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        await take_part(region, f"r{n}", study, 1, 2)
    monkeypatch.setattr(uses, "MOST_SAMPLES", 1)
    batch, calls = uses._batch, 0

    async def dismissed_after_one(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            await region.admin.execute(
                "UPDATE membership SET ended_at = now() WHERE role = 'analyst'"
            )
        return await batch(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(uses, "_batch", dismissed_after_one)
    lines, last = await read(region, "ana", study)
    assert (last["end"], last["reason"]) == (False, "membership-ended")
    assert (len(lines), last["cursor"]) == (1, lines[0]["participant"])


async def test_a_stream_cut_off_is_read_on_from_its_cursor(
    region: Region, study: OpenStudy
) -> None:
    codes = sorted([(await take_part(region, f"r{n}", study, 1))[1]["code"] for n in range(4)])
    lines, _ = await read(region, "ana", study, f"?cursor={codes[1]}")
    assert [line["participant"] for line in lines] == codes[2:]


async def test_a_stream_holds_no_connection_while_it_is_written(
    region: Region, study: OpenStudy, app: Litestar
) -> None:
    await take_part(region, "anna", study, *range(5))
    ana = await region.admin.fetchval("SELECT member_id FROM membership WHERE role = 'analyst'")
    pool, keys = app.state.streams, app.state.data_keys
    reading = uses.samples(pool, keys, Reader(UUID(study.study_id), ana), Wanted())
    await anext(reading)
    assert pool.get_idle_size() == pool.get_size()
    last = [one async for one in reading][-1]
    assert isinstance(last, LastLine)
    assert last.end


async def test_postgresql_away_is_said_in_the_last_line(
    region: Region, study: OpenStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(uses, "_batch", away)
    lines, last = await read(region, "ana", study)
    assert (lines, last["end"], last["reason"]) == ([], False, "interrupted")
