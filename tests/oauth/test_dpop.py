"""DPoP at the token endpoint (RFC 9449): tokens, codes and refresh tokens of use only to who holds the key."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from airside.access import Sender
from airside.core.errors import Refusal
from airside.oauth import ClientDraft, ClientSettings, Credentials
from airside.oauth.errors import InvalidDpopProof, InvalidGrant, UseDpopNonce
from airside.oauth.problems import oauth_error
from airside.protocols.oauth import TokenResponse
from airside.tokens import Confirmation, VerifiedToken
from airside.tokens.possession import NONCE_SECONDS
from tests.oauth.provider import API, BACKEND, CALLBACK, ISSUER, SERVICE, VERIFIER, WEB, Provider
from tests.senders import Holder

TOKEN = f"{ISSUER}/oauth2/token"
HOLDER, OTHER = Holder(), Holder()


async def nonce_of(provider: Provider, later: timedelta = timedelta()) -> str:
    async with provider.ctx(later=later) as ctx:
        return await provider.endpoint.nonce(ctx)


async def proven(
    provider: Provider, credentials: Credentials, holder: Holder = HOLDER, later: timedelta = timedelta(), **claims: Any
) -> Credentials:
    """The credentials of a request with a lawful proof, changed."""
    moment = (provider.clock.now() + later).timestamp()
    given: dict[str, Any] = {"nonce": await nonce_of(provider, later)} | claims
    return brings(credentials, holder.proof(TOKEN, moment, **given))


def brings(credentials: Credentials, proof: str | None) -> Credentials:
    return replace(credentials, sender=Sender("POST", (TOKEN,), proof))


async def said(provider: Provider, response: TokenResponse) -> VerifiedToken:
    async with provider.ctx() as ctx:
        return await provider.verifier.verify(ctx, response.access_token.reveal(), issuer=ISSUER, audience=API)


def service(**settings: Any) -> ClientDraft:
    return replace(SERVICE, settings=ClientSettings(**settings))


OWN: Mapping[str, str] = {"grant_type": "client_credentials"}


async def test_token_is_bound_to_the_key_of_its_proof(provider: Provider) -> None:
    """RFC 9449 §5, §6.1: `token_type` and `cnf.jkt`."""
    _, credentials = await provider.client(SERVICE)
    response = await provider.exchange(await proven(provider, credentials), OWN)
    assert response.body()["token_type"] == "DPoP"
    assert (await said(provider, response)).confirmation == Confirmation(jkt=HOLDER.jkt)


async def test_token_without_a_proof_is_a_bearer_token(provider: Provider) -> None:
    """RFC 9449 §5: for clients that aren't bound to bring one."""
    _, credentials = await provider.client(SERVICE)
    response = await provider.exchange(credentials, OWN)
    assert response.body()["token_type"] == "Bearer"
    assert (await said(provider, response)).confirmation is None


async def test_client_bound_to_bring_a_proof_gets_nothing_without(provider: Provider) -> None:
    """RFC 9449 §5.2: `dpop_bound_access_tokens`."""
    _, credentials = await provider.client(service(dpop_bound_access_tokens=True))
    with pytest.raises(InvalidDpopProof):
        await provider.exchange(credentials, OWN)
    assert (await provider.exchange(await proven(provider, credentials), OWN)).token_type == "DPoP"


async def test_fapi_client_gets_no_bearer_token(provider: Provider) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1: sender-constrained only, also where what was registered doesn't say so."""
    client, credentials = await provider.client(SERVICE)
    held = replace(client, settings=ClientSettings(profile="fapi2"))
    with_proof = await proven(provider, credentials)
    async with provider.ctx() as ctx:
        with pytest.raises(InvalidDpopProof):
            await provider.senders.prove(ctx, held, credentials)
        assert await provider.senders.prove(ctx, held, with_proof) == Confirmation(jkt=HOLDER.jkt)


async def test_proof_needs_the_servers_nonce(provider: Provider) -> None:
    """RFC 9449 §8: the refusal carries one, and costs nothing of the failures that a client has."""
    _, credentials = await provider.client(SERVICE)
    for nonce in (None, "of-my-own", await nonce_of(provider, timedelta(hours=-1))):
        for _ in range(25):
            with pytest.raises(UseDpopNonce):
                await provider.exchange(await proven(provider, credentials, nonce=nonce), OWN)
    with pytest.raises(UseDpopNonce) as caught:
        await provider.exchange(await proven(provider, credentials, nonce=None), OWN)
    error = oauth_error(caught.value, ISSUER)
    assert error is not None
    assert (error.status, error.error) == (400, "use_dpop_nonce")
    response = await provider.exchange(await proven(provider, credentials, nonce=error.headers["dpop-nonce"]), OWN)
    assert response.token_type == "DPoP"


async def test_nonce_is_taken_through_the_next_five_minutes_and_no_longer(provider: Provider) -> None:
    """RFC 9449 §8."""
    _, credentials = await provider.client(SERVICE)
    first = await nonce_of(provider)
    soon, late = timedelta(seconds=NONCE_SECONDS), timedelta(seconds=2 * NONCE_SECONDS)
    await provider.exchange(await proven(provider, credentials, later=soon, nonce=first), OWN, later=soon)
    with pytest.raises(UseDpopNonce):
        await provider.exchange(await proven(provider, credentials, later=late, nonce=first), OWN, later=late)


