from typing import Any

import pytest

from airside.core.errors import Misconfigured
from airside.shield import STRICT, CorsRule, Policy, decide_host
from tests.shield.kit import HOST, policy

ORIGIN = frozenset({"https://app.example"})


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"allowed_hosts": frozenset[str]()}, "allowed_hosts"),
        ({"allowed_hosts": frozenset({"*"})}, "allowed_hosts"),
        ({"allowed_hosts": frozenset({"*.example.com"})}, "allowed_hosts"),
        ({"allowed_hosts": frozenset({"https://example.com"})}, "allowed_hosts"),
        ({"allowed_hosts": frozenset({"example.com/"})}, "allowed_hosts"),
        ({"allowed_hosts": frozenset({"example.com."})}, "allowed_hosts"),
        ({"allowed_hosts": frozenset({"example.com:0"})}, "allowed_hosts"),
        ({"allowed_hosts": frozenset({"example.com:x"})}, "allowed_hosts"),
        ({"allowed_hosts": frozenset({"exämple.com"})}, "allowed_hosts"),
        ({"allowed_hosts": frozenset({""})}, "allowed_hosts"),
        ({"trusted_proxies": ("*",)}, "trusted_proxies"),
        ({"trusted_proxies": ("0.0.0.0/0",)}, "trusted_proxies"),
        ({"trusted_proxies": ("::/0",)}, "trusted_proxies"),
        ({"trusted_proxies": ("proxy.internal",)}, "trusted_proxies"),
        ({"trusted_proxies": ("10.0.0.1/8",)}, "trusted_proxies"),
        ({"frame": "ALLOWALL"}, "frame"),
        ({"referrer": "unsafe-url"}, "referrer"),
        ({"coop": "unsafe-none"}, "coop"),
        ({"coep": "unsafe-none"}, "coep"),
        ({"corp": "anything"}, "corp"),
        ({"permissions": "camera=*"}, "permissions"),
        ({"hsts": -1}, "hsts"),
        ({"https_port": 0}, "https_port"),
        ({"max_body": 0}, "max_body"),
        ({"body_caps": {"/a": 0}}, "max_body"),
        ({"body_caps": {"a": 10}}, "body_caps"),
        ({"foreign_posts": frozenset({"/t/*"})}, "foreign_posts"),
        ({"foreign_posts": frozenset({"acs"})}, "foreign_posts"),
    ],
)
def test_a_weak_or_unknown_setting_is_refused_by_name(settings: dict[str, Any], named: str) -> None:
    """G42: a wildcard, an unknown word or a contradiction never gets as far as a request."""
    with pytest.raises(Misconfigured) as refused:
        policy(**settings)
    assert refused.value.setting == named


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"origins": frozenset({"*"})}, "cors.origins"),
        ({"origins": frozenset({"*"}), "credentials": True}, "cors.origins"),
        ({"origins": frozenset({"https://*.example"})}, "cors.origins"),
        ({"origins": frozenset({"null"})}, "cors.origins"),
        ({"origins": frozenset({"https://app.example/"})}, "cors.origins"),
        ({"origins": frozenset({"https://app.example/path"})}, "cors.origins"),
        ({"origins": frozenset({"https://app.example:443"})}, "cors.origins"),
        ({"origins": frozenset({"https://App.example"})}, "cors.origins"),
        ({"origins": frozenset({"http://app.example"})}, "cors.origins"),
        ({"origins": frozenset({"http://localhost.evil.example"})}, "cors.origins"),
        ({"origins": frozenset({"ftp://app.example"})}, "cors.origins"),
        ({"origins": frozenset({"app.example"})}, "cors.origins"),
        ({"origins": frozenset({"https://u@app.example"})}, "cors.origins"),
        ({"origins": frozenset({"https://app.example:port"})}, "cors.origins"),
        ({"origins": frozenset[str]()}, "cors.origins"),
        ({"prefix": "api"}, "cors.prefix"),
        ({"methods": ("*",)}, "cors.methods"),
        ({"methods": ()}, "cors.methods"),
        ({"headers": ("*",)}, "cors.headers"),
    ],
)
def test_a_cors_rule_that_lets_in_more_than_it_names_is_refused(settings: dict[str, Any], named: str) -> None:
    """N39."""
    known: dict[str, Any] = {"prefix": "/api", "origins": ORIGIN}
    with pytest.raises(Misconfigured) as refused:
        CorsRule(**{**known, **settings})
    assert refused.value.setting == named


