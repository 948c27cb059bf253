"""What a study reads of its participants' answers, once the gate has said whose and of which time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record
from msgspec import Raw

from domain.consents.gate import Permit
from domain.db import Connection
from domain.donations.data_keys import KeyMissing
from domain.donations.keys import KeyProvider, WrappedKey, context
from domain.surveys import resources
from domain.surveys.judging import covers
from domain.surveys.receiving import Outcome
from domain.surveys.scoring import Score
from domain.surveys.sealed import Place, unseal
from domain.surveys.translations import written


class Mark(NamedTuple):
    """How far a resident's responses have been read."""

    resident_id: UUID
    response_id: UUID


class Given(NamedTuple):
    """A submitted response in its newest version. Of what was sent, only what FHIR has for answers."""

    resident_id: UUID
    response_id: UUID
    revision: int
    state: str
    questionnaire: str
    category: str
    authored_at: datetime
    received_at: datetime
    scores: list[Score]
    response: Raw


class Part(NamedTuple):
    """Some responses, and where to go on if there may be more of these residents."""

    given: list[Given]
    mark: Mark | None


async def read_for_study(
    conn: Connection,
    keys: KeyProvider,
    study_id: UUID,
    permits: Sequence[Permit],
    mark: Mark | None,
    most: int,
) -> Part:
    """Responses that these permits open, resident by resident in their order, `most` at a time."""
    sql = """
        SELECT r.resident_id, r.response_id, r.revision, r.state, r.questionnaire, r.category,
               r.authored_at, r.received_at, r.key_version, r.body, k.kek, k.wrapped
          FROM unnest($2::uuid[]) WITH ORDINALITY AS w (resident_id, position)
          JOIN response r ON r.resident_id = w.resident_id
          LEFT JOIN data_key k ON k.resident_id = r.resident_id AND k.scope = r.category
                              AND k.version = r.key_version
         WHERE r.study_id = $1 AND r.state <> 'draft' AND r.category = ANY($3)
           AND ($4::uuid IS NULL OR r.resident_id <> $4 OR r.response_id > $5)
           AND NOT EXISTS (SELECT FROM response later
                            WHERE later.resident_id = r.resident_id
                              AND later.response_id = r.response_id
                              AND later.revision > r.revision)
         ORDER BY w.position, r.response_id
         LIMIT $6
    """
    residents = list(dict.fromkeys(permit.resident_id for permit in permits))
    topics = sorted({permit.category for permit in permits})
    rows = await conn.fetch(sql, study_id, residents, topics, *(mark or (None, None)), most)
    open_ones = [row for row in rows if _is_open(row, permits)]
    last = Mark(rows[-1]["resident_id"], rows[-1]["response_id"]) if len(rows) == most else None
    return Part(await _opened(keys, open_ones), last)


def _is_open(row: Record, permits: Sequence[Permit]) -> bool:
    return any(
        permit.resident_id == row["resident_id"]
        and permit.category == row["category"]
        and covers(permit, row["authored_at"])
        for permit in permits
    )


async def _opened(provider: KeyProvider, rows: Sequence[Record]) -> list[Given]:
    if any(row["kek"] is None for row in rows):
        raise KeyMissing
    names = {
        (row["resident_id"], row["category"], row["key_version"]): (row["kek"], row["wrapped"])
        for row in rows
    }
    sealed = [(WrappedKey(*wrapped), context(*name)) for name, wrapped in names.items()]
    ring = dict(zip(names, await provider.unwrap_all(sealed), strict=True))
    return [
        _given(row, ring[row["resident_id"], row["category"], row["key_version"]]) for row in rows
    ]


def _given(row: Record, key: bytes) -> Given:
    """What names the resident (`subject`, `author`, `text` and the like) is left out: it has no field here."""
    fields: dict[str, Any] = {name: row[name] for name in Given._fields if name in row}
    place = Place(row["resident_id"], row["response_id"], row["revision"], row["key_version"])
    contents = unseal(key, place, row["body"])
    answers = written(resources.response(bytes(contents.response)))
    return Given(**fields, scores=contents.scores, response=Raw(answers))


async def outcomes(
    conn: Connection, study_id: UUID, permits: Sequence[Permit], since: datetime
) -> dict[UUID, list[tuple[str, Outcome]]]:
    """By resident, what became of what the study has asked since a time, with its category."""
    sql = """
        SELECT resident_id, category, slot, opens_at, expires_at, state, late_received
          FROM assignment
         WHERE study_id = $1 AND resident_id = ANY($2) AND category = ANY($3)
           AND opens_at >= $4 AND opens_at <= statement_timestamp()
         ORDER BY resident_id, opens_at
    """
    residents = sorted({permit.resident_id for permit in permits})
    topics = sorted({permit.category for permit in permits})
    found: dict[UUID, list[tuple[str, Outcome]]] = {}
    for resident_id, category, *rest in await conn.fetch(sql, study_id, residents, topics, since):
        outcome = Outcome(*rest)
        if any(
            permit.resident_id == resident_id
            and permit.category == category
            and covers(permit, outcome.opens_at)
            for permit in permits
        ):
            found.setdefault(resident_id, []).append((category, outcome))
    return found