async def test_nonce_of_another_tenant_is_none(provider: Provider, make_tenant: Any) -> None:
    """N20."""
    async with provider.kit.open_ctx(await make_tenant()) as ctx:
        foreign = await provider.endpoint.nonce(ctx)
    _, credentials = await provider.client(SERVICE)
    with pytest.raises(UseDpopNonce):
        await provider.exchange(await proven(provider, credentials, nonce=foreign), OWN)


async def test_proof_is_used_once(provider: Provider) -> None:
    """RFC 9449 §11.1: also where its first request failed."""
    _, credentials = await provider.client(SERVICE)
    first = await proven(provider, credentials)
    await provider.exchange(first, OWN)
    with pytest.raises(InvalidDpopProof):
        await provider.exchange(first, OWN)
    failed = await proven(provider, credentials)
    with pytest.raises(Refusal):
        await provider.exchange(failed, {**OWN, "scope": "more"})
    with pytest.raises(InvalidDpopProof):
        await provider.exchange(failed, OWN)


async def test_of_fifty_at_once_one_proof_wins(provider: Provider) -> None:
    """RFC 9449 §11.1: single use under a race."""
    _, credentials = await provider.client(SERVICE)
    request = await proven(provider, credentials)
    connections = asyncio.Semaphore(15)

    async def attempt() -> bool:
        async with connections:
            try:
                await provider.exchange(request, OWN)
            except Refusal:
                return False
            return True

    assert sum(await asyncio.gather(*(attempt() for _ in range(50)))) == 1


async def test_proof_for_another_address_gets_nothing(provider: Provider) -> None:
    """N05: RFC 9449 §4.3."""
    _, credentials = await provider.client(SERVICE)
    with pytest.raises(InvalidDpopProof):
        await provider.exchange(await proven(provider, credentials, htu=f"{ISSUER}/oauth2/revoke"), OWN)


async def test_code_bound_to_a_key_is_redeemed_with_it_alone(provider: Provider) -> None:
    """RFC 9449 §10: `dpop_jkt`. N07."""
    client, credentials = await provider.client()
    _, session, _ = await provider.signed_in()
    for taker in (None, OTHER, HOLDER):
        code = await provider.code(client, session, dpop_jkt=HOLDER.jkt)
        presents = credentials if taker is None else await proven(provider, credentials, taker)
        if taker is HOLDER:
            assert (await provider.redeem(presents, code)).token_type == "DPoP"
        else:
            with pytest.raises(InvalidGrant):
                await provider.redeem(presents, code)


async def _start(provider: Provider, draft: ClientDraft, later: timedelta = timedelta()) -> tuple[Credentials, Any]:
    client, credentials = await provider.client(draft)
    _, session, _ = await provider.signed_in()
    code = await provider.code(client, session)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return credentials, await provider.exchange(await proven(provider, credentials), form)


async def test_refresh_token_of_a_public_client_is_bound_to_the_key(provider: Provider) -> None:
    """RFC 9449 §5: another key, or none, gets nothing, and ends nothing."""
    credentials, first = await _start(provider, WEB)
    for thief in (credentials, await proven(provider, credentials, OTHER)):
        with pytest.raises(InvalidGrant):
            await provider.refresh(thief, first.refresh_token)
    second = await provider.refresh(await proven(provider, credentials), first.refresh_token)
    assert (await said(provider, second)).confirmation == Confirmation(jkt=HOLDER.jkt)


async def test_bound_refresh_token_may_be_retried_for_longer(provider: Provider) -> None:
    """The thirty seconds are for public clients without a key: who holds the key is who lost the answer."""
    credentials, first = await _start(provider, WEB)
    second = await provider.refresh(await proven(provider, credentials), first.refresh_token)
    later = timedelta(minutes=10)
    again = await provider.refresh(await proven(provider, credentials, later=later), first.refresh_token, later=later)
    assert again.refresh_token is not None
    assert second.refresh_token is not None
    assert again.refresh_token.reveal() == second.refresh_token.reveal()


async def test_used_up_bound_refresh_token_still_ends_its_family(provider: Provider) -> None:
    """RFC 9700 §4.14.2: a key is no licence to use a token twice."""
    credentials, first = await _start(provider, WEB)
    second = await provider.refresh(await proven(provider, credentials), first.refresh_token)
    third = await provider.refresh(await proven(provider, credentials), second.refresh_token)
    for token in (first.refresh_token, third.refresh_token):
        with pytest.raises(InvalidGrant):
            await provider.refresh(await proven(provider, credentials), token)


async def test_confidential_client_may_change_its_key(provider: Provider) -> None:
    """RFC 9449 §5: its refresh tokens are bound to its own credentials."""
    credentials, first = await _start(provider, BACKEND)
    second = await provider.refresh(await proven(provider, credentials, OTHER), first.refresh_token)
    assert (await said(provider, second)).confirmation == Confirmation(jkt=OTHER.jkt)


async def test_introspection_tells_what_a_token_is_bound_to(provider: Provider) -> None:
    """RFC 9449 §6.2: `cnf` and `token_type`."""
    _, credentials = await provider.client(SERVICE)
    response = await provider.exchange(await proven(provider, credentials), OWN)
    async with provider.ctx() as ctx:
        form = {"token": response.access_token.reveal()}
        answer = await provider.introspection.introspect(ctx, ISSUER, credentials, form)
    assert (answer["cnf"], answer["token_type"]) == ({"jkt": HOLDER.jkt}, "DPoP")
