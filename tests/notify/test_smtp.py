"""SMTP against a real server over TLS: what is encrypted, whom it trusts, what each refusal means."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import pytest

from airside.core.errors import Unavailable
from airside.core.ids import MAIL, format_id
from airside.core.secret import Secret
from airside.notify import Letter, Receipt, Smtp, SmtpServer
from airside.notify.smtp import Security, read_url
from airside.transport import DevelopmentCertificates
from tests.notify.server import Post, post, trusting
from tests.running import free_port

SENDER: Final = "no-reply@id.example.com"
LETTER: Final = Letter(
    UUID(int=7),
    "ada@example.com",
    "Hello",
    Secret("text\n"),
    Secret("<p>html</p>\n"),
    "en",
    datetime(2026, 11, 23, tzinfo=UTC),
)


@pytest.fixture
async def server(certificates: DevelopmentCertificates) -> AsyncIterator[Post]:
    async with post(certificates) as running:
        yield running


@pytest.fixture
def smtp(server: Post, certificates: DevelopmentCertificates) -> Smtp:
    return Smtp(server.at(), sender=SENDER, tls=trusting(certificates))


async def test_message_says_who_wrote_it_and_which_it_is(smtp: Smtp, server: Post) -> None:
    """Sent twice it is one message, and no absence note answers it."""
    await smtp.send(LETTER)
    await smtp.send(LETTER)
    one, other = server.messages()
    assert one["message-id"] == other["message-id"] == f"<{format_id(MAIL, LETTER.id)}@id.example.com>"
    assert (one["from"], one["to"], one["auto-submitted"]) == (SENDER, "ada@example.com", "auto-generated")
    assert one["date"].datetime == LETTER.at
    assert [part.get_content_type() for part in one.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert [envelope.mail_from for envelope in server.envelopes] == [SENDER, SENDER]


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_server_whose_certificate_nobody_vouches_for_is_handed_nothing(
    certificates: DevelopmentCertificates, security: Security
) -> None:
    """N40: neither letter nor password."""
    async with post(certificates, security) as server:
        with pytest.raises(Unavailable):
            await Smtp(server.at(), sender=SENDER).send(LETTER)
        assert server.envelopes == []


async def test_server_with_the_certificate_of_another_name_is_handed_nothing(
    certificates: DevelopmentCertificates,
) -> None:
    """N40: trusted, but not whom we asked for."""
    async with post(certificates) as server:
        elsewhere = SmtpServer("127.0.0.2", server.port, "tls", "airside", Secret("a long password of the mail server"))
        with pytest.raises(Unavailable):
            await Smtp(elsewhere, sender=SENDER, tls=trusting(certificates)).send(LETTER)
        assert server.envelopes == []


async def test_server_that_offers_no_starttls_is_handed_nothing(certificates: DevelopmentCertificates) -> None:
    """N40: whoever strips the offer gets no letter in clear."""
    async with post(certificates, "plain") as server:
        stripped = SmtpServer(
            "localhost", server.port, "starttls", "airside", Secret("a long password of the mail server")
        )
        with pytest.raises(Unavailable):
            await Smtp(stripped, sender=SENDER, tls=trusting(certificates)).send(LETTER)
        assert server.envelopes == []


async def test_wrong_password_is_the_servers_trouble_and_not_the_letters(
    server: Post, certificates: DevelopmentCertificates
) -> None:
    with pytest.raises(Unavailable) as caught:
        await Smtp(server.at("wrong"), sender=SENDER, tls=trusting(certificates)).send(LETTER)
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "receipt"),
    [
        ("550 no such user", Receipt("refused", 550)),
        ("551 moved", Receipt("refused", 551)),
        ("450 busy", Receipt("deferred", 450)),
        ("452 full", Receipt("deferred", 452)),
    ],
)
async def test_what_the_server_says_of_the_recipient_is_a_receipt(
    smtp: Smtp, server: Post, reply: str, receipt: Receipt
) -> None:
    server.to_recipient = reply
    assert await smtp.send(LETTER) == receipt


@pytest.mark.parametrize(
    ("reply", "receipt"),
    [("554 spam", Receipt("refused", 554)), ("451 greylisted", Receipt("deferred", 451))],
)
async def test_what_the_server_says_of_the_letter_is_a_receipt(
    smtp: Smtp, server: Post, reply: str, receipt: Receipt
) -> None:
    server.to_data = reply
    assert await smtp.send(LETTER) == receipt


@pytest.mark.parametrize("reply", ["550 not from you", "451 later", "421 closing"])
async def test_what_the_server_says_of_our_own_address_is_no_fault_of_the_letter(
    smtp: Smtp, server: Post, reply: str
) -> None:
    server.to_sender = reply
    with pytest.raises(Unavailable):
        await smtp.send(LETTER)


async def test_server_that_closes_takes_no_letters(smtp: Smtp, server: Post) -> None:
    server.to_recipient = "421 shutting down"
    with pytest.raises(Unavailable):
        await smtp.send(LETTER)


async def test_server_that_hangs_up_on_the_letter_may_not_want_it(smtp: Smtp, server: Post) -> None:
    """Counted, so that a letter that breaks a server isn't sent to it for ever."""
    server.hangs_up = True
    assert await smtp.send(LETTER) == Receipt("deferred")