def test_a_cors_rule_covers_whole_segments() -> None:
    rule = CorsRule(prefix="/api", origins=ORIGIN)
    assert rule.covers("/api")
    assert rule.covers("/api/v1")
    assert not rule.covers("/apis")
    assert CorsRule(prefix="/", origins=ORIGIN).covers("/anything")


def test_only_named_headers_of_answers_are_exposed() -> None:
    """RFC 9449 §8: an application in a browser has to read the nonce."""
    name = b"access-control-expose-headers"
    assert name not in dict(CorsRule(prefix="/", origins=ORIGIN).answer_headers("https://app.example"))
    rule = CorsRule(prefix="/", origins=ORIGIN, exposed=("dpop-nonce",))
    assert dict(rule.answer_headers("https://app.example"))[name] == b"dpop-nonce"
    with pytest.raises(Misconfigured):
        CorsRule(prefix="/", origins=ORIGIN, exposed=("*",))


def test_development_on_loopback_may_be_plain_http() -> None:
    assert CorsRule(prefix="/", origins=frozenset({"http://localhost:3000", "http://[::1]:3000"}))


@pytest.mark.parametrize(
    ("host", "verdict"),
    [
        (b"id.example.com", "ours"),
        (b"ID.example.COM", "ours"),
        (b"id.example.com:443", "ours"),
        (b"dev.example.com:8443", "ours"),
        (b"[::1]:8443", "ours"),
        (b"dev.example.com", "foreign"),
        (b"id.example.com:8443", "foreign"),
        (b"id.example.com.", "foreign"),
        (b"id.example.com.evil.example", "foreign"),
        (b"evil.example", "foreign"),
        (b"xid.example.com", "foreign"),
        (b"", "malformed"),
        (b"id.example.com, evil.example", "malformed"),
        (b"id.example.com@evil.example", "malformed"),
        (b"id.example.com/", "malformed"),
        (b"id.example.com\x00", "malformed"),
        (b"\xff", "malformed"),
    ],
)
def test_only_exact_hosts_are_ours(host: bytes, verdict: str) -> None:
    """N16: links in mails are built from hosts that passed here."""
    hosts = frozenset({HOST, "dev.example.com:8443", "[::1]:8443"})
    assert decide_host(host, policy(allowed_hosts=hosts)) == verdict


def test_header_bytes_are_rendered_once() -> None:
    one = policy()
    assert one.secure_headers is one.secure_headers
    assert dict(one.secure_headers)[b"content-security-policy"] == STRICT.render().encode()
    assert b"strict-transport-security" not in dict(one.plain_headers)
    assert dict(policy(hsts=0).secure_headers) == dict(policy().plain_headers)


def test_patterns_match_by_segments() -> None:
    one = policy(foreign_posts=frozenset({"/t/{slug}/saml/{connection}/acs"}), body_caps={"/t/{slug}/upload": 10})
    assert one.is_foreign_post("/t/acme/saml/okta/acs")
    for path in ("/t/acme/saml/okta/acs/", "/t//saml/okta/acs", "/t/a/b/saml/okta/acs", "/t/acme/saml/okta/slo", "/"):
        assert not one.is_foreign_post(path)
    assert (one.body_cap("/t/acme/upload"), one.body_cap("/t/acme")) == (10, 64 * 1024)


def test_a_policy_is_frozen() -> None:
    with pytest.raises(AttributeError):
        policy().max_body = 1  # type: ignore[misc]  # that it can't be is what is shown


def test_policies_of_the_same_settings_are_equal() -> None:
    assert Policy(allowed_hosts=frozenset({HOST})) == policy()
