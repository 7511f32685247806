"""One suite for every Mailer: a real mail server over TLS, and development's mailbox."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.notify import Letter, Mailbox, Mailer, Receipt, Smtp
from airside.transport import ensure_development_certificates
from tests.notify.server import post, trusting

NOW: Final = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TEXT: Final = "Grüße, 你好\n.\n..dots at the beginning of lines\nFrom the bottom\n" + "long " * 400 + "\n"
HTML: Final = "<!doctype html><p>Grüße &amp; <b>你好</b></p>\n"


@dataclass(frozen=True)
class Got:
    """A letter as it arrived, whichever way."""

    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Way:
    """A mailer, and what arrived at its other end."""

    mailer: Mailer
    arrived: Callable[[], list[Got]]


@pytest.fixture(params=["mailbox", "tls", "starttls", "plain"])
async def way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: Clock
) -> AsyncIterator[Way]:
    if request.param == "mailbox":
        mailbox = Mailbox()
        kept = mailbox.letters
        yield Way(mailbox, lambda: [Got(x.to, x.subject, x.text.reveal(), x.html.reveal()) for x in reversed(kept())])
        return
    certificates = ensure_development_certificates(tmp_path_factory.mktemp("mail"), clock=clock)
    async with post(certificates, request.param) as server:
        yield Way(
            Smtp(server.at(), sender="no-reply@id.example.com", tls=trusting(certificates)),
            lambda: [
                Got(
                    envelope.rcpt_tos[0],
                    str(message["subject"]),
                    _said(message, "plain"),
                    _said(message, "html"),
                )
                for envelope, message in zip(server.envelopes, server.messages(), strict=True)
            ],
        )


def _said(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def letter(number: int = 1, to: str = "ada@example.com", subject: str = "Grüße von Acme 你好") -> Letter:
    return Letter(UUID(int=number), to, subject, Secret(TEXT), Secret(HTML), "de", NOW)


async def test_letter_arrives_as_it_was_sent(way: Way) -> None:
    assert await way.mailer.send(letter()) == Receipt("taken")
    assert way.arrived() == [Got("ada@example.com", "Grüße von Acme 你好", TEXT, HTML)]


async def test_letter_to_an_address_of_another_script_arrives(way: Way) -> None:
    assert await way.mailer.send(letter(to="用户@example.com")) == Receipt("taken")
    assert [got.to for got in way.arrived()] == ["用户@example.com"]


async def test_each_letter_goes_to_its_own_recipient_alone(way: Way) -> None:
    await way.mailer.send(letter(1, "ada@example.com"))
    await way.mailer.send(letter(2, "bob@example.com"))
    assert [got.to for got in way.arrived()] == ["ada@example.com", "bob@example.com"]


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("ada@example.com\r\nBcc: all@example.com", "Hello"),
        ("ada@example.com\nbob@example.com", "Hello"),
        ("ada@example.com bob@example.com", "Hello"),
        ("ada@example.com,bob@example.com", "Hello"),
        ("<ada@example.com>", "Hello"),
        ("Ada <ada@example.com>", "Hello"),
        ("Ada<ada@example.com>", "Hello"),
        ("ada", "Hello"),
        ("", "Hello"),
        ("a" * 250 + "@example.com", "Hello"),
        ("ada@example.com", "Hello\r\nBcc: all@example.com"),
        ("ada@example.com", "Hello\nX: y"),
        ("ada@example.com", "Hello\x00"),
        ("ada@example.com", "Hello\u2028Bcc: all@example.com"),
        ("ada@example.com", ""),
        ("ada@example.com", "x" * 201),
    ],
)
async def test_letter_with_a_header_in_a_header_is_never_made(to: str, subject: str) -> None:
    """N31: whatever a letter says, it says where it belongs."""
    with pytest.raises(InvalidInput):
        letter(to=to, subject=subject)
