"""Sources over HTTP: which fell silent, why, and on which days nothing came."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from asyncpg import Connection

from tests.api.home import JSON, Home, heart, move_in, steps
from tests.api.region import NOON, Region
from tests.domain.donations.conftest import permit

DAY = 86_400_000
PATH = "/v1/me/sources"


@pytest.fixture
async def anna(region: Region) -> Home:
    return await move_in(region, "anna")


def minutes_ago(minutes: int) -> int:
    """As ms after noon of the first day of 2026."""
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    return int(at.timestamp() * 1000) - NOON


async def report(home: Home, granted: bool, ago: int = 0, **change: object) -> JSON:
    body = {
        "source": {"app": "watch"},
        "permissions": [{"measure": "heart-rate", "granted": granted}],
        "told_at": (datetime.now(UTC) - timedelta(minutes=ago)).isoformat(),
    }
    answer = await home.client.put(f"{PATH}/permissions", json=body | change, headers=home.headers)
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


async def causes(home: Home) -> dict[str, str | None]:
    """Of the only source's streams, by measure."""
    (source,) = (await home.get(PATH)).json()["items"]
    return {one["measure"]: one["silence"] for one in source["streams"]}


async def test_a_source_that_is_heard_of_is_not_silent(anna: Home) -> None:
    await anna.donate(heart(minutes_ago(5)), steps(minutes_ago(65)))
    assert await causes(anna) == {"heart-rate": None, "step-count": None}


async def test_a_source_without_uploads_and_a_measure_without_samples_are_told_apart(
    anna: Home, admin: Connection
) -> None:
    await anna.donate(heart(minutes_ago(8 * 1440)), steps(minutes_ago(65)))
    assert await causes(anna) == {"heart-rate": "nothing-measured", "step-count": None}
    await admin.execute("UPDATE stream SET last_upload_at = now() - interval '4 days'")
    assert set((await causes(anna)).values()) == {"no-upload"}


async def test_what_is_said_over_a_time_is_not_missed(anna: Home) -> None:
    month = heart(0) | {"measure": "heart-rate-over-time", "end": [NOON + 30 * DAY]}
    await anna.donate(month, heart(minutes_ago(5)))
    assert await causes(anna) == {"heart-rate": None, "heart-rate-over-time": None}
    span = {"from": "2026-01-01", "to": "2026-01-09"}
    path = "/v1/me/summaries/heart-rate-over-time/gaps"
    assert (await anna.get(path, **span)).status_code == 404


async def test_a_lost_permission_explains_silence_until_something_comes(anna: Home) -> None:
    await anna.donate(heart(minutes_ago(30)))
    assert await report(anna, granted=False, ago=20) == {"streams": 1}
    assert await causes(anna) == {"heart-rate": "permission-lost"}
    await anna.donate(heart(minutes_ago(10)))
    assert await causes(anna) == {"heart-rate": None}


async def test_what_was_said_later_counts_however_it_arrives(anna: Home) -> None:
    await anna.donate(heart(minutes_ago(300)))
    await report(anna, granted=False, ago=20)
    assert await report(anna, granted=True, ago=40) == {"streams": 0}
    assert await causes(anna) == {"heart-rate": "permission-lost"}
    first = await report(anna, granted=True, ago=10)
    assert first == await report(anna, granted=True, ago=10)
    assert await causes(anna) == {"heart-rate": None}


async def test_a_clock_that_is_ahead_cannot_silence_those_that_are_right(anna: Home) -> None:
    await anna.donate(heart(minutes_ago(300)))
    await report(anna, granted=False, ago=-9_999)
    await report(anna, granted=True)
    assert await causes(anna) == {"heart-rate": None}


async def test_nothing_is_kept_of_a_measure_or_source_that_gave_nothing(anna: Home) -> None:
    await anna.donate(heart(minutes_ago(5)))
    unknown = [{"measure": "body-weight", "granted": False}, {"measure": "aura", "granted": False}]
    assert await report(anna, granted=False, permissions=unknown) == {"streams": 0}
    other = {"app": "watch", "device": "other"}
    assert await report(anna, granted=False, source=other) == {"streams": 0}


