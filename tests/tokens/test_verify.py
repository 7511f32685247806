"""Access tokens: the six of a verifier, other tenants, other kinds, revocation."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from airside.core.errors import Unauthenticated
from airside.core.ids import TENANT, format_id
from airside.protocols.jose import Reason, TokenRefused, peek_claims, sign_jwt
from airside.revocation import Kind
from airside.tokens import TokenVerifier, VerifiedToken, peek_tenant
from airside.tokens.verify import TokenRevoked
from tests.conftest import MakeTenant, OpenContext
from tests.tokens.kit import API, GRANT, ISSUER, Kit


async def verify(kit: Kit, token: str, seconds: float = 0.0, **other: Any) -> VerifiedToken:
    async with kit.at(seconds) as ctx:
        return await kit.verifier.verify(ctx, token, **({"issuer": ISSUER, "audience": API} | other))


async def refused(kit: Kit, token: str, seconds: float = 0.0, **other: Any) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verify(kit, token, seconds, **other)
    return caught.value.reason


async def resigned(kit: Kit, *, typ: str = "at+jwt", without: str = "", **changes: Any) -> str:
    """A token with other claims, well signed by the tenant's own key."""
    claims = peek_claims(await kit.access_token()) | changes
    claims.pop(without, None)
    async with kit.at() as ctx:
        return sign_jwt(await kit.keys.signer(ctx), claims, typ=typ)


async def test_round_trip(keyed: Kit):
    found = await verify(keyed, await keyed.access_token())
    assert (found.subject, found.client_id, found.audience) == ("usr_ada", "cli_one", (API,))
    assert (found.scope, found.roles) == ({"openid", "notes:read"}, ("administrator",))
    assert (found.session_id, found.family_id, found.acr, found.amr) == ("ses_one", "fam_one", "aal1", ("pwd",))
    assert (found.tenant_id, found.expires_at - found.issued_at) == (keyed.tenant_id, 900)


async def test_wrong_context_is_refused(keyed: Kit):
    """N05"""
    token = await keyed.access_token()
    assert await refused(keyed, token, audience="https://other.example") == Reason.AUDIENCE
    assert await refused(keyed, token, issuer=ISSUER + "x") == Reason.ISSUER
    assert await refused(keyed, token, 906) == Reason.EXPIRED
    assert await refused(keyed, token, -6) == Reason.NOT_YET
    with pytest.raises(ValueError, match="must be named"):
        await verify(keyed, token, audience="")


async def test_corrupted_token_is_refused(keyed: Kit):
    head, body, tail = (await keyed.access_token()).split(".")
    assert await refused(keyed, f"{head}.{body}.{tail[:-8]}AAAAAAAA") == Reason.SIGNATURE
    forged = (await keyed.access_token()).split(".")[1]
    assert await refused(keyed, f"{head}.{forged}.{tail}") == Reason.SIGNATURE


async def test_truncated_token_is_refused(keyed: Kit):
    token = await keyed.access_token()
    for end in range(0, len(token), 7):
        await refused(keyed, token[:end])


async def test_oversized_token_is_refused(keyed: Kit):
    """N27"""
    assert await refused(keyed, await resigned(keyed, roles=["r" * 100] * 200)) == Reason.TOO_LARGE


@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", "jwt"])
async def test_other_tokens_of_the_same_key_are_no_access_tokens(typ: str, keyed: Kit):
    """N06: an ID token or a logout token at the door of an access token."""
    assert await refused(keyed, await resigned(keyed, typ=typ)) == Reason.TYPE


async def test_id_token_is_no_access_token(keyed: Kit):
    """N06"""
    async with keyed.at() as ctx:
        issued = await keyed.issuer.id_token(ctx, GRANT, issuer=ISSUER, alg="ES256")
    assert await refused(keyed, issued.token.reveal(), audience=None) == Reason.TYPE


async def test_refresh_token_is_no_access_token(keyed: Kit):
    """N06"""
    assert await refused(keyed, await keyed.family()) == Reason.MALFORMED


@pytest.mark.parametrize("name", ["sub", "client_id", "jti", "scope", "roles", "tenant_id", "iat", "exp", "iss", "aud"])
async def test_missing_claim_is_refused(name: str, keyed: Kit):
    """N04"""
    await refused(keyed, await resigned(keyed, without=name))


@pytest.mark.parametrize(
    "change",
    [
        {"sub": 7},
        {"roles": "administrator"},
        {"roles": [7]},
        {"scope": ["a"]},
        {"scope": "a  b"},
        {"auth_time": "1"},
        {"auth_time": True},
        {"acr": 1},
        {"amr": "pwd"},
        {"sid": 1},
        {"fam": None},
        {"iat": 1.5},
    ],
)
async def test_claim_of_another_type_is_refused(change: dict[str, Any], keyed: Kit):
    assert await refused(keyed, await resigned(keyed, **change)) == Reason.CLAIM


