"""Userinfo: to whom it answers, with which claims, and when with nothing (OpenID Connect Core §5.3)."""

from datetime import timedelta

import pytest

from airside.access import Presented, Sender, SenderUnproven
from airside.core.errors import Forbidden, Unauthenticated
from airside.core.strict_json import Json
from airside.oauth.errors import InvalidGrant
from airside.protocols.jose import peek_claims
from airside.tokens import AccessGrant, Confirmation
from tests.oauth.asking import SCOPES, Signed, draft, opened, sign_in, userinfo
from tests.oauth.provider import ISSUER, SERVICE, WEB, Provider, word
from tests.senders import Holder

USERINFO = f"{ISSUER}/oauth2/userinfo"


async def test_subject_is_always_there_and_nothing_more_for_openid_alone(provider: Provider) -> None:
    """OpenID Connect Core §5.3.2: `sub` is always returned."""
    signed = await sign_in(provider, draft())
    assert await userinfo(provider, signed.token) == {"sub": word(signed.user)}
    assert peek_claims(signed.id_token)["sub"] == word(signed.user)


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid profile", {"sub", "name"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("openid profile email", {"sub", "name", "email", "email_verified"}),
    ],
)
async def test_each_scope_gives_its_claims(provider: Provider, scope: str, names: set[str]) -> None:
    """OpenID Connect Core §5.4."""
    signed = await sign_in(provider, draft(), scope=scope)
    found = await userinfo(provider, signed.token)
    assert found.keys() == names
    expected = {"name": "Ada", "email": signed.user.email, "email_verified": False, "sub": word(signed.user)}
    assert found == {name: expected[name] for name in names}
    assert not names & peek_claims(signed.id_token).keys() - {"sub"}  # §5.4: userinfo says it, the ID token doesn't


async def test_claims_asked_for_by_name_are_answered_where_they_were_asked_for(provider: Provider) -> None:
    """OpenID Connect Core §5.5."""
    claims: dict[str, Json] = {
        "userinfo": {"email": {"essential": True}, "acr": None, "phone_number": None},
        "id_token": {"name": None, "auth_time": {"essential": True}},
    }
    signed = await sign_in(provider, draft(), claims=claims)
    found = await userinfo(provider, signed.token)
    assert found == {"sub": word(signed.user), "email": signed.user.email, "acr": "aal1"}
    identity = peek_claims(signed.id_token)
    assert identity["name"] == "Ada"
    assert "email" not in identity
    assert "name" not in peek_claims(signed.token)
    assert "email" not in peek_claims(signed.token)


async def test_claims_asked_for_by_name_outlive_a_refresh(provider: Provider) -> None:
    """OpenID Connect Core §5.5, RFC 6749 §6: the new token stands for the same sign-in."""
    signed = await sign_in(provider, draft(), claims={"userinfo": {"name": None}})
    again = await provider.refresh(signed.credentials, signed.answer.refresh_token)
    assert await userinfo(provider, again.access_token.reveal()) == {"sub": word(signed.user), "name": "Ada"}


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ({"value": "aal1"}, True),
        ({"values": ["aal3", "aal1"]}, True),
        ({"value": "aal3"}, False),
        ({"values": []}, False),
    ],
)
async def test_claim_of_another_value_than_the_one_asked_for_is_left_out(
    provider: Provider, expected: Json, told: bool
) -> None:
    """OpenID Connect Core §5.5.1: `value` and `values`."""
    signed = await sign_in(provider, draft(), claims={"userinfo": {"acr": expected}})
    assert ("acr" in await userinfo(provider, signed.token)) is told


