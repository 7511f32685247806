import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from airside.core.errors import Misconfigured
from airside.fetch import Fetcher, OverCap, Refused, Unavailable
from tests.fetch.conftest import Names, Server, Tls, answer, redirect


def _fetcher(server: Server, *more: str, max_redirects: int = 0) -> Fetcher:
    return Fetcher(allow=frozenset({server.place, *more}), max_redirects=max_redirects)


async def test_a_get_brings_status_headers_and_body(server: Server) -> None:
    server.answers["/a?b=1"] = answer(b"hello", "404 Not Found", "X-One: 1", "X-One: 2")
    async with _fetcher(server) as fetcher:
        fetched = await fetcher.get(f"http://{server.place}/a?b=1", headers={"Accept": "text/plain"})
    assert (fetched.status, fetched.body, fetched.headers["x-one"]) == (404, b"hello", "1, 2")
    assert b"Accept: text/plain" in server.requests[0]
    assert f"host: {server.place}".encode() in server.requests[0].lower()


async def test_a_post_carries_its_content(server: Server) -> None:
    server.answers["/token"] = answer(b"{}")
    async with _fetcher(server) as fetcher:
        fetched = await fetcher.post(
            f"http://{server.place}/token",
            content=b"a=b",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    assert fetched.body == b"{}"
    assert server.requests[0].startswith(b"POST /token HTTP/1.1\r\n")
    assert server.requests[0].endswith(b"\r\n\r\na=b")


async def test_any_method_is_sent_and_each_cookie_comes_back_by_itself(server: Server) -> None:
    server.answers["/"] = answer(b"", "200 OK", "Set-Cookie: a=b; Expires=Thu, 01 Jan 1970", "Set-Cookie: c=d")
    async with _fetcher(server) as fetcher:
        fetched = await fetcher.send("OPTIONS", f"http://{server.place}/")
    assert server.requests[0].startswith(b"OPTIONS / HTTP/1.1\r\n")
    assert fetched.cookies == ("a=b; Expires=Thu, 01 Jan 1970", "c=d")


@pytest.mark.parametrize("method", ["CONNECT", "get", "", "GET /x"])
async def test_what_is_no_method_is_refused(server: Server, method: str) -> None:
    async with _fetcher(server) as fetcher:
        with pytest.raises(Refused):
            await fetcher.send(method, f"http://{server.place}/")
    assert server.connections == 0


async def test_connections_are_kept_and_cookies_are_not(server: Server) -> None:
    server.answers["/"] = answer(b"", "200 OK", "Set-Cookie: a=b")
    async with _fetcher(server) as fetcher:
        for _ in range(3):
            await fetcher.get(f"http://{server.place}/")
    assert server.connections == 1
    assert not any(b"cookie" in request.lower() for request in server.requests)


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Transfer-Encoding", "Connection", "näme"])
async def test_headers_of_the_wire_are_not_the_callers(server: Server, name: str) -> None:
    async with _fetcher(server) as fetcher:
        with pytest.raises(Refused):
            await fetcher.get(f"http://{server.place}/", headers={name: "1"})
    assert server.connections == 0


async def test_a_header_value_cannot_smuggle_a_second_header(server: Server) -> None:
    server.answers["/"] = answer()
    async with _fetcher(server) as fetcher:
        with pytest.raises((Refused, Unavailable)):
            await fetcher.get(f"http://{server.place}/", headers={"X-A": "1\r\nX-B: 2"})
    assert server.requests == []


async def test_an_answer_over_its_cap_is_refused_with_its_beginning(server: Server) -> None:
    server.answers["/"] = answer(b"x" * 101)
    server.answers["/endless"] = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"40\r\n"
        + b"x" * 64
        + b"\r\n"
        + b"40\r\n"
        + b"x" * 64
        + b"\r\n"
    )
    async with _fetcher(server) as fetcher:
        for path in ("/", "/endless"):
            with pytest.raises(OverCap) as refused:
                await fetcher.get(f"http://{server.place}{path}", max_bytes=100)
            assert (refused.value.begun.status, refused.value.begun.body) == (200, b"x" * 100)
        assert len((await fetcher.get(f"http://{server.place}/", max_bytes=101)).body) == 101


async def test_a_compressed_answer_is_refused(server: Server) -> None:
    """G35: nobody asked for gzip, so nothing is unpacked."""
    server.answers["/"] = answer(b"", "200 OK", "Content-Encoding: gzip")
    async with _fetcher(server) as fetcher:
        with pytest.raises(Refused):
            await fetcher.get(f"http://{server.place}/")


async def test_a_server_that_never_answers_is_given_up_in_time(server: Server) -> None:
    async with _fetcher(server) as fetcher:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            await fetcher.get(f"http://{server.place}/stall", timeout=0.2)
        assert time.monotonic() - started < 2


async def test_a_handshake_that_is_given_up_leaves_nothing_open(server: Server) -> None:
    """N28: a far side that takes a connection and never speaks TLS. It sees the end of it."""
    async with Fetcher(allow=frozenset({server.place})) as fetcher:
        with pytest.raises(Unavailable):
            await fetcher.get(f"https://{server.place}/", timeout=0.2)
        for _ in range(100):
            if server.ended:
                break
            await asyncio.sleep(0.01)
        assert server.ended == 1


