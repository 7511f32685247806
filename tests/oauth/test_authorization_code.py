"""The code grant at the token endpoint: bound to its client, its redirect URI and its verifier; used once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from airside.core.errors import Unauthenticated
from airside.core.ids import SESSION, format_id
from airside.core.secret import Secret
from airside.oauth import ClientSettings
from airside.oauth.errors import InvalidGrant, InvalidRequest, UnauthorizedClient
from airside.protocols.jose import peek_claims
from airside.protocols.oauth import TokenResponse
from tests.oauth.provider import API, BACKEND, CALLBACK, ISSUER, SERVICE, WEB, Provider, word


async def test_code_gives_tokens_that_say_who_and_for_whom(provider: Provider) -> None:
    client, credentials = await provider.client()
    user, session, _ = await provider.signed_in()
    provider.roles.given[user.id] = ["administrator", "member"]
    code = await provider.code(client, session, nonce="n-1")

    answer = await provider.redeem(credentials, code)

    async with provider.ctx() as ctx:
        token = await provider.verifier.verify(ctx, answer.access_token.reveal(), issuer=ISSUER, audience=API)
    assert (token.subject, token.client_id, token.audience) == (word(user), client.word, (API,))
    assert token.scope == {"openid", "notes:read"}
    assert token.roles == ("administrator", "member")
    assert token.session_id == format_id(SESSION, session.session.id)
    assert token.acr == "aal1"
    assert token.family_id is not None
    assert answer.refresh_token is not None
    assert answer.id_token is not None
    identity = peek_claims(answer.id_token.reveal())
    assert (identity["aud"], identity["nonce"], identity["sub"]) == (client.word, "n-1", word(user))
    assert "at_hash" in identity


async def test_no_id_token_without_openid_and_no_refresh_token_without_the_grant(provider: Provider) -> None:
    client, credentials = await provider.client(replace(WEB, grants=frozenset({"authorization_code"})))
    _, session, _ = await provider.signed_in()
    answer = await provider.redeem(credentials, await provider.code(client, session, scope="notes:read"))
    assert answer.id_token is None
    assert answer.refresh_token is None


async def test_fifty_uses_at_once_give_one_answer(provider: Provider) -> None:
    """N07: a code is spent by one statement, and those who come too late end what the first one got."""
    client, credentials = await provider.client(BACKEND)
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    connections = asyncio.Semaphore(15)  # fewer than the pool has: who waits for one too long is told to come back

    async def redeem() -> TokenResponse:
        async with connections:
            return await provider.redeem(credentials, code)

    answers = await asyncio.gather(*(redeem() for _ in range(50)), return_exceptions=True)
    won = [answer for answer in answers if isinstance(answer, TokenResponse)]
    assert len(won) == 1
    assert all(isinstance(answer, InvalidGrant) for answer in answers if answer is not won[0])
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, won[0].refresh_token)


async def test_reuse_revokes_what_the_first_use_gave(provider: Provider) -> None:
    """N07: code re-use (RFC 6749 §4.1.2)."""
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    answer = await provider.redeem(credentials, code)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code)
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, answer.refresh_token)
    async with provider.ctx() as ctx:
        with pytest.raises(Unauthenticated):
            await provider.verifier.verify(ctx, answer.access_token.reveal(), issuer=ISSUER, audience=API)


async def test_reuse_is_recognised_after_the_code_has_expired(provider: Provider) -> None:
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    answer = await provider.redeem(credentials, code)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code, later=timedelta(minutes=5))
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, answer.refresh_token, later=timedelta(minutes=5))


async def test_another_client_can_neither_use_nor_spoil_a_code(provider: Provider) -> None:
    """N07: cross-client exchange."""
    client, credentials = await provider.client()
    _, thief = await provider.client()
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    with pytest.raises(InvalidGrant):
        await provider.redeem(thief, code)
    answer = await provider.redeem(credentials, code)
    with pytest.raises(InvalidGrant):
        await provider.redeem(thief, code)
    assert (await provider.refresh(credentials, answer.refresh_token)).refresh_token is not None


@pytest.mark.parametrize("verifier", ["b" * 43, "a" * 42, "a" * 129, "a-code-verifier-of-enough-length-0123456789-._"])
async def test_wrong_verifier_is_refused_and_spends_the_code(provider: Provider, verifier: str) -> None:
    """N08: PKCE bypass."""
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code, code_verifier=verifier)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code)


async def test_confidential_client_needs_its_verifier_too(provider: Provider) -> None:
    """N08: a secret is no substitute for PKCE."""
    client, credentials = await provider.client(BACKEND)
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://app.example.test/callback"}
    with pytest.raises(InvalidRequest):
        await provider.exchange(credentials, form)


async def test_other_redirect_uri_is_refused(provider: Provider) -> None:
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code, redirect_uri="https://app.example.test/callback/")


async def test_expired_code_is_refused(provider: Provider) -> None:
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code, later=timedelta(seconds=61))


async def test_corrupted_truncated_or_longer_code_is_refused(provider: Provider) -> None:
    """N38: no prefix, no case folding, no white space."""
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    other = "A" if code[0] != "A" else "B"
    for wrong in (other + code[1:], code[:-1], code + "A", code + " ", code.swapcase(), "x" * 5000):
        with pytest.raises(InvalidGrant):
            await provider.redeem(credentials, wrong)
    assert (await provider.redeem(credentials, code)).refresh_token is not None


async def test_refresh_token_is_no_code_and_a_code_no_refresh_token(provider: Provider) -> None:
    """N06: one single-use object taken for another."""
    client, credentials, _, session, answer = await provider.tokens()
    assert answer.refresh_token is not None
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, answer.refresh_token.reveal())
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, Secret(await provider.code(client, session)))
    with pytest.raises(InvalidGrant):
        await provider.refresh(credentials, answer.access_token)


async def test_disabled_user_gets_nothing_for_a_code(provider: Provider) -> None:
    """N18: a disabled object still works."""
    client, credentials = await provider.client()
    user, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    async with provider.ctx() as ctx:
        await provider.kit.users.set_state(ctx, user.id, "disabled")
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code)


async def test_ended_session_gets_nothing_for_a_code(provider: Provider) -> None:
    """N18, N19."""
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    async with provider.ctx() as ctx:
        await provider.kit.sessions.end(ctx, session.session.id)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code)


async def test_client_without_the_grant_is_refused(provider: Provider) -> None:
    _, credentials = await provider.client(SERVICE)
    with pytest.raises(UnauthorizedClient):
        await provider.redeem(credentials, "x" * 43)


GOES_WITHOUT = replace(BACKEND, settings=ClientSettings(require_pkce=False))


async def test_client_registered_for_it_needs_no_verifier(provider: Provider) -> None:
    """RFC 6749 §4.1.3: its secret is what proves it."""
    client, credentials = await provider.client(GOES_WITHOUT)
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session, code_challenge=None, code_challenge_method=None)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert (await provider.exchange(credentials, form)).id_token is not None


async def test_challenge_that_was_sent_binds_a_client_that_may_go_without(provider: Provider) -> None:
    """N08: PKCE downgrade at the token endpoint."""
    client, credentials = await provider.client(GOES_WITHOUT)
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    with pytest.raises(InvalidGrant):
        await provider.exchange(credentials, form)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code)


async def test_verifier_for_a_code_without_a_challenge_is_refused(provider: Provider) -> None:
    """N08: somebody took the challenge out of the request (RFC 9700 §4.8.2)."""
    client, credentials = await provider.client(GOES_WITHOUT)
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session, code_challenge=None, code_challenge_method=None)
    with pytest.raises(InvalidGrant):
        await provider.redeem(credentials, code)
