import pytest

from airside.fetch.model import Refused
from airside.fetch.target import MAX_URL, parse

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "//example.com/",
        "/path",
        "https:",
        "https://",
        "https:///path",
        "https:example.com",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com@evil.example/",
        "https://example.com\\@evil.example/",
        "https://example.com/\r\nHost: evil",
        "https://exa mple.com/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:port/",
        "https://[::1%25eth0]/",
        "https://[::1",
        "https://exämple.com/",
        "https://example.com/" + "a" * MAX_URL,
    ],
)
def test_a_url_that_could_be_read_twice_or_is_not_https_is_refused(url: str) -> None:
    """N28: refused before any name is asked for."""
    with pytest.raises(Refused):
        parse(url, NOTHING)


def test_a_url_is_read_into_its_parts() -> None:
    target = parse("https://Example.COM:8443/a/b?c=d#e", NOTHING)
    assert (target.host, target.port, target.path) == ("example.com", 8443, "/a/b?c=d")
    assert target.authority == "example.com:8443"
    assert parse("https://example.com", NOTHING).authority == "example.com"
    assert parse("https://[2606:4700::1]/", NOTHING).authority == "[2606:4700::1]"


def test_plain_http_goes_only_to_an_exact_exception() -> None:
    allow = frozenset({"localhost:8080"})
    assert parse("http://localhost:8080/", allow).scheme == "http"
    for url in (
        "http://localhost/",
        "http://localhost:8081/",
        "http://localhost.evil.example:8080/",
        "http://127.0.0.1:8080/",
    ):
        with pytest.raises(Refused):
            parse(url, allow)


@pytest.mark.parametrize(
    ("reference", "leads_to"),
    [
        ("/x", "https://example.com:8443/x"),
        ("y?z", "https://example.com:8443/a/y?z"),
        ("//other.example/p", "https://other.example:443/p"),
        ("https://other.example/p", "https://other.example:443/p"),
    ],
)
def test_a_redirect_is_resolved_against_its_page(reference: str, leads_to: str) -> None:
    base = parse("https://example.com:8443/a/b", NOTHING)
    target = parse(reference, NOTHING, base)
    assert f"{target.scheme}://{target.place}{target.path}" == leads_to
