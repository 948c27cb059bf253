"""Responses as rows, sealed: drafts are written over, what was submitted stays and is amended by a row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.db import Connection, find_one
from domain.donations.data_keys import opened_or_made
from domain.donations.keys import KeyProvider
from domain.errors import Invalid, NotFound, PreconditionFailed
from domain.surveys import assignments, concerns, declared_facts, facts, safety, scoring
from domain.surveys.answered import offered
from domain.surveys.judging import Judged, canonical, judged, read
from domain.surveys.model import (
    ResponseEntry,
    ResponseNotSubmitted,
    ResponseSent,
    ResponseSubmitted,
    State,
    Submission,
)
from domain.surveys.opening import Opening, open_for
from domain.surveys.resources import QuestionnaireResponse
from domain.surveys.scoring import Score
from domain.surveys.sealed import Contents, Place, seal


class Writing(Struct, frozen=True, kw_only=True):
    """Who writes which response, and when."""

    resident_id: UUID
    response_id: UUID
    now: datetime


async def save_draft(
    conn: Connection, keys: KeyProvider, writing: Writing, sent: ResponseSent, revision: int | None
) -> ResponseEntry:
    """Keep what has been answered so far. `revision`: of the draft that is written over.

    Raises:
        PreconditionFailed: that is not how it stands.
        ResponseSubmitted: it is no draft any more.
        NotOpen, NotFound: of the assignment.
        NotConsented, Faulty: see `judging.judged`.

    """
    response = read(sent)
    opening = await _open(conn, keys, writing, sent, response)
    before = opening.before
    if (before.revision if before else None) != revision:
        raise PreconditionFailed
    if before is not None and before.state != "draft":
        raise ResponseSubmitted("It can be amended.")
    known = before is not None or sent.assignment_id is not None
    found = judged(opening, response, writing.now, complete=False, known=known)
    if sent.assignment_id is not None:
        await _check_assignment(conn, writing.resident_id, sent, found)
        await assignments.begin_draft(conn, writing.resident_id, sent.assignment_id, writing.now)
    return await _store(conn, keys, writing, sent, found, opening, "draft")


async def submit(
    conn: Connection,
    keys: KeyProvider,
    writing: Writing,
    sent: ResponseSent,
    languages: Sequence[str],
) -> Submission:
    """Take a response for good, and complete its assignment. A draft of it becomes this.

    Raises:
        ResponseSubmitted: it was, before.
        NotOpen, NotFound: of the assignment.
        Invalid: the assignment asks something else.
        NotConsented, Faulty: see `judging.judged`.

    """
    response = read(sent)
    opening = await _open(conn, keys, writing, sent, response)
    before = opening.before
    if before is not None and before.state != "draft":
        raise ResponseSubmitted("It can be amended.")
    known = before is not None or sent.assignment_id is not None
    found = judged(opening, response, writing.now, complete=True, known=known)
    late = False
    if sent.assignment_id is not None:
        await _check_assignment(conn, writing.resident_id, sent, found)
        done = await assignments.complete(
            conn, writing.resident_id, sent.assignment_id, writing.response_id,
            found.authored_at, writing.now,
        )  # fmt: skip
        late = done.late_received
    stored = await _store(conn, keys, writing, sent, found, opening, "completed")
    return await _taken(conn, writing, stored, found, languages, late=late)


async def amend(
    conn: Connection,
    keys: KeyProvider,
    writing: Writing,
    sent: ResponseSent,
    languages: Sequence[str],
    revision: int,
) -> Submission:
    """Put another version after a submitted response, which stays. It answers the same as before.

    Raises:
        NotFound: the resident has no such response.
        PreconditionFailed: that is not its newest revision.
        ResponseNotSubmitted: it is a draft.
        Invalid: it is of another questionnaire, study or assignment.
        NotConsented, Faulty: see `judging.judged`.

    """
    response = read(sent)
    opening = await _open(conn, keys, writing, sent, response)
    before = opening.before
    if before is None:
        raise NotFound
    if before.revision != revision:
        raise PreconditionFailed
    if before.state == "draft":
        raise ResponseNotSubmitted("Submit it.")
    found = judged(opening, response, writing.now, complete=True, known=True)
    same = (before.questionnaire, before.study_id, before.assignment_id)
    if same != (found.canonical, sent.study_id, sent.assignment_id):
        raise Invalid("An amendment is of the same questionnaire, study and assignment.")
    stored = await _store(conn, keys, writing, sent, found, opening, "amended")
    return await _taken(conn, writing, stored, found, languages, late=False)


async def _taken(
    conn: Connection,
    writing: Writing,
    stored: ResponseEntry,
    found: Judged,
    languages: Sequence[str],
    *,
    late: bool,
) -> Submission:
    """What follows from answers that are given: who is to look at them, and the facts they declare."""
    declared = found.ready.declarations
    raised = safety.raised(declared.safety, found.answered, languages, writing.now)
    await concerns.put(conn, writing.resident_id, stored, raised)
    if declared.facts.marks:
        url = stored.questionnaire.partition("|")[0]
        facts_now = facts.of(declared.facts, found.answered, offered(found.ready.compiled))
        await declared_facts.keep(
            conn, writing.resident_id, url, stored.response_id, stored.authored_at, facts_now
        )
    return Submission(**msgspec.structs.asdict(stored), late_received=late, raised=raised)


async def _check_assignment(
    conn: Connection, resident_id: UUID, sent: ResponseSent, found: Judged
) -> None:
    """That the assignment asks this, in this study."""
    if sent.assignment_id is not None:
        asked = await assignments.assignment(conn, resident_id, sent.assignment_id)
        if (asked.questionnaire, asked.study_id) != (found.canonical, sent.study_id):
            raise Invalid("The assignment is of another questionnaire or study.")


async def _open(
    conn: Connection,
    keys: KeyProvider,
    writing: Writing,
    sent: ResponseSent,
    response: QuestionnaireResponse,
) -> Opening:
    return await open_for(
        conn, keys, writing.resident_id, writing.response_id, sent.study_id, canonical(response)
    )


async def _store(
    conn: Connection,
    keys: KeyProvider,
    writing: Writing,
    sent: ResponseSent,
    found: Judged,
    opening: Opening,
    state: State,
) -> ResponseEntry:
    """Store the next revision, in the place of a draft or after what was submitted."""
    category, scores = found.ready.category, list[Score]()
    if state != "draft":
        scores = scoring.scores(found.ready.declarations.scoring, found.answered)
    ring, before = opening.ring, opening.before
    if not ring.keys:
        ring = await opened_or_made(conn, keys, writing.resident_id, [category])
    version = ring.newest(category)
    revision = (before.revision if before else 0) + 1
    place = Place(writing.resident_id, writing.response_id, revision, version)
    body = seal(
        ring.keys[category, version], place, Contents(response=sent.response, scores=scores)
    )
    stored = [
        *place, body, state, sent.study_id, sent.assignment_id, found.canonical, category,
        found.authored_at, writing.now,
    ]  # fmt: skip
    over_a_draft = before is not None and before.state == "draft"
    kept = await (_replace if over_a_draft else _insert)(conn, stored)
    if kept is None:
        raise PreconditionFailed  # another device was first
    return kept


async def _insert(conn: Connection, stored: Sequence[Any]) -> ResponseEntry | None:
    sql = """
        INSERT INTO response (resident_id, response_id, revision, key_version, body, state, study_id,
                              assignment_id, questionnaire, category, authored_at, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT DO NOTHING
        RETURNING response_id, revision, state, study_id, assignment_id, questionnaire, category,
                  authored_at, received_at
    """
    return await find_one(conn, ResponseEntry, sql, *stored)


async def _replace(conn: Connection, stored: Sequence[Any]) -> ResponseEntry | None:
    sql = """
        UPDATE response
           SET revision = $3, key_version = $4, body = $5, state = $6, study_id = $7,
               assignment_id = $8, questionnaire = $9, category = $10, authored_at = $11,
               received_at = $12
         WHERE resident_id = $1 AND response_id = $2 AND revision = $3::int - 1 AND state = 'draft'
        RETURNING response_id, revision, state, study_id, assignment_id, questionnaire, category,
                  authored_at, received_at
    """
    return await find_one(conn, ResponseEntry, sql, *stored)
