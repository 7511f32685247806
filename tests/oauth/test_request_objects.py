"""Signed request objects: signed by their client, for us, in their time; and nothing beside them counts."""

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from airside.core.clock import epoch
from airside.core.strict_json import dumps
from airside.oauth import Client, ClientSettings, Redirect
from airside.oauth.errors import AuthorizationRefused, InvalidRequest, InvalidRequestObject, UnsafeRequest
from airside.protocols.jose import SigningKey, b64url_encode, public_jwk, sign_compact
from airside.protocols.jose.keys import generate
from tests.oauth.provider import BACKEND, CALLBACK, ISSUER, Provider
from tests.oauth.test_authorize import ALONE, answer

TYPE = "oauth-authz-req+jwt"


@dataclass(frozen=True)
class Signer:
    """A client that signs."""

    provider: Provider
    client: Client
    key: SigningKey

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a lawful object says, changed; None takes a member away."""
        now = epoch(self.provider.clock.now())
        given: dict[str, Any] = {
            **self.provider.parameters(self.client),
            "iss": self.client.word,
            "aud": ISSUER,
            "nbf": now,
            "exp": now + 60,
        }
        return {name: value for name, value in (given | changes).items() if value is not None}

    def sign(self, *, typ: str = TYPE, **changes: Any) -> str:
        return sign_compact(self.key, dumps(self.claims(**changes)), typ=typ)

    def outside(self, presented: str, **more: str) -> dict[str, str]:
        """What a browser carries beside the object."""
        return {"client_id": self.client.word, "request": presented} | more


async def signer(provider: Provider, *, alg: str = "ES256", **settings: Any) -> Signer:
    key = SigningKey("k-1", alg, generate(alg))
    jwks = {"keys": [cast("dict[str, Any]", public_jwk(key.verification()))]}
    draft = replace(BACKEND, settings=ClientSettings(jwks=jwks, **settings))
    client, _ = await provider.client(draft)
    return Signer(provider, client, key)


async def begin(of: Signer, presented: str, **more: str) -> object:
    _, _, browser = await of.provider.signed_in()
    async with of.provider.ctx() as ctx:
        return await of.provider.authorization.begin(ctx, ISSUER, of.outside(presented, **more), browser)


async def refused(of: Signer, presented: str) -> None:
    """It is: told to the client where a registered address stands outside, and else on a page."""
    with pytest.raises(AuthorizationRefused) as caught:
        await begin(of, presented, redirect_uri=CALLBACK, state="outside")
    assert isinstance(caught.value.cause, InvalidRequestObject)
    assert caught.value.state == "outside"
    with pytest.raises(UnsafeRequest):
        await begin(of, presented)


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
async def test_round_trip(provider: Provider, alg: str) -> None:
    """RFC 9101 §5."""
    of = await signer(provider, alg=alg)
    outcome = await begin(of, of.sign())
    assert isinstance(outcome, Redirect)
    assert answer(outcome)["state"] == "the-state"


@pytest.mark.parametrize("typ", ["JWT", "application/oauth-authz-req+jwt", "OAUTH-AUTHZ-REQ+JWT"])
async def test_types_that_the_standards_know_are_taken(provider: Provider, typ: str) -> None:
    """RFC 9101 §10.8; OpenID Connect Core §6.1 names no type."""
    of = await signer(provider)
    assert isinstance(await begin(of, of.sign(typ=typ)), Redirect)


async def test_only_what_stands_inside_counts(provider: Provider) -> None:
    """N08, N09: RFC 9101 §6.3."""
    of = await signer(provider)
    outcome = await begin(of, of.sign(), state="bent", scope="everything", prompt="none", response_type="token")
    assert isinstance(outcome, Redirect)
    assert answer(outcome)["state"] == "the-state"
    with pytest.raises(AuthorizationRefused) as caught:  # what is missing inside isn't taken from outside
        await begin(of, of.sign(scope=None), scope="openid")
    assert caught.value.state == "the-state"


async def test_structured_members_are_the_parameters_they_stand_for(provider: Provider) -> None:
    """RFC 9101 §4; OpenID Connect Core §6.1."""
    of = await signer(provider)
    outside = of.outside(of.sign(max_age=600, claims={"id_token": {"email": None}}, resource=list(BACKEND.audiences)))
    async with provider.ctx() as ctx:
        _, request = await provider.intake.read(ctx, ISSUER, outside)
    assert request.max_age == 600
    assert request.details.claims == {"id_token": {"email": None}}
    assert request.details.resources == BACKEND.audiences


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example.test"},
        {"aud": [ISSUER + "/"]},
        {"aud": None},
        {"iss": "cli_other"},
        {"iss": None},
        {"client_id": None},
        {"client_id": "cli_other"},
        {"exp": None},
        {"exp": 0},
        {"exp": True},
        {"exp": "9999999999"},
        {"exp": 253_402_300_799},
        {"nbf": 253_402_300_799},
        {"iat": 253_402_300_799},
    ],
)
async def test_wrong_context_is_refused(provider: Provider, changes: dict[str, Any]) -> None:
    """N05: RFC 9101 §6.2."""
    of = await signer(provider)
    await refused(of, of.sign(**changes))


async def test_audience_may_be_one_of_several(provider: Provider) -> None:
    of = await signer(provider)
    assert isinstance(await begin(of, of.sign(aud=["https://elsewhere.example.test", ISSUER])), Redirect)


@pytest.mark.parametrize(
    "changes",
    [
        {"request": "e30.e30.e30"},
        {"request_uri": "https://app.example.test/r"},
        {"sub": "cli_x"},
        {"state": 7},
        {"scope": ["openid"]},
        {"resource": ["a b"]},
        {"resource": []},
        {"max_age": True},
        {"claims": ["a"]},
    ],
)
async def test_member_that_no_request_has_is_refused(provider: Provider, changes: dict[str, Any]) -> None:
    """N06: a request in a request (RFC 9101 §4), a client's assertion (§10.8), another kind of value."""
    of = await signer(provider)
    await refused(of, of.sign(**changes))


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "client-authentication+jwt"])
async def test_other_tokens_of_the_same_key_are_no_requests(provider: Provider, typ: str) -> None:
    """N06"""
    of = await signer(provider)
    await refused(of, of.sign(typ=typ))


