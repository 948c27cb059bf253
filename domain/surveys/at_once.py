"""A submission in two round trips: look, judge and seal without a lock, then store it if all still holds.

That is for answers given once and whole, as most are. Drafts, safety answers and declared facts go
the long way, and so do answers of which somebody else was told meanwhile.
"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from domain.db import Connection, at_once
from domain.donations.data_keys import Ring
from domain.donations.keys import KeyProvider
from domain.residents.identity import Knock
from domain.surveys import safety, scoring
from domain.surveys.judging import Judged, canonical, judged, read
from domain.surveys.model import ResponseSent, Submission
from domain.surveys.opening import look
from domain.surveys.sealed import Contents, Place, seal


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
    stored = await _stored(conn, knock, me.resident_id, opening.ring, sent, found, answer, body)
    return body if stored else None


async def _stored(
    conn: Connection,
    knock: Knock,
    resident_id: UUID,
    ring: Ring,
    sent: ResponseSent,
    found: Judged,
    answer: Submission,
    body: bytes,
) -> bool:
    sql = """
        SELECT response_submit_at_once(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    """
    category, version = answer.category, ring.newest(answer.category)
    place = Place(resident_id, answer.response_id, answer.revision, version)
    scores = scoring.scores(found.ready.declarations.scoring, found.answered)
    contents = Contents(response=sent.response, scores=scores)
    return await at_once(
        conn, sql, resident_id, knock.route, knock.key, knock.fingerprint, body,
        answer.response_id, answer.study_id, answer.assignment_id, answer.questionnaire,
        found.ready.questionnaire_id, category, answer.authored_at, answer.received_at,
        version, seal(ring.keys[category, version], place, contents),
    )  # fmt: skip
