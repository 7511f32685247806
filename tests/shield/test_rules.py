import pytest

from airside.shield import CorsRule, client_address, csrf_verdict, decide_origin
from airside.shield.rules import MAX_HOPS
from tests.shield.kit import policy

BEHIND = policy(trusted_proxies=("10.0.0.0/8", "fd00::/8"))
APP = "https://app.example"


def _forwarded(value: str) -> dict[bytes, bytes]:
    return {b"x-forwarded-for": value.encode("latin-1")}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4"),
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "2001:DB8:0::1", "2001:db8::1"),
        ("10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"),
        ("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("fd00::1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "1.2.3.4, unknown", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4:5678", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4,", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "010.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4\x00", "10.0.0.1"),
        ("10.0.0.1", ", ".join(["10.0.0.2"] * (MAX_HOPS + 1)), "10.0.0.1"),
        ("10.0.0.1", "1" * 5000, "10.0.0.1"),
        ("", "1.2.3.4", ""),
        ("::ffff:9.9.9.9", "1.2.3.4", "9.9.9.9"),
    ],
)
def test_only_a_trusted_proxy_says_who_the_client_is(peer: str, forwarded: str, client: str) -> None:
    """N31: the rightmost address that isn't a proxy of ours; what can't be parsed is nobody's word (N04)."""
    assert client_address(peer, _forwarded(forwarded), BEHIND) == client


def test_without_trusted_proxies_nobody_is_believed() -> None:
    for peer in ("10.0.0.1", "127.0.0.1", "::1"):
        assert client_address(peer, _forwarded("1.2.3.4"), policy()) == peer


def test_an_origin_is_allowed_only_exactly_and_only_on_its_paths() -> None:
    one = policy(cors=(CorsRule(prefix="/api", origins=frozenset({APP})),))
    assert decide_origin(APP.encode(), "/api/v1", one)
    for origin, path in (
        (APP, "/apis"),
        (APP, "/"),
        ("https://app.example.evil.example", "/api"),
        ("https://evil-app.example", "/api"),
        ("http://app.example", "/api"),
        ("https://APP.example", "/api"),
        ("https://app.example:444", "/api"),
        ("null", "/api"),
        ("", "/api"),
    ):
        assert decide_origin(origin.encode(), path, one) is None


COOKIE = {b"cookie": b"__Host-airside_account_x=1", b"host": b"id.example.com"}


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({b"sec-fetch-site": b"same-origin"}, True),
        ({b"origin": b"https://id.example.com"}, True),
        ({b"sec-fetch-site": b"same-origin", b"origin": b"https://id.example.com"}, True),
        ({b"sec-fetch-site": b"same-origin", b"origin": b"null"}, True),
        ({}, False),
        ({b"origin": b"null"}, False),
        ({b"origin": b""}, False),
        ({b"origin": b"https://evil.example"}, False),
        ({b"origin": b"http://id.example.com"}, False),
        ({b"origin": b"https://id.example.com:8443"}, False),
        ({b"origin": b"https://id.example.com.evil.example"}, False),
        ({b"sec-fetch-site": b"cross-site"}, False),
        ({b"sec-fetch-site": b"same-site"}, False),
        ({b"sec-fetch-site": b"none"}, False),
        ({b"sec-fetch-site": b""}, False),
        ({b"sec-fetch-site": b"Same-Origin"}, False),
        ({b"sec-fetch-site": b"same-origin", b"origin": b"https://evil.example"}, False),
        ({b"sec-fetch-site": b"cross-site", b"origin": b"https://id.example.com"}, False),
    ],
)
def test_a_post_with_cookies_must_come_from_our_own_page(headers: dict[bytes, bytes], allowed: bool) -> None:
    """N11."""
    for method in ("POST", "PUT", "PATCH", "DELETE", "BREW"):
        assert csrf_verdict(method, {**COOKIE, **headers}, policy()).allowed is allowed


def test_reading_and_what_carries_no_cookie_pass() -> None:
    assert csrf_verdict("GET", COOKIE, policy()).allowed
    assert csrf_verdict("POST", {b"origin": b"https://evil.example"}, policy()).allowed


@pytest.mark.parametrize(
    ("site", "mode", "allowed"),
    [
        ("cross-site", "navigate", False),
        ("same-site", "navigate", False),
        ("same-origin", "navigate", True),
        ("none", "navigate", True),
        ("cross-site", "cors", True),
        ("cross-site", "no-cors", True),
    ],
)
def test_a_form_of_another_site_signs_nobody_in(site: str, mode: str, allowed: bool) -> None:
    """N11: login CSRF, before there is a cookie. Scripts without one are the business of CORS."""
    origin = b"https://id.example.com" if site == "same-origin" else b"https://evil.example"
    headers = {
        b"sec-fetch-site": site.encode(),
        b"sec-fetch-mode": mode.encode(),
        b"origin": origin,
        b"host": COOKIE[b"host"],
    }
    assert csrf_verdict("POST", headers, policy()).allowed is allowed
    assert csrf_verdict("GET", headers, policy()).allowed


def test_a_form_of_a_front_end_that_may_act_is_let_in() -> None:
    headers = {b"sec-fetch-site": b"cross-site", b"sec-fetch-mode": b"navigate", b"origin": APP.encode()}
    one = policy(cors=(CorsRule(prefix="/api", origins=frozenset({APP}), credentials=True),))
    assert csrf_verdict("POST", headers, one, path="/api/x").allowed
    assert not csrf_verdict("POST", headers, one, path="/account").allowed


def test_a_cors_rule_lets_its_origins_act_only_with_credentials() -> None:
    headers = {**COOKIE, b"origin": APP.encode(), b"sec-fetch-site": b"cross-site"}
    for credentials in (True, False):
        one = policy(cors=(CorsRule(prefix="/api", origins=frozenset({APP}), credentials=credentials),))
        assert csrf_verdict("POST", headers, one, path="/api/x").allowed is credentials
        assert not csrf_verdict("POST", headers, one, path="/account").allowed
