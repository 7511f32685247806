"""GitHub: an account's number is who it is, and its verified primary address is its address."""

from typing import Any

import pytest

from airside.core.errors import Unauthenticated
from airside.core.strict_json import Json, dumps
from airside.federation import LinkedProof, NotLinked, OidcSettings
from tests.federation.kit import new_login
from tests.federation.oidc_kit import OidcKit, user_of

JSON = "Content-Type: application/json"
PROFILE: dict[str, Json] = {"id": 583231, "login": "ada", "name": "Ada Lovelace", "email": "shown@example.com"}
EMAILS: list[Json] = [
    {"email": "other@example.com", "primary": False, "verified": True},
    {"email": "ada@example.com", "primary": True, "verified": True},
]


def settings_of(oidc: OidcKit) -> OidcSettings:
    url = oidc.issuer.url
    return OidcSettings(
        issuer="https://github.com/login/oauth",
        client_id="airside-at-issuer",
        preset="github",
        token_endpoint_auth_method="client_secret_post",
        scopes=("read:user", "user:email"),
        authorization_endpoint=f"{url}/login/oauth/authorize",
        token_endpoint=f"{url}/token",
        userinfo_endpoint=f"{url}/user",
    )


async def sign_in(oidc: OidcKit, profile: Json = None, emails: Json = None) -> LinkedProof:
    """Through one connection, with what the interface says then."""
    said = PROFILE if profile is None else profile
    oidc.issuer.answers["/user"] = ("200 OK", JSON, dumps(said))
    oidc.issuer.answers["/user/emails"] = ("200 OK", JSON, dumps(EMAILS if emails is None else emails))
    async with oidc.federation.begin() as ctx:
        there = await oidc.connections.list(ctx)
    connection = there[0] if there else await oidc.connection(settings_of(oidc))
    return await oidc.sign_in(connection)


async def test_round_trip(oidc: OidcKit) -> None:
    """RFC 6749 §4.1; RFC 7636"""
    proof = await sign_in(oidc)
    assert (await user_of(oidc, proof))[1] == "ada@example.com"
    assert oidc.issuer.forms[0]["code_verifier"]
    url = await oidc.lead(await oidc.connection(settings_of(oidc)), new_login())
    assert "nonce" not in url
    assert "code_challenge_method=S256" in url


async def test_answer_that_names_another_issuer_is_refused(oidc: OidcKit) -> None:
    """RFC 9207 §2.4: GitHub names itself in some answers, and then rightly."""
    await sign_in(oidc)
    async with oidc.federation.begin() as ctx:
        (connection,) = await oidc.connections.list(ctx)
    assert await oidc.sign_in(connection, {}, {"iss": "https://github.com/login/oauth"})
    for named in ("https://github.com", oidc.issuer.url):
        with pytest.raises(Unauthenticated):
            await oidc.sign_in(connection, {}, {"iss": named})


async def test_number_is_who_it_is_and_the_name_is_not(oidc: OidcKit) -> None:
    """N17: a name can be given up and taken by another."""
    first = await sign_in(oidc)
    renamed = await sign_in(oidc, PROFILE | {"login": "countess"}, [])
    assert renamed.user_id == first.user_id
    with pytest.raises(NotLinked):
        await sign_in(oidc, PROFILE | {"id": 2})


@pytest.mark.parametrize("number", [None, "583231", True, 0, -1, 2**63, 1.5, [1]])
async def test_profile_without_a_number_is_nobody(oidc: OidcKit, number: Any) -> None:
    """N04"""
    with pytest.raises(Unauthenticated):
        await sign_in(oidc, PROFILE | {"id": number})
    assert await oidc.reasons() == ["no_subject"]


@pytest.mark.parametrize(
    "emails",
    [
        [],
        [{"email": "ada@example.com", "primary": True, "verified": False}],
        [{"email": "ada@example.com", "primary": True, "verified": "true"}],
        [{"email": "ada@example.com", "primary": False, "verified": True}],
        [{"email": 7, "primary": True, "verified": True}],
        ["ada@example.com"],
    ],
)
async def test_address_that_is_not_verified_makes_no_account(oidc: OidcKit, emails: Json) -> None:
    """N16, N17: nor does the one that a profile shows."""
    with pytest.raises(NotLinked):
        await sign_in(oidc, emails=emails)


@pytest.mark.parametrize("path", ["/user", "/user/emails"])
@pytest.mark.parametrize(
    "answer", [("404 Not Found", JSON, b"{}"), ("200 OK", JSON, b'"x"'), ("200 OK", "Content-Type: text/html", b"{}")]
)
async def test_interface_that_does_not_say_who_it_is_refuses(
    oidc: OidcKit, path: str, answer: tuple[str, str, bytes]
) -> None:
    """N04"""
    connection = await oidc.connection(settings_of(oidc))
    oidc.issuer.answers["/user"] = ("200 OK", JSON, dumps(PROFILE))
    oidc.issuer.answers["/user/emails"] = ("200 OK", JSON, dumps(EMAILS))
    oidc.issuer.answers[path] = answer
    with pytest.raises(Unauthenticated):
        await oidc.sign_in(connection)
