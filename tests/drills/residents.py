"""Residents over HTTP as their apps make them, and a study that may use what they give."""

from typing import Any
from uuid import UUID, uuid4

from msgspec import Struct

from api.auth import subject_hmac
from api.development import subject_secret
from tests import people
from tests.drills.harness import Site
from tests.drills.http import Answer, Http

NOON = 1_767_268_800_000
"""1 January 2026, 12:00 UTC, in ms."""


class Study(Struct, frozen=True):
    """An active study with one item over heart data, and the login of an analyst of it."""

    study_id: UUID
    item_id: UUID
    analyst: str

    @property
    def samples(self) -> str:
        return f"/v1/studies/{self.study_id}/samples"

    def answer(self, decision: str = "permit", seen_seq: int = 0) -> dict[str, Any]:
        """A body for /v1/me/consent-events. Seen too little, a permission does not count."""
        one = {"item_id": self.item_id, "notice_version": 1, "language": "en"}
        return {"answers": [{**one, "decision": decision, "seen_seq": seen_seq}]}

    def withdrawal(self, effect: str = "no-further-use") -> dict[str, Any]:
        """A body for /v1/me/withdrawals."""
        return {"scope": "item", "item_id": self.item_id, "effect": effect}


async def make_study(here: Site, analyst: str = "") -> Study:
    """Made straight in the database."""
    who = analyst or f"analyst-{uuid4()}"
    async with here.connect() as admin:
        item_id, study_id = await people.make_item(admin, ["heart"])
        secret = subject_secret(here.settings)
        digest = subject_hmac(secret, here.settings.issuer, who)
        sql = """
            INSERT INTO member (issuer, subject_hmac, label) VALUES ($1, $2, $3)
            ON CONFLICT (issuer, subject_hmac) DO UPDATE SET label = excluded.label
            RETURNING member_id
        """
        member_id = await admin.fetchval(sql, here.settings.issuer, digest, who)
        sql = "INSERT INTO membership (member_id, role, study_id) VALUES ($1, 'analyst', $2)"
        await admin.execute(sql, member_id, study_id)
    return Study(study_id, item_id, who)


async def begin(http: Http, token: str) -> UUID:
    """Accept the platform's notice: the resident of this login."""
    terms = {"notice_version": 1, "language": "en"}
    answer = done(await http.ask("PUT", "/v1/me", token, terms))
    return UUID(answer.json()["resident_id"])


async def take_part(http: Http, token: str, study: Study, samples: int = 10) -> UUID:
    """A new resident who permits the study's item, joins and donates: the code in the study."""
    await begin(http, token)
    done(await http.post("/v1/me/consent-events", token, study.answer(), str(uuid4())))
    joining = {"study_id": study.study_id}
    joined = done(await http.post("/v1/me/enrolments", token, joining, str(uuid4())))
    done(await http.post("/v1/me/donations", token, donation(samples), str(uuid4())))
    return UUID(joined.json()["code"])


def donation(samples: int = 10, start: int = NOON) -> dict[str, Any]:
    """Heart rates, a second apart."""
    heart = {
        "measure": "heart-rate",
        "unit": "/min",
        "utc_offset_minutes": 60,
        "start": [start + 1000 * n for n in range(samples)],
        "value": [60 + n % 40 for n in range(samples)],
    }
    return {"source": {"app": "watch"}, "batches": [heart]}


def done(answer: Answer) -> Answer:
    """The answer, which must be a yes.

    Raises:
        RuntimeError: it is a no, where the drill needs a yes.

    """
    if not answer.ok:
        raise RuntimeError(f"{answer.status} {answer.body.decode(errors='replace')}")
    return answer
