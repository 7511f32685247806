"""What an application logs has no secret, no line that somebody else began, and the id of its request."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
from uvicorn.logging import AccessFormatter

from airside.core.secret import Secret
from airside.shield import RedactedFormatter, redact_logs
from airside.shield.logs import handlers
from airside.shield.passage import REQUEST_ID

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
Lines = Callable[[], list[str]]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def handler(stream: io.StringIO) -> logging.Handler:
    """The application's own, which says of which request a line is."""
    made = logging.StreamHandler(stream)
    made.setFormatter(logging.Formatter("%(levelname)s [%(request_id)s] %(message)s"))
    return made


@pytest.fixture
def logger(handler: logging.Handler) -> Iterator[logging.Logger]:
    """One of an application's; what else is logged to goes on as it did."""
    made = logging.getLogger("tests.shield.application")
    made.propagate = False
    made.addHandler(handler)
    before = [(each, each.formatter) for each in handlers() if each is not handler]
    redact_logs()
    held = REQUEST_ID.set("")
    yield made
    REQUEST_ID.reset(held)
    made.removeHandler(handler)
    for each, formatter in before:
        each.setFormatter(formatter)


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    return lambda: stream.getvalue().splitlines()


def test_secrets_are_masked_wherever_they_ride(logger: logging.Logger, stream: io.StringIO) -> None:
    """N37: in the message, its arguments, a trace and what a trace was raised from."""
    logger.warning("Authorization: Bearer %s", TOKEN)
    logger.warning("signed in with %s and %s", {"password": "hunter22"}, Secret("hunter23"))
    logger.warning("for %(password)s", {"password": "hunter24"})
    try:
        try:
            raise ValueError("password=hunter25")
        except ValueError as error:
            raise RuntimeError(f"got {TOKEN}") from error
    except RuntimeError:
        logger.exception("failed", stack_info=True)
    written = stream.getvalue()
    assert "hunter" not in written
    assert TOKEN not in written
    assert "RuntimeError" in written
    assert "ValueError" in written
    assert "Stack (most recent call last)" in written


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028"], ids=ascii)
def test_nobody_begins_a_line(logger: logging.Logger, lines: Lines, end: str) -> None:
    """N37: neither by a message nor by what an exception says."""
    forged = f"ada{end}CRITICAL [] the database is open"
    logger.warning("no such user: %s", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        logger.exception("failed")
    assert [line for line in lines() if line.startswith("CRITICAL")] == []
    assert [line.split()[0] for line in lines() if not line.startswith("    ")] == ["WARNING", "ERROR"]


def test_line_tells_of_its_request(logger: logging.Logger, lines: Lines) -> None:
    held = REQUEST_ID.set("req_1")
    logger.warning("inside")
    REQUEST_ID.reset(held)
    logger.warning("outside")
    assert lines() == ["WARNING [req_1] inside", "WARNING [] outside"]


def test_what_comes_as_extra_is_masked_by_its_name(
    logger: logging.Logger, handler: logging.Handler, stream: io.StringIO
) -> None:
    class Whole(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return json.dumps({name: str(value) for name, value in vars(record).items()})

    handler.setFormatter(RedactedFormatter(Whole()))
    logger.warning("paid", extra={"api_key": "plain", "order": 7, "headers": {"Cookie": "plain"}})
    assert "plain" not in stream.getvalue()
    assert json.loads(stream.getvalue())["order"] == "7"


def test_another_handler_sees_the_record_as_it_is(logger: logging.Logger) -> None:
    seen: list[logging.LogRecord] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record)

    kept = Kept()
    logger.addHandler(kept)
    try:
        logger.warning("token %s", TOKEN)
    finally:
        logger.removeHandler(kept)
    assert seen[0].getMessage() == f"token {TOKEN}"


@pytest.mark.usefixtures("logger")
def test_each_handler_is_wrapped_once(handler: logging.Handler) -> None:
    formatter = handler.formatter
    assert isinstance(formatter, RedactedFormatter)
    assert not isinstance(formatter.inner, RedactedFormatter)
    assert redact_logs() == 0
    assert handler.formatter is formatter


def test_handler_without_a_formatter_gets_the_plain_one(
    logger: logging.Logger, handler: logging.Handler, lines: Lines
) -> None:
    handler.setFormatter(None)
    assert redact_logs() == 1
    logger.warning("token=%s", TOKEN)
    assert lines() == ["token=***"]


def test_line_of_uvicorns_access_log_is_written_as_ever(
    logger: logging.Logger, handler: logging.Handler, lines: Lines
) -> None:
    """Its formatter reads the arguments one by one."""
    handler.setFormatter(
        RedactedFormatter(AccessFormatter("%(client_addr)s %(request_line)s %(status_code)s", use_colors=False))
    )
    logger.warning('%s - "%s %s HTTP/%s" %d', "192.0.2.1:5", "GET", "/callback?code=hunter2&state=1", "1.1", 302)
    assert lines() == ["192.0.2.1:5 GET /callback?code=***&state=1 HTTP/1.1 302 Found"]


def test_message_that_is_no_text_is_shown(logger: logging.Logger, lines: Lines) -> None:
    logger.warning({"password": "hunter2", "order": 7})
    logger.warning(ValueError("password=hunter2"))
    assert lines() == ["WARNING [] {'password': ***, 'order': 7}", "WARNING [] password=***"]
