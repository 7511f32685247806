"""What a client's settings may be together, and what `fapi2` demands."""

from dataclasses import replace
from typing import Any

import pytest

from airside.core.errors import InvalidInput
from airside.oauth import ClientDraft, parse_settings
from airside.oauth.registration import validated
from tests.oauth.client_keys import jwk_of, jwks_of, x5c
from tests.oauth.provider import BACKEND, CALLBACK, SERVICE, WEB

KEYS = jwks_of(jwk_of("ES256"))
SIGNED = {"token_endpoint_auth_method": "private_key_jwt", "jwks": KEYS}
FAPI: dict[str, Any] = SIGNED | {
    "profile": "fapi2",
    "dpop_bound_access_tokens": True,
    "id_token_signed_response_alg": "ES256",
}


def drafted(draft: ClientDraft, **settings: Any) -> ClientDraft:
    """The draft with these settings."""
    return replace(draft, settings=parse_settings(settings))


@pytest.mark.parametrize(
    ("draft", "settings"),
    [
        (WEB, {}),
        (WEB, {"token_endpoint_auth_method": "none"}),
        (WEB, {"dpop_bound_access_tokens": True}),
        (WEB, {"tls_client_certificate_bound_access_tokens": True}),
        (BACKEND, {"token_endpoint_auth_method": "client_secret_post", "require_pkce": False}),
        (BACKEND, SIGNED),
        (BACKEND, {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example.test/jwks"}),
        (BACKEND, {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=app,O=Acme"}),
        (BACKEND, {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "app.example.test"}),
        (BACKEND, {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_uri": "spiffe://acme/app"}),
        (BACKEND, {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_ip": "2001:db8::1"}),
        (BACKEND, {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_email": "a@example.test"}),
        (
            BACKEND,
            {
                "token_endpoint_auth_method": "self_signed_tls_client_auth",
                "jwks": jwks_of(jwk_of("ES256", x5c=x5c())),
            },
        ),
        (
            BACKEND,
            {
                "id_token_encrypted_response_alg": "RSA-OAEP-256",
                "id_token_encrypted_response_enc": "A256GCM",
                "jwks": jwks_of(jwk_of("ES256", "s"), jwk_of("RSA-OAEP-256", "e")),
            },
        ),
        (BACKEND, {"request_object_signing_alg": "ES256", "require_signed_request_object": True, "jwks": KEYS}),
        (BACKEND, {"subject_type": "pairwise"}),
        (BACKEND, {"post_logout_redirect_uris": ["https://app.example.test/bye"]}),
        (WEB, {"post_logout_redirect_uris": ["com.example.app:/bye"]}),
        (
            BACKEND,
            {
                "backchannel_logout_uri": "https://app.example.test/out",
                "backchannel_logout_session_required": True,
                "frontchannel_logout_uri": "https://app.example.test/front",
                "frontchannel_logout_session_required": True,
            },
        ),
        (SERVICE, {"access_token_format": "opaque", "contacts": ["ops@example.test"]}),
    ],
)
def test_settings_that_fit_together_pass(draft: ClientDraft, settings: dict[str, Any]) -> None:
    kept = validated(drafted(draft, **settings)).settings
    assert (kept.token_endpoint_auth_method == "none") is draft.public


_TLS = {"token_endpoint_auth_method": "tls_client_auth"}
_ENC = {"id_token_encrypted_response_alg": "RSA-OAEP-256", "id_token_encrypted_response_enc": "A256GCM"}


@pytest.mark.parametrize(
    ("draft", "settings", "field"),
    [
        (WEB, {"token_endpoint_auth_method": "client_secret_post"}, "token_endpoint_auth_method"),
        (WEB, SIGNED, "token_endpoint_auth_method"),
        (BACKEND, {"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        (BACKEND, {"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        (BACKEND, SIGNED | {"jwks_uri": "https://app.example.test/jwks"}, "jwks_uri"),
        (BACKEND, SIGNED | {"jwks": jwks_of(jwk_of("RSA-OAEP-256"))}, "jwks"),
        (BACKEND, {"token_endpoint_auth_method": "self_signed_tls_client_auth"}, "jwks"),
        (BACKEND, {"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": KEYS}, "jwks"),
        (BACKEND, {"require_signed_request_object": True}, "jwks"),
        (BACKEND, {"request_object_signing_alg": "PS256", "jwks": KEYS}, "request_object_signing_alg"),
        (BACKEND, _TLS, "token_endpoint_auth_method"),
        (
            BACKEND,
            _TLS | {"tls_client_auth_san_dns": "a.test", "tls_client_auth_san_ip": "192.0.2.1"},
            "token_endpoint_auth_method",
        ),
        (BACKEND, {"tls_client_auth_san_dns": "a.test"}, "tls_client_auth_san_dns"),
        (BACKEND, _TLS | {"tls_client_auth_subject_dn": "no name"}, "tls_client_auth_subject_dn"),
        (BACKEND, _TLS | {"tls_client_auth_san_dns": "*.example.test"}, "tls_client_auth_san_dns"),
        (BACKEND, _TLS | {"tls_client_auth_san_ip": "192.0.2"}, "tls_client_auth_san_ip"),
        (BACKEND, _TLS | {"tls_client_auth_san_uri": "nothing"}, "tls_client_auth_san_uri"),
        (BACKEND, _TLS | {"tls_client_auth_san_email": "nobody"}, "tls_client_auth_san_email"),
        (WEB, {"require_pkce": False}, "require_pkce"),
        (
            BACKEND,
            {"dpop_bound_access_tokens": True, "tls_client_certificate_bound_access_tokens": True},
            "dpop_bound_access_tokens",
        ),
        (BACKEND, {"id_token_encrypted_response_alg": "ECDH-ES", "jwks": KEYS}, "id_token_encrypted_response_enc"),
        (BACKEND, {"id_token_encrypted_response_enc": "A256GCM"}, "id_token_encrypted_response_alg"),
        (BACKEND, _ENC, "jwks"),
        (BACKEND, _ENC | {"jwks": KEYS}, "id_token_encrypted_response_alg"),
        (BACKEND, {"sector_identifier_uri": "https://app.example.test/sector"}, "sector_identifier_uri"),
        (
            replace(BACKEND, redirect_uris=(CALLBACK, "https://other.example.test/cb")),
            {"subject_type": "pairwise"},
            "sector_identifier_uri",
        ),
        (replace(WEB, redirect_uris=("com.example.app:/cb",)), {"subject_type": "pairwise"}, "sector_identifier_uri"),
        (SERVICE, {"subject_type": "pairwise"}, "sector_identifier_uri"),
        (BACKEND, {"post_logout_redirect_uris": ["https://app.example.test/*"]}, "post_logout_redirect_uris"),
        (BACKEND, {"post_logout_redirect_uris": ["com.example.app:/bye"]}, "post_logout_redirect_uris"),
        (BACKEND, {"post_logout_redirect_uris": ["https://a.test/", "https://a.test/"]}, "post_logout_redirect_uris"),
        (BACKEND, {"backchannel_logout_session_required": True}, "backchannel_logout_session_required"),
        (BACKEND, {"frontchannel_logout_session_required": True}, "frontchannel_logout_session_required"),
        (BACKEND, {"frontchannel_logout_uri": "https://evil.example/front"}, "frontchannel_logout_uri"),
        (BACKEND, {"frontchannel_logout_uri": "https://app.example.test:8443/front"}, "frontchannel_logout_uri"),
        (BACKEND, {"default_acr": "aal0"}, "default_acr"),
        (BACKEND, {"contacts": ["a\nb"]}, "contacts"),
    ],
)
def test_contradiction_is_refused_by_field(draft: ClientDraft, settings: dict[str, Any], field: str) -> None:
    """RFC 7591 §2, RFC 8705 §2.1.2, RFC 9101 §10.5, OpenID Connect Core §8.1, the logout specifications §2."""
    with pytest.raises(InvalidInput) as caught:
        validated(drafted(draft, **settings))
    assert caught.value.data["pointer"] == f"settings.{field}"


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.test/x",
        "https://user@app.example.test/x",
        "https://app.example.test/x#f",
        "https://APP.example.test/x",
        "https://app.example.test/../x",
        "javascript:alert(1)",
        "data:text/html,x",
        "//app.example.test/x",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize(
    "field",
    [
        *("jwks_uri", "backchannel_logout_uri", "frontchannel_logout_uri"),
        *("client_uri", "logo_uri", "policy_uri", "tos_uri"),
    ],
)
def test_url_field_takes_plain_https_only(field: str, url: str) -> None:
    """N10, N28, N29."""
    with pytest.raises(InvalidInput) as caught:
        validated(drafted(BACKEND, **{field: url}))
    assert caught.value.data["pointer"] == f"settings.{field}"


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "[::1]", "[fd00::1]"])
@pytest.mark.parametrize("field", ["jwks_uri", "backchannel_logout_uri"])
def test_url_that_is_fetched_names_no_private_address(field: str, host: str) -> None:
    """N28: names are judged again, by where they lead, when they are fetched."""
    url = f"https://{host}:8443/x"
    with pytest.raises(InvalidInput):
        validated(drafted(BACKEND, **{field: url}))
    assert validated(drafted(BACKEND, **{field: url}), frozenset({f"{host}:8443"}))


def test_program_that_acts_for_itself_fits_fapi2_too() -> None:
    """FAPI 2.0 Security Profile §5.3.2.2; it gets no ID token."""
    validated(drafted(SERVICE, **FAPI | {"id_token_signed_response_alg": "RS256"}))


def test_client_that_fits_fapi2_always_pushes_its_requests() -> None:
    """FAPI 2.0 Security Profile §5.3.2.2: what the profile implies is switched on."""
    kept = validated(drafted(BACKEND, **FAPI)).settings
    assert kept.require_pushed_authorization_requests
    assert kept.require_pkce


@pytest.mark.parametrize(
    ("draft", "changes", "said"),
    [
        (WEB, {"token_endpoint_auth_method": "none", "jwks": None}, "confidential"),
        (BACKEND, {"token_endpoint_auth_method": "client_secret_basic"}, "private_key_jwt"),
        (BACKEND, {"dpop_bound_access_tokens": False}, "DPoP"),
        (BACKEND, {"require_pkce": False}, "require_pkce"),
        (BACKEND, {"id_token_signed_response_alg": "RS256"}, "id_token_signed_response_alg"),
        (BACKEND, {"userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
        (BACKEND, {"introspection_signed_response_alg": "RS256"}, "introspection_signed_response_alg"),
        (
            BACKEND,
            {"request_object_signing_alg": "RS256", "jwks": jwks_of(jwk_of("RS256", alg=None))},
            "request_object_signing_alg",
        ),
        (BACKEND, {"jwks": jwks_of(jwk_of("RS256"))}, "no key for RS256"),
    ],
)
def test_client_that_misses_one_demand_of_fapi2_is_refused(
    draft: ClientDraft, changes: dict[str, Any], said: str
) -> None:
    """FAPI 2.0 Security Profile §5.3.2 and §5.4."""
    wanted = {name: value for name, value in (FAPI | changes).items() if value is not None}
    with pytest.raises(InvalidInput) as caught:
        validated(drafted(draft, **wanted))
    assert caught.value.data["pointer"] == "settings.profile"
    assert said in caught.value.reason


def test_every_reason_against_fapi2_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        validated(drafted(replace(WEB, redirect_uris=("http://127.0.0.1/cb",)), profile="fapi2"))
    for said in ("confidential", "private_key_jwt", "DPoP", "https", "id_token_signed_response_alg"):
        assert said in caught.value.reason
    assert len(caught.value.reason) < 900
