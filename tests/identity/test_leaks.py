"""The leaked-password question to a real service over TLS: what leaves, what is believed, and what absence does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha1

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.fetch import Fetcher, Unavailable
from airside.identity import LeakService, PasswordPolicy
from airside.vault import Vault
from tests.fetch.conftest import Names, Server, Tls, answer, secure_server, tls
from tests.identity.kit import PASSWORD, Kit, make_passwords

__all__ = ["secure_server", "tls"]

DIGEST = sha1(PASSWORD.encode()).hexdigest().upper()
PATH = f"/range/{DIGEST[:5]}"
OTHERS = b"0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2"


@asynccontextmanager
async def service(server: Server, tls: Tls | None) -> AsyncGenerator[LeakService]:
    place = f"fetch.example:{server.port}"
    trust = None if tls is None else tls.ca
    resolver = Names(fetch_example=[["127.0.0.1"]])
    async with Fetcher(allow=frozenset({place}), trust=trust, resolver=resolver) as fetcher:
        yield LeakService(fetcher=fetcher, url=f"https://{place}/range")


def lines(count: int, suffix: str = DIGEST[5:]) -> bytes:
    return OTHERS + f"\r\n{suffix}:{count}\r\n".encode() + OTHERS


@pytest.mark.parametrize(
    ("body", "leaked"),
    [
        (lines(52), True),
        (lines(1, DIGEST[5:].lower()), True),
        (lines(0), False),
        (OTHERS, False),
        (b"", False),
        (lines(9, "F" * 35), False),
    ],
)
async def test_a_range_is_read_and_padding_ignored(secure_server: Server, tls: Tls, body: bytes, leaked: bool) -> None:
    secure_server.answers[PATH] = answer(body)
    async with service(secure_server, tls) as leaks:
        assert await leaks.knows(PASSWORD.encode()) is leaked


async def test_five_digits_leave_and_nothing_else_of_the_password(secure_server: Server, tls: Tls) -> None:
    """N37"""
    secure_server.answers[PATH] = answer(OTHERS)
    async with service(secure_server, tls) as leaks:
        await leaks.knows(PASSWORD.encode())
    (request,) = secure_server.requests
    assert request.startswith(f"GET {PATH} HTTP/1.1\r\n".encode())
    assert b"add-padding: true\r\n" in request.lower()
    assert DIGEST[:6].encode() not in request.upper()
    assert PASSWORD.encode() not in request


@pytest.mark.parametrize(
    "reply",
    [
        answer(lines(52), "503 Service Unavailable"),
        answer(lines(52), "404 Not Found"),
        answer(b"", "302 Found", "Location: https://elsewhere.example/"),
        answer(b"<html>" + lines(52)),
        answer(lines(52)[:-1]),
        answer(lines(52) + b"\r\n" + DIGEST[5:].encode()),
        answer(DIGEST.encode() + b":52"),
        answer(DIGEST[5:].encode() + b":-52"),
        answer(b"\xff" * 40),
        answer(b"0" * 300_000),
        b"nonsense\r\n\r\n",
    ],
)
async def test_any_other_answer_is_none(secure_server: Server, tls: Tls, reply: bytes) -> None:
    """Corrupted, truncated, oversized, another format."""
    secure_server.answers[PATH] = reply
    async with service(secure_server, tls) as leaks:
        with pytest.raises(Unavailable):
            await leaks.knows(PASSWORD.encode())
    assert len(secure_server.requests) == 1


async def test_a_service_that_nobody_vouches_for_is_not_believed(secure_server: Server) -> None:
    secure_server.answers[PATH] = answer(lines(52))
    async with service(secure_server, None) as leaks:
        with pytest.raises(Unavailable):
            await leaks.knows(PASSWORD.encode())
    assert secure_server.requests == []


@pytest.mark.parametrize("url", ["https://127.0.0.1:9/range", "https://[::1]/range", "http://example.com/range"])
async def test_a_service_in_the_neighbourhood_is_not_asked(url: str) -> None:
    """N28"""
    async with Fetcher() as fetcher:
        with pytest.raises(Unavailable):
            await LeakService(fetcher=fetcher, url=url).knows(PASSWORD.encode())


@dataclass(frozen=True)
class _Event:
    event: str
    outcome: str


async def _events(kit: Kit) -> list[str]:
    sql = "select event, outcome from airside.audit_record where tenant_id = %s"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        rows = await ctx.tx.all(_Event, sql, (kit.tenant_id,))
    return [f"{row.event} {row.outcome}" for row in rows]


async def test_a_leaked_password_is_refused_where_the_tenant_asks(
    kit: Kit, vault: Vault, entropy: Entropy, secure_server: Server, tls: Tls
) -> None:
    secure_server.answers[PATH] = answer(lines(52))
    asking = PasswordPolicy(ask_leak_service=True)
    async with service(secure_server, tls) as leaks, kit.open_ctx(kit.tenant_id) as ctx:
        await make_passwords(vault, entropy, kit.hashes, leaks=leaks).check(ctx, Secret(PASSWORD))
        assert secure_server.requests == [], "asked though the tenant doesn't want it"
        with pytest.raises(InvalidInput) as refusal:
            await make_passwords(vault, entropy, kit.hashes, policy=asking, leaks=leaks).check(ctx, Secret(PASSWORD))
    assert refusal.value.data["weakness"] == "leaked"


async def test_without_the_service_a_good_password_is_taken_and_the_journal_says_so(
    kit: Kit, vault: Vault, entropy: Entropy, secure_server: Server, tls: Tls
) -> None:
    """What the packaged lists refuse is refused still."""
    secure_server.answers[PATH] = answer(b"", "503 Service Unavailable")
    policy = PasswordPolicy(ask_leak_service=True)
    user = await kit.user()
    async with service(secure_server, tls) as leaks, kit.open_ctx(kit.tenant_id) as ctx:
        passwords = make_passwords(vault, entropy, kit.hashes, policy=policy, leaks=leaks)
        await passwords.set(ctx, user.id, Secret(PASSWORD))
        with pytest.raises(InvalidInput):
            await passwords.set(ctx, user.id, Secret("password1"))
    assert (await _events(kit)).count("user:password:unasked failure") == 1


async def test_a_wish_to_ask_without_a_service_refuses_nothing(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    passwords = make_passwords(vault, entropy, kit.hashes, policy=PasswordPolicy(ask_leak_service=True))
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await passwords.check(ctx, Secret(PASSWORD))
