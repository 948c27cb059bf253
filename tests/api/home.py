"""A phone whose app donates and reads back, against the real application."""

from typing import Any, TypeAlias
from uuid import uuid4

import httpx

from tests.api.region import NOON, Region

JSON: TypeAlias = dict[str, Any]


class Home:
    """A phone of one resident."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def donate(self, *batches: JSON, key: str = "", source: str = "watch") -> httpx.Response:
        return await self.client.post(
            "/v1/me/donations",
            json={"source": {"app": source}, "batches": batches},
            headers={**self.headers, "Idempotency-Key": key or uuid4().hex},
        )

    async def counts(self, *batches: JSON) -> tuple[int, int, int]:
        """Accepted, duplicates, rejected."""
        answer = await self.donate(*batches)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return found["accepted"], found["duplicates"], found["rejected"]

    async def get(self, path: str, **query: object) -> httpx.Response:
        return await self.client.get(path, headers=self.headers, params=query)  # type: ignore[arg-type]

    async def delete(self, path: str, **query: object) -> httpx.Response:
        return await self.client.delete(path, headers=self.headers, params=query)  # type: ignore[arg-type]

    async def read(self, limit: int) -> tuple[list[int], list[float]]:
        """Starts and values of the only stream, page by page."""
        path, starts, values = await self.stream() + "/samples", list[int](), list[float]()
        page: JSON = {"next": None}
        while True:
            cursor = {"cursor": page["next"]} if page["next"] else {}
            page = (await self.get(path, limit=limit, **cursor)).json()
            starts += [at for batch in page["items"] for at in batch["start"]]
            values += [value for batch in page["items"] for value in batch["value"]]
            if page["next"] is None:
                return starts, values

    async def stream(self) -> str:
        """The path of the only stream."""
        (stream,) = (await self.get("/v1/me/streams")).json()["items"]
        return f"/v1/me/streams/{stream['stream_id']}"


async def move_in(region: Region, subject: str) -> Home:
    """The phone of a new resident who lets heart and activity be kept."""
    await region.resident(subject, "heart", "activity")
    return Home(region.client, region.bearer(subject))


def heart(*start: int, **change: object) -> JSON:
    """Heart rates at these ms after noon."""
    at = [NOON + ms for ms in start]
    batch = {"measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 60, "start": at}
    return batch | {"value": [60 + ms % 50 for ms in start]} | change


def steps(*start: int) -> JSON:
    """Hours of steps from these ms after noon."""
    ends = [NOON + ms + 3_600_000 for ms in start]
    unit = {"measure": "step-count", "unit": "{steps}", "value": [100] * len(start)}
    return heart(*start) | unit | {"end": ends}
