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
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from functools import partial
from time import monotonic
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog
from aiosmtplib import SMTPException, SMTPResponseException
from msgspec import Struct

from notifications.addresses import is_address
from notifications.errands import STOPPED
from notifications.post import Letter, Posted, Room
from notifications.push import Answer
from notifications.refs import ref
from notifications.texts import code, knock

TIMEOUT_SECONDS = 10.0
"""Of a connection, until a letter can begin."""
ENVELOPE_SECONDS = 4.0
"""Of each answer before the letter itself."""
LETTER_SECONDS = 15.0
"""Of the letter and its answer. With the above less than a worker's lease."""
CONNECTIONS = 4
EACH = 5
"""Letters that one open connection can begin to send within a second."""
IDLE_SECONDS = 60.0
"""How long a connection stays open for more. A letter waits behind a lock, and a connection need not."""
CANCEL_SECONDS = 0.2
OPENING = timedelta(seconds=2)
CLOSED = timedelta(seconds=15)
"""How long a mail server is let be that could not be reached, or lets nobody in."""
_GONE = re.compile(r"5\.1\.(?:1|2|3|6|10)\b")
"""RFC 3463 §3.2, at the beginning of an answer's text."""
NO_CONNECTION = Answer("later", None, "no-connection")
_PERMANENT = 500
_UNKNOWN_US = {530, 535}
"""It wants a password, or another one (RFC 4954 §6)."""

log = structlog.get_logger()


class BadAddress(ValueError):
    """The address of the mail server or of the sender cannot be used. The text names neither."""


class Mail(Struct, frozen=True, kw_only=True):
    """Who sends, and through whom: `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`."""

    url: str
    sender: str
    authority: str = ""


def written(letter: Letter, sender: str) -> EmailMessage:
    """The letter as it is sent. Its id is the same each time, so that a repeated one can be told."""
    title, words = code(letter.language, letter.code) if letter.code else knock(letter.language)
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
        self._arrived = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0
        """Connections that are ready for a letter, or busy with one."""
        self._closed_until = 0.0

    def room(self) -> Room:
        """What the open connections take at once. One is opened where none is, if it was not just tried."""
        left = self._closed_until - monotonic()
        if left > 0:
            return Room(0, timedelta(seconds=left))
        if not self._tasks:
            self._connect()
        return Room(max(0, self._open * EACH - len(self._waiting)), OPENING)

    async def ready(self) -> None:
        """Open a connection where none is, and wait until it is there or has failed."""
        if not self._open:
            self.room()
            await self._settled.wait()

    def begin(self, letters: Sequence[Letter]) -> list[Posted]:
        """Begin to send all of them, and return at once."""
        loop = asyncio.get_running_loop()
        posted = [Posted(one, loop.create_future(), loop.create_future()) for one in letters]
        self._waiting += posted
        for _ in range(min(len(posted), CONNECTIONS) - len(self._tasks)):
            self._connect()
        self._arrived.set()
        return posted

    async def close(self) -> None:
        """Let go. What has not begun is not sent."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()  # more than once: a connection that is just being made may miss it
            await asyncio.wait(self._tasks, timeout=CANCEL_SECONDS)
        self._fail(Answer("later", None, "closed"))

    def _connect(self) -> None:
        self._settled.clear()
        task = asyncio.create_task(self._deliver())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self) -> None:
        """Send what waits, and what comes soon after, over one connection; and end it."""
        client = self._client()
        try:
            await client.connect()
            self._open += 1
            self._settled.set()
            try:
                await self._serve(client)
            finally:
                self._open -= 1
            with suppress(SMTPException, OSError):
                await client.quit(timeout=ENVELOPE_SECONDS)
        except SMTPResponseException as error:
            self._give_up(_meaning(error))
        except (SMTPException, OSError, ValueError):
            self._give_up(NO_CONNECTION)
        finally:
            self._settled.set()
            client.close()

    async def _serve(self, client: aiosmtplib.SMTP) -> None:
        while client.is_connected:
            if self._waiting:
                await self._send(client, self._waiting.popleft())
                continue
            self._arrived.clear()
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._arrived.wait()
            except TimeoutError:
                return
        if self._open == 1:
            self._fail(NO_CONNECTION)  # this was the last connection

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
                answer = await _answered(client, self._sender, one.letter.address, letter)
        finally:
            one.answer.set_result(answer)

    def _give_up(self, answer: Answer) -> None:
        """No connection can be had, or no further one: without any the server is let be for a while."""
        log.error("no_mail_server", cause=answer.cause, open=self._open)
        if not self._open:
            refused = answer.verdict == "refused-credentials"
            self._closed_until = monotonic() + (STOPPED if refused else CLOSED).total_seconds()
            self._fail(answer)

    def _fail(self, answer: Answer) -> None:
        """None of those that wait can be sent."""
        while self._waiting:
            one = self._waiting.popleft()
            one.started.cancel()
            one.answer.set_result(answer)


async def _answered(
    client: aiosmtplib.SMTP, sender: str, address: str, letter: EmailMessage
) -> Answer:
    """What the server said. Once the letter is in its hands and it says nothing, it may have it.

    Then it counts as sent: a server that is slow to answer would be given it again and again
    (RFC 5321 §4.5.3.2.6), and the message waits in the inbox all the same.
    """
    try:
        await client.mail(sender, timeout=ENVELOPE_SECONDS)
        await client.rcpt(address, timeout=ENVELOPE_SECONDS)
    except SMTPResponseException as error:
        return await _left(client, _meaning(error))
    except (SMTPException, OSError):
        client.close()
        return Answer("later", None, "connection-lost")
    try:
        async with asyncio.timeout(LETTER_SECONDS):
            await client.data(letter.as_bytes(), timeout=LETTER_SECONDS)
    except SMTPResponseException as error:
        return await _left(client, _meaning(error))
    except (SMTPException, OSError):
        client.close()
        return Answer("accepted", None, "unanswered")
    return Answer("accepted", None, "accepted")


async def _left(client: aiosmtplib.SMTP, answer: Answer) -> Answer:
    """After a no the connection is made ready for the next letter, or let go."""
    try:
        await client.rset(timeout=ENVELOPE_SECONDS)
    except (SMTPException, OSError):
        client.close()
    return answer


def _meaning(error: SMTPResponseException) -> Answer:
    """What a reply means (RFC 5321 §4.2.1). Its text is left alone: it may quote the address."""
    cause = f"smtp-{error.code}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) or error.code in _UNKNOWN_US:
        return Answer("refused-credentials", None, cause)
    if error.code < _PERMANENT:
        return Answer("later", None, cause)
    if isinstance(error, aiosmtplib.SMTPRecipientRefused) and _GONE.match(error.message):
        return Answer("unregistered", None, cause)
    return Answer("invalid-message", None, cause)
