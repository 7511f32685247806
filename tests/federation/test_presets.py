"""Presets: what they fill in, and what they hold settings to."""

import msgspec
import pytest

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.federation import OidcSettings, parse_settings, render_settings
from airside.federation.presets import (
    RESERVED,
    apple,
    demand_preset,
    entra,
    github,
    google,
    okta,
    preset_settings,
)
from airside.federation.settings import demand_lawful, merged
from airside.federation.settings_oidc import PresetName

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
CUSTOM = OidcSettings(issuer="https://login.example.com", client_id="c")
ALL = {
    "google": google("c", "example.com"),
    "entra": entra("c", TENANT),
    "okta": okta("c", "acme.okta.com"),
    "apple": apple("com.example.app", "TEAM123456", "KEY1234567"),
    "github": github("c"),
    "custom": CUSTOM,
}


@pytest.mark.parametrize("name", sorted(ALL))
def test_what_a_preset_fills_in_is_lawful_and_survives_json(name: str) -> None:
    settings = ALL[name]
    demand_lawful(settings)
    assert settings.preset == name
    assert parse_settings("oidc", render_settings(settings)) == settings


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("google", {"hosted_domain": "example.com"}),
        ("entra", {"tenant": TENANT}),
        ("okta", {"host": "acme.okta.com"}),
        ("apple", {"team_id": "TEAM123456", "key_id": "KEY1234567"}),
        ("github", {}),
        ("custom", {"issuer": "https://login.example.com"}),
    ],
)
def test_what_a_form_says_becomes_settings(name: PresetName, inputs: dict[str, str]) -> None:
    client_id = ALL[name].client_id
    assert preset_settings(name, client_id, inputs) == ALL[name]
    with pytest.raises(InvalidInput) as caught:
        preset_settings(name, client_id, inputs | {"evil": "x"})
    assert caught.value.data["pointer"] == "evil"


@pytest.mark.parametrize(
    ("name", "missing"), [("entra", "tenant"), ("okta", "host"), ("apple", "key_id"), ("custom", "issuer")]
)
def test_input_that_is_missing_is_named(name: PresetName, missing: str) -> None:
    """N04"""
    with pytest.raises(InvalidInput) as caught:
        preset_settings(name, "c", {})
    assert caught.value.data["pointer"] == missing


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("entra", {"tenant": "common"}),
        ("entra", {"tenant": f"{TENANT}/v2.0?x="}),
        ("okta", {"host": "evil.example.com"}),
        ("okta", {"host": "acme.okta.com@evil.example.com"}),
        ("okta", {"host": "acme.okta.com/../x"}),
    ],
)
def test_input_that_leads_elsewhere_is_refused(name: PresetName, inputs: dict[str, str]) -> None:
    """N20, N28"""
    with pytest.raises(InvalidInput):
        preset_settings(name, "c", inputs)


def refused(settings: OidcSettings, **changes: Json) -> str:
    with pytest.raises(InvalidInput) as caught:
        changed = merged(settings, changes)
        assert isinstance(changed, OidcSettings)
        demand_preset(changed)
    return str(caught.value.data["pointer"])


@pytest.mark.parametrize(
    ("name", "changes", "pointer"),
    [
        ("google", {"issuer": "https://evil.example.com"}, "issuer"),
        ("google", {"issuer": "https://accounts.google.com.evil.example"}, "issuer"),
        ("google", {"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ("google", {"email_verified_claim": "email"}, "email_verified_claim"),
        ("entra", {"issuer": "https://login.microsoftonline.com/common/v2.0"}, "issuer"),
        ("entra", {"issuer": "https://login.microsoftonline.com/organizations/v2.0"}, "issuer"),
        ("entra", {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}, "issuer"),
        ("entra", {"required_claims": None}, "required_claims"),
        ("entra", {"required_claims": {"tid": PERSONAL}}, "required_claims"),
        ("entra", {"email_verified_claim": None}, "email_verified_claim"),
        ("okta", {"issuer": "https://acme.okta.com.evil.example"}, "issuer"),
        ("okta", {"issuer": "https://okta.com"}, "issuer"),
        ("apple", {"jwks_uri": "https://evil.example.com/keys"}, "authorization_endpoint"),
        (
            "apple",
            {"authorization_endpoint": None, "token_endpoint": None, "jwks_uri": None},
            "authorization_endpoint",
        ),
        (
            "google",
            {
                "authorization_endpoint": "https://e.test",
                "token_endpoint": "https://e.test",
                "jwks_uri": "https://e.test",
            },
            "authorization_endpoint",
        ),
        ("apple", {"response_mode": None}, "response_mode"),
        ("apple", {"team_id": None}, "team_id"),
        ("apple", {"key_id": None}, "key_id"),
        (
            "apple",
            {"token_endpoint_auth_method": "none", "team_id": None, "key_id": None},
            "token_endpoint_auth_method",
        ),
        ("github", {"issuer": "https://github.com"}, "issuer"),
        ("github", {"userinfo_endpoint": None}, "authorization_endpoint"),
        ("github", {"jwks_uri": "https://github.com/keys"}, "jwks_uri"),
        ("github", {"required_claims": {"hd": "x"}}, "required_claims"),
        ("github", {"max_age": 1}, "max_age"),
        ("github", {"scopes": ["openid"]}, "scopes"),
        ("custom", {"scopes": ["email"]}, "scopes"),
        ("custom", {"token_endpoint": "https://login.example.com/token"}, "authorization_endpoint"),
        ("custom", {"userinfo_endpoint": "https://login.example.com/me"}, "userinfo_endpoint"),
        ("custom", {"team_id": "T"}, "team_id"),
        ("custom", {"required_claims": {"iss": "x"}}, "required_claims"),
        ("custom", {"required_claims": {"sub": "x"}}, "required_claims"),
    ],
)
def test_settings_that_contradict_what_is_known_are_refused(name: str, changes: dict[str, Json], pointer: str) -> None:
    """N04, N05, N20: the provider's tenant is pinned; `common` is everybody's."""
    assert refused(ALL[name], **changes) == f"settings.{pointer}"


def test_personal_accounts_are_no_tenant() -> None:
    """N20"""
    with pytest.raises(InvalidInput):
        demand_preset(entra("c", PERSONAL))


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_what_a_request_says_by_itself_can_not_be_set_over(name: str) -> None:
    """N08, N10, N11: nobody configures `state` or `code_challenge_method` away."""
    assert refused(CUSTOM, request_parameters={name: "x"}) == "settings.request_parameters"


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": True},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": "HS256"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"max_age": -1},
        {"scopes": ["open id"]},
        {"scopes": ["openid"] * 21},
        {"request_parameters": {"a b": "c"}},
        {"required_claims": {f"c{number}": "x" for number in range(9)}},
        {"client_id": ""},
        {"issuer": "h" * 2049},
    ],
)
def test_settings_of_another_shape_are_refused(changes: dict[str, Json]) -> None:
    """N01, N21: unknown fields and algorithms that aren't ours."""
    with pytest.raises(InvalidInput):
        merged(CUSTOM, changes)


def test_explicit_endpoints_stand_for_discovery() -> None:
    settings = msgspec.structs.replace(
        CUSTOM,
        authorization_endpoint="https://login.example.com/a",
        token_endpoint="https://login.example.com/t",
        jwks_uri="https://login.example.com/k",
        userinfo_endpoint="https://login.example.com/u",
    )
    demand_lawful(settings)
