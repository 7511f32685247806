"""A real mail server over real TLS, that can be told to refuse, to hang up, and to go away."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from airside.core.secret import Secret
from airside.notify import SmtpServer
from airside.notify.smtp import Security
from airside.transport import DevelopmentCertificates
from tests.running import free_port

USER = "airside"
PASSWORD = "a long password of the mail server"


@dataclass
class Post:
    """What a server was handed, and what it says to the next letters: a reply, or None to take them."""

    port: int
    security: Security
    envelopes: list[Envelope] = field(default_factory=list[Envelope])
    to_sender: str | None = None
    to_recipient: str | None = None
    to_data: str | None = None
    hangs_up: bool = False
    on_data: Callable[[], Any] | None = None

    def at(self, password: str = PASSWORD, host: str = "localhost") -> SmtpServer:
        """Where it is, for a client that knows `password`."""
        user = "" if self.security == "plain" else USER
        return SmtpServer(host, self.port, self.security, user, Secret(password if user else ""))

    def messages(self) -> list[EmailMessage]:
        """Every letter that was taken, parsed."""
        parsed: list[EmailMessage] = []
        for envelope in self.envelopes:
            content = envelope.original_content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, policy=default)
            assert isinstance(message, EmailMessage)
            parsed.append(message)
        return parsed

    # aiosmtpd's hooks: https://aiosmtpd.aio-libs.org/en/latest/handlers.html

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_sender is not None:
            return self.to_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient is not None:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.hangs_up:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if self.to_data is not None:
            return self.to_data
        self.envelopes.append(envelope)
        if self.on_data is not None:
            await self.on_data()
        return "250 OK"


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


@asynccontextmanager
async def post(
    certificates: DevelopmentCertificates,
    security: Security = "tls",
    port: int | None = None,
    known: Post | None = None,
) -> AsyncGenerator[Post]:
    """A server until the context ends; `known` keeps what one before it was handed."""
    handler = known or Post(port or free_port(), security)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificates.certificate, certificates.key)

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It takes TLS from the first byte on for none, and warns of passwords in clear.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(
                handler,
                hostname="mail.test",
                enable_SMTPUTF8=True,
                tls_context=tls if security == "starttls" else None,
                require_starttls=security == "starttls",
                authenticator=_authenticate,
                auth_required=security != "plain",
                auth_require_tls=security == "starttls",
            )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "localhost", handler.port, ssl=tls if security == "tls" else None)
    try:
        yield handler
    finally:
        server.close()
        await server.wait_closed()


def trusting(certificates: DevelopmentCertificates) -> ssl.SSLContext:
    """A client's context that trusts the development authority and nothing else."""
    return ssl.create_default_context(cafile=str(certificates.ca))
