"""What the plans of the OpenID certification (`docs/certification.md`) ask of the discovery document and the key set,
condition by condition."""

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import pytest

from tests.running import Place

Document: TypeAlias = dict[str, Any]
Condition: TypeAlias = Callable[[Document, str], bool]
_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_PRIVATE: Final = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_FAPI: Final = {"ES256", "PS256", "EdDSA"}


def _addresses(found: Document) -> list[str]:
    return [str(value) for name, value in found.items() if name.endswith(("_endpoint", "_uri", "issuer"))]


def _there(name: str) -> Condition:
    def is_of_the_issuer(found: Document, issuer: str) -> bool:
        return str(found[name]).startswith(f"{issuer}/") and not urlsplit(str(found[name])).fragment

    return is_of_the_issuer


def _lists(name: str, *values: str) -> Condition:
    return lambda found, _: isinstance(found[name], list) and set(values) <= set(found[name])


def _only(name: str, known: set[str]) -> Condition:
    return lambda found, _: bool(found[name]) and set(found[name]) <= known


def _says(name: str, value: bool) -> Condition:
    return lambda found, _: found[name] is value


def _plain(found: Document, issuer: str) -> bool:
    parts = urlsplit(issuer)
    return parts.scheme == "https" and bool(parts.hostname) and not parts.query and not parts.fragment


CONFIG: Final[dict[str, Condition]] = {
    "the issuer is the address that was asked": lambda found, issuer: found["issuer"] == issuer,
    "the issuer is an https address without query and fragment": _plain,
    "every address is https": lambda found, _: all(one.startswith("https://") for one in _addresses(found)),
    "an authorization endpoint": _there("authorization_endpoint"),
    "a token endpoint": _there("token_endpoint"),
    "a userinfo endpoint": _there("userinfo_endpoint"),
    "a key set": _there("jwks_uri"),
    "response type code": _lists("response_types_supported", "code"),
    "grant authorization_code": _lists("grant_types_supported", "authorization_code"),
    "subject types of the standard": _only("subject_types_supported", {"public", "pairwise"}),
    "RS256 for ID tokens": _lists("id_token_signing_alg_values_supported", "RS256"),
    "no unsigned ID token": lambda found, _: "none" not in found["id_token_signing_alg_values_supported"],
    "algorithms for userinfo": _lists("userinfo_signing_alg_values_supported", "RS256"),
    "scope openid": _lists("scopes_supported", "openid"),
    "scopes are scopes": lambda found, _: all(_SCOPE.fullmatch(scope) for scope in found["scopes_supported"]),
    "claims are listed, each once": lambda found, _: (
        len(set(found["claims_supported"])) == len(found["claims_supported"])
    ),
    "the subject among the claims": _lists("claims_supported", "sub"),
    "claims by name": _says("claims_parameter_supported", True),
    "request objects by value": _says("request_parameter_supported", True),
    "none by reference to elsewhere": _says("request_uri_parameter_supported", False),
    "RS256 for request objects": _lists("request_object_signing_alg_values_supported", "RS256"),
    "S256 for challenges": _lists("code_challenge_methods_supported", "S256"),
    "languages are languages": lambda found, _: all(
        _LANGUAGE.fullmatch(tag) for name in found if name.endswith("_locales_supported") for tag in found[name]
    ),
}
BASIC: Final[dict[str, Condition]] = {
    "both ways of sending a secret": _lists(
        "token_endpoint_auth_methods_supported", "client_secret_basic", "client_secret_post"
    ),
    "refresh tokens": _lists("grant_types_supported", "refresh_token"),
    "answers by query": _lists("response_modes_supported", "query"),
}
RP_LOGOUT: Final[dict[str, Condition]] = {"an end-session endpoint": _there("end_session_endpoint")}
BACK_CHANNEL: Final[dict[str, Condition]] = RP_LOGOUT | {
    "back-channel logout": _says("backchannel_logout_supported", True),
    "which session it was": _says("backchannel_logout_session_supported", True),
}
FAPI2: Final[dict[str, Condition]] = {
    "clients prove themselves by keys": _lists("token_endpoint_auth_methods_supported", "private_key_jwt"),
    "by algorithms of the profile": lambda found, _: bool(
        _FAPI & set(found["token_endpoint_auth_signing_alg_values_supported"])
    ),
    "ID tokens by algorithms of the profile": lambda found, _: bool(
        _FAPI & set(found["id_token_signing_alg_values_supported"])
    ),
    "userinfo by algorithms of the profile": lambda found, _: bool(
        _FAPI & set(found["userinfo_signing_alg_values_supported"])
    ),
    "proofs by algorithms of the profile alone": _only("dpop_signing_alg_values_supported", _FAPI),
    "a place to push requests to": _there("pushed_authorization_request_endpoint"),
    "S256 and nothing weaker": _only("code_challenge_methods_supported", {"S256"}),
    "answers name their issuer": _says("authorization_response_iss_parameter_supported", True),
}
PLANS: Final = {"config": CONFIG, "basic": BASIC, "rp-logout": RP_LOGOUT, "back-channel": BACK_CHANNEL, "fapi2": FAPI2}


@pytest.mark.parametrize("plan", PLANS)
async def test_discovery_meets_every_condition_of_the_plan(place: Place, plan: str) -> None:
    """OpenID Connect Discovery 1.0 §3 and §4, RFC 8414 §2 and §3."""
    async with place.server.client() as http:
        answer = await http.get(f"{place.issuer}/.well-known/openid-configuration")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found: Document = answer.json()
    assert [name for name, holds in PLANS[plan].items() if not holds(found, place.issuer)] == []


async def test_key_set_shows_lawful_public_keys_and_nothing_private(place: Place) -> None:
    """RFC 7517 §4 and §5, RFC 7518 §6: each has a name of its own, a use, and no private member."""
    async with place.server.client() as http:
        found = (await http.get(f"{place.issuer}/.well-known/openid-configuration")).json()
        answer = await http.get(found["jwks_uri"])
    keys: list[Document] = answer.json()["keys"]
    assert answer.status_code == 200
    assert "RS256" in {key["alg"] for key in keys}
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        members = {"EC": {"crv", "x", "y"}, "RSA": {"n", "e"}, "OKP": {"crv", "x"}}[key["kty"]]
        assert members <= key.keys()
        assert not _PRIVATE & key.keys()
        assert key["use"] == "sig"
