"""Development's mailbox: there for whoever sits at the machine, for nobody else, and never in production."""

import asyncio
import re
from datetime import UTC, datetime
from html import unescape
from typing import Final
from uuid import UUID

import httpx2
import pytest
from starlette.applications import Starlette

from airside.console.pages import mailbox as pages
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import MAIL, format_id
from airside.core.secret import Secret
from airside.notify import Letter, Mailbox, SmtpServer
from airside.notify.mailbox import KEPT
from airside.shield import Policy, Shield
from airside.vault import LocalKek
from airside.wiring.app import routes
from airside.wiring.build import build
from airside.wiring.settings import Settings
from tests.running import Place, Running

NOW: Final = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOSTILE: Final = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def letter(number: int, subject: str = "Hello") -> Letter:
    return Letter(UUID(int=number), f"ada{number}@example.com", subject, Secret(HOSTILE), Secret(HOSTILE), "en", NOW)


def client(mailbox: Mailbox, address: str) -> httpx2.AsyncClient:
    """Somebody at `address`."""
    app = Shield(Starlette(routes=pages.routes(mailbox)), Policy(allowed_hosts=frozenset({"airside.test"})))
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app, client=(address, 50000)), base_url="https://airside.test"
    )


@pytest.fixture
async def mailbox() -> Mailbox:
    box = Mailbox()
    await box.send(letter(1))
    await box.send(letter(2, "Newer"))
    return box


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1"])
async def test_letters_are_listed_newest_first(mailbox: Mailbox, address: str) -> None:
    async with client(mailbox, address) as http:
        shown = (await http.get("/dev/mailbox")).text
    assert shown.index("Newer") < shown.index("Hello")
    assert f"/dev/mailbox/{format_id(MAIL, UUID(int=2))}" in shown


@pytest.mark.parametrize("address", ["192.0.2.10", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "testclient", ""])
async def test_peer_from_elsewhere_finds_nothing(mailbox: Mailbox, address: str) -> None:
    """N22: letters hold links that let their reader in."""
    async with client(mailbox, address) as http:
        for path in ("/dev/mailbox", f"/dev/mailbox/{format_id(MAIL, UUID(int=1))}"):
            answer = await http.get(path)
            assert answer.status_code == 404
            assert "example.com" not in answer.text


async def test_loopback_that_a_header_claims_is_no_loopback(mailbox: Mailbox) -> None:
    """N22."""
    async with client(mailbox, "192.0.2.10") as http:
        headers = {"x-forwarded-for": "127.0.0.1", "forwarded": "for=127.0.0.1"}
        assert (await http.get("/dev/mailbox", headers=headers)).status_code == 404


async def test_letter_is_shown_in_a_frame_that_runs_nothing(mailbox: Mailbox) -> None:
    """N29: its HTML is an attribute's value, its text is text; the page's policy lets no script of its run either."""
    async with client(mailbox, "127.0.0.1") as http:
        answer = await http.get(f"/dev/mailbox/{format_id(MAIL, UUID(int=1))}")
    page = answer.text
    frame = re.search(r'<iframe class="letter"[^>]* sandbox srcdoc="([^"]*)"></iframe>', page)
    assert frame is not None
    assert unescape(frame[1]) == HOSTILE
    assert "<script" not in page
    assert "<img" not in page
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("word", ["mai_" + "0" * 26, "mai_x", "usr_" + "0" * 26, "..", "%00"])
async def test_letter_that_is_not_kept_is_not_there(mailbox: Mailbox, word: str) -> None:
    async with client(mailbox, "127.0.0.1") as http:
        assert (await http.get(f"/dev/mailbox/{word}")).status_code in (400, 404)


async def test_newest_letters_are_kept_and_the_same_one_once() -> None:
    box = Mailbox()
    for number in [*range(1, KEPT + 11), KEPT + 10]:
        await box.send(letter(number))
    assert [each.id.int for each in box.letters()] == list(range(KEPT + 10, 10, -1))


def test_server_that_sends_mail_has_no_mailbox(kek: LocalKek, clock: Clock, entropy: Entropy) -> None:
    """Production always does: it refuses to start without a mail server."""
    elsewhere = SmtpServer("mail.example.com", 465, "tls", "airside", Secret("x"))
    settings = Settings(public_url="https://id.example.com", smtp_url=elsewhere, mail_from="no-reply@id.example.com")
    built = build(settings, dsn="", kek=kek, clock=clock, entropy=entropy)
    built.hashes.close()
    assert built.mailbox is None
    assert [route for route in routes(built) if "/dev/" in str(getattr(route, "path", ""))] == []


async def test_letter_of_a_real_commit_is_there_a_moment_later(server: Running, place: Place) -> None:
    """The whole way: a commit, the news of it, the letter, the page over TLS."""
    user = await place.user()
    async with place.operator() as ctx:
        item = await server.services.outbox.put(ctx, "password_changed", subject=user.id)
    path = f"/dev/mailbox/{format_id(MAIL, item)}"
    async with server.client() as http:
        answer = await http.get(path)
        for _ in range(300):
            if answer.status_code == 200:
                break
            await asyncio.sleep(0.01)
            answer = await http.get(path)
    assert answer.status_code == 200
    assert f"{server.url}/t/{place.slug}/account" in answer.text
    assert user.email in answer.text
