"""T23 by e-mail: a letter of every kind in every language says as little as a push.

To residents without a phone goes a letter about a study and a resident with canaries in every field.
But for whom it is to, its id and its date, all letters of a language are the same.
"""

import asyncio
import secrets
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from aiosmtpd.smtp import Envelope
from asyncpg import Connection

from api import data_keys
from domain.db import begin
from domain.donations import sealed_emails
from notifications import outbox
from notifications.kinds import RULES, Kind
from tests.drills import mutant
from tests.drills.canaries import LANGUAGES, found_in, study_of_canaries
from tests.drills.commands import begin as begin_command
from tests.drills.harness import MUTANT, Part, Site
from tests.drills.knocked import settled
from tests.drills.mutant import Mutation
from tests.fcm.authority import certified
from tests.fcm.standin import HOST
from tests.notifications.postbox import serving
from tests.notifications.street import make_neighbour

KINDS = [
    kind for kind, rule in RULES.items() if rule.channel == "push" and kind is not Kind.DEVICE_ADDED
]
"""Of a new device its resident's other devices are told, and there is none here."""
SETTLED_SECONDS = 120.0
ITS_OWN = ("To", "Date", "Message-ID")

SAYING = (
    Mutation("notifications/email.py", "{ref(letter.message_id)}", "{letter.message_id}"),
)  # fmt: skip
"""The mutant: the message's own id goes with it."""


class Addressee(NamedTuple):
    """Whom a letter of a kind goes to."""

    resident_id: UUID
    kind: Kind
    language: str
    address: str


async def t23(here: Site) -> Part:
    """All of them, through a `medverka worker`."""
    async with here.connect() as admin:
        study, canaries = await study_of_canaries(admin)
        people = [
            await _addressee(here, admin, study, kind, language)
            for kind in KINDS
            for language in LANGUAGES
        ]
    letters = await _received(here, people, study)
    async with here.connect() as admin:
        messages = await admin.fetch("SELECT message_id, about FROM message")
    canaries |= {str(value) for row in messages for value in row.values() if value}
    canaries |= {str(one.resident_id) for one in people} | {str(kind) for kind in KINDS}
    by_address = {one.rcpt_tos[0]: one for one in letters}
    wrong = {
        "not_sent": sum(one.address not in by_address for one in people),
        "sent_twice": len(letters) - len(by_address),
        "to_others": sum(len(one.rcpt_tos) != 1 for one in letters),
        "canaries": sum(len(found_in(_text(one), canaries)) for one in letters),
        "unlike_others": _unlike(people, [by_address.get(one.address) for one in people]),
    }
    more = {**wrong, "canaries_sought": len(canaries)}
    return Part(n=len(letters), violations=sum(wrong.values()), more=more)


async def _addressee(
    here: Site, admin: Connection, study: UUID, kind: Kind, language: str
) -> Addressee:
    """A resident who has permitted the study's item, without a phone, with a confirmed address."""
    who, address = await make_neighbour(admin, phones=0), f"{secrets.token_hex(8)}@mail.example"
    sealed = await sealed_emails.seal(data_keys.provider(here.settings), who, address)
    sql = "UPDATE resident SET language = $2 WHERE resident_id = $1"
    await admin.execute(sql, who, language)
    sql = """
        WITH granted AS (
            INSERT INTO consent_grant (resident_id, item_id, study_id, use, category, notice_version,
                                       recipients, ehds, status, event_seq, data_period)
            SELECT $1, item_id, $3, 'study', 'heart', 1, '{KI}', false, 'ConsentGiven', 1, '{[2020-01-01,)}'
              FROM consent_item WHERE study_id = $3)
        INSERT INTO email (resident_id, sealed, confirmed_at) VALUES ($1, $2, now())
    """
    await admin.execute(sql, who, sealed, study)
    return Addressee(who, kind, language, address)


async def _received(here: Site, people: Sequence[Addressee], study: UUID) -> list[Envelope]:
    """What the mail server gets of a message to each."""
    with tempfile.TemporaryDirectory(prefix="medverka-mail-") as name:
        files = certified(Path(name), HOST)
        more = mutant.environment(Path(name), SAYING) if MUTANT else {}
        async with serving(files) as (box, mail):
            async with here.pool(2) as pool, pool.acquire() as conn:
                for one in people:
                    async with begin(conn, resident=one.resident_id):
                        await outbox.promise(conn, one.resident_id, one.kind, uuid4(), study)
            process = await begin_command(
                here, "worker", MEDVERKA_SMTP_URL=mail.url, MEDVERKA_SMTP_SENDER=mail.sender,
                MEDVERKA_SMTP_AUTHORITY=mail.authority, **more,
            )  # fmt: skip
            drained = asyncio.create_task(process.communicate())
            await settled(here, SETTLED_SECONDS)
            process.terminate()
            await drained
            return box.letters


def _read(letter: Envelope) -> Message:
    content = letter.content or b""
    return message_from_bytes(
        content if isinstance(content, bytes) else content.encode(), policy=default
    )


def _text(letter: Envelope) -> str:
    """All that went over the wire, and what of it is coded."""
    read = _read(letter)
    plain = "".join(f"{name}: {value}\n" for name, value in read.items())
    return f"{letter.mail_from}\n{plain}\n{read.get_payload(decode=True)!r}\n{letter.content!r}"


def _unlike(people: Sequence[Addressee], letters: Sequence[Envelope | None]) -> int:
    """How many languages' letters are not all the same."""
    said = defaultdict[str, set[str]](set)
    for one, letter in zip(people, letters, strict=True):
        if letter:
            read = _read(letter)
            for name in ITS_OWN:
                del read[name]
            said[one.language].add(read.as_string())
    return sum(len(each) != 1 for each in said.values())