@pytest.mark.parametrize(
    "change",
    [
        {"permissions": []},
        {"permissions": [{"measure": "heart-rate", "granted": "no"}]},
        {"permissions": [{"measure": "heart-rate", "granted": True}] * 2},
        {"told_at": "2026-01-01T00:00:00"},
        {"told_at": "0001-01-01T00:00:00Z"},
        {"source": {"app": "\0"}},
        {"resident_id": str(UUID(int=1))},
    ],
)
async def test_a_report_that_cannot_be_is_refused(anna: Home, change: JSON) -> None:
    body = {
        "source": {"app": "watch"},
        "permissions": [{"measure": "heart-rate", "granted": False}],
        "told_at": "2026-01-01T00:00:00Z",
    }
    answer = await anna.client.put(f"{PATH}/permissions", json=body | change, headers=anna.headers)
    assert answer.status_code == 400, answer.text


async def test_pauses_and_ended_consents_are_the_first_cause(anna: Home, admin: Connection) -> None:
    await anna.donate(heart(minutes_ago(5)), steps(minutes_ago(65)))
    await admin.execute(
        "UPDATE consent_grant SET pauses = tstzmultirange(tstzrange(now(), now() + interval '1 day'))"
        " WHERE category = 'heart'"
    )
    await admin.execute(
        "UPDATE consent_grant SET data_period = tstzmultirange(tstzrange(NULL, now()))"
        " WHERE category = 'activity'"
    )
    assert await causes(anna) == {"heart-rate": "paused", "step-count": "consent-ended"}


async def test_sources_are_read_in_pages_and_are_ones_own(anna: Home, region: Region) -> None:
    bo = await move_in(region, "bo")
    for app in ("c", "a", "b"):
        await anna.donate(heart(minutes_ago(5)), source=app)
    first = (await anna.get(PATH, limit=2)).json()
    rest = (await anna.get(PATH, limit=2, cursor=first["next"])).json()
    apps = [one["source"]["app"] for one in first["items"] + rest["items"]]
    assert (apps, rest["next"]) == (["a", "b", "c"], None)
    assert (await bo.get(PATH)).json() == {"items": [], "next": None}


async def gaps(home: Home, first: str, until: str) -> list[tuple[str, str, str]]:
    answer = await home.get("/v1/me/summaries/heart-rate/gaps", **{"from": first, "to": until})
    assert answer.status_code == 200, answer.text
    return [(gap["first"], gap["last"], gap["cause"]) for gap in answer.json()["gaps"]]


async def test_days_without_samples_are_gaps(anna: Home, admin: Connection) -> None:
    await anna.donate(heart(0, 3 * DAY))
    assert await gaps(anna, "2025-12-31", "2026-01-07") == [
        ("2025-12-31", "2025-12-31", "nothing-measured"),
        ("2026-01-02", "2026-01-03", "nothing-measured"),
        ("2026-01-05", "2026-01-06", "nothing-measured"),
    ]
    sent = "UPDATE stream SET last_upload_at = '2026-01-04T20:00:00Z'"
    await admin.execute(sent)
    assert (await gaps(anna, "2026-01-04", "2026-01-07"))[0][2] == "no-upload"


async def test_a_gap_outside_consent_says_so(region: Region) -> None:
    resident = await region.resident("dora")
    home = Home(region.client, region.bearer("dora"))
    await permit(region.admin, resident, "heart", "[2026-01-01 00:00+01,)")
    await home.donate(heart(0))
    assert await gaps(home, "2025-12-30", "2026-01-02") == [
        ("2025-12-30", "2025-12-31", "outside-consent")
    ]


async def test_what_is_yet_to_come_is_no_gap(anna: Home) -> None:
    assert await gaps(anna, "2190-01-01", "2190-01-09") == []