async def test_unsigned_request_object_is_refused(provider: Provider) -> None:
    """N01: `none`, and a MAC with the client's secret or its public key."""
    of = await signer(provider)
    body = b64url_encode(dumps(of.claims()))
    for alg in ("none", "HS256"):
        head = b64url_encode(dumps({"alg": alg, "kid": "k-1", "typ": TYPE}))
        for tail in ("", "AAAA"):
            await refused(of, f"{head}.{body}.{tail}")


async def test_object_signed_with_another_key_is_refused(provider: Provider) -> None:
    """N02: an attacker's key, under the client's own `kid` and under one of its own."""
    of = await signer(provider)
    for kid in ("k-1", "k-2"):
        forger = replace(of, key=SigningKey(kid, "ES256", generate("ES256")))
        await refused(of, forger.sign())


async def test_algorithm_other_than_the_registered_is_refused(provider: Provider) -> None:
    """N01: RFC 9101 §10.5, `request_object_signing_alg`."""
    of = await signer(provider, request_object_signing_alg="ES256")
    assert isinstance(await begin(of, of.sign()), Redirect)
    keys = [SigningKey("k-1", "ES256", generate("ES256")), SigningKey("k-2", "EdDSA", generate("EdDSA"))]
    jwks = {"keys": [cast("dict[str, Any]", public_jwk(key.verification())) for key in keys]}
    settings = ClientSettings(jwks=jwks, request_object_signing_alg="ES256")
    client, _ = await provider.client(replace(BACKEND, settings=settings))
    await refused(Signer(provider, client, keys[1]), Signer(provider, client, keys[1]).sign())


async def test_corrupted_object_is_refused(provider: Provider) -> None:
    of = await signer(provider)
    head, body, tail = of.sign().split(".")
    await refused(of, f"{head}.{body}.{tail[:-8]}AAAAAAAA")
    bent = of.sign(redirect_uri="https://evil.example/").split(".")[1]
    await refused(of, f"{head}.{bent}.{tail}")


async def test_truncated_object_is_refused(provider: Provider) -> None:
    of = await signer(provider)
    presented = of.sign()
    async with provider.ctx() as ctx:
        for end in range(1, len(presented), 11):
            with pytest.raises(UnsafeRequest):
                await provider.authorization.begin(ctx, ISSUER, of.outside(presented[:end]), ALONE)


async def test_oversized_object_is_refused(provider: Provider) -> None:
    """N27"""
    of = await signer(provider)
    await refused(of, of.sign(login_hint="a" * 20_000))
    await refused(of, "." * 5000)


async def test_client_without_keys_signs_nothing(provider: Provider) -> None:
    """N04"""
    client, _ = await provider.client(BACKEND)
    of = Signer(provider, client, SigningKey("k-1", "ES256", generate("ES256")))
    await refused(of, of.sign())