async def test_a_closed_port_and_broken_http_are_unavailable(server: Server) -> None:
    server.answers["/"] = b"SSH-2.0-OpenSSH\r\n\r\n"
    async with Fetcher(allow=frozenset({server.place, "127.0.0.1:1"})) as fetcher:
        with pytest.raises(Unavailable):
            await fetcher.get("http://127.0.0.1:1/")
        with pytest.raises(Unavailable):
            await fetcher.get(f"http://{server.place}/")


async def test_fifty_at_once_all_come_home(server: Server) -> None:
    server.answers["/"] = answer(b"one of many")
    async with _fetcher(server) as fetcher:
        answers = await asyncio.gather(*(fetcher.get(f"http://{server.place}/") for _ in range(50)))
    assert {one.body for one in answers} == {b"one of many"}


async def test_redirects_are_answers_unless_asked_for(server: Server) -> None:
    server.answers["/"] = redirect("/there")
    server.answers["/there"] = answer(b"here")
    url = f"http://{server.place}/"
    async with _fetcher(server) as fetcher, _fetcher(server, max_redirects=2) as following:
        assert (await fetcher.get(url)).status == 302
        assert (await following.get(url)).body == b"here"
        assert (await following.post(url, content=b"")).status == 302


async def test_a_loop_of_redirects_ends(server: Server) -> None:
    server.answers["/"] = redirect("/")
    async with _fetcher(server, max_redirects=3) as fetcher:
        with pytest.raises(Refused):
            await fetcher.get(f"http://{server.place}/")
    assert len(server.requests) == 4


async def test_credentials_stay_with_the_origin_they_were_given_for(server: Server, canary: Server) -> None:
    server.answers["/"] = redirect(f"http://{canary.place}/")
    canary.answers["/"] = answer()
    async with _fetcher(server, canary.place, max_redirects=1) as fetcher:
        await fetcher.get(f"http://{server.place}/", headers={"Authorization": "Bearer x"})
    assert b"Bearer x" in server.requests[0]
    assert b"Bearer" not in canary.requests[0]


async def test_a_private_ca_is_trusted_for_its_name_and_the_name_is_kept(secure_server: Server, tls: Tls) -> None:
    """The dialled address is pinned; SNI, certificate and Host still carry the name."""
    secure_server.answers["/"] = answer(b"secure")
    place = f"fetch.example:{secure_server.port}"
    names = Names(fetch_example=[["127.0.0.1"]])
    async with Fetcher(allow=frozenset({place}), trust=tls.ca, resolver=names) as fetcher:
        assert (await fetcher.get(f"https://{place}/")).body == b"secure"
    assert f"host: {place}".encode() in secure_server.requests[0].lower()


async def test_a_certificate_for_another_name_or_of_an_unknown_ca_is_unavailable(
    secure_server: Server, tls: Tls
) -> None:
    secure_server.answers["/"] = answer(b"secure")
    other = f"other.example:{secure_server.port}"
    known = f"fetch.example:{secure_server.port}"
    names = Names(other_example=[["127.0.0.1"]], fetch_example=[["127.0.0.1"]])
    async with (
        Fetcher(allow=frozenset({other}), trust=tls.ca, resolver=names) as wrong_name,
        Fetcher(allow=frozenset({known}), resolver=names) as unknown_ca,
    ):
        with pytest.raises(Unavailable):
            await wrong_name.get(f"https://{other}/")
        with pytest.raises(Unavailable):
            await unknown_ca.get(f"https://{known}/")
    assert secure_server.requests == []


@pytest.mark.parametrize(
    "place", ["*", "*:443", "localhost", "localhost:", "http://localhost:80", "a@b:80", "a:b", ":80", "a/b:80", ""]
)
def test_an_exception_that_is_not_exact_is_refused_at_construction(place: str) -> None:
    with pytest.raises(Misconfigured):
        Fetcher(allow=frozenset({place}))


async def test_name_servers_that_hang_hold_up_nobody_elses_fetch(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A webhook's name server that says nothing holds up no sign-in with a provider."""
    server.answers["/"] = answer()
    answered, asked = threading.Event(), asyncio.Event()
    loop, system = asyncio.get_running_loop(), socket.getaddrinfo

    def hanging(host: str, *arguments: Any, **options: Any) -> Any:
        if not host.endswith(".slow.example"):
            return system(host, *arguments, **options)
        loop.call_soon_threadsafe(asked.set)
        answered.wait()
        raise socket.gaierror("timed out")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    place = f"localhost:{server.port}"
    async with Fetcher() as webhooks, Fetcher(allow=frozenset({place})) as others, asyncio.TaskGroup() as group:
        addresses = [f"https://{number}.slow.example/" for number in range(40)]
        waiting = [group.create_task(_unavailable(webhooks, address)) for address in addresses]
        try:
            await asked.wait()
            assert (await others.get(f"http://{place}/", timeout=30)).body == b"hello"
            assert not any(task.done() for task in waiting)
        finally:
            answered.set()


async def _unavailable(fetcher: Fetcher, address: str) -> None:
    with pytest.raises(Unavailable):
        await fetcher.get(address, timeout=300)


async def test_closed_fetcher_leaves_no_thread_and_can_be_used_again(server: Server) -> None:
    server.answers["/"] = answer()
    place = f"localhost:{server.port}"
    before = set(threading.enumerate())
    fetcher = Fetcher(allow=frozenset({place}))
    for _ in range(2):
        assert (await fetcher.get(f"http://{place}/")).body == b"hello"
        await fetcher.aclose()
    for thread in set(threading.enumerate()) - before:
        await asyncio.to_thread(thread.join)
