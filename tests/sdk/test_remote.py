"""Where the server is, said in a setting, and what its answers are held to."""

import pytest

from airside.core.errors import Misconfigured, Unavailable
from airside.fetch import Fetched, Refused
from airside.sdk import connect, host_of
from airside.sdk.remote import MAX_ANSWER, issuer_address, read, same_origin
from tests.sdk.peer import Peer


@pytest.mark.parametrize("issuer", ["https://id.example/t/acme", "https://10.0.0.1:8443/t/a", "http://localhost:1/t/a"])
def test_plain_address_is_taken(issuer: str) -> None:
    assert issuer_address(issuer).geturl() == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example",
        "https://id.example/",
        "https://id.example?a",
        "https://id.example#a",
        "https://",
        "https://h:x",
    ],
)
def test_other_addresses_are_refused(issuer: str) -> None:
    with pytest.raises(Misconfigured):
        issuer_address(issuer)


def test_origin_is_scheme_host_and_port() -> None:
    assert same_origin("https://id.example/a", "https://id.example:443/b")
    for other in (
        "http://id.example",
        "https://id.example:8443",
        "https://id.example.evil",
        "https://[",
        "",
        "//id.example",
    ):
        assert not same_origin("https://id.example", other)


def test_host_is_where_the_permission_api_stands() -> None:
    assert host_of("https://id.example:8443/t/acme") == "https://id.example:8443"


def test_only_a_200_with_an_object_is_read() -> None:
    assert read("x", Fetched(200, {}, b'{"a":1}')) == {"a": 1}
    for status, body in ((500, b"{}"), (302, b"{}"), (200, b"[]"), (200, b""), (200, b'{"a":1,"a":2}')):
        with pytest.raises(Unavailable):
            read("x", Fetched(status, {}, body))
    with pytest.raises(Unavailable):
        read("x", Fetched(200, {}, b'{"a":"' + b"x" * MAX_ANSWER + b'"}'))


async def test_connection_reaches_the_named_server_and_no_other_neighbour(peer: Peer) -> None:
    """N28: the one exception to the ban on private addresses is the issuer's own host and port."""
    async with connect(peer.issuer, ca_file=peer.ca_file) as fetcher:
        answer = await fetcher.get(f"{peer.issuer}/.well-known/openid-configuration")
        assert answer.status == 200
        port = int(peer.address.rpartition(":")[2])
        for neighbour in (f"https://127.0.0.1:{port}/", f"https://localhost:{port + 1}/", "https://localhost/"):
            with pytest.raises(Refused):
                await fetcher.get(neighbour)


async def test_certificate_of_an_unknown_authority_is_refused(peer: Peer) -> None:
    async with connect(peer.issuer) as fetcher:
        with pytest.raises(Unavailable):
            await fetcher.get(f"{peer.issuer}/.well-known/openid-configuration")