async def test_object_of_another_client_is_refused(provider: Provider) -> None:
    """N07: also when it stands under the other's name."""
    one, two = await signer(provider), await signer(provider)
    await refused(two, one.sign())
    await refused(two, one.sign(iss=two.client.word, client_id=two.client.word))


@pytest.mark.parametrize("inside", [CALLBACK + "x", "https://evil.example/callback", None])
async def test_signed_redirect_uri_has_to_be_registered_too(provider: Provider, inside: str | None) -> None:
    """N09, N10: even the client's own signature leads nowhere else."""
    of = await signer(provider)
    with pytest.raises(UnsafeRequest):
        await begin(of, of.sign(redirect_uri=inside), redirect_uri=CALLBACK)


async def test_client_may_be_registered_as_only_heard_signed(provider: Provider) -> None:
    """RFC 9101 §10.5: `require_signed_request_object`, at both endpoints."""
    of = await signer(provider, require_signed_request_object=True)
    plain = provider.parameters(of.client)
    async with provider.ctx() as ctx:
        with pytest.raises(AuthorizationRefused) as caught:
            await provider.authorization.begin(ctx, ISSUER, plain, ALONE)
        assert isinstance(caught.value.cause, InvalidRequestObject)
        with pytest.raises(InvalidRequestObject):
            await provider.intake.judge(ctx, ISSUER, of.client, plain)
        with pytest.raises(UnsafeRequest):
            await provider.authorization.begin_foreign(ctx, ISSUER, {"client_id": of.client.word})
    assert isinstance(await begin(of, of.sign()), Redirect)


async def test_signed_request_may_be_pushed(provider: Provider) -> None:
    """RFC 9126 §3: what was signed is what is kept."""
    of = await signer(provider, require_signed_request_object=True)
    async with provider.ctx() as ctx:
        said = await provider.intake.judge(ctx, ISSUER, of.client, of.outside(of.sign(), state="bent"))
        request_uri = await provider.pushed.keep(ctx, of.client, said)
    _, _, browser = await provider.signed_in()
    async with provider.ctx() as ctx:
        carried = {"client_id": of.client.word, "request_uri": request_uri}
        outcome = await provider.authorization.begin(ctx, ISSUER, carried, browser)
    assert isinstance(outcome, Redirect)
    assert answer(outcome)["state"] == "the-state"


async def test_pushed_object_that_is_wrong_is_refused_at_once(provider: Provider) -> None:
    """RFC 9126 §3."""
    of = await signer(provider)
    async with provider.ctx() as ctx:
        with pytest.raises(InvalidRequestObject):
            await provider.intake.judge(ctx, ISSUER, of.client, of.outside(of.sign(exp=1)))
        with pytest.raises(InvalidRequest):
            await provider.intake.judge(ctx, ISSUER, of.client, of.outside(of.sign(code_challenge=None)))


@pytest.mark.parametrize(
    ("changes", "lawful"),
    [
        ({}, True),
        ({"nbf": None}, False),
        ({"nbf": -3700}, False),
        ({"exp": 3601}, False),
        ({"nbf": -3500, "exp": 90}, True),
    ],
)
async def test_under_fapi_objects_are_short_lived(provider: Provider, changes: dict[str, Any], lawful: bool) -> None:
    """FAPI 2.0 Message Signing §5.3.1: `nbf` and `exp` within the hour."""
    of = await signer(provider)
    fapi = replace(of.client, settings=ClientSettings(jwks=of.client.settings.jwks, profile="fapi2"))
    now = epoch(provider.clock.now())
    moved: dict[str, Any] = {name: None if value is None else now + value for name, value in changes.items()}
    presented = of.outside(of.sign(typ=TYPE, **moved))
    async with provider.ctx() as ctx:
        try:
            await provider.intake.judge(ctx, ISSUER, fapi, presented)
            assert lawful
        except InvalidRequestObject:
            assert not lawful


async def test_under_fapi_weak_algorithms_sign_nothing(provider: Provider) -> None:
    """N01: FAPI 2.0 Security Profile §5.4.1."""
    of = await signer(provider, alg="RS256")
    fapi = replace(of.client, settings=ClientSettings(jwks=of.client.settings.jwks, profile="fapi2"))
    async with provider.ctx() as ctx:
        with pytest.raises(InvalidRequestObject):
            await provider.intake.judge(ctx, ISSUER, fapi, of.outside(of.sign()))
