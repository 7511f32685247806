import pytest

from airside.core.errors import Misconfigured
from airside.shield import STRICT, csp, hash_source, integrity, nonce_source


def test_the_strict_policy_is_the_contract_to_the_letter() -> None:
    assert STRICT.render() == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )


@pytest.mark.parametrize(
    ("directive", "source"),
    [
        ("script-src", "*"),
        ("script-src", "https://*.example"),
        ("script-src", "'unsafe-inline'"),
        ("script-src", "'UNSAFE-EVAL'"),
        ("script-src", "'unsafe-hashes'"),
        ("script-src", "data:"),
        ("script-src", "https:"),
        ("default-src", "blob:"),
        ("script-src", "blob:"),
        ("script-src", "JavaScript:"),
        ("img-src", "filesystem:"),
        ("connect-src", "ws:"),
        ("connect-src", "wss:"),
        ("connect-src", "https:"),
        ("frame-src", "data:"),
        ("script-src", "'nonce-'"),
        ("script-src", "'Nonce-'"),
        ("script-src", "'nonce-a"),
        ("script-src", "'sha256-'"),
        ("script-src", "'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk='"),
        ("frame-src", "https://a.example; script-src *"),
        ("frame-src", "https://a.example,https://b.example"),
        ("frame-src", "https://a.example https://b.example"),
        ("frame-src", "https://a.example\r\nX: y"),
        ("frame-src", "https://ä.example"),
        ("frame-src", ""),
        ("frames-src", "'self'"),
        ("report-uri", "https://a.example"),
    ],
)
def test_what_would_weaken_it_is_refused(directive: str, source: str) -> None:
    """N39: no wildcard, no inline, nothing that ends one directive and starts another."""
    with pytest.raises(Misconfigured):
        STRICT.adding(directive, source)


def test_adding_takes_the_place_of_none_and_leaves_the_rest() -> None:
    page = STRICT.adding("frame-src", "https://rp.example").adding("frame-src", "https://other.example")
    assert page.render() == STRICT.render() + "; frame-src https://rp.example https://other.example"
    assert "base-uri 'self'" in STRICT.adding("base-uri", "'self'").render()
    assert "frame-src" not in STRICT.render()


def test_nonces_and_hashes_are_sources() -> None:
    page = STRICT.adding("style-src", nonce_source("abc123"), hash_source(b"a{}")).render()
    assert "style-src 'self' 'nonce-abc123' 'sha256-" in page
    assert hash_source(b"") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"


def test_integrity_is_as_the_standard_has_it() -> None:
    """W3C Subresource Integrity §3.1: its own example."""
    assert integrity(b"alert('Hello, world.');") == (
        "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"
    )


def test_an_empty_policy_is_refused() -> None:
    with pytest.raises(Misconfigured):
        csp({})


@pytest.mark.parametrize("directives", [{"img-src": ("'self'",)}, {"base-uri": ("'none'",), "style-src": ("'self'",)}])
def test_a_policy_that_speaks_of_no_scripts_is_refused(directives: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(Misconfigured, match="every script"):
        csp(directives)


@pytest.mark.parametrize(
    ("directive", "sources"),
    [
        ("script-src", "'self' https://cdn.example https://a.example"),
        ("img-src", "'self' https://cdn.example https://a.example"),
        ("worker-src", "'self' https://cdn.example https://a.example"),
        ("form-action", "https://a.example"),
        ("frame-ancestors", "https://a.example"),
    ],
)
def test_what_is_added_begins_as_what_it_falls_back_to(directive: str, sources: str) -> None:
    """CSP Level 3 §6.8.3: once a directive is there, default-src counts no more for it."""
    page = csp({"default-src": ("'self'", "https://cdn.example")}).adding(directive, "https://a.example")
    assert page.render() == f"default-src 'self' https://cdn.example; {directive} {sources}"


def test_workers_fall_back_to_scripts_first() -> None:
    page = csp({"default-src": ("'none'",), "script-src": ("'self'",)}).adding("worker-src", "https://a.example")
    assert page.render().endswith("worker-src 'self' https://a.example")


def test_what_falls_back_to_nothing_allows_what_is_said() -> None:
    page = STRICT.adding("frame-src", "wss://a.example", "https://a.example:8443").adding(
        "img-src", "https://b.example"
    )
    assert page.render().endswith("frame-src wss://a.example https://a.example:8443")
    assert "img-src 'self' data: https://b.example;" in page.render()
