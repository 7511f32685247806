from airside.core.secret import Secret
from airside.protocols.oauth import ErrorCode, TokenResponse, error_body


def test_token_response_is_what_rfc_6749_writes():
    response = TokenResponse(Secret("at"), 900, frozenset({"b", "a"}), Secret("rt"))
    assert response.body() == {
        "access_token": "at",
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "a b",
        "refresh_token": "rt",
    }
    assert "rt" not in repr(response)


def test_error_says_its_word_and_nothing_else():
    assert error_body(ErrorCode.INVALID_GRANT) == {"error": "invalid_grant"}
    assert error_body(ErrorCode.INVALID_SCOPE, "no")["error_description"] == "no"
