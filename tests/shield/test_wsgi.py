"""Corners of PEP 3333 that servers and frameworks seldom show; the ordinary way is in `tests/conformance`."""

import io
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import pytest

from airside.shield import UnfinishedAnswer, WsgiShield
from tests.shield.kit import HOST, policy

Started = list[tuple[str, dict[str, str]]]


def _environ(**more: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_HOST": HOST,
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        **more,
    }


def _call(app: Callable[[dict[str, Any], Any], Iterable[bytes]], **more: Any) -> tuple[Started, Generator[bytes]]:
    started: Started = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        assert exc_info is None
        started.append((status, dict(headers)))
        return lambda data: pytest.fail(f"{data!r} left in the old way")

    settings = more.pop("settings", {})
    return started, WsgiShield(app, policy(**settings))(_environ(**more), start)


def test_what_is_written_in_the_old_way_comes_first() -> None:
    def app(_environ: dict[str, Any], start: Any) -> list[bytes]:
        write = start("200 OK", [])
        write(b"one ")
        write(b"two ")
        return [b"three"]

    started, body = _call(app)
    assert b"".join(body) == b"one two three"
    assert [status for status, _ in started] == ["200 OK"]


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_an_answer_can_be_begun_anew_until_it_has_left(late: bool) -> None:
    def app(_environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        start("200 OK", [("X-Mine", "1")])
        if late:
            yield b"half"
        try:
            raise ValueError("canary")
        except ValueError:
            start("418 Teapot", [], sys.exc_info())
        yield b"anew"

    started, body = _call(app)
    if late:
        with pytest.raises(UnfinishedAnswer):
            list(body)
        assert [status for status, _ in started] == ["200 OK"]
    else:
        assert list(body) == [b"anew"]
        assert [(status, "x-mine" in headers) for status, headers in started] == [("418 Teapot", False)]


def test_an_application_that_never_begins_is_an_internal_problem() -> None:
    started, body = _call(lambda _environ, _start: [b"x"])
    assert b'"internal"' in b"".join(body)
    assert started[0][0] == "500 Internal Server Error"


@pytest.mark.parametrize("early", [False, True], ids=["to-the-end", "left-early"])
def test_what_the_application_returned_is_closed(early: bool) -> None:
    class Chunks(list[bytes]):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    chunks = Chunks([b"a", b"b"])

    def app(_environ: dict[str, Any], start: Any) -> Chunks:
        start("200 OK", [])
        return chunks

    _, body = _call(app)
    if early:
        next(body)
        body.close()  # as servers do when the client has gone
    else:
        list(body)
    assert chunks.closed == 1


@pytest.mark.parametrize(
    "more",
    [
        {"PATH_INFO": "/\xff"},
        {"HTTP_HOST": f"{HOST},{HOST}"},
        {"HTTP_CONTENT_LENGTH": "1", "CONTENT_LENGTH": "2"},
        {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "1,1"},
        {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "1", "HTTP_TRANSFER_ENCODING": "chunked"},
        {"REQUEST_URI": "http://x/a%2fb", "PATH_INFO": "/a/b"},
        {"RAW_URI": "/a%5cb?c", "PATH_INFO": "/ab"},
    ],
    ids=["not-utf-8", "two-hosts", "two-lengths", "joined-lengths", "two-ways", "slash", "backslash"],
)
def test_what_can_be_read_in_two_ways_is_refused(more: dict[str, Any]) -> None:
    started, body = _call(lambda _environ, _start: pytest.fail("reached"), **more)
    list(body)
    assert started[0][0] == "400 Bad Request"


WAYS: dict[str, Callable[[Any], Iterable[bytes]]] = {
    "read": lambda source: [source.read()],
    "pieces": lambda source: iter(lambda: source.read(7), b""),
    "lines": lambda source: source.readlines(),
    "each": lambda source: source,
}


@pytest.mark.parametrize("way", sorted(WAYS))
@pytest.mark.parametrize(("size", "wanted"), [(100, b"100"), (101, b"too_large")], ids=["full", "over"])
def test_a_body_that_the_server_ends_is_held_to_the_cap_however_it_is_read(way: str, size: int, wanted: bytes) -> None:
    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        start("200 OK", [])
        return [str(len(b"".join(WAYS[way](environ["wsgi.input"])))).encode()]

    file = io.BytesIO(b"x\n" * (size // 2) + b"y" * (size % 2))
    more = {"REQUEST_METHOD": "POST", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": file}
    _, body = _call(app, settings={"max_body": 100}, **more)
    assert wanted in b"".join(body)
