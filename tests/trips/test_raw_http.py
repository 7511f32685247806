"""What no well-behaved client sends, over a raw TLS socket: one reading, or a refusal; never a 5xx."""

from urllib.parse import urlencode

import httpx2
import pytest

from airside.wiring.connection import MAX_HEAD_BYTES
from tests.running import Place, Running
from tests.surface import administrator_token
from tests.trips.visitor import FORM, csrf_of, visitor
from tests.trips.wire import host_of, say, statuses

SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n"
AMBIGUOUS = {
    "two lengths": b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n",
    "the same length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": b"Content-Length: 0, 0\r\n\r\n",
    "a signed length": b"Content-Length: +0\r\n\r\n",
    "a length in hex": b"Content-Length: 0x0\r\n\r\n",
    "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n",
    "chunked, but not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"Content-Length : 0\r\n\r\n",
    "a folded line": b"X: a\r\n Content-Length: 0\r\n\r\n",
    "a negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a chunk over all sizes": b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
    "a chunk without its end": b"Transfer-Encoding: chunked\r\n\r\n1\r\naa\r\n0\r\n\r\n",
    "a NUL in a value": b"X: a\x00b\r\n\r\n",
    "a line without a name": b": a\r\n\r\n",
}


@pytest.mark.parametrize("head", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_request_with_two_readings_is_refused_and_nothing_behind_it_is_read(server: Running, head: bytes) -> None:
    """Request smuggling: what follows an ambiguous request is never taken for a request."""
    host = host_of(server)
    heard = await say(server, b"POST /healthz HTTP/1.1\r\nHost: " + host + b"\r\n" + head + SMUGGLED % host)
    assert b"alive" not in heard
    assert all(400 <= status < 500 for status in statuses(heard)), heard
    assert len(statuses(heard)) == 1, heard


async def test_two_lawful_requests_on_one_connection_get_two_answers(server: Running) -> None:
    """The measure of the test above."""
    heard = await say(server, SMUGGLED % host_of(server) * 2, patience=0.3)
    assert statuses(heard) == [200, 200]


@pytest.mark.parametrize(
    "line",
    [
        b"GET https://evil.example/healthz HTTP/1.1",
        b"GET /healthz HTTP/3.0",
        b"GET  /healthz HTTP/1.1",
        b"GET",
        b"\x16",
    ],
)
async def test_odd_request_line_is_no_way_around_the_host(server: Running, line: bytes) -> None:
    """N16."""
    heard = await say(server, line + b"\r\nHost: evil.example\r\n\r\n", patience=0.3)
    assert all(400 <= status < 500 for status in statuses(heard)), heard


async def test_request_without_a_host_is_refused(server: Running) -> None:
    """N16: HTTP/1.0 needs none; here everybody does."""
    for version in (b"1.0", b"1.1"):
        heard = await say(server, b"GET /healthz HTTP/" + version + b"\r\n\r\n", patience=0.5)
        assert statuses(heard.replace(b"HTTP/1.0", b"HTTP/1.1")) == [400], heard


async def test_two_hosts_are_refused(server: Running) -> None:
    """N16."""
    both = b"Host: " + host_of(server) + b"\r\nHost: evil.example\r\n"
    heard = await say(server, b"GET /healthz HTTP/1.1\r\n" + both + b"Connection: close\r\n\r\n")
    assert statuses(heard) == [400]


async def test_host_is_ours_or_nobodys(server: Running, place: Place) -> None:
    """N16: no answer carries the name that a stranger gave."""
    ours = host_of(server)
    port = ours.rpartition(b":")[2]
    for host in (b"evil.example", b"evil.example:" + port, ours + b".", ours + b"@evil.example", b"", b"localhost"):
        for path in ("/.well-known/openid-configuration", "/signin", "/oauth2/authorize?client_id=x", "/api/v1/users"):
            asked = f"GET /t/{place.slug}{path} HTTP/1.1\r\n".encode()
            heard = await say(server, asked + b"Host: " + host + b"\r\nConnection: close\r\n\r\n")
            assert statuses(heard) in ([400], [421]), (host, heard)
            assert b"evil" not in heard


FORWARDED = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "http",
    "x-forwarded-port": "1",
    "x-forwarded-prefix": "/evil",
    "x-forwarded-for": "10.9.8.7",
    "forwarded": "for=10.9.8.7;host=evil.example;proto=http",
    "x-real-ip": "10.9.8.7",
    "x-original-url": "/healthz",
    "x-rewrite-url": "/healthz",
    "x-http-method-override": "DELETE",
    "x-request-id": "chosen",
    "x-client-cert": "forged",
}


async def test_forwarding_headers_of_strangers_change_nothing(server: Running, place: Place) -> None:
    """N31: without trusted proxies nobody is believed."""
    async with server.client() as http:
        for path in ("/.well-known/openid-configuration", "/api/v1/users", "/account", "/nothing"):
            plain = await http.get(f"{place.issuer}{path}")
            forged = await http.get(f"{place.issuer}{path}", headers=FORWARDED)
            assert _without_id(forged) == _without_id(plain)
            assert "evil" not in str(forged.headers)
            assert forged.headers["x-request-id"] != "chosen"


