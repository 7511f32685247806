"""The door `oidc`: there and back, and every way in which what comes back counts for nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airside.core.errors import Unauthenticated
from airside.core.strict_json import Json, dumps
from airside.federation import LinkedProof, NotLinked
from airside.federation.linking import FEDERATED
from tests.federation.issuer import KEYS, SECRET, basic_of
from tests.federation.kit import new_login
from tests.federation.oidc_kit import OURS, OidcKit, user_of

JSON = "Content-Type: application/json"
ADA: dict[str, Json] = {"email": "ada@example.com", "email_verified": True, "name": "Ada"}


def nobody(subject: str, email: str, verified: Json) -> dict[str, Json]:
    """Somebody who isn't here yet."""
    return {"sub": subject, "name": "N", "email": email, "email_verified": verified}


async def refused(oidc: OidcKit, reason: str, claims: Mapping[str, Json] | None = None) -> None:
    """Signing in proves nothing, and the journal alone says why."""
    connection = await oidc.connection()
    with pytest.raises(Unauthenticated) as caught:
        await oidc.sign_in(connection, claims)
    assert reason not in str(caught.value)
    assert await oidc.reasons() == [reason]


async def test_browser_is_led_away_with_a_code_request(oidc: OidcKit) -> None:
    """OpenID Connect Core §3.1.2.1; RFC 7636 §4.3: code, S256, state, nonce, and a callback of the connection's own."""
    connection = await oidc.connection()
    url = await oidc.lead(connection, new_login())
    assert url.startswith(f"{oidc.issuer.url}/authorize?")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == f"{OURS}/oidc/{connection.word}/callback"
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert asked["scope"] == "openid email profile"
    again = await oidc.lead(connection, new_login())
    for name in ("state", "nonce", "code_challenge"):
        assert parse_qs(urlsplit(again).query)[name] != [asked[name]]


async def test_settings_are_asked_of_the_provider(oidc: OidcKit) -> None:
    """OpenID Connect Core §3.1.2.1: what is asked is also held to."""
    settings = oidc.settings(
        max_age=60, prompt="login", response_mode="form_post", request_parameters={"hd": "example.com"}
    )
    url = await oidc.lead(await oidc.connection(settings), new_login())
    asked = parse_qs(urlsplit(url).query)
    assert (asked["max_age"], asked["prompt"]) == (["60"], ["login"])
    assert (asked["response_mode"], asked["hd"]) == (["form_post"], ["example.com"])


async def test_round_trip_proves_who_it_is(oidc: OidcKit) -> None:
    """OpenID Connect Core §3.1"""
    connection = await oidc.connection()
    proof = await oidc.sign_in(connection, ADA)
    assert (await user_of(oidc, proof))[1] == "ada@example.com"
    assert (proof.connection_id, proof.weight, proof.methods) == (connection.id, "first", (FEDERATED,))
    again = await oidc.sign_in(connection, ADA)
    assert (again.user_id, again.identity_id) == (proof.user_id, proof.identity_id)
    assert oidc.issuer.asked["/keys"] == oidc.issuer.asked["/.well-known/openid-configuration"] == 1


async def test_identity_is_connection_and_subject_and_never_an_address(oidc: OidcKit) -> None:
    """N17: another subject with the same address is nobody; the same subject with another address is who it was."""
    connection = await oidc.connection()
    first = await oidc.sign_in(connection, ADA)
    with pytest.raises(NotLinked):
        await oidc.sign_in(connection, {**ADA, "sub": "subject-2"})
    moved = await oidc.sign_in(connection, {**ADA, "email": "moved@example.com"})
    assert moved.user_id == first.user_id
    other = await oidc.connection()
    with pytest.raises(NotLinked):
        await oidc.sign_in(other, ADA)


