"""Everything a resident has here, as one JSON document (GDPR art. 15 and 20), streamed.

It is read page by page, each in a short transaction of its own, so that it takes little memory
and a slow phone holds no connection. Each part is as it stood when it was read.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct

from domain.audit import store as audit
from domain.caller import Resident
from domain.consents import blocks, review
from domain.consents import store as consents
from domain.damage import Damaged
from domain.db import BROKEN, Connection, Pool, begin, fetch_all
from domain.disclosures import conversations, study_events
from domain.disclosures.conversations import Between, Communication
from domain.donations import own_reads, sealed_emails, streams
from domain.donations.keys import KeyProvider, opened_text
from domain.donations.own_reads import Mark, Most, Wanted, parts
from domain.errors import Refusal
from domain.residents import emails, person_number
from domain.residents import store as residents
from domain.residents.emails import Email
from domain.studies import enrolments
from domain.surveys import assignments, concerns, declared_facts, own_responses
from notifications import deliveries, devices, inbox

FORMAT = "medverka-export-1"
PAGE = 200
SAMPLES = Most(5_000)
ACQUIRE_SECONDS = 30.0
"""A stream waits its turn: its connections are few, so that withdrawals need not wait for theirs."""

Items = AsyncIterator[Any]
Page = Callable[[Connection, Any], Awaitable[list[Any]]]
"""Reads the rows of a list after a key (None: from its beginning)."""

log = structlog.get_logger()


class Login(Struct, frozen=True, kw_only=True):
    """A way to log in. Its subject is kept under an HMAC alone."""

    issuer: str
    created_at: datetime


class Erased(Struct, frozen=True, kw_only=True):
    """What was erased, and when."""

    scope: str
    erased_at: datetime


class Taken:
    """One resident's export: where it reads from, and as whom."""

    def __init__(self, pool: Pool, keys: KeyProvider, resident: Resident) -> None:
        self._pool = pool
        self._keys = keys
        self._id = resident.resident_id
        self._language = resident.language

    async def document(self) -> AsyncIterator[bytes]:
        """The document in pieces. Its last member, `complete`, is false where the reading broke off."""
        yield b'{"format":' + msgspec.json.encode(FORMAT)
        opened = b""
        try:
            for name, items in self._parts().items():
                yield b',"' + name.encode() + b'":['
                opened, comma = b"]", b""
                async for item in items:
                    yield comma + msgspec.json.encode(item)
                    comma = b","
                yield opened
                opened = b""
            async with self._reading() as conn:
                await residents.profile(conn, self._id)  # still there: nothing was erased meanwhile
        except (*BROKEN, Damaged, Refusal) as no:
            log.warning("export_broke_off", error=type(no).__name__)
            yield opened + b',"complete":false}'
        else:
            yield b',"complete":true}'

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as conn,
            begin(conn, resident=self._id),
        ):
            yield conn

    def _parts(self) -> Mapping[str, Items]:
        """The members of the document, in their order. Each is a list."""
        me, language = self._id, self._language
        return {
            "profile": self._whole(self._profile),
            "preferences": self._whole(self._preferences),
            "attributes": self._whole(lambda c: residents.attributes(c, me)),
            "logins": self._whole(self._logins),
            "consent_events": self._paged(lambda c, key: consents.history(c, me, key, PAGE), "seq"),
            "consents": self._whole(self._consents),
            "blocks": self._paged(lambda c, key: blocks.of_resident(c, me, key, PAGE), "block_id"),
            "enrolments": self._paged(
                lambda c, key: enrolments.of_resident(c, me, key, PAGE), "enrolment_id"
            ),
            "study_events": self._whole(lambda c: study_events.everything(c, me)),
            "assignments": self._whole(lambda c: assignments.everything(c, me)),
            "responses": self._responses(),
            "facts": self._whole(lambda c: declared_facts.of_resident(c, me)),
            "concerns": self._paged(
                lambda c, key: concerns.of_resident(c, me, key, PAGE), "concern_id"
            ),
            "accesses": self._paged(
                lambda c, key: audit.access_log(c, me, key, PAGE, [language]), "access_id"
            ),
            "messages": self._paged(
                lambda c, key: inbox.messages(c, me, language, key, PAGE, archived=None),
                "message_id",
            ),
            "conversations": self._conversations(),
            "devices": self._paged(
                lambda c, key: devices.of_resident(c, me, key, PAGE), "device_id"
            ),
            "email": self._whole(self._email),
            "deliveries": self._whole(lambda c: deliveries.of_resident(c, me)),
            "erasures": self._whole(self._erasures),
            "streams": self._streams(),
            "samples": self._samples(),
        }

    async def _whole(self, read: Callable[[Connection], Awaitable[list[Any]]]) -> Items:
        async with self._reading() as conn:
            rows = await read(conn)
        for row in rows:
            yield row

    async def _paged(self, read: Page, key: str) -> Items:
        after = None
        while True:
            async with self._reading() as conn:
                rows = await read(conn, after)
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            after = getattr(rows[-1], key)

    def _streams(self) -> Items:
        return self._paged(
            lambda c, key: streams.streams(c, self._id, after=key, limit=PAGE), "stream_id"
        )

    async def _conversations(self) -> Items:
        async with self._reading() as conn:
            studies = await conversations.studies_of(conn, self._id)
        for study_id in studies:
            read = partial(self._conversation, Between(self._id, study_id))
            async for one in self._paged(read, "communication_id"):
                yield {"study_id": study_id, **msgspec.structs.asdict(one)}

    async def _conversation(
        self, between: Between, conn: Connection, after: UUID | None
    ) -> list[Communication]:
        return await conversations.conversation(conn, self._keys, between, after, PAGE)

    async def _responses(self) -> Items:
        """Every revision of every response, with what it says."""
        last = None
        while True:
            async with self._reading() as conn:
                rows = await own_responses.everything(conn, self._keys, self._id, last)
            for row in rows:
                yield row
            if len(rows) < own_responses.PAGE:
                return
            last = rows[-1]

    async def _samples(self) -> Items:
        """Batches as they could be uploaded again, each with its stream."""
        mark: Mark | None = None
        while True:
            async with self._reading() as conn:
                page = await own_reads.read(conn, self._keys, self._id, Wanted(), mark, SAMPLES)
            for part in parts(page):
                for batch in part.batches:
                    yield {"stream_id": part.stream_id, **msgspec.structs.asdict(batch)}
            if page.mark is None:
                return
            mark = page.mark

    async def _profile(self, conn: Connection) -> list[Any]:
        own = msgspec.structs.asdict(await residents.profile(conn, self._id))
        return [own | {"person_number": await self._person_number(conn)}]

    async def _person_number(self, conn: Connection) -> str | None:
        sealed = await residents.sealed_person_number(conn, self._id)
        if sealed is None:
            return None
        return await opened_text(self._keys, sealed, person_number.context(self._id))

    async def _email(self, conn: Connection) -> list[Email]:
        return await emails.of_resident(conn, partial(sealed_emails.opened, self._keys), self._id)

    async def _preferences(self, conn: Connection) -> list[Any]:
        return [(await residents.preferences(conn, self._id))[0]]

    async def _consents(self, conn: Connection) -> list[review.Standing]:
        return (await review.standing(conn, self._id))[1]

    async def _logins(self, conn: Connection) -> list[Login]:
        sql = "SELECT issuer, created_at FROM identity WHERE resident_id = $1 ORDER BY created_at"
        return await fetch_all(conn, Login, sql, self._id)

    async def _erasures(self, conn: Connection) -> list[Erased]:
        sql = """
            SELECT scope, erased_at
              FROM erasure
             WHERE resident_id = $1 AND terms IS NULL
             ORDER BY erased_at
        """
        return await fetch_all(conn, Erased, sql, self._id)
