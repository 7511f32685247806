"""What is remembered, and what isn't."""

import pytest

from airside.protocols.jose import (
    CachedVerifier,
    Expected,
    KeySet,
    Reason,
    SigningKey,
    TokenRefused,
    UnknownKey,
    VerifiedJwt,
    sign_jwt,
)
from airside.protocols.jose.cache import MAX_CACHED_TOKEN
from airside.protocols.jose.keys import generate

NOW = 1_800_000_000
EXPECTED = Expected("at+jwt", "https://id.example/t/a", "api", leeway=0)


class Reader:
    """Counts how often a token was really verified."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, jwt: VerifiedJwt) -> object:
        self.count += 1
        return jwt.claims["sub"]


def token(key: SigningKey, sub: str = "usr_1", pad: int = 0) -> str:
    claims = {"iss": EXPECTED.issuer, "aud": "api", "iat": NOW, "exp": NOW + 60, "sub": sub, "pad": "x" * pad}
    return sign_jwt(key, claims, typ="at+jwt")


@pytest.fixture
def key(signing_keys: dict[str, SigningKey]) -> SigningKey:
    return signing_keys["ES256"]


def test_token_seen_before_is_not_verified_again(key: SigningKey, keyset: KeySet):
    reader = Reader()
    cached = CachedVerifier(reader)
    text = token(key)
    assert [cached.verify(text, keyset, EXPECTED, NOW + second) for second in (0, 1, 59)] == ["usr_1"] * 3
    assert reader.count == 1


def test_time_is_checked_at_every_use(key: SigningKey, keyset: KeySet):
    """N05: a cached token expires on time."""
    cached = CachedVerifier(Reader())
    text = token(key)
    cached.verify(text, keyset, EXPECTED, NOW)
    for now, reason in ((NOW + 60, Reason.EXPIRED), (NOW - 1, Reason.NOT_YET)):
        with pytest.raises(TokenRefused) as caught:
            cached.verify(text, keyset, EXPECTED, now)
        assert caught.value.reason == reason


def test_removed_key_is_dead_at_once(key: SigningKey, keyset: KeySet):
    """N18: the cache is no way to outlive a key."""
    cached = CachedVerifier(Reader())
    text = token(key)
    cached.verify(text, keyset, EXPECTED, NOW)
    rest = KeySet(other for other in keyset if other.kid != key.kid)
    with pytest.raises(UnknownKey):
        cached.verify(text, rest, EXPECTED, NOW)


def test_key_replaced_under_its_name_is_dead_at_once(key: SigningKey):
    cached = CachedVerifier(Reader())
    text = token(key)
    cached.verify(text, KeySet([key.verification()]), EXPECTED, NOW)
    usurper = SigningKey(key.kid, "ES256", generate("ES256"))
    with pytest.raises(TokenRefused):
        cached.verify(text, KeySet([usurper.verification()]), EXPECTED, NOW)


def test_same_keys_in_a_new_set_keep_what_is_remembered(key: SigningKey):
    reader = Reader()
    cached = CachedVerifier(reader)
    text = token(key)
    for _ in range(3):
        cached.verify(text, KeySet([key.verification()]), EXPECTED, NOW)
    assert reader.count == 1


def test_token_remembered_for_one_audience_is_nothing_at_another(key: SigningKey, keyset: KeySet):
    """N05"""
    cached = CachedVerifier(Reader())
    text = token(key)
    cached.verify(text, keyset, EXPECTED, NOW)
    with pytest.raises(TokenRefused) as caught:
        cached.verify(text, keyset, Expected("at+jwt", EXPECTED.issuer, "other", leeway=0), NOW)
    assert caught.value.reason == Reason.AUDIENCE


def test_refusals_are_not_remembered_and_memory_is_bounded(key: SigningKey, keyset: KeySet):
    cached = CachedVerifier(Reader(), size=3)
    with pytest.raises(TokenRefused):
        cached.verify("a.b.c", keyset, EXPECTED, NOW)
    assert len(cached) == 0
    for number in range(5):
        cached.verify(token(key, f"usr_{number}"), keyset, EXPECTED, NOW)
    assert len(cached) == 3
    cached.verify(token(key, pad=MAX_CACHED_TOKEN), keyset, EXPECTED, NOW)
    assert len(cached) == 3


def test_longest_unused_goes_first(key: SigningKey, keyset: KeySet):
    reader = Reader()
    cached = CachedVerifier(reader, size=2)
    one, two, three = (token(key, f"usr_{number}") for number in range(3))
    for text in (one, two, one, three, one):
        cached.verify(text, keyset, EXPECTED, NOW)
    assert reader.count == 3
