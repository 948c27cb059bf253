"""A resident sees where each choice stands, what waits, what was chosen when, and can prove it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.consents.chain import unbroken
from domain.consents.model import ConsentEvent
from tests.api.region import OpenStudy, Region, consent, notice, take_part

EVENTS = "/v1/me/consent-events"
WITHDRAWALS = "/v1/me/withdrawals"


@pytest.fixture
async def study(region: Region, study: OpenStudy) -> OpenStudy:
    """Anna takes part."""
    await take_part(region, "anna", study)
    return study


async def withdraw(region: Region, times: int = 1) -> None:
    for _ in range(times):
        done = await region.post("anna", WITHDRAWALS, {"scope": "everything"})
        assert done.status_code == 200, done.text


async def history(region: Region, who: str, limit: int = 50) -> list[dict[str, Any]]:
    """All of it, page by page."""
    found: list[dict[str, Any]] = []
    path = f"{EVENTS}?limit={limit}"
    while path:
        page = (await region.get(who, path)).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        path = f"{EVENTS}?limit={limit}&cursor={page['next']}" if page["next"] else ""
    return found


async def reasons(region: Region, who: str = "anna") -> dict[str, str]:
    """Why each item that waits does."""
    found = await region.get(who, "/v1/me/consents/waiting")
    return {one["item_id"]: one["reason"] for one in found.json()["waiting"]}


async def verified(region: Region, receipt: str) -> dict[str, Any]:
    """A receipt's words, once its signature is by a key that is published."""
    published = (await region.client.get("/.well-known/jwks.json")).json()
    keys = KeySet.import_key_set(published)
    words: dict[str, Any] = msgspec.json.decode(
        jws.deserialize_compact(receipt, keys, algorithms=["Ed25519"]).payload
    )
    return words


async def test_the_overview_shows_where_each_choice_stands(
    region: Region, study: OpenStudy
) -> None:
    mine = (await region.get("anna", "/v1/me/consents")).json()
    (one,) = mine["consents"]
    assert (mine["seq"], one["event_seq"]) == (1, 1)
    assert (one["item_id"], one["study_id"]) == (str(study.item_id), study.study_id)
    assert (one["category"], one["use"], one["status"]) == ("heart", "study", "ConsentGiven")
    assert (one["collects"], one["paused_until"]) == (True, None)
    await withdraw(region)
    (one,) = (await region.get("anna", "/v1/me/consents")).json()["consents"]
    assert (one["status"], one["event_seq"], one["collects"]) == ("ConsentWithdrawn", 2, False)


async def test_who_has_chosen_nothing_sees_nothing_of_others(
    region: Region, study: OpenStudy
) -> None:
    assert study
    await region.resident("bo")
    assert (await region.get("bo", "/v1/me/consents")).json() == {"seq": 0, "consents": []}
    assert await history(region, "bo") == []


async def test_all_that_the_platform_offers_waits_for_a_new_resident(region: Region) -> None:
    await region.resident("bo")
    found = (await region.get("bo", "/v1/me/consents/waiting")).json()
    assert found["seq"] == 0
    assert [one["reason"] for one in found["waiting"]] == ["new"] * 6


@pytest.mark.parametrize("decision", ["permit", "deny"])
async def test_an_answer_of_either_kind_is_not_waited_for(
    region: Region, study: OpenStudy, decision: str
) -> None:
    bo = await region.resident("bo")
    await consent(region, bo, study, decision=decision)
    assert str(study.item_id) not in await reasons(region, "bo")


@pytest.mark.parametrize(
    ("change", "reason"), [("editorial", None), ("minor", None), ("material", "material-change")]
)
async def test_new_terms_wait_where_they_differ_materially(
    region: Region, study: OpenStudy, change: str, reason: str | None
) -> None:
    version = notice(study.study_id, study.item_id, supersedes=1, change=change)
    assert (await region.post("maker", "/v1/notices", version)).status_code == 201
    assert (await reasons(region)).get(str(study.item_id)) == reason
    (one,) = (await region.get("anna", "/v1/me/consents")).json()["consents"]
    assert one["collects"] is True  # the old grant holds for the old terms


