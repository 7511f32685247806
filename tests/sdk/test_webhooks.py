"""An application receives webhooks: each once."""

from datetime import UTC, datetime

import pytest

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured, Unavailable
from airside.core.secret import Secret
from airside.core.strict_json import dumps
from airside.protocols.webhook import PREFIX, WebhookRefused, parse_secret, signed
from airside.sdk import WebhookReplayed, WebhookVerifier
from airside.sdk.webhooks import MAX_SEEN, SeenHere

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SECRET = PREFIX + "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
KEY = parse_secret(SECRET)
BODY = dumps({"type": "user:user:created", "timestamp": "2026-11-29T11:59:59.000000Z", "data": {"subject": "usr_1"}})


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def verifier(clock: FixedClock) -> WebhookVerifier:
    return WebhookVerifier(SECRET, clock=clock)


def headers(
    message_id: str = "evt_1", *, at: datetime = NOW, key: Secret[bytes] = KEY, body: bytes = BODY
) -> dict[str, str]:
    return signed([key], message_id, at, body)


def test_event_is_what_was_signed(verifier: WebhookVerifier) -> None:
    with verifier.taking(headers(), BODY) as event:
        assert (event.id, event.type, event.data) == ("evt_1", "user:user:created", {"subject": "usr_1"})
        assert event.at == datetime(2026, 11, 29, 11, 59, 59, tzinfo=UTC)


def test_replay_is_refused(verifier: WebhookVerifier) -> None:
    with verifier.taking(headers(), BODY):
        pass
    with pytest.raises(WebhookReplayed), verifier.taking(headers(), BODY):
        pytest.fail("taken twice")


def test_the_same_at_once_is_taken_by_one(verifier: WebhookVerifier) -> None:
    """Fifty at once."""
    with verifier.taking(headers(), BODY):
        for _ in range(49):
            with pytest.raises(WebhookReplayed), verifier.taking(headers(), BODY):
                pytest.fail("taken twice")


def test_what_could_not_be_taken_may_come_again(verifier: WebhookVerifier) -> None:
    with pytest.raises(RuntimeError), verifier.taking(headers(), BODY):
        raise RuntimeError
    with verifier.taking(headers(), BODY) as event:
        assert event.id == "evt_1"


def test_replay_after_the_memory_is_too_old(verifier: WebhookVerifier, clock: FixedClock) -> None:
    with verifier.taking(headers(), BODY):
        pass
    for _ in range(20):
        clock.advance(30)
        with pytest.raises(WebhookRefused), verifier.taking(headers(), BODY):
            pytest.fail("taken twice")


def test_unsigned_or_foreign_message_is_refused_and_not_remembered(verifier: WebhookVerifier) -> None:
    with pytest.raises(WebhookRefused), verifier.taking(headers(key=Secret(b"2" * 32)), BODY):
        pytest.fail("taken")
    with pytest.raises(WebhookRefused), verifier.taking({}, BODY):
        pytest.fail("taken")
    with verifier.taking(headers(), BODY) as event:
        assert event.id == "evt_1"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"type":1,"timestamp":"x","data":{}}', BODY[:-1] + b',"type":"x"}', BODY.replace(b"Z", b"")],
    ids=["empty", "list", "bare", "wrong types", "key twice", "no zone"],
)
def test_signed_body_that_is_no_event_is_refused(verifier: WebhookVerifier, body: bytes) -> None:
    with pytest.raises(WebhookRefused), verifier.taking(headers(body=body), body):
        pytest.fail("taken")


def test_what_can_not_be_remembered_is_not_taken(clock: FixedClock) -> None:
    seen = SeenHere()
    for number in range(MAX_SEEN):
        assert seen.begin(f"evt_{number}", NOW, NOW)
    with pytest.raises(Unavailable), WebhookVerifier(SECRET, clock=clock, seen=seen).taking(headers("new"), BODY):
        pytest.fail("taken")
    clock.advance(1)
    late = headers("new", at=clock.now())
    with WebhookVerifier(SECRET, clock=clock, seen=seen).taking(late, BODY) as event:
        assert event.id == "new"


@pytest.mark.parametrize("secrets", [(), ("whsec_short",), (SECRET,) * 9], ids=["none", "short", "nine"])
def test_unlawful_secrets_are_refused_at_the_start(clock: FixedClock, secrets: tuple[str, ...]) -> None:
    with pytest.raises(Misconfigured):
        WebhookVerifier(*secrets, clock=clock)