async def test_token_of_another_tenant_is_refused(keyed: Kit, make_tenant: MakeTenant, open_ctx: OpenContext):
    """N20: its key isn't known here; and even signed by our key it names another tenant."""
    other = await make_tenant()
    token = await keyed.access_token()
    async with open_ctx(other, now=keyed.start) as ctx:
        with pytest.raises(TokenRefused) as caught:
            await keyed.verifier.verify(ctx, token, issuer=ISSUER, audience=API)
    assert caught.value.reason == Reason.UNKNOWN_KEY
    assert await refused(keyed, await resigned(keyed, tenant_id=format_id(TENANT, other))) == Reason.CLAIM


async def test_without_an_audience_to_compare_everything_else_still_holds(keyed: Kit):
    """N04"""
    assert (await verify(keyed, await keyed.access_token(), audience=None)).subject == "usr_ada"
    assert await refused(keyed, await resigned(keyed, without="aud"), audience=None) == Reason.AUDIENCE


@pytest.mark.parametrize(
    ("kind", "id"),
    [
        ("sid", "ses_one"),
        ("fam", "fam_one"),
        ("sub", "usr_ada"),
        ("client", "cli_one"),
        ("tenant", "ten_this"),
    ],
)
async def test_revoked_token_is_refused_although_it_is_remembered(kind: Kind, id: str, keyed: Kit):
    """N19: session, family, user, client, tenant; from the moment of the commit."""
    token = await keyed.access_token()
    await verify(keyed, token)
    async with keyed.at(1) as ctx:
        until = ctx.now + timedelta(minutes=15)
        await keyed.revocations.revoke(ctx, kind, id, before=ctx.now, expires_at=until)
    with pytest.raises(TokenRevoked):
        await verify(keyed, token, 2)
    assert (await verify(keyed, await keyed.access_token(2), 2)).subject == "usr_ada"


async def test_single_token_and_single_key_can_be_revoked(keyed: Kit):
    """N19"""
    one, two = await keyed.access_token(), await keyed.access_token()
    async with keyed.at() as ctx:
        until = ctx.now + timedelta(minutes=15)
        await keyed.revocations.revoke(ctx, "jti", str(peek_claims(one)["jti"]), expires_at=until)
    assert await refused(keyed, one) == "revoked"
    found = await verify(keyed, two)
    async with keyed.at() as ctx:
        await keyed.revocations.revoke(ctx, "key", found.kid, expires_at=ctx.now + timedelta(minutes=15))
    assert await refused(keyed, two) == "revoked"


async def test_token_of_the_very_second_of_the_revocation_is_refused(keyed: Kit):
    token = await keyed.access_token(0.9)
    async with keyed.at(0.1) as ctx:
        await keyed.revocations.revoke(ctx, "sub", "usr_ada", before=ctx.now, expires_at=ctx.now + timedelta(hours=1))
    assert await refused(keyed, token, 0.9) == "revoked"


async def test_peeking_finds_the_tenant_and_refuses_what_names_none(keyed: Kit):
    token = await keyed.access_token()
    assert peek_tenant(token) == keyed.tenant_id
    for junk in (
        "",
        "a.b.c",
        "x" * 20000,
        await resigned(keyed, tenant_id="ten_x"),
        await resigned(keyed, tenant_id=7),
    ):
        with pytest.raises(TokenRefused):
            peek_tenant(junk)


async def test_verified_token_cannot_be_made_without_verifying(keyed: Kit):
    found = await verify(keyed, await keyed.access_token())
    with pytest.raises((TypeError, ValueError)):
        replace(found, subject="usr_root")


async def test_warm_verification_opens_no_transaction(keyed: Kit, open_ctx: OpenContext):
    """House rule: verifying on warm caches touches no database."""
    token = await keyed.access_token()
    await verify(keyed, token)
    async with keyed.at() as ctx:
        closed = structs.replace(ctx, tx=NoDatabase())
        assert (await keyed.verifier.verify(closed, token, issuer=ISSUER, audience=API)).subject == "usr_ada"


class NoDatabase:
    """A transaction that can't be opened: it answers every call by failing the test."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        raise AssertionError(f"the database was asked: {name}")


async def test_two_verifiers_share_nothing(keyed: Kit):
    other = TokenVerifier(keys=keyed.keys, revocations=keyed.revocations)
    async with keyed.at() as ctx:
        found = await other.verify(ctx, await keyed.access_token(), issuer=ISSUER, audience=API)
    assert found.subject == "usr_ada"
