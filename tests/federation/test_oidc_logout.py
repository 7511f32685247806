"""Back-channel logout from an issuer: sessions that began through it end, and nobody else's."""

import asyncio
from uuid import UUID

import pytest

from airside.core.errors import InvalidInput, LimitExceeded, NotFound, Unavailable
from airside.core.strict_json import Json
from airside.federation import Connection, FederatedSession, LinkedProof
from airside.federation.documents import FETCH_EVERY
from airside.identity import Session
from tests.federation.issuer import KEYS
from tests.federation.oidc_kit import OidcKit

ADA: dict[str, Json] = {"email": "ada@example.com", "email_verified": True, "name": "Ada"}


async def began(oidc: OidcKit, proof: LinkedProof) -> Session:
    """A session by that proof, as the login flow remembers it."""
    async with oidc.federation.begin() as ctx:
        session = (await oidc.federation.kit.sessions.start(ctx, [proof])).session
        known = FederatedSession(session.id, proof.identity_id, proof.connection_id, proof.foreign, proof.hint)
        await oidc.federation.sessions.began(ctx, known, proof.user_id)
    return session


async def lives(oidc: OidcKit, session: Session) -> bool:
    async with oidc.federation.begin() as ctx:
        return await oidc.federation.kit.sessions.live(ctx, session.id) is not None


async def accept(oidc: OidcKit, connection_id: UUID, token: str) -> int:
    async with oidc.federation.begin() as ctx:
        return await oidc.logouts.accept(ctx, connection_id, token)


async def two_sessions(oidc: OidcKit) -> tuple[Connection, Session, Session]:
    """Of one subject, which its issuer calls `sid-1` and `sid-2`."""
    connection = await oidc.connection()
    one = await began(oidc, await oidc.sign_in(connection, ADA | {"sid": "sid-1"}))
    other = await began(oidc, await oidc.sign_in(connection, ADA | {"sid": "sid-2"}))
    return connection, one, other


async def test_logout_of_a_subject_ends_every_session_that_it_proved(oidc: OidcKit) -> None:
    """Back-Channel Logout 1.0 §2.7; N19"""
    connection, one, other = await two_sessions(oidc)
    assert await accept(oidc, connection.id, oidc.issuer.logout_token(sub="subject-1")) == 2
    assert not await lives(oidc, one)
    assert not await lives(oidc, other)


@pytest.mark.parametrize("subject", ["subject-1", None])
async def test_logout_of_one_session_ends_that_one(oidc: OidcKit, subject: Json) -> None:
    """Back-Channel Logout 1.0 §2.4: `sid`, with or without `sub`."""
    connection, one, other = await two_sessions(oidc)
    assert await accept(oidc, connection.id, oidc.issuer.logout_token(sub=subject, sid="sid-1")) == 1
    assert not await lives(oidc, one)
    assert await lives(oidc, other)


async def test_session_that_began_here_goes_on(oidc: OidcKit) -> None:
    """Only what the connection proved ends."""
    connection, *_ = await two_sessions(oidc)
    await oidc.federation.kit.user("own@example.com")
    proof = await oidc.federation.kit.proof("own@example.com")
    async with oidc.federation.begin() as ctx:
        own = (await oidc.federation.kit.sessions.start(ctx, [proof])).session
    await accept(oidc, connection.id, oidc.issuer.logout_token(sub="subject-1"))
    assert await lives(oidc, own)


async def test_subject_that_is_nobody_here_ends_nothing(oidc: OidcKit) -> None:
    """Back-Channel Logout 1.0 §2.7: it is no error."""
    connection, one, _ = await two_sessions(oidc)
    assert await accept(oidc, connection.id, oidc.issuer.logout_token(sub="subject-2")) == 0
    assert await accept(oidc, connection.id, oidc.issuer.logout_token(sid="sid-9", jti="logout-2")) == 0
    assert await accept(oidc, connection.id, oidc.issuer.logout_token(sub="subject-2", sid="sid-1", jti="3")) == 0
    assert await lives(oidc, one)


async def test_token_counts_once(oidc: OidcKit) -> None:
    """Back-Channel Logout 1.0 §2.6, 8; N14"""
    connection, *_ = await two_sessions(oidc)
    token = oidc.issuer.logout_token(sub="subject-1")
    await accept(oidc, connection.id, token)
    with pytest.raises(InvalidInput):
        await accept(oidc, connection.id, token)
    assert await oidc.reasons() == ["logout_unauthenticated"]


