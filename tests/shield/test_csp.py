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
