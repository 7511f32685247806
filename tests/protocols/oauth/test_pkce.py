"""N08: PKCE can't be left out, weakened or guessed."""

import pytest

from airside.core.errors import InvalidInput
from airside.protocols.oauth import challenge_of, check_challenge, check_method, proves

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_example_of_rfc_7636():
    assert challenge_of(VERIFIER) == CHALLENGE
    assert proves(VERIFIER, CHALLENGE)


@pytest.mark.parametrize("method", [None, "", "plain", "s256", "S256 ", "S512"])
def test_method_other_than_s256_is_refused(method: str | None):
    """N08: a missing method would mean plain."""
    with pytest.raises(InvalidInput):
        check_method(method)


@pytest.mark.parametrize(
    "challenge", [None, "", VERIFIER[:-1], CHALLENGE + "A", CHALLENGE[:-1] + "=", CHALLENGE[:-1] + "+"]
)
def test_challenge_of_another_shape_is_refused(challenge: str | None):
    """N08"""
    with pytest.raises(InvalidInput):
        check_challenge(challenge)


@pytest.mark.parametrize(
    "verifier",
    [
        None,
        "",
        CHALLENGE,
        VERIFIER[:-1],
        VERIFIER + "A",
        VERIFIER.upper(),
        "a" * 42,
        "a" * 129,
        VERIFIER + "\n",
        "é" * 43,
    ],
)
def test_verifier_that_did_not_make_the_challenge_proves_nothing(verifier: str | None):
    """N08"""
    assert not proves(verifier, CHALLENGE)


@pytest.mark.parametrize("length", [43, 128])
def test_lengths_of_rfc_7636_are_taken(length: int):
    verifier = "~._-" + "a" * (length - 4)
    assert proves(verifier, challenge_of(verifier))


@pytest.mark.parametrize("length", [42, 129])
def test_other_lengths_prove_nothing_even_where_the_hash_fits(length: int):
    assert not proves("a" * length, challenge_of("a" * length))


def test_plain_comparison_proves_nothing():
    """N08: the challenge presented as its own verifier."""
    assert not proves(CHALLENGE, CHALLENGE)