async def test_nobody_there_is_unavailable(certificates: DevelopmentCertificates) -> None:
    nowhere = SmtpServer("localhost", free_port(), "tls", "", Secret(""))
    with pytest.raises(Unavailable):
        await Smtp(nowhere, sender=SENDER, tls=trusting(certificates)).send(LETTER)


async def test_host_that_speaks_no_smtp_is_unavailable() -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as talker:
        port = talker.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable):
            await Smtp(read_url(f"smtp://127.0.0.1:{port}"), sender=SENDER).send(LETTER)


async def test_reply_that_repeats_the_address_is_not_kept(smtp: Smtp, server: Post) -> None:
    """N37: only its code is."""
    server.to_recipient = "550 ada@example.com is unknown here"
    assert "ada" not in repr(await smtp.send(LETTER))


def test_letter_prints_neither_address_nor_what_it_says() -> None:
    """N37."""
    shown = repr(LETTER)
    assert "ada@" not in shown
    assert "html" not in shown.replace("html=***", "")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://u:p@mail.example.com", ("mail.example.com", 465, "tls", "u", "p")),
        ("smtp+starttls://u:p%40%2f@mail.example.com", ("mail.example.com", 587, "starttls", "u", "p@/")),
        ("smtp+starttls://relay.example.com:2525", ("relay.example.com", 2525, "starttls", "", "")),
        ("smtp://127.0.0.1:1025", ("127.0.0.1", 1025, "plain", "", "")),
        ("smtp://[::1]", ("::1", 25, "plain", "", "")),
        ("smtps://u%40example.com:p@mail.example.com/", ("mail.example.com", 465, "tls", "u@example.com", "p")),
    ],
)
def test_url_names_a_server(url: str, server: tuple[object, ...]) -> None:
    read = read_url(url)
    assert (read.host, read.port, read.security, read.user, read.password.reveal()) == server
    assert "p@/" not in repr(read)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://mail.example.com",
        "smtp://10.0.0.1",
        "smtp://u:p@localhost",
        "smtps://mail.example.com:0",
        "smtps://mail.example.com:99999",
        "smtps://u@mail.example.com",
        "smtps://mail.example.com/x",
        "smtps://mail.example.com?starttls=no",
        "smtps://mail.example.com#x",
        "smtps://[::1",
        "imaps://mail.example.com",
        "mail.example.com",
        "",
    ],
)
def test_url_that_would_send_in_clear_or_means_nothing_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_url(url)
