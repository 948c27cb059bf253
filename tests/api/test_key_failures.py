"""Keys that are away, and data that does not open: told apart, counted, and nothing given out."""

import httpx
import pytest
from asyncpg import Connection
from litestar import Litestar

from domain.donations.keys import FileKeyProvider, new_key
from domain.donations.remote_keys import RemoteKeyProvider
from tests.api.home import Home, move_in
from tests.api.region import NOON, Region
from tests.api.test_problems import problem
from tests.domain.donations.test_remote_keys import Cloud

BATCH = {
    "measure": "heart-rate",
    "unit": "/min",
    "utc_offset_minutes": 60,
    "start": [NOON, NOON + 1_000],
    "value": [60, 61],
}


@pytest.fixture
async def home(region: Region) -> Home:
    home = await move_in(region, "anna")
    assert await home.counts(BATCH) == (2, 0, 0)
    return home


async def alarms(client: httpx.AsyncClient) -> float:
    lines = (await client.get("/metrics")).text.splitlines()
    [found] = [line for line in lines if line.startswith("medverka_damaged_total ")]
    return float(found.split()[1])


@pytest.mark.parametrize("away", [FileKeyProvider(new_key()), RemoteKeyProvider(Cloud(60), 0.05)])
async def test_while_keys_are_away_an_app_is_told_when_to_come_back(
    app: Litestar, home: Home, away: object
) -> None:
    there, app.state.data_keys = app.state.data_keys, away
    answers = [
        await home.get(await home.stream() + "/samples"),
        await home.donate({**BATCH, "start": [NOON + 2_000, NOON + 3_000]}, key="once"),
    ]
    for answer in answers:
        problem(answer, 503)
        assert answer.json()["type"].endswith("/problems/key-unavailable")
        assert answer.headers["retry-after"] == "2"
    app.state.data_keys = there
    again = await home.donate({**BATCH, "start": [NOON + 2_000, NOON + 3_000]}, key="once")
    assert again.json()["accepted"] == 2


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE segment SET body = set_bit(body, 150, 1 - get_bit(body, 150))",
        "UPDATE segment SET key_version = 2",
        "UPDATE data_key SET wrapped = set_bit(wrapped, 150, 1 - get_bit(wrapped, 150))",
    ],
)
async def test_what_was_tampered_with_is_an_alarm_and_nothing_of_it_is_given_out(
    client: httpx.AsyncClient, admin: Connection, home: Home, harm: str
) -> None:
    before = await alarms(client)
    await admin.execute(harm)
    answer = await home.get(await home.stream() + "/samples")
    problem(answer, 500)
    assert "start" not in answer.text
    assert await alarms(client) > before
    export = await home.get("/v1/me/export")
    assert export.json()["complete"] is False
    assert export.json()["samples"] == []