async def test_nobody_gets_by_name_what_they_may_not_get_by_scope(provider: Provider) -> None:
    """OpenID Connect Core §5.5, held to what is registered: `claims` is no way around the client's scopes."""
    claims: dict[str, Json] = {"userinfo": {"email": {"essential": True}}, "id_token": {"email": None, "name": None}}
    narrow = draft(scopes=frozenset({"openid", "notes:read"}))
    signed = await sign_in(provider, narrow, claims=claims)
    assert await userinfo(provider, signed.token) == {"sub": word(signed.user)}
    assert not {"email", "name"} & peek_claims(signed.id_token).keys()
    third = await sign_in(provider, draft(party="third"), claims=claims)  # whose user was asked about it
    assert (await userinfo(provider, third.token))["email"] == third.user.email
    async with provider.ctx() as ctx:
        await provider.consents.revoke(ctx, third.user.id, third.client.client_id)
    with pytest.raises(Unauthenticated):  # N18: a grant taken back
        await userinfo(provider, third.token)


async def test_claims_cannot_name_another_subject(provider: Provider) -> None:
    """OpenID Connect Core §5.3.2: `sub` is the one of the ID token, whatever was asked for."""
    claims: dict[str, Json] = {"userinfo": {"sub": {"value": "usr_root"}}, "id_token": {"sub": {"value": "usr_root"}}}
    signed = await sign_in(provider, draft(), claims=claims)
    assert (await userinfo(provider, signed.token))["sub"] == word(signed.user)
    assert peek_claims(signed.id_token)["sub"] == word(signed.user)


async def test_token_without_openid_reaches_nothing(provider: Provider) -> None:
    """OpenID Connect Core §5.3; RFC 6750 §3.1: insufficient_scope."""
    signed = await sign_in(provider, draft(), scope="notes:read")
    with pytest.raises(Forbidden):
        await userinfo(provider, signed.token)


async def test_client_that_speaks_for_itself_is_nobody(provider: Provider) -> None:
    """N06: a token of no person."""
    _, credentials = await provider.client(SERVICE)
    answer = await provider.exchange(credentials, {"grant_type": "client_credentials"})
    with pytest.raises(Forbidden):
        await userinfo(provider, answer.access_token.reveal())


async def test_refresh_token_id_token_and_code_are_no_access_tokens(provider: Provider) -> None:
    """N06: one object taken for another."""
    signed = await sign_in(provider, draft())
    assert signed.answer.refresh_token is not None
    for other in (signed.id_token, signed.answer.refresh_token.reveal(), signed.code, "", "aat_", "x.y.z"):
        with pytest.raises(Unauthenticated):
            await userinfo(provider, other)


async def test_signed_answer_is_for_its_client_and_verifies(provider: Provider) -> None:
    """OpenID Connect Core §5.3.2: `iss` and `aud` in a signed answer."""
    signed = await sign_in(provider, draft(userinfo_signed_response_alg="ES256"), scope="openid email")
    async with provider.ctx() as ctx:
        answer = await provider.userinfo.answer(ctx, ISSUER, Presented(signed.token), Sender())
    assert answer.signed is not None
    jws, claims = await opened(provider, answer.signed.reveal())
    assert jws.header.alg == "ES256"
    assert claims == dict(answer.claims) | {"iss": ISSUER, "aud": signed.client.word}
    with pytest.raises(Unauthenticated):  # N06: it has no end and another type, so it is no access token
        await userinfo(provider, answer.signed.reveal())


async def test_disabled_user_and_disabled_client_are_told_nothing(provider: Provider) -> None:
    """N18: a disabled object still works."""
    one, other = await sign_in(provider, draft()), await sign_in(provider, draft())
    async with provider.ctx() as ctx:
        await provider.kit.users.set_state(ctx, one.user.id, "disabled")
        await provider.clients.disable(ctx, other.client.client_id)
    async with provider.ctx() as ctx:
        await provider.clients.enable(ctx, other.client.client_id)
    for signed in (one, other):
        with pytest.raises(Unauthenticated):
            await userinfo(provider, signed.token)


async def test_deleted_client_is_told_nothing(provider: Provider) -> None:
    """N18"""
    signed = await sign_in(provider, draft())
    async with provider.ctx() as ctx:
        await provider.clients.delete(ctx, signed.client.client_id)
    with pytest.raises(Unauthenticated):
        await userinfo(provider, signed.token)


