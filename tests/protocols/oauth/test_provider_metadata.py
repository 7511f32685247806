"""Foreign discovery documents."""

import pytest

from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import Json, dumps
from airside.protocols.oauth import discovery_address, read_provider_metadata
from airside.protocols.oauth.provider_metadata import MAX_METADATA

ISSUER = "https://login.example.test/tenant"
SAID: dict[str, Json] = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example.test/authorize?p=1",
    "token_endpoint": "https://tokens.example.test/token",
    "jwks_uri": "https://keys.example.test/keys",
    "userinfo_endpoint": "https://login.example.test/userinfo",
    "end_session_endpoint": "https://login.example.test/logout",
    "response_types_supported": ["code", "id_token"],
    "code_challenge_methods_supported": ["plain", "S256"],
    "authorization_response_iss_parameter_supported": True,
    "something_else": {"deeply": ["ignored"]},
}


def document(**changes: Json) -> bytes:
    """`SAID`, changed; None takes a member away."""
    return dumps({name: value for name, value in (SAID | changes).items() if value is not None})


def test_what_a_relying_party_acts_on_is_read():
    """OpenID Connect Discovery 1.0 §3"""
    metadata = read_provider_metadata(document(), ISSUER)
    assert metadata.authorization_endpoint == SAID["authorization_endpoint"]
    assert metadata.token_endpoint == SAID["token_endpoint"]
    assert metadata.jwks_uri == SAID["jwks_uri"]
    assert metadata.userinfo_endpoint == SAID["userinfo_endpoint"]
    assert metadata.end_session_endpoint == SAID["end_session_endpoint"]
    assert metadata.names_itself


def test_what_may_be_left_out_has_its_default():
    """OpenID Connect Discovery 1.0 §3; RFC 9207 §3: silence is false."""
    left_out = dict.fromkeys(
        (
            "userinfo_endpoint",
            "end_session_endpoint",
            "response_types_supported",
            "code_challenge_methods_supported",
            "authorization_response_iss_parameter_supported",
        )
    )
    metadata = read_provider_metadata(document(**left_out), ISSUER)
    assert (metadata.userinfo_endpoint, metadata.end_session_endpoint, metadata.names_itself) == (None, None, False)


@pytest.mark.parametrize(
    "issuer",
    [
        ISSUER + "/",
        ISSUER.upper(),
        "https://login.example.test/other",
        "https://login.example.test/{tenantid}",
        "",
        None,
        7,
        [ISSUER],
    ],
)
def test_document_of_another_issuer_is_refused(issuer: Json):
    """OpenID Connect Discovery 1.0 §4.3; N05: a template for many tenants is of nobody."""
    with pytest.raises(InvalidInput):
        read_provider_metadata(document(issuer=issuer), ISSUER)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("value", [None, "", 7, ["https://login.example.test"], "https://a.test/#f", "h" * 2049])
def test_endpoint_that_is_missing_or_malformed_refuses_the_document(name: str, value: Json):
    """N04"""
    with pytest.raises(InvalidInput) as caught:
        read_provider_metadata(document(**{name: value}), ISSUER)
    assert caught.value.data["pointer"] == name


def test_issuer_that_does_not_take_s256_is_refused():
    """N08"""
    with pytest.raises(InvalidInput):
        read_provider_metadata(document(code_challenge_methods_supported=["plain"]), ISSUER)


def test_issuer_that_gives_no_codes_is_refused():
    with pytest.raises(InvalidInput):
        read_provider_metadata(document(response_types_supported=["id_token"]), ISSUER)


@pytest.mark.parametrize(
    "changes",
    [
        {"authorization_response_iss_parameter_supported": "true"},
        {"code_challenge_methods_supported": "S256"},
        {"response_types_supported": ["code", 7]},
        {"response_types_supported": ["code"] * 201},
    ],
)
def test_member_of_another_shape_refuses_the_document(changes: dict[str, Json]):
    """N04: what can't be read is not taken for what it might have said."""
    with pytest.raises(InvalidInput):
        read_provider_metadata(document(**changes), ISSUER)


@pytest.mark.parametrize(
    "text", [b"", b"[]", document()[:-1], b'{"issuer":"a","issuer":"b"}', b"\xff", b"<html></html>"]
)
def test_document_that_is_not_one_strict_object_is_refused(text: bytes):
    with pytest.raises(InvalidInput):
        read_provider_metadata(text, ISSUER)


def test_document_over_its_cap_is_refused():
    with pytest.raises(TooLarge):
        read_provider_metadata(document(pad="x" * MAX_METADATA), ISSUER)


def test_document_lies_below_the_issuer():
    """OpenID Connect Discovery 1.0 §4"""
    expected = "https://login.example.test/tenant/.well-known/openid-configuration"
    assert discovery_address(ISSUER) == discovery_address(ISSUER + "/") == expected