async def test_subject_of_unverified_address_is_given_no_account(oidc: OidcKit) -> None:
    """N16, N17"""
    connection = await oidc.connection()
    unverified: tuple[Json, ...] = (False, "false", None, 0, "yes")
    for said in unverified:
        with pytest.raises(NotLinked):
            await oidc.sign_in(connection, nobody(f"s-{said}", f"e-{said}@example.com", said))
    for number, yes in enumerate((True, "true")):
        email = f"yes-{number}@example.com"
        proof = await oidc.sign_in(connection, nobody(f"y-{number}", email, yes))
        assert (await user_of(oidc, proof))[1] == email


async def test_secret_goes_in_the_header_form_encoded(oidc: OidcKit) -> None:
    """RFC 6749 §2.3.1"""
    await oidc.sign_in(await oidc.connection(), ADA)
    assert basic_of(oidc.issuer.headers[0]["authorization"]) == ("airside-at-issuer", SECRET)
    assert "client_secret" not in oidc.issuer.forms[0]
    form = oidc.issuer.forms[0]
    assert (form["grant_type"], len(form["code_verifier"])) == ("authorization_code", 43)


async def test_secret_goes_in_the_form_where_that_is_set(oidc: OidcKit) -> None:
    """RFC 6749 §2.3.1"""
    settings = oidc.settings(token_endpoint_auth_method="client_secret_post")
    await oidc.sign_in(await oidc.connection(settings), ADA)
    assert oidc.issuer.forms[0]["client_secret"] == SECRET
    assert "authorization" not in oidc.issuer.headers[0]


async def test_public_client_sends_its_name_alone(oidc: OidcKit) -> None:
    """RFC 6749 §3.2.1"""
    settings = oidc.settings(token_endpoint_auth_method="none")
    await oidc.sign_in(await oidc.connection(settings, secret=None), ADA)
    assert oidc.issuer.forms[0]["client_id"] == "airside-at-issuer"
    assert "client_secret" not in oidc.issuer.forms[0]
    assert "authorization" not in oidc.issuer.headers[0]


async def test_connection_without_its_secret_proves_nothing(oidc: OidcKit) -> None:
    """N04: nothing is sent to the token endpoint."""
    with pytest.raises(Unauthenticated):
        await oidc.sign_in(await oidc.connection(secret=None), ADA)
    assert await oidc.reasons() == ["no_secret"]
    assert oidc.issuer.forms == []


async def test_userinfo_is_asked_where_the_id_token_says_too_little(oidc: OidcKit) -> None:
    """OpenID Connect Core §5.3, §5.4"""
    oidc.issuer.userinfo |= {"name": "Ada Lovelace", "email_verified": True, "groups": ["staff"]}
    proof = await oidc.sign_in(await oidc.connection())
    assert (await user_of(oidc, proof))[1] == "ada@example.com"
    assert oidc.issuer.asked["/userinfo"] == 1
    await oidc.sign_in(await oidc.connection(), {**ADA, "sub": "s-2", "email": "b@example.com"})
    assert oidc.issuer.asked["/userinfo"] == 1


async def test_what_userinfo_says_of_another_address_verifies_none(oidc: OidcKit) -> None:
    """N17: `email` of the ID token and `email_verified` of userinfo are of different addresses."""
    connection = await oidc.connection()
    oidc.issuer.userinfo |= {"email": "other@example.com", "email_verified": True}
    with pytest.raises(NotLinked):
        await oidc.sign_in(connection, {"email": "ada@example.com"})
    oidc.issuer.userinfo["email"] = "ada@example.com"
    assert await oidc.sign_in(connection, {"email": "ada@example.com"})


@pytest.mark.parametrize("subject", ["subject-2", None, "", ["subject-1"]])
async def test_userinfo_of_another_is_refused(oidc: OidcKit, subject: Json) -> None:
    """OpenID Connect Core §5.3.2: token substitution."""
    oidc.issuer.userinfo["sub"] = subject
    await refused(oidc, "userinfo_of_another")


