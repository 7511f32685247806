"""A security event token is believed if its transmitter signed it for us, as one, and lately (RFC 8417, SSF 1.0)."""

from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet as JoseKeys

from airside.protocols.jose import KeySet, Reason, SigningKey, TokenRefused, UnknownKey, public_jwk
from airside.protocols.jose.keys import generate
from airside.protocols.secevent import LEEWAY, MAX_AGE, SESSION_REVOKED, SecurityEvent, iss_sub, verify_set
from tests.senders import signed

ISSUER = "https://id.example.com/t/acme"
CLIENT = "cli_01ba2272b0000000000000000a"
NOW = 1_790_000_000
KEY = SigningKey("k", "ES256", generate("ES256"))
KEYS = KeySet([KEY.verification()])


def token(header: Mapping[str, Any] | None = None, key: SigningKey = KEY, **claims: Any) -> str:
    """A good one; `claims` change it, None takes a member away."""
    said: dict[str, Any] = {
        "iss": ISSUER,
        "aud": CLIENT,
        "iat": NOW,
        "jti": "set_1",
        "txn": "evt_1",
        "sub_id": iss_sub(ISSUER, "usr_1"),
        "events": {SESSION_REVOKED: {"event_timestamp": NOW}},
    } | claims
    head = {"typ": "secevent+jwt", "alg": key.alg, "kid": key.kid} | dict(header or {})
    return signed(key, head, {name: value for name, value in said.items() if value is not None})


def read(text: str, *, audience: str = CLIENT, now: float = NOW) -> SecurityEvent:
    return verify_set(text, KEYS, issuer=ISSUER, audience=audience, now=now)


def test_event_says_what_happened_to_whom() -> None:
    event = read(token())
    assert (event.jti, event.kind, event.txn, event.issued_at) == ("set_1", SESSION_REVOKED, "evt_1", NOW)
    assert event.subject == {"format": "iss_sub", "iss": ISSUER, "sub": "usr_1"}
    assert event.data == {"event_timestamp": NOW}


def test_another_library_reads_what_is_signed() -> None:
    jwks: Any = {"keys": [dict(public_jwk(KEY.verification()))]}
    keys = JoseKeys.import_key_set(jwks)
    found = jwt.decode(token(), keys, algorithms=["ES256"])
    assert found.header["typ"] == "secevent+jwt"
    assert found.claims["events"] == {SESSION_REVOKED: {"event_timestamp": NOW}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(token({"typ": "JWT"}), Reason.TYPE, id="ID token"),
        pytest.param(token({"typ": "at+jwt"}), Reason.TYPE, id="access token"),
        pytest.param(token({"typ": None}), Reason.TYPE, id="no type"),
        pytest.param(token({"alg": "none"}), Reason.ALGORITHM, id="none"),
        pytest.param(token({"jwk": {}}), Reason.EMBEDDED_KEY, id="embedded key"),
        pytest.param(token({"crit": ["b64"]}), Reason.CRITICAL, id="critical"),
        pytest.param(token(iss="https://id.example.com/t/other"), Reason.ISSUER, id="other issuer"),
        pytest.param(token(iss=None), Reason.ISSUER, id="no issuer"),
        pytest.param(token(aud="cli_of_another"), Reason.AUDIENCE, id="other audience"),
        pytest.param(token(aud=None), Reason.AUDIENCE, id="no audience"),
        pytest.param(token(aud=[]), Reason.AUDIENCE, id="empty audience"),
        pytest.param(token(sub="usr_1"), Reason.CLAIM, id="sub"),
        pytest.param(token(exp=NOW + 60), Reason.CLAIM, id="exp"),
        pytest.param(token(iat=None), Reason.CLAIM, id="no iat"),
        pytest.param(token(iat=True), Reason.CLAIM, id="iat true"),
        pytest.param(token(iat=NOW + LEEWAY.total_seconds() + 1), Reason.NOT_YET, id="future"),
        pytest.param(token(iat=NOW - MAX_AGE.total_seconds() - 1), Reason.EXPIRED, id="old"),
        pytest.param(token(jti=None), Reason.CLAIM, id="no jti"),
        pytest.param(token(jti="x" * 200), Reason.CLAIM, id="long jti"),
        pytest.param(token(events=None), Reason.CLAIM, id="no events"),
        pytest.param(token(events={}), Reason.CLAIM, id="empty events"),
        pytest.param(token(events={"a": {}, "b": {}}), Reason.CLAIM, id="two events"),
        pytest.param(token(events={"a": "x"}), Reason.CLAIM, id="event of text"),
        pytest.param(token(sub_id=None), Reason.CLAIM, id="no subject"),
        pytest.param(token(sub_id={"sub": "usr_1"}), Reason.CLAIM, id="subject without format"),
        pytest.param(token()[:-4] + "AAAA", Reason.SIGNATURE, id="corrupted"),
        pytest.param(token()[:-2], Reason.SIGNATURE, id="truncated"),
        pytest.param(token().rpartition(".")[0], Reason.MALFORMED, id="no signature"),
        pytest.param(token(padding="x" * 20_000), Reason.TOO_LARGE, id="oversized"),
    ],
)
def test_whatever_else_is_refused(text: str, reason: Reason) -> None:
    with pytest.raises(TokenRefused) as refused:
        read(text)
    assert refused.value.reason == reason.value


def test_another_tenants_key_proves_nothing() -> None:
    stranger = SigningKey("k", "ES256", generate("ES256"))
    with pytest.raises(TokenRefused):
        read(token(key=stranger))
    with pytest.raises(UnknownKey):
        read(token({"kid": "other"}))


def test_event_can_not_be_made_up() -> None:
    forged: Any = object()
    with pytest.raises(TypeError):
        SecurityEvent("set_1", NOW, SESSION_REVOKED, {}, {}, "", forged)
