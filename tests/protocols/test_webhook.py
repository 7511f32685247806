"""Webhooks: signed as Standard Webhooks says, and nothing else is taken for one."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from airside.core.clock import SystemClock, epoch
from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.protocols.webhook import (
    ID,
    MAX_BODY,
    SIGNATURE,
    TIMESTAMP,
    TOLERANCE,
    WebhookRefused,
    new_secret,
    parse_secret,
    signed,
    verify,
)

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ONE = Secret(b"1" * 32)
OTHER = Secret(b"2" * 32)
BODY = b'{"type":"user:user:created"}'

# The example of the standard's own libraries.
EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE_AT = datetime.fromtimestamp(1614265330, UTC)
EXAMPLE_HEADERS = {
    ID: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    TIMESTAMP: "1614265330",
    SIGNATURE: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


@given(st.binary(max_size=200), st.binary(min_size=24, max_size=64), st.text("abc_-09Z", min_size=1, max_size=64))
def test_round_trip(body: bytes, key: bytes, message_id: str) -> None:
    message = verify([Secret(key)], signed([Secret(key)], message_id, NOW, body), body, now=NOW)
    assert (message.id, message.at, message.body) == (message_id, NOW, body)


def test_signatures_are_those_of_the_standard() -> None:
    """Wire format: written down by others."""
    secret = parse_secret(EXAMPLE)
    assert signed([secret], EXAMPLE_HEADERS[ID], EXAMPLE_AT, b'{"test": 2432232314}') == EXAMPLE_HEADERS
    assert verify([secret], EXAMPLE_HEADERS, b'{"test": 2432232314}', now=EXAMPLE_AT).id == EXAMPLE_HEADERS[ID]


def test_the_standards_own_library_verifies_ours_and_we_its(entropy: Entropy) -> None:
    spelt, now = new_secret(entropy).reveal(), SystemClock().now()
    theirs, ours = Webhook(spelt), parse_secret(spelt)
    assert theirs.verify(BODY, signed([OTHER, ours], "evt_1", now, BODY)) == {"type": "user:user:created"}
    headers = {ID: "evt_1", TIMESTAMP: str(epoch(now)), SIGNATURE: theirs.sign("evt_1", now, BODY.decode())}
    assert verify([ours], headers, BODY, now=now).body == BODY


def test_message_of_another_secret_is_refused() -> None:
    with pytest.raises(WebhookRefused):
        verify([OTHER], signed([ONE], "evt_1", NOW, BODY), BODY, now=NOW)


@pytest.mark.parametrize("either", [ONE, OTHER], ids=["old", "new"])
def test_while_a_secret_is_changed_either_verifies(either: Secret[bytes]) -> None:
    assert verify([either], signed([ONE, OTHER], "evt_1", NOW, BODY), BODY, now=NOW).id == "evt_1"
    assert verify([ONE, OTHER], signed([either], "evt_1", NOW, BODY), BODY, now=NOW).id == "evt_1"


@pytest.mark.parametrize("name", [ID, TIMESTAMP, SIGNATURE])
@pytest.mark.parametrize("value", [None, "", " ", "x.y", "-1", "1e3", "v1,", "v1,AAAA", "é", "0" * 2000])
def test_header_that_is_missing_or_another_is_refused(name: str, value: str | None) -> None:
    """Corrupted."""
    headers = signed([ONE], "evt_1", NOW, BODY)
    headers.pop(name)
    if value is not None:
        headers[name] = value
    with pytest.raises(WebhookRefused):
        verify([ONE], headers, BODY, now=NOW)


def test_header_that_stands_twice_is_refused() -> None:
    headers = signed([ONE], "evt_1", NOW, BODY)
    with pytest.raises(WebhookRefused):
        verify([ONE], headers | {"Webhook-Id": "evt_2"}, BODY, now=NOW)


def test_names_of_headers_are_read_in_any_case() -> None:
    headers = {name.title(): value for name, value in signed([ONE], "evt_1", NOW, BODY).items()}
    assert verify([ONE], headers, BODY, now=NOW).id == "evt_1"


@pytest.mark.parametrize("cut", range(1, len(BODY) + 1), ids=str)
def test_truncated_body_is_refused(cut: int) -> None:
    with pytest.raises(WebhookRefused):
        verify([ONE], signed([ONE], "evt_1", NOW, BODY), BODY[:-cut], now=NOW)


def test_every_changed_bit_of_a_signature_is_refused() -> None:
    headers = signed([ONE], "evt_1", NOW, BODY)
    coded = headers[SIGNATURE]
    for place in range(3, len(coded)):
        other = coded[:place] + ("A" if coded[place] != "A" else "B") + coded[place + 1 :]
        with pytest.raises(WebhookRefused):
            verify([ONE], headers | {SIGNATURE: other}, BODY, now=NOW)


def test_body_over_its_cap_is_refused() -> None:
    body = b" " * (MAX_BODY + 1)
    with pytest.raises(WebhookRefused):
        verify([ONE], signed([ONE], "evt_1", NOW, body), body, now=NOW)


def test_too_many_signatures_are_refused() -> None:
    headers = signed([ONE], "evt_1", NOW, BODY)
    with pytest.raises(WebhookRefused):
        verify([ONE], headers | {SIGNATURE: " ".join([headers[SIGNATURE]] * 9)}, BODY, now=NOW)


def test_signature_of_another_kind_is_passed_over() -> None:
    headers = signed([ONE], "evt_1", NOW, BODY)
    both = headers | {SIGNATURE: "v1a,AAAA " + headers[SIGNATURE]}
    assert verify([ONE], both, BODY, now=NOW).id == "evt_1"
    with pytest.raises(WebhookRefused):
        verify([ONE], headers | {SIGNATURE: headers[SIGNATURE].replace("v1,", "v2,")}, BODY, now=NOW)


@pytest.mark.parametrize("sign", [1, -1], ids=["late", "early"])
def test_message_is_good_for_five_minutes_either_way(sign: int) -> None:
    headers = signed([ONE], "evt_1", NOW, BODY)
    assert verify([ONE], headers, BODY, now=NOW + sign * TOLERANCE).id == "evt_1"
    with pytest.raises(WebhookRefused):
        verify([ONE], headers, BODY, now=NOW + sign * (TOLERANCE + timedelta(seconds=1)))


def test_no_secret_verifies_nothing() -> None:
    """An empty list means no."""
    with pytest.raises(WebhookRefused):
        verify([], signed([ONE], "evt_1", NOW, BODY), BODY, now=NOW)


def test_id_that_could_be_read_as_the_time_is_not_signed() -> None:
    for message_id in ("a.1", "", "a b", "x" * 65):
        with pytest.raises(ValueError, match="id"):
            signed([ONE], message_id, NOW, BODY)


def test_new_secret_has_256_bits(entropy: Entropy) -> None:
    spelt = new_secret(entropy)
    assert len(parse_secret(spelt.reveal()).reveal()) == 32
    assert "whsec_" not in repr(spelt)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        b64encode(b"1" * 32).decode(),
        "whsec_" + b64encode(b"1" * 23).decode(),
        "whsec_" + b64encode(b"1" * 65).decode(),
        "whsec_" + b64encode(b"1" * 32).decode().rstrip("="),
        "whsec_" + b64encode(b"\xff" * 33).decode().replace("/", "_"),
        "WHSEC_" + b64encode(b"1" * 32).decode(),
        "whsec_" + "A" * 10_000,
    ],
    ids=["empty", "no-key", "no-prefix", "short", "long", "no-padding", "url-alphabet", "case", "huge"],
)
def test_malformed_secret_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_secret(text)