async def test_userinfo_that_fails_refuses(oidc: OidcKit) -> None:
    """N04: half of what somebody is might be another's roles."""
    oidc.issuer.answers["/userinfo"] = ("503 Service Unavailable", JSON, b"{}")
    await refused(oidc, "userinfo_away")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://another.example.com"}, "id_token_issuer"),
        ({"aud": "another"}, "id_token_audience"),
        ({"aud": ["airside-at-issuer", "another"]}, "id_token_audience"),
        ({"azp": "another"}, "id_token_audience_azp"),
        ({"exp": 1}, "id_token_expired"),
        ({"nonce": "another"}, "id_token_claim_nonce"),
        ({"nonce": None}, "id_token_claim_nonce"),
        ({"at_hash": "AAAA"}, "id_token_claim_at_hash"),
        ({"sub": ""}, "id_token_claim_sub"),
    ],
)
async def test_id_token_that_is_not_for_this_login_is_refused(
    oidc: OidcKit, claims: dict[str, Any], reason: str
) -> None:
    """OpenID Connect Core §3.1.3.7; N05, N11"""
    oidc.issuer.id_claims = claims
    await refused(oidc, reason, ADA)


async def test_id_token_of_a_key_that_is_not_the_issuer_s_is_refused(oidc: OidcKit) -> None:
    """N01, N02"""
    oidc.issuer.key = KEYS["ES256"]
    await refused(oidc, "id_token_unknown_key", ADA)


async def test_algorithm_is_the_registered_one(oidc: OidcKit) -> None:
    """N01: a key of the issuer's own, for another algorithm."""
    oidc.issuer.key = KEYS["ES256"]
    oidc.issuer.published = [KEYS["RS256"], KEYS["ES256"]]
    with pytest.raises(Unauthenticated):
        await oidc.sign_in(await oidc.connection(), ADA)
    proof = await oidc.sign_in(await oidc.connection(oidc.settings(id_token_signed_response_alg="ES256")), ADA)
    assert isinstance(proof, LinkedProof)


async def test_tenant_of_the_provider_is_pinned(oidc: OidcKit) -> None:
    """N20: `hd`, `tid`"""
    connection = await oidc.connection(oidc.settings(required_claims={"hd": "example.com"}))
    await oidc.sign_in(connection, {**ADA, "hd": "example.com"})
    others: tuple[Json, ...] = ("evil.test", None)
    for told in others:
        with pytest.raises(Unauthenticated):
            await oidc.sign_in(connection, {**ADA, "hd": told})
    assert await oidc.reasons() == ["id_token_claim_hd"] * 2


async def test_old_authentication_is_refused(oidc: OidcKit) -> None:
    """OpenID Connect Core §3.1.2.1, `max_age`; N12"""
    connection = await oidc.connection(oidc.settings(max_age=60))
    now = int(oidc.issuer.clock.now().timestamp())
    await oidc.sign_in(connection, {**ADA, "auth_time": now - 30})
    old: tuple[Json, ...] = (now - 600, None)
    for told in old:
        with pytest.raises(Unauthenticated):
            await oidc.sign_in(connection, {**ADA, "auth_time": told})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (("400 Bad Request", JSON, b'{"error":"invalid_grant"}'), "token_endpoint_error"),
        (("200 OK", JSON, b'{"error":"bad_verification_code"}'), "token_endpoint_error"),
        (("200 OK", JSON, b'{"access_token":"at-1","token_type":"Bearer"}'), "no_id_token"),
        (("200 OK", "Content-Type: text/html", b"<p>"), "token_endpoint_malformed"),
        (("503 Service Unavailable", JSON, b"{}"), "token_endpoint_away"),
        (("302 Found", "Location: http://169.254.169.254/", b""), "token_endpoint_away"),
        (("200 OK", JSON, b" " * (64 * 1024 + 1)), "fetch_refused"),
    ],
)
async def test_token_endpoint_that_gives_no_tokens_refuses(
    oidc: OidcKit, answer: tuple[str, str, bytes], reason: str
) -> None:
    """RFC 6749 §5.2; N28: a redirect isn't followed."""
    oidc.issuer.answers["/token"] = answer
    await refused(oidc, reason, ADA)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"error": "access_denied"}, "provider_said_access_denied"),
        ({"error": "canary\nword", "error_description": "x"}, "provider_said_other"),
        ({"error": "login_required", "code": "c"}, "provider_said_login_required"),
        ({"iss": "https://evil.example.com"}, "issuer"),
        ({"code": ""}, "no_code"),
        ({"code": "unknown"}, "token_endpoint_error"),
    ],
)
async def test_answer_without_a_good_code_is_a_refused_step_with_a_reason_in_the_journal(
    oidc: OidcKit, fields: dict[str, str], reason: str
) -> None:
    """RFC 6749 §4.1.2.1; RFC 9207 §2.4"""
    connection, login = await oidc.connection(), new_login()
    brought = oidc.issuer.authorize(await oidc.lead(connection, login), ADA)
    if "error" in fields:
        del brought["code"]
    word = await oidc.receive(connection, brought | fields)
    with pytest.raises(Unauthenticated):
        await oidc.prove(login, word)
    assert await oidc.reasons() == [reason]


