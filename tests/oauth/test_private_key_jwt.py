"""private_key_jwt (RFC 7523 §2.2, §3; OpenID Connect Core §9): a client proves itself by what only it can sign."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from airside.core.errors import Refusal
from airside.core.secret import Secret
from airside.oauth import AuthenticatedClient, Client, ClientDraft, ClientSettings, Credentials
from airside.oauth.credentials import read_credentials
from airside.oauth.errors import InvalidClient, InvalidRequest
from airside.protocols.jose import sign_compact
from airside.protocols.oauth import ASSERTION_TYPE
from tests.oauth.provider import ISSUER, SERVICE, Provider
from tests.senders import Holder, Signer, signed

TOKEN = f"{ISSUER}/oauth2/token"
SIGNER = Signer()


def draft(signer: Signer = SIGNER, **more: Any) -> ClientDraft:
    return replace(
        SERVICE, settings=ClientSettings(token_endpoint_auth_method="private_key_jwt", jwks=signer.jwks, **more)
    )


async def registered(provider: Provider, signer: Signer = SIGNER, **more: Any) -> Client:
    client, _ = await provider.client(draft(signer, **more))
    return client


def presents(assertion: str) -> Credentials:
    form = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    return read_credentials(None, form, issuer=ISSUER)


async def prove(provider: Provider, assertion: str) -> AuthenticatedClient:
    async with provider.ctx() as ctx:
        return await provider.authentication.authenticate(ctx, presents(assertion))


async def refused(provider: Provider, assertion: str) -> str:
    with pytest.raises(InvalidClient) as caught:
        await prove(provider, assertion)
    return caught.value.reason


def now(provider: Provider) -> float:
    return provider.clock.now().timestamp()


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
async def test_assertion_proves_its_client(provider: Provider, alg: str) -> None:
    """RFC 7523 §3: the round trip."""
    signer = Signer("k", alg)
    client = await registered(provider, signer)
    for audience in (ISSUER, TOKEN):
        assert (await prove(provider, signer.assertion(client.word, audience, now(provider)))).client == client


async def test_assertion_is_used_once(provider: Provider) -> None:
    """RFC 7523 §3, item 7; OpenID Connect Core §9, `jti`."""
    client = await registered(provider)
    assertion = SIGNER.assertion(client.word, ISSUER, now(provider))
    await prove(provider, assertion)
    await refused(provider, assertion)
    again = SIGNER.assertion(client.word, ISSUER, now(provider), jti="j-1")
    await prove(provider, again)
    await refused(provider, SIGNER.assertion(client.word, ISSUER, now(provider) + 1, jti="j-1"))


async def test_of_fifty_at_once_one_wins(provider: Provider) -> None:
    """RFC 7523 §3, item 7: single use under a race."""
    client = await registered(provider)
    assertion = SIGNER.assertion(client.word, ISSUER, now(provider))
    connections = asyncio.Semaphore(15)

    async def attempt() -> bool:
        async with connections:
            try:
                await prove(provider, assertion)
            except Refusal:
                return False
            return True

    assert sum(await asyncio.gather(*(attempt() for _ in range(50)))) == 1


async def test_each_client_numbers_its_own(provider: Provider) -> None:
    """Single use is per client: one can't spend another's numbers."""
    one, other = await registered(provider), await registered(provider)
    for client in (one, other):
        await prove(provider, SIGNER.assertion(client.word, ISSUER, now(provider), jti="same"))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "cli_00000000000000000000000000"},
        {"iss": None},
        {"aud": None},
        {"aud": "https://other.example.test"},
        {"aud": [ISSUER]},
        {"aud": [ISSUER, "https://other.example.test"]},
        {"aud": ISSUER + "/"},
        {"aud": f"{ISSUER}/oauth2/introspect"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 257},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
    ],
)
async def test_other_claims_prove_nothing(provider: Provider, claims: dict[str, Any]) -> None:
    """N05: RFC 7523 §3, items 1 to 4; the wrong context. An audience of several could be another's to replay."""
    client = await registered(provider)
    await refused(provider, SIGNER.assertion(client.word, ISSUER, now(provider), **claims))


