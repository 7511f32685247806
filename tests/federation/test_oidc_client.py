"""How a connection proves itself to its provider: by keys of its own, and by Apple's signed secret."""

from uuid import UUID

import pytest

from airside.core.errors import InvalidInput, NotFound, Unauthenticated
from airside.core.secret import Secret
from airside.core.strict_json import Json, dumps, loads_object
from airside.federation import ConnectionChange, OwnKeys
from airside.federation.oidc_keys import MAX_OWN_KEYS, new_own_key, own_jwks, own_keys, renewed
from airside.protocols.jose import KeySet, b64url_decode, keyset_from_jwks, peek_claims, verify_compact
from airside.protocols.oauth import check_client_assertion
from tests.federation.oidc_kit import OidcKit

ADA: dict[str, Json] = {"email": "ada@example.com", "email_verified": True, "name": "Ada"}


def header_of(token: str) -> dict[str, Json]:
    return loads_object(b64url_decode(token.split(".", maxsplit=1)[0]))


async def published(oidc: OidcKit, connection_id: UUID) -> KeySet:
    async with oidc.federation.begin() as ctx:
        return keyset_from_jwks(dumps(await OwnKeys(connections=oidc.connections).jwks(ctx, connection_id)))


async def test_connection_signs_with_a_key_of_its_own_that_it_publishes(oidc: OidcKit) -> None:
    """RFC 7523 §2.2, §3; OpenID Connect Core §9"""
    connection = await oidc.connection(oidc.settings(token_endpoint_auth_method="private_key_jwt"), secret=None)
    other = await oidc.connection(oidc.settings(token_endpoint_auth_method="private_key_jwt"), secret=None)
    assert connection.has_keys
    await oidc.sign_in(connection, ADA)
    form = oidc.issuer.forms[0]
    assert "client_secret" not in form
    assertion, keys = form["client_assertion"], await published(oidc, connection.id)
    claims = loads_object(verify_compact(assertion, keys).payload)
    now = oidc.issuer.clock.now().timestamp()
    jti, _ = check_client_assertion("JWT", claims, client_id="airside-at-issuer", audiences=[oidc.issuer.url], now=now)
    await oidc.sign_in(connection, ADA)
    assert peek_claims(oidc.issuer.forms[1]["client_assertion"])["jti"] != jti
    assert keys.fingerprint != (await published(oidc, other.id)).fingerprint


async def test_audience_is_the_token_endpoint_where_that_is_set(oidc: OidcKit) -> None:
    settings = oidc.settings(token_endpoint_auth_method="private_key_jwt", assertion_audience="token_endpoint")
    await oidc.sign_in(await oidc.connection(settings, secret=None), ADA)
    assert peek_claims(oidc.issuer.forms[0]["client_assertion"])["aud"] == f"{oidc.issuer.url}/token"


async def test_new_key_signs_and_the_old_one_stays_published(oidc: OidcKit) -> None:
    """Rollover of our own."""
    connection = await oidc.connection(oidc.settings(token_endpoint_auth_method="private_key_jwt"), secret=None)
    before = await published(oidc, connection.id)
    for _ in range(MAX_OWN_KEYS + 1):
        async with oidc.federation.begin() as ctx:
            await OwnKeys(connections=oidc.connections).renew(ctx, connection.id)
    after = await published(oidc, connection.id)
    assert len(after) == MAX_OWN_KEYS
    assert {key.kid for key in before}.isdisjoint(key.kid for key in after)
    await oidc.sign_in(connection, ADA)
    assert header_of(oidc.issuer.forms[0]["client_assertion"])["kid"] == next(iter(after)).kid


async def test_key_is_made_when_settings_come_to_ask_for_one(oidc: OidcKit) -> None:
    """N04: no connection is left that can't prove itself."""
    connection = await oidc.connection()
    async with oidc.federation.begin() as ctx:
        change = ConnectionChange(settings={"token_endpoint_auth_method": "private_key_jwt"})
        assert (await oidc.connections.update(ctx, connection.id, change)).has_keys
    assert len(await published(oidc, connection.id)) == 1


async def test_only_connections_that_prove_themselves_by_a_key_publish_one(oidc: OidcKit) -> None:
    """N18, N20, N40"""
    plain = await oidc.connection()
    keyed = await oidc.connection(oidc.settings(token_endpoint_auth_method="private_key_jwt"), secret=None)
    async with oidc.federation.begin() as ctx:
        with pytest.raises(InvalidInput):
            await OwnKeys(connections=oidc.connections).renew(ctx, plain.id)
        await oidc.connections.disable(ctx, keyed.id)
    for connection in (plain, keyed):
        with pytest.raises(NotFound):
            await published(oidc, connection.id)


async def test_private_half_is_never_published_or_printed(oidc: OidcKit) -> None:
    """N37"""
    keys = new_own_key()
    assert repr(keys) == "***"
    assert '"d"' not in dumps(own_jwks(own_keys(keys))).decode()
    assert "BEGIN" not in repr(own_keys(keys))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a key",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
        "".join(new_own_key().reveal() for _ in range(MAX_OWN_KEYS + 1)),
        new_own_key().reveal()[:100],
    ],
    ids=["empty", "text", "no key", "no RSA key", "too many", "cut off"],
)
def test_what_is_no_key_of_ours_is_refused_and_not_repeated(text: str) -> None:
    """N37, N42"""
    with pytest.raises(InvalidInput) as caught:
        own_keys(Secret(text))
    assert "BEGIN" not in f"{caught.value} {caught.value.data}"


def test_renewed_keys_are_the_newest_first() -> None:
    one = new_own_key()
    two = renewed(one)
    assert [key.kid for key in own_keys(two)][1] == own_keys(one)[0].kid
    assert len(own_keys(renewed(None))) == 1


async def test_apple_s_secret_is_signed_anew_each_time(oidc: OidcKit) -> None:
    """Apple: ES256 by the developer's key, `iss` the team, `sub` the client, for Apple, for a minute."""
    key = new_own_key()
    settings = oidc.settings(
        token_endpoint_auth_method="apple_secret", response_mode="form_post", team_id="TEAM123456", key_id="KEY1234567"
    )
    connection = await oidc.connection(settings, secret=None, keys=key)
    await oidc.sign_in(connection, ADA)
    secret = oidc.issuer.forms[0]["client_secret"]
    named = own_keys(key, kid="KEY1234567")[0]
    claims = loads_object(verify_compact(secret, KeySet([named.verification()])).payload)
    assert header_of(secret)["kid"] == "KEY1234567"
    assert (claims["iss"], claims["sub"]) == ("TEAM123456", "airside-at-issuer")
    assert claims["aud"] == "https://appleid.apple.com"
    issued, expires = claims["iat"], claims["exp"]
    assert isinstance(issued, int)
    assert expires == issued + 60


async def test_apple_s_secret_without_its_key_is_none(oidc: OidcKit) -> None:
    """N04"""
    settings = oidc.settings(token_endpoint_auth_method="apple_secret", team_id="T", key_id="K")
    with pytest.raises(Unauthenticated):
        await oidc.sign_in(await oidc.connection(settings, secret=None), ADA)
    assert await oidc.reasons() == ["no_key"]
    assert oidc.issuer.forms == []