async def test_a_choice_that_ran_out_waits(region: Region, study: OpenStudy) -> None:
    bo = await region.resident("bo")
    await consent(region, bo, study, valid_until=datetime.now(UTC) + timedelta(seconds=0.3))
    assert str(study.item_id) not in await reasons(region, "bo")
    await asyncio.sleep(0.4)
    assert (await reasons(region, "bo"))[str(study.item_id)] == "expired"
    (one,) = (await region.get("bo", "/v1/me/consents")).json()["consents"]
    assert (one["status"], one["collects"]) == ("ConsentExpired", False)


async def test_the_history_is_one_unbroken_chain_page_by_page(
    region: Region, study: OpenStudy
) -> None:
    assert study
    await withdraw(region, 4)
    found = await history(region, "anna", limit=2)
    assert found == await history(region, "anna")
    assert [event["seq"] for event in found] == [5, 4, 3, 2, 1]
    chain = msgspec.convert(found[::-1], list[ConsentEvent], strict=False)
    assert unbroken(chain)
    changed = [*chain[:2], msgspec.structs.replace(chain[2], effect="stop"), *chain[3:]]
    assert not unbroken(changed)
    assert not unbroken([*chain[:2], *chain[3:]])


async def test_a_cursor_that_is_not_ours_is_refused(region: Region, study: OpenStudy) -> None:
    assert study
    assert (await region.get("anna", f"{EVENTS}?cursor=abc")).status_code == 400


@pytest.mark.parametrize("path", [f"{EVENTS}/1", f"{EVENTS}/{2**63}", f"{WITHDRAWALS}/2"])
async def test_another_s_event_is_not_there(region: Region, study: OpenStudy, path: str) -> None:
    assert study
    await withdraw(region)
    await region.resident("bo")
    assert (await region.get("bo", path)).status_code == 404


async def test_what_is_no_withdrawal_has_no_state_of_one(region: Region, study: OpenStudy) -> None:
    assert study
    assert (await region.get("anna", f"{WITHDRAWALS}/1")).status_code == 404


async def test_a_receipt_says_what_was_recorded_and_is_signed(
    region: Region, study: OpenStudy
) -> None:
    got = (await region.get("anna", f"{EVENTS}/1")).json()
    words = await verified(region, got["receipt"])
    assert words["item_id"] == got["event"]["item_id"] == str(study.item_id)
    assert words["event"]["event_state"] == "ConsentGiven"
    assert words["event"]["event_time"] == got["event"]["recorded_at"]
    assert words["pii_principal_id"] == got["event"]["resident_id"]
    assert words["event"]["event_type"] == "dpv:ExplicitlyExpressedConsent"
    assert (words["jurisdiction"], words["conforms_to"][:18]) == ("SE", "https://w3id.org/d")
    assert (words["schema_version"], words["pii_information"]) == (
        "ISO/IEC TS 27560:2023", ["heart"],
    )  # fmt: skip


async def test_a_receipt_is_the_same_whenever_it_is_asked_for(
    region: Region, study: OpenStudy
) -> None:
    assert study
    made = await region.post("anna", WITHDRAWALS, {"scope": "everything", "effect": "stop"})
    again = await region.get("anna", f"{EVENTS}/2")
    assert again.json()["receipt"] == made.json()["receipt"]
    words = await verified(region, made.json()["receipt"])
    assert (words["event"]["event_state"], words["event"]["effect"]) == ("ConsentWithdrawn", "stop")


@pytest.mark.parametrize("part", range(3))
async def test_a_receipt_that_was_tampered_with_does_not_verify(
    region: Region, study: OpenStudy, part: int
) -> None:
    assert study
    parts = (await region.get("anna", f"{EVENTS}/1")).json()["receipt"].split(".")
    parts[part] = _changed(parts[part])
    with pytest.raises(JoseError):
        await verified(region, ".".join(parts))


def _changed(text: str) -> str:
    middle = len(text) // 2
    other = "A" if text[middle] != "A" else "B"
    return text[:middle] + other + text[middle + 1 :]
