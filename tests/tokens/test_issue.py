"""What access tokens and ID tokens say."""

import hashlib
from dataclasses import replace

import pytest

from airside.core.clock import epoch
from airside.core.ids import TENANT, format_id
from airside.core.strict_json import loads_object
from airside.protocols.jose import b64url_decode, b64url_encode, peek_claims
from airside.tokens import AccessGrant
from tests.tokens.kit import API, GRANT, ISSUER, Kit


async def test_access_token_says_what_rfc_9068_and_the_contract_say(keyed: Kit):
    token = await keyed.access_token()
    header = loads_object(b64url_decode(token.split(".")[0]))
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    claims = peek_claims(token)
    assert str(claims.pop("jti")).startswith("tok_")
    now = epoch(keyed.start)
    assert claims == {
        "iss": ISSUER,
        "sub": "usr_ada",
        "aud": API,
        "exp": now + 900,
        "iat": now,
        "nbf": now,
        "client_id": "cli_one",
        "scope": "notes:read openid",
        "tenant_id": format_id(TENANT, keyed.tenant_id),
        "roles": ["administrator"],
        "auth_time": now,
        "acr": "aal1",
        "amr": ["pwd"],
        "sid": "ses_one",
        "fam": "fam_one",
    }


async def test_token_of_a_client_for_itself_says_nothing_of_a_user(keyed: Kit):
    grant = AccessGrant(subject="cli_one", client_id="cli_one", audience=(API, "b"), scope=frozenset())
    async with keyed.at() as ctx:
        token = (await keyed.issuer.access_token(ctx, grant, issuer=ISSUER)).token.reveal()
    claims = peek_claims(token)
    assert claims["aud"] == [API, "b"]
    assert not {"auth_time", "acr", "amr", "sid", "fam"} & claims.keys()


@pytest.mark.parametrize("audience", [(), ("",), (API, "")])
async def test_access_token_for_nobody_is_not_issued(audience: tuple[str, ...], keyed: Kit):
    """N04"""
    async with keyed.at() as ctx:
        with pytest.raises(ValueError, match="audience"):
            await keyed.issuer.access_token(ctx, replace(GRANT, audience=audience), issuer=ISSUER)


async def test_id_token_is_for_its_client_and_bound_to_the_access_token(keyed: Kit):
    async with keyed.at() as ctx:
        issued = await keyed.issuer.id_token(ctx, GRANT, issuer=ISSUER, nonce="n", access_token="at", alg="ES256")
    token = issued.token.reveal()
    assert loads_object(b64url_decode(token.split(".")[0]))["typ"] == "JWT"
    claims = peek_claims(token)
    assert (claims["aud"], claims["nonce"], claims["sid"]) == ("cli_one", "n", "ses_one")
    assert claims["exp"] == epoch(keyed.start) + 300
    assert claims["at_hash"] == b64url_encode(hashlib.sha256(b"at").digest()[:16])
    assert not {"scope", "roles", "tenant_id", "fam"} & claims.keys()


async def test_issued_token_never_prints(keyed: Kit):
    """N37"""
    async with keyed.at() as ctx:
        issued = await keyed.issuer.access_token(ctx, GRANT, issuer=ISSUER)
    assert issued.token.reveal() not in repr(issued)
