"""What may be registered; comparison is in tests/vectors/test_redirect_uris.py."""

import pytest

from airside.core.errors import InvalidInput
from airside.protocols.oauth import check_redirect_uri, redirect_matches


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb",
        "https://app.example",
        "https://app.example:8443/cb",
        "https://localhost:8443/cb",
        "https://app.example/cb?tenant=acme&x=1",
        "https://127.0.0.1/cb",
        "https://[2001:db8::1]/cb",
        "https://app.example/a%20b",
    ],
)
def test_https_uri_may_be_registered(uri: str):
    check_redirect_uri(uri)


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1/cb", "http://127.0.0.1:8765/cb", "http://[::1]/cb", "com.example.app:/cb", "com.example.app:/"],
)
def test_native_uri_may_be_registered_by_native_clients_only(uri: str):
    check_redirect_uri(uri, native=True)
    with pytest.raises(InvalidInput):
        check_redirect_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://",
        "https:///cb",
        "http://app.example/cb",
        "http://localhost/cb",
        "https://user@app.example/cb",
        "https://app.example/cb#x",
        "https://app.example/cb#",
        "https://*.app.example/cb",
        "https://app.example/*",
        "https://App.example/cb",
        "HTTPS://app.example/cb",
        "https://app.example:443/cb",
        "https://app.example:0/cb",
        "https://app.example:99999/cb",
        "https://app.example/a/../cb",
        "https://app.example/./cb",
        "https://app.example/..",
        "https://app.example/%2e%2e/cb",
        "https://app.example/a%2fb",
        "https://app.example/a%5cb",
        "https://app.example/a%00",
        "https://app.example/a%0d%0aLocation:x",
        "https://app.example/%25%32%65",
        "https://app.example/a%zz",
        "https://app.example\\@evil.example/cb",
        "https://app.example/c b",
        "https://app.example/cb\n",
        "https://аpp.example/cb",
        "https://app.example./cb",
        "https://-app.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/cb",
        "com.example.app://cb",
        "com.example.app:cb",
        "com.example.app:/../x",
        "http://127.0.0.1:80/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.1/cb",
        "https://app.example/" + "a" * 2048,
    ],
)
def test_anything_else_may_not(uri: str):
    """N09"""
    with pytest.raises(InvalidInput):
        check_redirect_uri(uri, native=True)


@pytest.mark.parametrize("port", ["0", "00080", "65536", "99999", "", "x", "80@evil.example"])
def test_loopback_port_that_is_none_is_refused(port: str):
    assert not redirect_matches("http://127.0.0.1/cb", f"http://127.0.0.1:{port}/cb", native=True)


def test_loopback_may_bring_any_port_even_where_one_was_registered():
    """RFC 8252 §7.3"""
    assert redirect_matches("http://127.0.0.1:80/cb", "http://127.0.0.1:65535/cb", native=True)
    assert redirect_matches("http://[::1]:1/cb?x=1", "http://[::1]/cb?x=1", native=True)
    assert not redirect_matches("http://[::1]/cb", "http://127.0.0.1/cb", native=True)
    assert not redirect_matches("https://127.0.0.1/cb", "https://127.0.0.1:1/cb", native=True)
