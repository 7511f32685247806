"""ID tokens that come back: the six of a verifier, other kinds, and ages."""

from dataclasses import replace
from typing import Any

import pytest

from airside.core.clock import epoch
from airside.core.errors import Unauthenticated
from airside.protocols.jose import Reason, TokenRefused, peek_claims, sign_jwt
from airside.tokens import IdTokenVerifier, VerifiedIdToken
from tests.conftest import MakeTenant, OpenContext
from tests.tokens.kit import CLIENT, GRANT, ISSUER, Kit

DAY = 24 * 3600.0


async def id_token(kit: Kit, seconds: float = 0.0) -> str:
    async with kit.at(seconds) as ctx:
        grant = replace(GRANT, auth_time=ctx.now)
        return (await kit.issuer.id_token(ctx, grant, issuer=ISSUER, alg="ES256")).token.reveal()


async def verify(kit: Kit, token: str, seconds: float = 0.0, *, issuer: str = ISSUER) -> VerifiedIdToken:
    async with kit.at(seconds) as ctx:
        return await IdTokenVerifier(keys=kit.keys).verify(ctx, token, issuer=issuer)


async def refused(kit: Kit, token: str, seconds: float = 0.0, *, issuer: str = ISSUER) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verify(kit, token, seconds, issuer=issuer)
    return caught.value.reason


async def resigned(kit: Kit, *, typ: str = "JWT", without: str = "", **changes: Any) -> str:
    """A token with other claims, well signed by the tenant's own key."""
    claims = peek_claims(await id_token(kit)) | changes
    claims.pop(without, None)
    async with kit.at() as ctx:
        return sign_jwt(await kit.keys.signer(ctx), claims, typ=typ)


async def test_round_trip(keyed: Kit):
    found = await verify(keyed, await id_token(keyed))
    assert (found.subject, found.client_id, found.session_id) == ("usr_ada", CLIENT, "ses_one")
    assert found.issued_at == epoch(keyed.start)


@pytest.mark.parametrize("seconds", [400.0, 30 * DAY, 90 * DAY])
async def test_expired_one_still_names_its_user(seconds: float, keyed: Kit):
    """OpenID Connect RP-Initiated Logout 1.0 §4: the current time may be past `exp`."""
    assert (await verify(keyed, await id_token(keyed), seconds)).subject == "usr_ada"


async def test_wrong_context_is_refused(keyed: Kit):
    """N05: an absurd age, the future, another issuer."""
    token = await id_token(keyed)
    assert await refused(keyed, token, 90 * DAY + 1) == Reason.EXPIRED
    assert await refused(keyed, token, -6) == Reason.NOT_YET
    assert await refused(keyed, token, issuer=ISSUER + "x") == Reason.ISSUER


async def test_corrupted_token_is_refused(keyed: Kit):
    head, body, tail = (await id_token(keyed)).split(".")
    assert await refused(keyed, f"{head}.{body}.{tail[:-8]}AAAAAAAA") == Reason.SIGNATURE
    forged = (await id_token(keyed)).split(".")[1]
    assert await refused(keyed, f"{head}.{forged}.{tail}") == Reason.SIGNATURE


async def test_truncated_token_is_refused(keyed: Kit):
    token = await id_token(keyed)
    for end in range(0, len(token), 7):
        await refused(keyed, token[:end])


async def test_oversized_token_is_refused(keyed: Kit):
    """N27"""
    assert await refused(keyed, await resigned(keyed, amr=["r" * 100] * 200)) == Reason.TOO_LARGE


async def test_encrypted_token_is_not_read(keyed: Kit):
    """N27: five parts are no signed token."""
    assert await refused(keyed, "e30.e30.e30.e30.e30") == Reason.MALFORMED


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "secevent+jwt"])
async def test_other_tokens_of_the_same_key_are_no_id_tokens(typ: str, keyed: Kit):
    """N06"""
    assert await refused(keyed, await resigned(keyed, typ=typ)) == Reason.TYPE


async def test_access_token_is_no_id_token(keyed: Kit):
    """N06"""
    assert await refused(keyed, await keyed.access_token()) == Reason.TYPE


@pytest.mark.parametrize("name", ["sub", "aud", "iss", "iat", "exp"])
async def test_missing_claim_is_refused(name: str, keyed: Kit):
    """N04"""
    await refused(keyed, await resigned(keyed, without=name))


@pytest.mark.parametrize(
    "change", [{"sub": 7}, {"sub": ""}, {"aud": [CLIENT]}, {"aud": []}, {"sid": 7}, {"iat": "1"}, {"iat": True}]
)
async def test_claim_of_another_type_is_refused(change: dict[str, Any], keyed: Kit):
    await refused(keyed, await resigned(keyed, **change))


async def test_token_that_was_never_lawful_is_refused(keyed: Kit):
    """N05: signed as already expired."""
    assert await refused(keyed, await resigned(keyed, exp=epoch(keyed.start) - 60)) == Reason.EXPIRED


async def test_token_of_another_tenant_is_refused(keyed: Kit, make_tenant: MakeTenant, open_ctx: OpenContext):
    """N20: its key isn't known here."""
    async with open_ctx(await make_tenant(), now=keyed.start) as ctx:
        with pytest.raises(TokenRefused) as caught:
            await IdTokenVerifier(keys=keyed.keys).verify(ctx, await id_token(keyed), issuer=ISSUER)
    assert caught.value.reason == Reason.UNKNOWN_KEY


def test_only_the_verifier_makes_one():
    with pytest.raises(TypeError):
        VerifiedIdToken("usr_ada", CLIENT, None, 0, mint=None)  # pyright: ignore[reportArgumentType]
