"""Taking documents in: checked, sorted, and given to the donations' own store."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET

from domain.db import Connection
from domain.donations import at_once
from domain.donations import store as donations
from domain.donations.keys import KeyProvider
from domain.donations.model import BatchAnswer, Source, Upload, UploadAnswer
from domain.donations.openmhealth.groups import Context, Group
from domain.donations.openmhealth.model import Documents, DocumentsAnswer, No, refused
from domain.donations.openmhealth.reading import read
from domain.donations.openmhealth.schemas import FRAME
from domain.residents.identity import Knock
from domain.trips import Asking

IN_TIME = frozenset({"wrong-time-frame", "time-out-of-bounds", "outside-consent"})
IN_VALUE = frozenset({"implausible-value", "wrong-unit"})


async def donate(
    conn: Connection, keys: KeyProvider, resident_id: UUID, upload: Documents, now: datetime
) -> DocumentsAnswer:
    """Store what of the documents is valid, consented to, plausible and new.

    Raises:
        Invalid: there are more points than one upload may hold.
        Unavailable: a withdrawal or an erasure of the resident is under way.

    """
    groups, faults = read(upload.documents)
    accepted = duplicates = 0
    for source, alike in _by_source(upload.source, groups):
        batches = [group.batch() for group in alike]
        one = Upload(source=source, batches=batches)
        answer = await donations.donate(conn, keys, resident_id, one, now)
        accepted += answer.accepted
        duplicates += answer.duplicates
        for group, verdict in zip(alike, answer.batches, strict=True):
            faults += _refusals(group, verdict)
    return _told(accepted, duplicates, faults)


async def donate_at_once(
    ask: Asking, keys: KeyProvider, knock: Knock, upload: Documents, now: datetime
) -> bytes | None:
    """The same in two round trips, where all is of one source (see `donations.at_once.donate`)."""
    groups, faults = read(upload.documents)
    sources = list(_by_source(upload.source, groups))
    if len(sources) != 1:
        return None
    ((source, alike),) = sources

    def told(answer: UploadAnswer) -> DocumentsAnswer:
        refusals = [no for group, verdict in zip(alike, answer.batches, strict=True)
                    for no in _refusals(group, verdict)]  # fmt: skip
        return _told(answer.accepted, answer.duplicates, [*faults, *refusals])

    one = Upload(source=source, batches=[group.batch() for group in alike])
    return await at_once.donate(ask, keys, knock, one, now, told)


def _told(accepted: int, duplicates: int, faults: list[No]) -> DocumentsAnswer:
    return DocumentsAnswer(
        accepted=accepted, duplicates=duplicates, rejected=len(faults), refused=refused(faults)
    )


def _by_source(source: Source, groups: Iterable[Group]) -> Iterator[tuple[Source, list[Group]]]:
    """The groups by their circumstances, in one order for all: so uploads do not lock crosswise."""
    alike: dict[Context, list[Group]] = {}
    for group in groups:
        alike.setdefault(group.context, []).append(group)
    for context in sorted(alike):
        told = dict(context) or UNSET
        yield msgspec.structs.replace(source, context=told), alike[context]


def _refusals(group: Group, verdict: BatchAnswer) -> Iterator[No]:
    for rejection in verdict.rejected:
        places = group.places
        if rejection.indices is not None:
            places = [places[index] for index in rejection.indices]
        suffix = _suffix(group, rejection.code)
        for place in places:
            yield No(rejection.code, place + suffix)


def _suffix(group: Group, code: str) -> str:
    """From a body to what of it is refused."""
    said = group.kind.schema.said
    if code in IN_TIME:
        return "" if group.kind.told == "unknown" else f"/{FRAME}"
    if code in IN_VALUE and len(said) == 1:
        return f"/{said[0].member}"
    return ""
