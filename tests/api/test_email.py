"""An e-mail address is mine once the code that was sent there has come back, and nobody is flooded."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace

from api.development import subject_secret
from api.settings import Settings
from domain.residents.emails import MOST_CODES, MOST_TRIES, code_of
from tests.api.conftest import serving, undescribed
from tests.api.region import Region

ADDRESS = "anna.canary@mail.example"


@pytest.fixture
async def anna(region: Region) -> UUID:
    return await region.resident("anna")


async def put(region: Region, address: str = ADDRESS, **more: Any) -> httpx.Response:
    return await region.edit("PUT", "anna", "/v1/me/email", {"address": address, **more}, None)


async def confirm(region: Region, code: str) -> httpx.Response:
    return await region.post("anna", "/v1/me/email/confirmation", {"code": code})


async def sent(region: Region) -> str:
    """The code that the letter brings."""
    code_id = await region.admin.fetchval("SELECT code_id FROM email")
    return code_of(subject_secret(region.settings), code_id)


async def letters(region: Region) -> list[str]:
    sql = "SELECT state FROM outbox WHERE kind = 'email-code' ORDER BY message_id"
    return [row["state"] for row in await region.admin.fetch(sql)]


async def some_time_later(region: Region) -> None:
    sql = """
        UPDATE email SET asked_at = ARRAY(SELECT at - interval '2 minutes' FROM unnest(asked_at) AS at)
    """
    await region.admin.execute(sql)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.mark.usefixtures("anna")
async def test_an_address_is_confirmed_by_its_code_alone(region: Region) -> None:
    found = (await put(region)).json()
    assert (found["address"], found["confirmed_at"]) == (ADDRESS, None)
    assert await letters(region) == ["waiting"]
    code = await sent(region)
    refused = await confirm(region, another(code))
    assert (refused.status_code, refused.json()["title"]) == (
        422,
        "This is not the code that was sent.",
    )
    assert (await confirm(region, code)).json()["confirmed_at"]
    assert (await confirm(region, code)).status_code == 200
    assert (await region.get("anna", "/v1/me/email")).json()["confirmed_at"]


@pytest.mark.usefixtures("anna")
async def test_wrong_codes_run_out_and_then_the_right_one_does_not_help(region: Region) -> None:
    await put(region)
    code = await sent(region)
    for _ in range(MOST_TRIES):
        assert (await confirm(region, another(code))).status_code == 422
    assert (await confirm(region, code)).status_code == 409
    assert (await region.get("anna", "/v1/me/email")).json()["confirmed_at"] is None


@pytest.mark.usefixtures("anna")
async def test_a_code_runs_out_with_time(region: Region) -> None:
    await put(region)
    code = await sent(region)
    await region.admin.execute("UPDATE email SET code_expires_at = now()")
    assert (await confirm(region, code)).status_code == 409


@pytest.mark.usefixtures("anna")
async def test_another_s_code_and_an_earlier_one_confirm_nothing(region: Region) -> None:
    await region.resident("bo")
    await put(region)
    first = await sent(region)
    answer = await region.post("bo", "/v1/me/email/confirmation", {"code": first})
    assert answer.status_code == 404
    await put(region, "other@mail.example")
    assert (await confirm(region, first)).status_code == 422
    assert await letters(region) == ["cancelled", "waiting"]


@pytest.mark.usefixtures("anna")
async def test_the_same_again_sends_nothing_and_a_little_later_once_more(region: Region) -> None:
    for _ in range(3):
        assert (await put(region)).status_code == 200
    assert await letters(region) == ["waiting"]
    await some_time_later(region)
    await put(region)
    assert await letters(region) == ["cancelled", "waiting"]
    await confirm(region, await sent(region))
    await some_time_later(region)
    assert (await put(region, wanted=False)).json()["wanted"] is False
    assert len(await letters(region)) == 2


@pytest.mark.usefixtures("anna")
async def test_a_confirmed_address_that_is_changed_has_to_be_confirmed_again(
    region: Region,
) -> None:
    await put(region)
    await confirm(region, await sent(region))
    found = (await put(region, "other@mail.example")).json()
    assert (found["address"], found["confirmed_at"]) == ("other@mail.example", None)


@pytest.mark.usefixtures("anna")
async def test_nobody_is_flooded_not_even_by_removing_the_address_between(region: Region) -> None:
    for n in range(MOST_CODES):
        assert (await put(region, f"victim{n}@mail.example")).status_code == 200
        removed = await region.client.delete("/v1/me/email", headers=region.bearer("anna"))
        assert removed.status_code == 204
    refused = await put(region)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert await letters(region) == ["cancelled"] * MOST_CODES
    assert (await region.get("anna", "/v1/me/email")).status_code == 404


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    "address", ["a@b", "a@b.example,c@d.example", "canary@b..example", "<canary@b.example>"]
)
async def test_what_could_be_more_than_an_address_is_refused_and_not_repeated(
    region: Region, address: str
) -> None:
    refused = await put(region, address)
    assert refused.status_code == 422
    assert "canary" not in refused.text
    assert await region.admin.fetchval("SELECT count(*) FROM email") == 0


@pytest.mark.usefixtures("anna")
async def test_an_address_is_in_clear_neither_at_rest_nor_in_a_log(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    await put(region)
    await confirm(region, another(await sent(region)))
    assert await region.in_clear("canary") == []
    said = capsys.readouterr()
    assert "canary" not in said.out + said.err


@pytest.mark.usefixtures("anna")
async def test_a_region_that_sends_no_letters_takes_no_address(
    region: Region, settings: Settings
) -> None:
    async with serving(undescribed(replace(settings, smtp_sender=""))) as client:
        refused = await client.put(
            "/v1/me/email", json={"address": ADDRESS}, headers=region.bearer("anna")
        )
    assert refused.json()["type"].endswith("/email-not-offered")
    assert await region.admin.fetchval("SELECT count(*) FROM email") == 0
