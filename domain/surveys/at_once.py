"""A submission in two round trips: look, judge and seal without a lock, then store it if all still holds.

That is for answers given once and whole, as most are. Drafts, safety answers and declared facts go
the long way, and so do answers of which somebody else was told meanwhile.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from domain.caller import Resident
from domain.db import Connection, at_once, calling
from domain.donations.data_keys import Ring
from domain.donations.keys import KeyProvider
from domain.residents.identity import Knock, Reply, keeping
from domain.surveys import safety, scoring
from domain.surveys.judging import Judged, canonical, judged, read
from domain.surveys.model import ResponseSent, Submission
from domain.surveys.opening import look
from domain.surveys.sealed import Contents, Place, seal

JSON = "application/json"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def submit(
    conn: Connection,
    keys: KeyProvider,
    knock: Knock,
    response_id: UUID,
    sent: ResponseSent,
) -> bytes | None:
    """`responses.submit` with the resident let in; the answer's JSON as it is kept under its Idempotency-Key.

    None where it is not to be done so, or was not: nothing is stored then.

    Raises:
        Unauthenticated, ResidentUnknown: see `Door.admit`.
        NotConsented, Faulty: see `judging.judged`.

    """
    response, now = read(sent), datetime.now(UTC)
    me, opening = await look(
        conn, keys, knock.door, response_id, sent.study_id, canonical(response)
    )
    if opening.before is not None or opening.ready is None or not opening.ring.keys:
        return None
    known = sent.assignment_id is not None
    found = judged(opening, response, now, complete=True, known=known)
    declared = found.ready.declarations
    if declared.facts.marks or safety.raised(declared.safety, found.answered, [], now):
        return None
    answer = Submission(
        response_id=response_id, revision=1, state="completed", study_id=sent.study_id,
        assignment_id=sent.assignment_id, questionnaire=found.canonical,
        category=found.ready.category, authored_at=found.authored_at, received_at=now,
        late_received=False, raised=[],
    )  # fmt: skip
    body = msgspec.json.encode(answer)
    words = _storing(me, opening.ring, sent, found, answer) + _kept(knock, me, body)
    return body if await at_once(conn, words, resident=me.resident_id) else None


def _storing(
    me: Resident, ring: Ring, sent: ResponseSent, found: Judged, answer: Submission
) -> str:
    category, version = answer.category, ring.newest(answer.category)
    place = Place(me.resident_id, answer.response_id, answer.revision, version)
    scores = scoring.scores(found.ready.declarations.scoring, found.answered)
    contents = Contents(response=sent.response, scores=scores)
    return calling(
        "response_submit_at_once", me.resident_id, answer.response_id, answer.study_id,
        answer.assignment_id, answer.questionnaire, found.ready.questionnaire_id, category,
        _micros(answer.authored_at), _micros(answer.received_at), version,
        seal(ring.keys[category, version], place, contents),
    )  # fmt: skip


def _kept(knock: Knock, me: Resident, body: bytes) -> str:
    return keeping(
        Reply(
            actor_id=me.actor_id, route=knock.route, key=knock.key, fingerprint=knock.fingerprint,
            status=201, content_type=JSON, body=body,
        )
    )  # fmt: skip


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
