"""FHIR's interactions on a resident's Observations: batch, transaction and create."""

from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple
from uuid import UUID

from domain.db import Connection
from domain.donations.fhir.answers import Tally, bundle, issues
from domain.donations.fhir.outcomes import (
    RULINGS,
    Fault,
    Issue,
    OperationOutcome,
    ResponseBundle,
    Severity,
    issue,
    outcome,
)
from domain.donations.fhir.reading import Reader
from domain.donations.fhir.resources import Bundle, Observation
from domain.donations.fhir.store import store
from domain.donations.keys import KeyProvider
from domain.errors import Refusal


class TransactionRefused(Refusal):
    """Not all of the transaction can be done, so none of it was."""

    status = 422


class ObservationInvalid(Refusal):
    """It is not an Observation as FHIR R4 has it, or one that is not taken here."""

    status = 400


class ObservationForbidden(Refusal):
    """Nobody has consented to that Observation being collected, or it is about another person."""

    status = 403


class ObservationRefused(Refusal):
    """The Observation says something that cannot be taken."""

    status = 422


REFUSALS = {kind.status: kind for kind in (ObservationInvalid, ObservationForbidden)}


class Created(NamedTuple):
    """What became of one Observation."""

    status: HTTPStatus
    outcome: OperationOutcome


def selves(resident_id: UUID) -> frozenset[str]:
    """The references that mean the resident who is logged in."""
    return frozenset({"Patient/me", f"Patient/{resident_id}", f"urn:uuid:{resident_id}"})


async def transact(
    conn: Connection, keys: KeyProvider, resident_id: UUID, sent: Bundle, now: datetime
) -> ResponseBundle:
    """Do what the entries of a Bundle ask for.

    Raises:
        TransactionRefused: an entry of a transaction is refused. Roll back.
        Unauthenticated: the account has been erased meanwhile.
        TooManyUploads: one of the sources has sent more of late than is taken.

    """
    reader = Reader(selves(resident_id))
    reader.entries(sent.entry)
    is_whole = sent.type == "transaction"
    if is_whole and reader.faults:
        raise TransactionRefused(issue=list(issues(reader.faults)))
    tally = await store(conn, keys, resident_id, reader, now)
    if is_whole and (faults := tally.faults()):
        raise TransactionRefused(issue=list(issues(faults)))
    return bundle(sent.type, len(sent.entry), tally)


async def create(
    conn: Connection, keys: KeyProvider, resident_id: UUID, sent: Observation, now: datetime
) -> Created:
    """Store one Observation.

    Raises:
        ObservationInvalid, ObservationForbidden, ObservationRefused: nothing of it is stored.
        Unauthenticated: the account has been erased meanwhile.
        TooManyUploads: its source has sent more of late than is taken.

    """
    reader = Reader(selves(resident_id))
    reader.single(sent)
    if reader.faults:
        raise _refusal(reader.faults[0])
    tally = await store(conn, keys, resident_id, reader, now)
    faults = tally.faults().get(0, [])
    if faults and not tally.stored(0):
        raise _refusal(faults)
    return Created(tally.status(0), outcome(_told(faults, tally)))


def _refusal(faults: list[Fault]) -> Refusal:
    kind = REFUSALS.get(RULINGS[faults[0].code].status, ObservationRefused)
    return kind(issue=[_issue(fault) for fault in faults])


def _told(faults: list[Fault], tally: Tally) -> list[Issue]:
    told = [_issue(fault, "warning") for fault in faults]
    told += [_issue(note, "information") for note in tally.notes.get(0, [])]
    done = Issue(severity="information", code="informational", diagnostics="Done.")
    return told or [done]


def _issue(fault: Fault, severity: Severity = "error") -> Issue:
    where = fault.where.replace("resource", "Observation", 1)
    return issue(fault._replace(where=where), "", severity)
