"""One table, every refusal."""

import pytest

from airside.core import errors as core
from airside.core.errors import Inconsistent, LimitExceeded, NotFound, Refusal, Unavailable
from airside.oauth import errors
from airside.oauth.discovery import metadata
from airside.oauth.errors import InvalidClient, OAuthRefusal
from airside.oauth.problems import TABLE, oauth_error

REALM = "https://id.example.test/t/acme"


def kinds(base: type[Refusal]) -> list[type[Refusal]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, base)]


def test_every_oauth_refusal_has_a_row() -> None:
    assert [kind for kind in kinds(OAuthRefusal) if kind is not OAuthRefusal and kind not in TABLE] == []


def test_codes_and_rows_agree() -> None:
    for kind in kinds(OAuthRefusal):
        if kind in TABLE:
            assert TABLE[kind][1] == kind.code


def test_no_description_carries_an_inner_reason() -> None:
    error = oauth_error(errors.InvalidGrant("row 7 of airside.authorization_code"), REALM)
    assert error is not None
    assert "airside" not in error.description


def test_client_failure_is_a_challenge() -> None:
    """RFC 6749 §5.2."""
    error = oauth_error(InvalidClient(challenge=True), REALM)
    assert error is not None
    assert error.status == 401
    assert error.headers["www-authenticate"].startswith('Basic realm="https://id')


@pytest.mark.parametrize(("refusal", "status"), [(LimitExceeded("x", 1.2), 429), (Unavailable("x", 0.1), 503)])
def test_come_back_later_says_when(refusal: Refusal, status: int) -> None:
    error = oauth_error(refusal, REALM)
    assert error is not None
    assert error.status == status
    assert int(error.headers["retry-after"]) >= 1


@pytest.mark.parametrize("refusal", [Inconsistent("x"), NotFound(), core.Misconfigured("X", "y")])
def test_what_no_row_explains_goes_on_to_the_last_door(refusal: Refusal) -> None:
    assert oauth_error(refusal, REALM) is None


def test_metadata_says_only_what_is_true() -> None:
    """RFC 8414 §2: no endpoint, grant or method beyond those that exist."""
    document = metadata(REALM, ["openid", "notes:read"])
    assert document["issuer"] == REALM
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["response_types_supported"] == ["code"]
    assert document["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ]
    assert "none" not in str(document["introspection_endpoint_auth_methods_supported"])
    assert "registration_endpoint" not in document
    assert metadata(REALM, [], registration=True)["registration_endpoint"] == f"{REALM}/oauth2/register"