async def test_answer_without_issuer_is_refused_from_one_that_names_itself(oidc: OidcKit) -> None:
    """RFC 9207 §2.4: demanded where the metadata says so."""
    oidc.issuer.metadata["authorization_response_iss_parameter_supported"] = True
    connection = await oidc.connection()
    with pytest.raises(Unauthenticated):
        await oidc.sign_in(connection, ADA)
    assert await oidc.reasons() == ["issuer"]
    assert await oidc.sign_in(connection, ADA, {"iss": oidc.issuer.url})


async def test_more_than_a_person_has_is_refused_and_not_cut_short(oidc: OidcKit) -> None:
    """N04"""
    oidc.issuer.userinfo |= {"groups": [f"g{number}" for number in range(1001)]}
    await refused(oidc, "too_many_attributes")


async def test_name_that_apple_tells_once_is_a_name_and_nothing_else(oidc: OidcKit) -> None:
    """It comes through the browser, unsigned."""
    user = dumps({"name": {"firstName": "Ada", "lastName": "Lovelace"}, "email": "evil@example.com"}).decode()
    proof = await oidc.sign_in(
        await oidc.connection(oidc.settings(ask_userinfo=False)),
        {"email": "ada@example.com", "email_verified": "true"},
        {"user": user},
    )
    async with oidc.federation.begin() as ctx:
        made = await oidc.federation.kit.users.get(ctx, proof.user_id)
    assert (made.name, made.email) == ("Ada Lovelace", "ada@example.com")


async def test_login_that_renews_a_session_asks_for_no_older_proof_than_the_connection_does(oidc: OidcKit) -> None:
    """OpenID Connect Core §3.1.2.1, `max_age`: the shorter of both."""
    connection = await oidc.connection(oidc.settings(max_age=60))
    for ago, wanted in ((timedelta(minutes=10), "60"), (timedelta(seconds=30), "30")):
        login = replace(new_login(), renew_since=oidc.issuer.clock.now() - ago)
        asked = parse_qs(urlsplit(await oidc.lead(connection, login)).query)
        assert int(asked["max_age"][0]) in range(int(wanted) - 1, int(wanted) + 3)


@pytest.mark.parametrize(("ago", "renews"), [(0, True), (3600, False), (None, False)])
async def test_login_that_renews_a_session_wants_to_be_told_that_the_person_was_asked(
    oidc: OidcKit, ago: int | None, renews: bool
) -> None:
    """OpenID Connect Core §2, §3.1.2.1; N12: the issuer's own session renews none of ours."""
    connection = await oidc.connection()
    await oidc.sign_in(connection, ADA)
    now = oidc.issuer.clock.now()
    login = replace(new_login(), renew_since=now)
    url = await oidc.lead(connection, login)
    asked = parse_qs(urlsplit(url).query)
    assert (asked["max_age"], asked["prompt"]) == (["0"], ["login"])
    told = {} if ago is None else {"auth_time": int(now.timestamp()) - ago}
    word = await oidc.receive(connection, oidc.issuer.authorize(url, ADA | told))
    if renews:
        assert await oidc.prove(login, word)
    else:
        with pytest.raises(Unauthenticated):
            await oidc.prove(login, word)
    assert await oidc.reasons() == ([] if renews else ["stale"])