def _without_id(answer: httpx2.Response) -> tuple[int, str, str]:
    return (
        answer.status_code,
        answer.text.replace(answer.headers["x-request-id"], ""),
        str(answer.headers.get("location")),
    )


async def test_no_spelling_of_a_path_leads_into_another_tenant(server: Running, place: Place) -> None:
    """N32, N20."""
    other = await server.tenant()
    user = await other.user()
    token = await administrator_token(place)
    mine, theirs, host = place.slug, other.slug, host_of(server).decode()
    tail = "api/v1/users"
    paths = [
        f"/t/{mine}/../{theirs}/{tail}",
        f"/t/{mine}/%2e%2e/{theirs}/{tail}",
        f"/t/{mine}/%2E./{theirs}/{tail}",
        f"/t/{mine}/..%2f{theirs}/{tail}",
        f"/t/{mine}%2f..%2f{theirs}/{tail}",
        f"/t/{mine}/..;/{theirs}/{tail}",
        f"/t/{theirs};{mine}/{tail}",
        f"/t//{theirs}/{tail}",
        f"//t/{theirs}/{tail}",
        f"/t/{theirs}/./{tail}",
        f"/t/{theirs}\\{tail}",
        f"/t/{theirs}/%5c{tail}",
        f"/t/{theirs}%00/{tail}",
        f"/t/{theirs}%20/{tail}",
        f"/t/{theirs}%2520/{tail}",
        f"/t/{theirs.upper()}/{tail}",
        f"/T/{theirs}/{tail}",
        f"/t/{theirs}/{tail}/",
        f"/t/{theirs}/API/v1/users",
        f"/t/{theirs}/{tail}%3f",
        f"/t/{theirs}/{tail};x",
        f"/t/{mine}/{tail}/%2e%2e/%2e%2e/%2e%2e/%2e%2e/{theirs}/{tail}",
    ]
    for path in paths:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        heard = await say(server, head.encode())
        assert statuses(heard) in ([400], [404], [401]), (path, heard)
        assert user.email.encode() not in heard


async def test_head_over_its_cap_is_431(server: Running) -> None:
    host = host_of(server)
    for line in (b"X: " + b"a" * MAX_HEAD_BYTES, b"Cookie: a=" + b"b" * MAX_HEAD_BYTES, b"X: a\r\n" * 8000):
        heard = await say(server, b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\n" + line + b"\r\n\r\n")
        assert statuses(heard) in ([431], []), heard[:200]  # nothing is heard where the rest met a closed socket


@pytest.mark.parametrize(
    "cookie", ["a=" + "b" * 20_000, "; ".join(f"a{i}=b" for i in range(500)), "=;=;;=", "\x80=\xff"]
)
async def test_cookies_over_their_cap_are_refused(server: Running, place: Place, cookie: str) -> None:
    async with server.client() as http:
        for path in ("/account", "/signin", "/oauth2/authorize?request=x", "/api/v1/users"):
            answer = await http.get(f"{place.issuer}{path}", headers=[(b"cookie", cookie.encode("latin-1"))])
            assert answer.status_code < 500


async def test_a_part_of_an_answer_is_never_made(server: Running) -> None:
    """Ranges are for files, and none is served."""
    async with server.client() as http:
        for path in ("/static/airside.css", "/openapi.json"):
            answer = await http.get(path, headers={"range": "bytes=0-1,2-3," + ",".join(["0-"] * 500)})
            assert answer.status_code == 200
            assert int(answer.headers["content-length"]) == len(answer.content) > 100


async def test_expectations_are_met_or_ignored(server: Running, place: Place) -> None:
    """RFC 9110 §10.1.1: the body is asked for only by who reads it; an unknown expectation is no 5xx."""
    head = f"POST /t/{place.slug}/oauth2/token HTTP/1.1\r\nHost: {host_of(server).decode()}\r\nConnection: close\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n"
    heard = await say(server, f"{head}{form}Expect: 100-continue\r\n\r\n".encode(), b"a=b")
    assert statuses(heard) in ([100, 401], [401])
    heard = await say(server, f"{head}{form}Expect: the-unexpected\r\n\r\n".encode(), b"a=b")
    assert statuses(heard) in ([401], [417])
    heard = await say(server, f"{head}Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n".encode())
    assert statuses(heard) == [413], "a body that is too large is not asked for"


async def test_forwarded_addresses_of_a_stranger_are_no_fresh_budget(place: Place) -> None:
    """N13, N31: who guesses is told by the connection, whatever they write into a header."""
    user = await place.user()
    seen = list[int]()
    async with visitor(place) as browser:
        page = await browser.get(f"{place.issuer}/signin")
        for turn in range(7):
            fields = {"email": user.email, "password": f"guess number {turn}", "csrf_token": csrf_of(page)}
            address = f"198.51.100.{turn}"
            headers = {**FORM, "origin": place.server.url, "x-forwarded-for": address, "forwarded": f"for={address}"}
            answer = await browser.http.post(str(page.url), content=urlencode(fields), headers=headers)
            seen.append(answer.status_code)
            assert answer.status_code != 429 or int(answer.headers["retry-after"]) >= 1
    assert seen == [401] * 5 + [429] * 2
