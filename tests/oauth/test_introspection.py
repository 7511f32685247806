"""Introspection of every kind of token (RFC 7662), and its signed answers (RFC 9701)."""

from datetime import timedelta

import pytest

from airside.core.clock import epoch
from airside.core.errors import Unauthenticated
from airside.oauth import Credentials
from airside.oauth.errors import InvalidClient, InvalidRequest
from tests.oauth.asking import Signed, draft, opened, sign_in
from tests.oauth.provider import ISSUER, SERVICE, Provider, word

INACTIVE = {"active": False}


async def introspect(provider: Provider, credentials: Credentials, **form: str) -> dict[str, object]:
    async with provider.ctx() as ctx:
        return dict(await provider.introspection.introspect(ctx, ISSUER, credentials, form))


def refresh_of(signed: Signed) -> str:
    assert signed.answer.refresh_token is not None
    return signed.answer.refresh_token.reveal()


async def test_refresh_token_is_told_of_to_its_client(provider: Provider) -> None:
    """RFC 7662 §2.2; nobody's name is in it."""
    signed = await sign_in(provider, draft())
    answer = await introspect(provider, signed.credentials, token=refresh_of(signed))
    assert answer["active"] is True
    assert (answer["client_id"], answer["sub"]) == (signed.client.word, word(signed.user))
    assert answer["scope"] == "notes:read openid"
    assert not {"username", "aud", "token_type"} & answer.keys()


async def test_refresh_token_concerns_nobody_but_its_client(provider: Provider) -> None:
    """N07: a resource server of the same audience learns nothing of it."""
    signed = await sign_in(provider, draft())
    _, service = await provider.client(SERVICE)
    assert await introspect(provider, service, token=refresh_of(signed)) == INACTIVE


async def test_spent_revoked_and_unknown_refresh_tokens_are_inactive(provider: Provider) -> None:
    """RFC 7662 §2.2; N19: cached introspection."""
    signed = await sign_in(provider, draft())
    again = await provider.refresh(signed.credentials, signed.answer.refresh_token)
    assert again.refresh_token is not None
    assert await introspect(provider, signed.credentials, token=refresh_of(signed)) == INACTIVE
    successor = again.refresh_token.reveal()
    assert (await introspect(provider, signed.credentials, token=successor))["active"] is True
    async with provider.ctx() as ctx:
        await provider.revocation.revoke(ctx, ISSUER, signed.credentials, {"token": successor})
    assert await introspect(provider, signed.credentials, token=successor) == INACTIVE
    for unknown in ("art_" + "x" * 43, "nonsense", "\u00e9", "x" * 5000):
        assert await introspect(provider, signed.credentials, token=unknown) == INACTIVE


async def test_hint_may_say_anything(provider: Provider) -> None:
    """RFC 7662 §2.1: a wrong `token_type_hint` doesn't hide the token."""
    signed = await sign_in(provider, draft())
    for hint in ("access_token", "refresh_token", "nonsense"):
        for token in (signed.token, refresh_of(signed)):
            answer = await introspect(provider, signed.credentials, token=token, token_type_hint=hint)
            assert answer["active"] is True


async def test_opaque_token_says_the_same_as_a_signed_one(provider: Provider) -> None:
    """RFC 7662 §2.2."""
    user = await provider.user()
    plain = await sign_in(provider, draft(), user=user)
    opaque = await sign_in(provider, draft(access_token_format="opaque"), user=user)
    one = await introspect(provider, plain.credentials, token=plain.token)
    other = await introspect(provider, opaque.credentials, token=opaque.token)
    assert opaque.token.startswith("aat_")
    assert one.keys() == other.keys()
    assert {one[name] == other[name] for name in ("sub", "aud", "scope", "token_type", "iss")} == {True}


async def test_signed_answer_is_for_its_caller_and_no_token(provider: Provider) -> None:
    """RFC 9701 §5: `iss`, `aud`, `iat`, `token_introspection`, its own `typ`; §8.1: it passes for no access token."""
    signed = await sign_in(provider, draft())
    client, service = await provider.client(
        draft(SERVICE, scopes=SERVICE.scopes, introspection_signed_response_alg="ES256")
    )
    async with provider.ctx() as ctx:
        now = epoch(ctx.now)
        jwt = await provider.introspection.introspect_signed(ctx, ISSUER, service, {"token": signed.token})
    jws, claims = await opened(provider, jwt.reveal())
    assert (jws.header.typ, jws.header.alg) == ("token-introspection+jwt", "ES256")
    assert claims.keys() == {"iss", "aud", "iat", "token_introspection"}
    assert (claims["iss"], claims["aud"], claims["iat"]) == (ISSUER, client.word, now)
    assert claims["token_introspection"] == await introspect(provider, service, token=signed.token)
    async with provider.ctx() as ctx:
        with pytest.raises(Unauthenticated):
            await provider.verifier.verify(ctx, jwt.reveal(), issuer=ISSUER, audience=None)


async def test_signed_answer_about_an_inactive_token_says_no_more_than_that(provider: Provider) -> None:
    """RFC 9701 §5, §6: RS256 where nothing is registered."""
    _, service = await provider.client(SERVICE)
    async with provider.ctx() as ctx:
        jwt = await provider.introspection.introspect_signed(ctx, ISSUER, service, {"token": "a.b.c"})
    jws, claims = await opened(provider, jwt.reveal())
    assert jws.header.alg == "RS256"
    assert claims["token_introspection"] == INACTIVE


async def test_signed_answers_need_a_proven_client_too(provider: Provider) -> None:
    """RFC 9701 §4, RFC 7662 §2.1."""
    signed = await sign_in(provider, draft())
    for credentials in (Credentials("none", signed.client.word), Credentials("none", "cli_nobody")):
        async with provider.ctx() as ctx:
            with pytest.raises(InvalidClient):
                await provider.introspection.introspect_signed(ctx, ISSUER, credentials, {"token": signed.token})
    async with provider.ctx() as ctx:
        with pytest.raises(InvalidRequest):
            await provider.introspection.introspect_signed(ctx, ISSUER, signed.credentials, {})


async def test_disabled_users_and_clients_tokens_are_inactive(provider: Provider) -> None:
    """N18: as far as their ending is said, at once."""
    signed = await sign_in(provider, draft(access_token_format="opaque"))
    _, service = await provider.client(SERVICE)
    assert (await introspect(provider, service, token=signed.token))["active"] is True
    async with provider.ctx() as ctx:
        await provider.kit.sessions.end_all(ctx, signed.user.id)
    assert await introspect(provider, service, token=signed.token) == INACTIVE
    other = await sign_in(provider, draft(access_token_format="opaque"))
    async with provider.ctx() as ctx:
        await provider.clients.disable(ctx, other.client.client_id)
    assert await introspect(provider, service, token=other.token) == INACTIVE


async def test_ended_opaque_token_is_inactive_and_swept(provider: Provider) -> None:
    """N05: lifetime."""
    signed = await sign_in(provider, draft(access_token_format="opaque"))
    late = timedelta(minutes=15)
    async with provider.ctx(later=late) as ctx:
        answer = await provider.introspection.introspect(ctx, ISSUER, signed.credentials, {"token": signed.token})
        assert answer == INACTIVE
        assert await provider.issuer.sweep(ctx) == 1