async def test_assertion_out_of_its_time_proves_nothing(provider: Provider) -> None:
    """N05: RFC 7523 §3, items 4 to 6; and five minutes is the longest."""
    client, moment = await registered(provider), now(provider)
    for claims in ({"exp": moment - 15}, {"exp": moment + 320}, {"nbf": moment + 60}, {"iat": moment + 60}):
        await refused(provider, SIGNER.assertion(client.word, ISSUER, moment, **claims))
    await prove(provider, SIGNER.assertion(client.word, ISSUER, moment, exp=moment + 299, iat=moment, nbf=moment))


async def test_another_key_proves_nothing(provider: Provider) -> None:
    """N01, N02: by name, by algorithm, by the key that the assertion brings along."""
    client, moment = await registered(provider), now(provider)
    await refused(provider, Signer().assertion(client.word, ISSUER, moment))
    await refused(provider, Signer("other").assertion(client.word, ISSUER, moment))
    await refused(provider, Signer("client-1", "RS256").assertion(client.word, ISSUER, moment))
    own = Holder()
    claims = {"iss": client.word, "sub": client.word, "aud": ISSUER, "jti": "j", "exp": int(moment) + 60}
    for header in (
        {"alg": "none", "kid": SIGNER.kid},
        {"alg": "HS256", "kid": SIGNER.kid},
        {"alg": "ES256", "jwk": own.jwk},
        {"alg": "ES256", "kid": SIGNER.kid, "jwk": own.jwk},
        {"alg": "ES256", "kid": SIGNER.kid, "jku": "https://evil.example"},
        {"alg": "ES256", "kid": SIGNER.kid, "crit": ["b64"], "b64": True},
    ):
        await refused(provider, signed(own.key, header, claims))


async def test_other_things_that_the_client_signed_are_no_assertions(provider: Provider) -> None:
    """N06: a request object, a proof, a logout token."""
    client, moment = await registered(provider), now(provider)
    claims = {"iss": client.word, "sub": client.word, "aud": ISSUER, "exp": int(moment) + 60, "jti": "j"}
    for typ in ("oauth-authz-req+jwt", "dpop+jwt", "at+jwt", "logout+jwt"):
        await refused(provider, signed(SIGNER.key, {"alg": "ES256", "kid": SIGNER.kid, "typ": typ}, claims))
    await prove(provider, signed(SIGNER.key, {"alg": "ES256", "kid": SIGNER.kid}, claims))


async def test_corrupted_truncated_and_oversized_assertions_prove_nothing(provider: Provider) -> None:
    """N27."""
    client = await registered(provider)
    good = SIGNER.assertion(client.word, ISSUER, now(provider))
    head, body, tail = good.split(".")
    for bad in (f"{head}.{body}.{tail[:-4]}", f"{head}.{body}.", f"{head}.{body}.{'A' * 86}", f"{head}.{body}.{tail}="):
        await refused(provider, bad)
    with pytest.raises(InvalidClient):
        presents(SIGNER.assertion(client.word, ISSUER, now(provider), more="x" * 17_000))
    await prove(provider, good)


async def test_only_the_registered_method_is_taken(provider: Provider) -> None:
    """RFC 7591 §2, `token_endpoint_auth_method`: a client of one method isn't proven by another."""
    client = await registered(provider)
    plain, secret = await provider.client(SERVICE)
    async with provider.ctx() as ctx:
        for credentials in (
            Credentials("none", client.word),
            Credentials("client_secret_basic", client.word, Secret("")),
            Credentials("client_secret_post", client.word, secret.secret),
            presents(SIGNER.assertion(plain.word, ISSUER, now(provider))),
        ):
            with pytest.raises(InvalidClient):
                await provider.authentication.authenticate(ctx, credentials)


async def test_disabled_client_proves_nothing(provider: Provider) -> None:
    """N18."""
    client = await registered(provider)
    async with provider.ctx() as ctx:
        await provider.clients.disable(ctx, client.client_id)
    await refused(provider, SIGNER.assertion(client.word, ISSUER, now(provider)))


async def test_every_refusal_is_the_same(provider: Provider) -> None:
    """N15: unknown, disabled, badly signed, used: one answer."""
    client, moment = await registered(provider), now(provider)
    used = SIGNER.assertion(client.word, ISSUER, moment)
    await prove(provider, used)
    nobody = "cli_00000000000000000000000000"
    found = {
        await refused(provider, used),
        await refused(provider, Signer().assertion(client.word, ISSUER, moment)),
        await refused(provider, SIGNER.assertion(nobody, ISSUER, moment)),
        await refused(provider, SIGNER.assertion("not a client", ISSUER, moment)),
    }
    assert len(found) == 1


