"""E-mail as a second way to knock: the same empty words, by SMTP over TLS (RFC 5321, RFC 3207).

An address is checked before it comes here, and once more here: what could end a header line or
name a second recipient is not an address.
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from functools import partial
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException
from msgspec import Struct

from notifications.push import Answer
from notifications.refs import ref
from notifications.texts import knock as generic

TIMEOUT_SECONDS = 10.0
CONNECTIONS = 4
LONGEST = 254
"""Of an address, by RFC 5321 §4.5.3.1.3."""
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_GONE = re.compile(r"5\.1\.(?:1|2|3|6|10)\b")
"""RFC 3463 §3.2, at the beginning of an answer's text."""
NO_CONNECTION = Answer("later", None, "no-connection")
_PERMANENT = 500


class BadAddress(ValueError):
    """The address of the mail server or of the sender cannot be used. The text names neither."""


class Mail(Struct, frozen=True, kw_only=True):
    """Who sends, and through whom: `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`."""

    url: str
    sender: str
    authority: str = ""


class Letter(NamedTuple):
    """One knock by e-mail."""

    message_id: UUID
    address: str
    language: str


class Posted(NamedTuple):
    """A letter under way; `started` and `answer` are as those of a knock."""

    letter: Letter
    started: "asyncio.Future[None]"
    answer: "asyncio.Future[Answer]"


def is_address(text: str) -> bool:
    """Whether it is one address as nearly everyone has it: ASCII, no quotes, a domain with a dot."""
    local = text.partition("@")[0]
    return len(text) <= LONGEST and len(local) <= 64 and bool(_ADDRESS.fullmatch(text))  # noqa: PLR2004 - RFC 5321


def written(letter: Letter, sender: str) -> EmailMessage:
    """The letter as it is sent. Its id is the same each time, so that a repeated one can be told."""
    title, words = generic(letter.language)
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = letter.address
    made["Subject"] = title
    made["Date"] = format_datetime(localtime())
    made["Message-ID"] = f"<{ref(letter.message_id)}@{sender.rpartition('@')[2]}>"
    made["Content-Language"] = letter.language
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers
    made.set_content(f"{words}\n")
    return made


class Mailer:
    """Sends letters through one mail server, a few at a time."""

    def __init__(self, mail: Mail) -> None:
        """In a running loop. Raises BadAddress, and OSError where the authority cannot be read."""
        url = urlsplit(mail.url)
        if url.scheme not in {"smtp", "smtps"} or not url.hostname or not is_address(mail.sender):
            raise BadAddress
        self._sender = mail.sender
        self._client = partial(
            aiosmtplib.SMTP,
            hostname=url.hostname,
            port=url.port or (465 if url.scheme == "smtps" else 587),
            use_tls=url.scheme == "smtps",
            start_tls=url.scheme == "smtp",
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            timeout=TIMEOUT_SECONDS,
            tls_context=ssl.create_default_context(cafile=mail.authority or None),
        )
        self._waiting: deque[Posted] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = 0
        """Connections that take what waits."""

    def begin(self, letters: Sequence[Letter]) -> list[Posted]:
        """Begin to send all of them, and return at once."""
        loop = asyncio.get_running_loop()
        posted = [Posted(one, loop.create_future(), loop.create_future()) for one in letters]
        self._waiting += posted
        for _ in range(min(len(posted), CONNECTIONS - self._busy)):
            self._busy += 1
            task = asyncio.create_task(self._deliver())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return posted

    async def close(self) -> None:
        """Let go. What has not begun is not sent."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._fail(Answer("later", None, "closed"))

    async def _deliver(self) -> None:
        """Send what waits over one connection, and end it."""
        client = self._client()
        try:
            await client.connect()
            while self._waiting and client.is_connected:
                await self._send(client, self._waiting.popleft())
            self._fail(NO_CONNECTION)  # if any is left, it was lost
        except SMTPResponseException as error:
            self._fail(_meaning(error))
        except (SMTPException, OSError, ValueError):
            self._fail(NO_CONNECTION)
        finally:
            self._busy -= 1
        with suppress(SMTPException, OSError):
            await client.quit()
        client.close()

    async def _send(self, client: aiosmtplib.SMTP, one: Posted) -> None:
        answer = Answer("unknown", None, "closed")
        try:
            if one.started.cancelled():
                answer = Answer("later", None, "not-begun")
            elif not is_address(one.letter.address):
                answer = Answer("invalid-target", None, "invalid-target")
                one.started.cancel()
            else:
                letter = written(one.letter, self._sender)
                one.started.set_result(None)
                answer = await _answered(client, letter)
        finally:
            one.answer.set_result(answer)

    def _fail(self, answer: Answer) -> None:
        """None of those that wait can be sent."""
        while self._waiting:
            one = self._waiting.popleft()
            one.started.cancel()
            one.answer.set_result(answer)


async def _answered(client: aiosmtplib.SMTP, letter: EmailMessage) -> Answer:
    try:
        await client.send_message(letter)
    except SMTPResponseException as error:
        return _meaning(error)
    except aiosmtplib.SMTPRecipientsRefused as error:
        return _meaning(error.recipients[0])
    except (SMTPException, OSError):
        return Answer("unknown", None, "connection-lost")
    return Answer("accepted", None, "accepted")


def _meaning(error: SMTPResponseException) -> Answer:
    """What a reply means (RFC 5321 §4.2.1). Its text is left alone: it may quote the address."""
    cause = f"smtp-{error.code}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Answer("refused-credentials", None, cause)
    if error.code < _PERMANENT:
        return Answer("later", None, cause)
    if isinstance(error, aiosmtplib.SMTPRecipientRefused) and _GONE.match(error.message):
        return Answer("unregistered", None, cause)
    return Answer("invalid-message", None, cause)
