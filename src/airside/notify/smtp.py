"""A mail server, by SMTP (RFC 5321) over TLS."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPRecipientRefused, SMTPResponseException

from airside.core.secret import Secret
from airside.notify.message import compose, needs_utf8
from airside.notify.model import Letter, Receipt, WayShut

TIMEOUT: Final = 15.0
"""Seconds for one answer of the server."""
DEADLINE: Final = 60.0
"""Seconds for a whole letter."""

Security = Literal["tls", "starttls", "plain"]
_SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "smtps": ("tls", 465),
    "smtp+starttls": ("starttls", 587),
    "smtp": ("plain", 25),
}
_PERMANENT: Final = range(500, 600)
_CLOSING: Final = 421
"""The server is about to close (RFC 5321 §3.8): it says nothing about the letter."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where a mail server is, how it is reached, and who we are to it."""

    host: str
    port: int
    security: Security
    user: str
    password: Secret[str]


def read_url(text: str) -> SmtpServer:
    """The server that `smtps://user:password@host:port` or `smtp+starttls://…` names; user and password as in any URL
    percent-encoded. `smtp://` is for a server on this machine only, without a password.

    Raises:
        ValueError: with a remedy.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("has no such port") from None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError("is smtps://user:password@host:465, or smtp+starttls://… for a server that begins plain")
    if parts.path not in ("", "/") or parts.query or parts.fragment or port == 0:
        raise ValueError("ends with the port: no path, query or fragment")
    security, usual = _SCHEMES[parts.scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) is not bool(password) or not (user + password).isprintable():
        raise ValueError("names a user and a password, or neither")
    if security == "plain" and (user or not is_loopback(parts.hostname)):
        raise ValueError("sends mail in clear: use smtps:// or smtp+starttls://")
    return SmtpServer(parts.hostname, port or usual, security, user, Secret(password))


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Smtp:
    """Implements `Mailer`. A connection a letter: nothing is kept that could have gone stale.

    Args:
        sender: the address that letters come from.
        tls: who is trusted; the system's authorities where nothing is said.
    """

    def __init__(self, server: SmtpServer, *, sender: str, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._sender = sender
        self._tls = tls or ssl.create_default_context()

    async def send(self, letter: Letter) -> Receipt:
        """Hand `letter` over. What the server says of the recipient or the letter is a receipt; whatever else goes
        wrong, its certificate, our password, our own address, says that it is no way out for anybody.

        Raises:
            WayShut: as `Mailer`.
        """
        try:
            data = compose(letter, self._sender)
        except ValueError:
            return Receipt("refused")
        try:
            async with asyncio.timeout(DEADLINE), self._connection() as client:
                return await self._hand_over(client, letter, data)
        except (SMTPException, OSError) as error:  # what ran out of time is an OSError
            raise WayShut("mail server") from error

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[SMTP]:
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password.reveal() or None,
            local_hostname=self._sender.rpartition("@")[2],
            timeout=TIMEOUT,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=None if server.security == "plain" else self._tls,
        )
        try:
            await client.connect()
            await client.ehlo()
            yield client
            with suppress(SMTPException, OSError):
                await client.quit()
        finally:
            client.close()

    async def _hand_over(self, client: SMTP, letter: Letter, data: bytes) -> Receipt:
        utf8 = needs_utf8(letter)
        if utf8 and not client.supports_extension("smtputf8"):
            return Receipt("refused")
        coding = "utf-8" if utf8 else "ascii"
        await client.mail(self._sender, options=["SMTPUTF8"] if utf8 else [], encoding=coding)
        try:
            await client.rcpt(letter.to, encoding=coding)
        except SMTPRecipientRefused as error:
            return _said(error)
        except ValueError:
            return Receipt("refused")
        try:
            await client.data(data)
        except SMTPResponseException as error:
            return _said(error)
        except (SMTPException, OSError):
            return Receipt("deferred")  # perhaps this letter is why it hung up
        return Receipt("taken")


def _said(error: SMTPResponseException) -> Receipt:
    """Only the code: a server's words repeat the address.

    Raises:
        SMTPResponseException: it spoke of itself.
    """
    if error.code == _CLOSING:
        raise error
    return Receipt("refused" if error.code in _PERMANENT else "deferred", error.code)
