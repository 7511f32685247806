"""N37: canaries go in by every way that a secret could take into a log; none comes out."""

import io
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from airside.core.redaction import MASK, MAX_DEPTH, MAX_TEXT, is_secret_name, mask_text, redact
from airside.core.secret import Secret

CANARY = "canary7f3a9c0d1e"


@dataclass
class Careless:
    """A value whose repr tells everything."""

    password: str
    note: str = "plain"


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "Passphrase",
        "token",
        "refresh_token",
        "access_token",
        "id_token_hint",
        "client_secret",
        "clientSecret",
        "authorization",
        "Authorization",
        "cookie",
        "set-cookie",
        "code",
        "code_verifier",
        "device_code",
        "user_code",
        "recovery_code",
        "totp",
        "otp",
        "X-Api-Key",
        "apikey",
        "private_key",
        "client_assertion",
        "SAMLResponse",
        "csrf_token",
        "credential",
        "DPoP",
    ],
)
def test_what_goes_under_a_secret_name_is_masked(key: str) -> None:
    assert redact(None, "info", {key: CANARY})[key] == MASK
    assert redact(None, "info", {"deep": [{"x": {key: [CANARY]}}]}) == {"deep": [{"x": {key: MASK}}]}


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization: Basic {CANARY}",
        f"got bearer {CANARY} from client",
        f"DPoP {CANARY}",
        f"Cookie: a=1; __Host-airside_sso_x={CANARY}",
        f"set __Host-airside_flow_x={CANARY}; Path=/",
        f"GET /callback?code={CANARY}&state=1",
        f"POST grant_type=refresh_token&refresh_token={CANARY}",
        f'{{"password":"{CANARY}"}}',
        f"{{'client_secret': '{CANARY} with spaces'}}",
        f"code_verifier={CANARY}",
        f"postgresql://airside:{CANARY}@db/airside",
        f"sk_live_{CANARY}",
        f"key sk_test_{CANARY} presented",
        f"art_{CANARY}",
        f"eyJhbGciOiJFUzI1NiJ9.{CANARY}.{CANARY}",
        f"$argon2id$v=19$m=19456,t=2,p=1${CANARY}",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
        f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}",
        repr({b"authorization": f"Bearer {CANARY}".encode()}),
        f"X-Api-Key: {CANARY}",
    ],
)
def test_what_looks_like_a_secret_is_masked_in_any_text(text: str) -> None:
    masked = mask_text(text)
    assert CANARY not in masked
    assert MASK in masked
    assert CANARY not in str(
        redact(None, "error", {"event": text, "exception": text, "list": [text], "n": {"a": text}})
    )


@pytest.mark.parametrize(
    "value",
    [
        Secret(CANARY),
        [Secret(CANARY)],
        Careless(CANARY),
        ValueError(f"password={CANARY}"),
        [("cookie", f"a={CANARY}")],
        [(b"authorization", f"Bearer {CANARY}".encode())],
        f"token={CANARY}".encode(),
        {1: {2: f"sk_live_{CANARY}"}},
    ],
)
def test_no_kind_of_value_carries_it_through(value: Any) -> None:
    assert CANARY not in str(redact(None, "info", {"value": value}))


def test_it_is_a_structlog_processor() -> None:
    """The whole line as it leaves, an exception with its message among it."""
    printed = io.StringIO()
    chain = [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()]
    log = structlog.wrap_logger(structlog.PrintLogger(printed), processors=chain)
    try:
        raise ValueError(f"refresh_token={CANARY}")
    except ValueError:
        log.exception(f"Bearer {CANARY}", headers=[("Cookie", CANARY)], client_secret=CANARY, kept="plain")
    assert CANARY not in printed.getvalue()
    assert '"kept": "plain"' in printed.getvalue()
    assert "ValueError" in printed.getvalue()


def test_what_is_no_secret_stays_readable() -> None:
    event = {
        "event": "signed in",
        "status_code": 200,
        "token_type": "Bearer",
        "user": "usr_01",
        "ok": True,
        "none": None,
    }
    assert redact(None, "info", dict(event)) == event


def test_nesting_past_the_cap_is_masked_not_walked() -> None:
    value: dict[str, Any] = {"x": CANARY}
    for _ in range(MAX_DEPTH):
        value = {"x": value}
    assert CANARY not in str(redact(None, "info", {"value": value}))


def test_a_long_text_is_cut() -> None:
    assert len(mask_text("a" * (MAX_TEXT * 2))) < MAX_TEXT + 10


@pytest.mark.parametrize("name", ["token_type", "status_code", "keyboard", "user", "footprint", "barcode"])
def test_names_that_only_resemble_a_secret_are_shown(name: str) -> None:
    assert not is_secret_name(name)


def test_exception_markers_are_left_for_the_renderer() -> None:
    assert redact(None, "error", {"exc_info": True}) == {"exc_info": True}


@given(st.from_regex(r"[a-z]{3}_[0-9a-z]{26}|[a-z]{0,32}|[0-9a-f.:]{1,45}", fullmatch=True))
def test_plain_words_are_read_as_everything_else_is(text: str) -> None:
    """N37: the short way past the looks of secrets and the long way agree; a refresh token's prefix is no id's."""
    assert mask_text(text) + " " == mask_text(text + " ")


def test_only_a_whole_id_goes_the_short_way() -> None:
    for secret in ("art_" + "0" * 26, "eyj_" + "0" * 26, "eyj" + "a" * 20):
        assert secret not in mask_text(secret)
    assert "hunter2" not in mask_text("usr_" + "0" * 26 + " password=hunter2")