async def test_fapi_clients_name_the_issuer_alone_and_sign_by_better_algorithms(provider: Provider) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1 and §5.4.1: and have no secrets."""
    client, moment = await registered(provider), now(provider)
    plain, secret = await provider.client(SERVICE)

    async def proves(signer: Signer, audience: str) -> bool:
        settings = ClientSettings(profile="fapi2", token_endpoint_auth_method="private_key_jwt", jwks=signer.jwks)
        presented = presents(signer.assertion(client.word, audience, moment))
        async with provider.ctx() as ctx:
            return await provider.proofs.prove(ctx, replace(client, settings=settings), presented)

    assert await proves(Signer(), ISSUER)
    assert await proves(Signer("rsa", "PS256"), ISSUER)
    assert not await proves(Signer(), TOKEN)
    assert not await proves(Signer("rsa", "RS256"), ISSUER)
    async with provider.ctx() as ctx:
        assert await provider.proofs.prove(ctx, plain, secret)
        assert not await provider.proofs.prove(ctx, replace(plain, settings=ClientSettings(profile="fapi2")), secret)


async def test_token_endpoint_takes_an_assertion(provider: Provider) -> None:
    """RFC 7523 §2.2: a whole request; the assertion stays spent where the grant fails."""
    client = await registered(provider)
    assertion = SIGNER.assertion(client.word, ISSUER, now(provider))
    answer = await provider.exchange(presents(assertion), {"grant_type": "client_credentials"})
    assert answer.scope == client.scopes
    another = SIGNER.assertion(client.word, ISSUER, now(provider))
    with pytest.raises(Refusal):
        await provider.exchange(presents(another), {"grant_type": "client_credentials", "scope": "more"})
    await refused(provider, another)


async def test_spent_assertions_are_forgotten_when_time_refuses_them(provider: Provider) -> None:
    client = await registered(provider)
    await prove(provider, SIGNER.assertion(client.word, ISSUER, now(provider)))
    async with provider.ctx(later=timedelta(minutes=1)) as ctx:
        assert await provider.spent.sweep(ctx) == 0
    async with provider.ctx(later=timedelta(minutes=3)) as ctx:
        assert await provider.spent.sweep(ctx) == 1


def test_assertion_names_its_client_alone_or_beside_the_same_name() -> None:
    """RFC 7521 §4.2."""
    assertion = SIGNER.assertion("cli_a", ISSUER, 0)
    form = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    assert read_credentials(None, form, issuer=ISSUER).client_id == "cli_a"
    assert read_credentials(None, form | {"client_id": "cli_a"}).method == "private_key_jwt"
    with pytest.raises(InvalidRequest):
        read_credentials(None, form | {"client_id": "cli_b"})


def test_assertion_beside_another_method_is_refused() -> None:
    """RFC 6749 §2.3: one method per request."""
    form = {"client_assertion": SIGNER.assertion("cli_a", ISSUER, 0), "client_assertion_type": ASSERTION_TYPE}
    with pytest.raises(InvalidRequest):
        read_credentials("Basic Y2xpX2E6cw==", form)
    with pytest.raises(InvalidRequest):
        read_credentials(None, form | {"client_id": "cli_a", "client_secret": "s"})


@pytest.mark.parametrize(
    "form",
    [
        {"client_assertion": "x.y.z", "client_assertion_type": ASSERTION_TYPE},
        {"client_assertion": sign_compact(SIGNER.key, b"{}", typ="JWT"), "client_assertion_type": ASSERTION_TYPE},
        {"client_assertion": SIGNER.assertion("cli_a", ISSUER, 0)},
        {"client_assertion_type": ASSERTION_TYPE},
        {
            "client_assertion": SIGNER.assertion("cli_a", ISSUER, 0),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        },
    ],
)
def test_half_assertions_are_no_client(form: dict[str, str]) -> None:
    """RFC 7521 §4.2."""
    with pytest.raises(InvalidClient):
        read_credentials(None, form)
