"""A real mail server for tests, over TLS and with a password, and a mailer that writes to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from notifications.email import Mail, Mailer
from tests.fcm.authority import Files
from tests.fcm.standin import HOST

SENDER = "medverka@region.example"


class Postbox:
    """A mail server's hands: keeps what it is given, and answers as it is told to."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.says = {"RCPT": "250 OK", "DATA": "250 OK"}
        self.hang_up = False
        self._server: SMTP | None = None

    def hang_up_now(self) -> None:
        """End the connection that the last letter came by."""
        if self._server and isinstance(self._server.transport, asyncio.Transport):
            self._server.transport.abort()

    async def handle_RCPT(self, _: SMTP, __: Session, to: Envelope, address: str, ___: Any) -> str:  # noqa: N802 - aiosmtpd's names
        to.rcpt_tos.append(address)
        return self.says["RCPT"]

    async def handle_DATA(self, server: SMTP, _: Session, letter: Envelope) -> str:  # noqa: N802
        self.letters.append(letter)
        self._server = server
        if self.hang_up:
            self.hang_up_now()
        return self.says["DATA"]


@asynccontextmanager
async def serving(files: Files, login: str = "worker:p%2Fw") -> AsyncIterator[tuple[Postbox, Mail]]:
    """A server that wants STARTTLS and a password, and how it is written to with this login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    box = Postbox()

    def judge(*given: Any) -> AuthResult:
        right = given[-1] == LoginPassword(b"worker", b"p/w")
        return AuthResult(success=right, handled=False)

    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(box, tls_context=context, require_starttls=True, auth_required=True, authenticator=judge, hostname="mail"),
        HOST,
    )  # fmt: skip
    url = f"smtp://{login}@{HOST}:{server.sockets[0].getsockname()[1]}"
    try:
        yield box, Mail(url=url, sender=SENDER, authority=str(files.authority))
    finally:
        server.close()


@asynccontextmanager
async def posting(
    files: Files, login: str = "worker:p%2Fw"
) -> AsyncIterator[tuple[Postbox, Mailer]]:
    """Such a server, and a mailer to it."""
    async with serving(files, login) as (box, mail):
        mailer = Mailer(mail)
        try:
            yield box, mailer
        finally:
            await mailer.close()
