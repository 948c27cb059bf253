"""A phone whose app speaks FHIR, against the real application."""

from typing import Any
from uuid import UUID

import httpx
from asyncpg import Connection

from api import development
from api.auth import subject_hmac
from api.settings import Settings
from tests.api.conftest import Bearer
from tests.domain.donations.conftest import permit
from tests.domain.donations.fhir import documents as d
from tests.people import make_resident

PATH = "/v1/me/fhir"
FHIR_JSON = "application/fhir+json"
TABLES = ("segment", "stream", "data_key", "reply", "sample_deletion")


class Phone:
    """A resident's, whose app speaks FHIR."""

    def __init__(
        self, client: httpx.AsyncClient, headers: dict[str, str], resident_id: UUID
    ) -> None:
        self.client = client
        self.headers = headers | {"Content-Type": FHIR_JSON}
        self.resident_id = resident_id

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        given = self.headers | headers
        content = body if isinstance(body, bytes) else d.encoded(body)
        return await self.client.post(PATH + path, content=content, headers=given)

    async def send(self, *resources: d.JSON, kind: str = "transaction") -> httpx.Response:
        return await self.post("", d.bundle(list(resources), kind))

    async def statuses(self, *resources: d.JSON, kind: str = "transaction") -> list[str]:
        answer = await self.send(*resources, kind=kind)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == FHIR_JSON
        assert answer.json()["type"] == f"{kind}-response"
        return [entry["response"]["status"][:3] for entry in answer.json()["entry"]]

    async def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Start and value of every sample, by measure."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        listed = await self.client.get("/v1/me/streams", headers=self.headers)
        for stream in listed.json()["items"]:
            path = f"/v1/me/streams/{stream['stream_id']}/samples"
            page = (await self.client.get(path, headers=self.headers)).json()
            for item in page["items"]:
                columns = [item["value"]] if "value" in item else item["components"].values()
                rows = found.setdefault(stream["measure"], [])
                rows += [(one[0], *one[1:]) for one in zip(item["start"], *columns, strict=True)]
        return found

    async def values(self, measure: str = "heart-rate") -> list[Any]:
        return [value for _, *values in (await self.stored()).get(measure, []) for value in values]


async def begun(
    client: httpx.AsyncClient, bearer: Bearer, admin: Connection, settings: Settings
) -> Phone:
    resident_id = await make_resident(admin)
    digest = subject_hmac(development.subject_secret(settings), settings.issuer, "anna")
    sql = "INSERT INTO identity (issuer, subject_hmac, resident_id) VALUES ($1, $2, $3)"
    await admin.execute(sql, settings.issuer, digest, resident_id)
    for category in ("heart", "activity", "vitals", "sleep"):
        await permit(admin, resident_id, category)
    return Phone(client, bearer("anna"), resident_id)


async def nothing_is_stored(admin: Connection) -> bool:
    found = [await admin.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]  # noqa: S608
    return not any(found)


def outcome(answer: httpx.Response) -> list[d.JSON]:
    """The issues of an error."""
    assert answer.headers["content-type"] == FHIR_JSON, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    issues: list[d.JSON] = answer.json()["issue"]
    assert issues
    return issues


def codes(issues: list[d.JSON]) -> list[tuple[str, str]]:
    """Why, and where."""
    return [(i["details"]["coding"][0]["code"], i["expression"][0]) for i in issues]
