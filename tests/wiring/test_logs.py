"""Log lines: whose request they are of, and that nobody forges one by what they send."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import pytest
import structlog

from airside.shield.passage import REQUEST_ID
from airside.wiring.logs import configure
from tests.running import Place

HOSTILE = {
    "line-break": 'harmless\n{"event": "signed in", "level": "info", "user": "root"}',
    "carriage-return": "harmless\r[info ] signed in as root",
    "json": '"}\n{"event":"forged"}',
    "escape": "harmless\x1b[2K\x1b[1A\x1b[32msigned in",
    "separators": "one\u2028two\u2029three\x85four\x0bfive\x0csix",
    "right-to-left": "harmless\u202egnp.exe",
    "nul": "harmless\x00",
    "surrogate": "harmless\ud800",
}


@contextmanager
def logging_to(stream: io.StringIO, *, for_people: bool = False) -> Generator[None]:
    """The process's logging as the server sets it up, put back afterwards."""
    before, kept, complains = structlog.get_config(), logging.getLogger().handlers[:], logging.raiseExceptions
    level = logging.getLogger().level
    try:
        with redirect_stderr(stream):
            configure("info", for_people=for_people)
            yield
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers[:] = kept
        logging.getLogger().setLevel(level)
        logging.raiseExceptions = complains


def written(text: str, *, for_people: bool, fails: bool = False) -> str:
    """What the log has after an event with `text` in it everywhere, by either logger."""
    stream = io.StringIO()
    with logging_to(stream, for_people=for_people):
        own, foreign = structlog.get_logger("airside.test"), logging.getLogger("airside.foreign")
        try:
            raise ValueError(text)
        except ValueError:
            (own.exception if fails else own.info)(text, value=text, inner={"deep": [text]})
            (foreign.exception if fails else foreign.info)("told: %s", text)
    return stream.getvalue()


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_stays_in_its_line_of_json(case: str) -> None:
    lines = written(HOSTILE[case], for_people=False, fails=True).split("\n")
    assert [json.loads(line)["level"] for line in lines if line] == ["error", "error"]
    assert json.loads(lines[0])["event"] == HOSTILE[case]
    assert all(line.isascii() and line.isprintable() for line in lines)


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_stays_in_its_line_for_people(case: str) -> None:
    lines = written(HOSTILE[case], for_people=True).split("\n")
    assert len(lines) == 3, lines
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("case", HOSTILE)
def test_lines_of_a_trace_are_set_in_for_people(case: str) -> None:
    first, *others = written(HOSTILE[case], for_people=True, fails=True).split("\n")
    assert first.startswith("20")
    own = [line for line in others if line and not line.startswith("    ")]
    assert len(own) == 1, own  # the other logger's
    assert all(line.isprintable() for line in others)


def test_a_line_says_of_which_request_it_is() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        log = structlog.get_logger("airside.test")
        log.info("before")
        token = REQUEST_ID.set("req_1")
        log.info("within")
        logging.getLogger("uvicorn.error").warning("within too")
        log.info("its own word", request_id="req_2")
        REQUEST_ID.reset(token)
        log.info("after")
    ids = [json.loads(line).get("request_id") for line in stream.getvalue().splitlines()]
    assert ids == [None, "req_1", "req_1", "req_2", None]


async def test_a_failure_inside_is_logged_under_the_id_that_the_client_was_told(place: Place) -> None:
    """By the server itself: the lines of one request are found by what its answer says."""
    stream = io.StringIO()
    with logging_to(stream):
        async with place.server.client() as http:
            answer = await http.get("/healthz", headers={"host": "evil.example"})
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    refused = [line for line in lines if line["logger"] == "airside.shield"]
    assert [line["request_id"] for line in refused] == [answer.headers["x-request-id"]]


@pytest.mark.parametrize("for_people", [False, True], ids=["json", "people"])
def test_a_log_that_cannot_be_written_is_given_up_in_silence(for_people: bool) -> None:
    program = (
        "import structlog; from airside.wiring.logs import configure; "
        f"configure('info', for_people={for_people}); log = structlog.get_logger('x'); "
        "[log.info('told', number=number) for number in range(1000)]; print('went on')"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, timeout=60)
    assert done.stdout == b"went on\n"