async def test_fifty_at_once_count_once(oidc: OidcKit) -> None:
    """N14"""
    connection, *_ = await two_sessions(oidc)
    token = oidc.issuer.logout_token(sub="subject-1")
    ended = await asyncio.gather(*(accept(oidc, connection.id, token) for _ in range(50)), return_exceptions=True)
    assert [each for each in ended if isinstance(each, int)] == [2]


async def test_token_that_is_not_the_issuer_s_word_ends_nothing(oidc: OidcKit) -> None:
    """N01, N05, N06: also an ID token of a sign-in."""
    connection, one, _ = await two_sessions(oidc)
    grant = next(iter(oidc.issuer.codes.values()), None)
    assert grant is None
    tokens = [
        oidc.issuer.logout_token(sub="subject-1", aud="another"),
        oidc.issuer.logout_token(sub="subject-1", iss="https://another.example.com"),
        oidc.issuer.logout_token(sub="subject-1", nonce="n"),
        oidc.issuer.logout_token(sub="subject-1", events=None),
        oidc.issuer.logout_token(sub="subject-1", jti=None),
        oidc.issuer.logout_token("at+jwt", sub="subject-1"),
        oidc.issuer.logout_token(sub="subject-1")[:-4] + "AAAA",
        oidc.issuer.logout_token(sub="subject-1").rpartition(".")[0] + ".",
        "",
        "." * 20_000,
    ]
    oidc.issuer.key = KEYS["ES256"]
    tokens.append(oidc.issuer.logout_token(sub="subject-1"))
    for token in tokens:
        with pytest.raises(InvalidInput):
            await accept(oidc, connection.id, token)
    assert await lives(oidc, one)
    assert len(await oidc.reasons()) == len(tokens)


async def test_nothing_is_fetched_for_what_does_not_say_that_it_is_the_issuer_s(oidc: OidcKit) -> None:
    """N27"""
    connection = await oidc.connection()
    for token in ("", "a.b.c", oidc.issuer.logout_token(sub="subject-1", iss="https://another.example.com")):
        with pytest.raises(InvalidInput):
            await accept(oidc, connection.id, token)
    assert oidc.issuer.asked.total() == 0


async def test_logout_may_be_told_again_where_the_keys_were_away(oidc: OidcKit) -> None:
    """Back-Channel Logout 1.0 §2.8: a refusal would be final."""
    connection = await oidc.connection()
    oidc.issuer.answers["/keys"] = ("503 Service Unavailable", "Content-Type: text/plain", b"")
    token = oidc.issuer.logout_token(sub="subject-1")
    with pytest.raises(Unavailable):
        await accept(oidc, connection.id, token)
    del oidc.issuer.answers["/keys"]
    oidc.clock.advance(FETCH_EVERY)
    assert await accept(oidc, connection.id, token) == 0


async def test_token_of_one_connection_is_none_of_another_s(oidc: OidcKit) -> None:
    """N20: the same issuer, another client there."""
    connection, one, _ = await two_sessions(oidc)
    other = await oidc.connection(oidc.settings(client_id="another"))
    token = oidc.issuer.logout_token(sub="subject-1")
    with pytest.raises(InvalidInput):
        await accept(oidc, other.id, token)
    assert await lives(oidc, one)
    assert await accept(oidc, connection.id, token) == 2


async def test_disabled_connection_hears_nothing(oidc: OidcKit) -> None:
    """N18"""
    connection = await oidc.connection()
    async with oidc.federation.begin() as ctx:
        await oidc.connections.disable(ctx, connection.id)
    with pytest.raises(NotFound):
        await accept(oidc, connection.id, oidc.issuer.logout_token(sub="subject-1"))


async def test_who_sends_rubbish_is_not_listened_to_for_ever(oidc: OidcKit) -> None:
    """N13, N40: the journal and the processor are bounded; good tokens cost nothing."""
    connection = await oidc.connection()
    for number in range(70):
        await accept(oidc, connection.id, oidc.issuer.logout_token(sub="nobody", jti=f"good-{number}"))
    with pytest.raises(LimitExceeded):
        for _ in range(100):
            with pytest.raises(InvalidInput):
                await accept(oidc, connection.id, "a.b.c")