async def test_ended_session_and_revoked_token_are_told_nothing(provider: Provider) -> None:
    """N19: revocation without effect."""
    one, other = await sign_in(provider, draft()), await sign_in(provider, draft())
    async with provider.ctx() as ctx:
        await provider.kit.sessions.end(ctx, one.session.session.id)
        await provider.revocation.revoke(ctx, ISSUER, other.credentials, {"token": other.token})
    for signed in (one, other):
        with pytest.raises(Unauthenticated):
            await userinfo(provider, signed.token)


async def test_token_of_another_tenant_is_nobodys(provider: Provider) -> None:
    """N20; N05: another issuer."""
    signed = await sign_in(provider, draft())
    async with provider.ctx() as ctx:
        with pytest.raises(Unauthenticated):
            await provider.userinfo.answer(ctx, "https://id.example.test/t/other", Presented(signed.token), Sender())


async def test_sweeping_forgets_claims_only_when_no_token_refers_to_them(provider: Provider) -> None:
    signed = await sign_in(provider, draft(), claims={"userinfo": {"name": None}})
    async with provider.ctx() as ctx:
        await provider.claims_requests.sweep(ctx)
    assert "name" in await userinfo(provider, signed.token)
    async with provider.ctx(later=timedelta(days=91)) as ctx:
        assert await provider.claims_requests.sweep(ctx) == 1


async def test_bound_token_is_of_use_to_its_holder_alone(provider: Provider) -> None:
    """RFC 9449 §7.1: by the DPoP scheme, with a proof of the very key, once; never as a bearer token."""
    signed = await sign_in(provider, draft(WEB, scopes=SCOPES, token_endpoint_auth_method="none"))
    holder, other = Holder(), Holder()
    bound = await bound_token(provider, signed, holder)

    async def ask(proof: str | None, *, dpop: bool = True) -> dict[str, Json]:
        async with provider.ctx() as ctx:
            sender = Sender("GET", (USERINFO,), proof)
            return dict((await provider.userinfo.answer(ctx, ISSUER, Presented(bound, dpop), sender)).claims)

    async def proof(by: Holder, token: str = bound) -> str:
        async with provider.ctx() as ctx:
            nonce = await provider.endpoint.nonce(ctx)
        return by.proof(USERINFO, provider.clock.now().timestamp(), method="GET", access_token=token, nonce=nonce)

    mine = await proof(holder)
    assert (await ask(mine))["sub"] == word(signed.user)
    for wrong in (mine, await proof(other), await proof(holder, signed.token), None):
        with pytest.raises(SenderUnproven):
            await ask(wrong)
    with pytest.raises(SenderUnproven):
        await ask(None, dpop=False)
    with pytest.raises(SenderUnproven):
        await ask(await proof(holder), dpop=False)


async def bound_token(provider: Provider, signed: Signed, holder: Holder) -> str:
    """An access token of the same sign-in, bound to the holder's key."""
    async with provider.ctx() as ctx:
        token = await provider.verifier.verify(ctx, signed.token, issuer=ISSUER, audience=None)
        grant = AccessGrant(
            subject=token.subject,
            client_id=token.client_id,
            audience=token.audience,
            scope=token.scope,
            session_id=token.session_id,
            family_id=token.family_id,
            confirmation=Confirmation(jkt=holder.jkt),
        )
        return (await provider.issuer.access_token(ctx, grant, issuer=ISSUER, opaque=True)).token.reveal()


async def test_opaque_access_token_is_no_refresh_token_and_no_code(provider: Provider) -> None:
    """N06: one opaque token taken for another."""
    signed = await sign_in(provider, draft(access_token_format="opaque"))
    with pytest.raises(InvalidGrant):
        await provider.refresh(signed.credentials, signed.answer.access_token)
    with pytest.raises(InvalidGrant):
        await provider.redeem(signed.credentials, signed.token)
    assert signed.answer.refresh_token is not None
    async with provider.ctx() as ctx:
        with pytest.raises(Unauthenticated):
            as_access = signed.answer.refresh_token.reveal().replace("art_", "aat_")
            await provider.verifier.verify(ctx, as_access, issuer=ISSUER, audience=None)
