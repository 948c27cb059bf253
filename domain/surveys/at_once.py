"""A submission in two round trips: look, judge and seal without a lock, then store it if all still holds.

That is for answers given once and whole, as most are. Drafts, safety answers and declared facts go
the long way, and so do answers of which somebody else was told meanwhile.
"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from domain.donations.data_keys import Ring, with_new
from domain.donations.keys import KeyProvider
from domain.residents.identity import Knock
from domain.surveys import safety, scoring
from domain.surveys.judging import Judged, canonical, judged, read
from domain.surveys.model import ResponseSent, Submission
from domain.surveys.opening import look
from domain.surveys.sealed import Contents, Place, seal
from domain.trips import Asking, at_once


async def submit(
    ask: Asking,
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
    me, opening = await look(ask, keys, knock.door, response_id, sent.study_id, canonical(response))
    if opening.before is not None or opening.ready is None:
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
    return await _stored(ask, keys, knock, me.resident_id, opening.ring, sent, found, answer)


async def _stored(
    ask: Asking,
    keys: KeyProvider,
    knock: Knock,
    resident_id: UUID,
    ring: Ring,
    sent: ResponseSent,
    found: Judged,
    answer: Submission,
) -> bytes | None:
    sql = "SELECT n, stored FROM response_submit_at_once($1, $2)"
    category, body = answer.category, msgspec.json.encode(answer)
    ring, new_keys = await with_new(keys, ring, resident_id, [category])
    version = ring.newest(category)
    place = Place(resident_id, answer.response_id, answer.revision, version)
    scores = scoring.scores(found.ready.declarations.scoring, found.answered)
    contents = Contents(response=sent.response, scores=scores)
    stored = await at_once(
        ask, sql, seal(ring.keys[category, version], place, contents),
        resident_id=resident_id, route=knock.route, key=knock.key, fingerprint=knock.fingerprint, answer=body,
        response_id=answer.response_id, study_id=answer.study_id, assignment_id=answer.assignment_id,
        questionnaire=answer.questionnaire, questionnaire_id=found.ready.questionnaire_id, category=category,
        authored_at=answer.authored_at, received_at=answer.received_at, keys=new_keys, key_version=version,
    )  # fmt: skip
    return body if stored else None
