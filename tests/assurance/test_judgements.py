"""Judgements on what was observed, as tables: they ask nobody."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from airside.assurance.checks import cookies, cors, csp, headers, inside, openid, requests
from airside.assurance.posture import Aged
from airside.assurance.target import ELSEWHERE, place
from airside.core.errors import InvalidInput
from airside.fetch import Fetched

YEARS = "max-age=63072000"


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (f"{YEARS}; includeSubDomains", 0),
        (f"includeSubDomains;{YEARS};preload", 0),
        ('max-age="31536000"; includesubdomains', 0),
        (None, 1),
        (YEARS, 1),
        ("max-age=31535999; includeSubDomains", 1),
        ("max-age=0", 2),
        ("max-age=soon; includeSubDomains", 1),
        ("", 2),
    ],
)
def test_hsts(value: str | None, wrong: int) -> None:
    assert len(list(headers.hsts(value))) == wrong


@pytest.mark.parametrize(
    ("policy", "wrong"),
    [
        ("script-src 'self'", []),
        ("default-src 'none'", []),
        ("script-src 'unsafe-inline'", ["script-src allows 'unsafe-inline'"]),
        ("script-src 'unsafe-inline' 'nonce-abc'", []),
        ("script-src 'unsafe-inline' 'sha256-abc='", []),
        ("script-src 'strict-dynamic' 'nonce-abc' https: 'unsafe-inline'", []),
        ("script-src 'strict-dynamic' 'nonce-abc' 'unsafe-eval'", ["script-src allows 'unsafe-eval'"]),
        ("script-src 'strict-dynamic' https:", ["script-src allows https:"]),
        ("default-src *", ["default-src allows *"]),
        ("default-src *; script-src 'self'", []),
        ("script-src data:", ["script-src allows data:"]),
        ("script-src *.com", ["script-src allows *.com"]),
        ("script-src *.cdn.example", []),
        ("SCRIPT-SRC 'SELF' HTTP:", ["script-src allows http:"]),
        ("script-src 'self'; script-src *", []),
        (
            "script-src 'self'; script-src-elem * 'unsafe-inline'",
            ["script-src-elem allows 'unsafe-inline'", "script-src-elem allows *"],
        ),
        ("script-src 'none'; script-src-attr 'unsafe-inline'", ["script-src-attr allows 'unsafe-inline'"]),
        ("script-src 'none'; script-src-attr 'unsafe-hashes' 'sha256-x'", ["script-src-attr allows 'unsafe-hashes'"]),
        ("script-src 'unsafe-inline'; script-src-elem 'self'; script-src-attr 'none'", []),
        ("script-src 'unsafe-eval'; script-src-elem 'self'", ["script-src allows 'unsafe-eval'"]),
        ("script-src https://*", ["script-src allows https://*"]),
        ("script-src *:*", ["script-src allows *:*"]),
        ("script-src *:443", ["script-src allows *:443"]),
        ("script-src http://*:8080/js/", ["script-src allows http://*:8080/js/"]),
        ("script-src https://*.com", ["script-src allows https://*.com"]),
        ("script-src https://*.cdn.example:443 https://cdn.example/*", []),
        ("script-src 'self', script-src *", []),
        ("script-src *, script-src 'unsafe-inline' 'self'", []),
        ("script-src *, script-src https:", ["script-src allows *"]),
        ("script-src *, frame-ancestors 'none'", ["script-src allows *"]),
        (
            "script-src-elem 'self' 'unsafe-inline', script-src-elem 'self'; script-src-attr 'unsafe-inline'",
            ["script-src-attr allows 'unsafe-inline'"],
        ),
    ],
)
def test_sources_of_scripts(policy: str, wrong: list[str]) -> None:
    assert list(csp.scripts(csp.directives(policy))) == wrong


@pytest.mark.parametrize(
    ("policy", "wrong"),
    [
        ("default-src 'none'; base-uri 'none'; form-action 'self'", []),
        ("object-src; base-uri; form-action", []),
        ("object-src 'none'; base-uri 'self' https://a.example; form-action https://pay.example", []),
        ("object-src 'none'; base-uri *; form-action *", ["base-uri allows *", "form-action allows *"]),
        (
            "object-src 'none'; base-uri https:; form-action http://*",
            ["base-uri allows https:", "form-action allows http://*"],
        ),
        ("default-src 'self'", ["no base-uri", "no form-action", "object-src isn't 'none'"]),
        ("frame-ancestors 'none', default-src 'none'; base-uri 'none', form-action 'self'", []),
        ("object-src 'none'; base-uri *; form-action 'self', base-uri 'none'", []),
    ],
)
def test_bounds(policy: str, wrong: list[str]) -> None:
    assert list(csp.bounds(csp.directives(policy))) == wrong


@pytest.mark.parametrize(
    ("policy", "wrong"),
    [
        ("frame-ancestors 'none'", []),
        ("frame-ancestors", []),
        ("frame-ancestors 'self' https://a.example", []),
        ("frame-ancestors https://*", ["frame-ancestors allows https://*"]),
        ("frame-ancestors *:443", ["frame-ancestors allows *:443"]),
        ("frame-ancestors https:", ["frame-ancestors allows https:"]),
        ("default-src 'none', frame-ancestors 'none'", []),
        ("frame-ancestors *, frame-ancestors 'self'", []),
        ("default-src 'none'", ["no frame-ancestors"]),
    ],
)
def test_who_may_frame(policy: str, wrong: list[str]) -> None:
    assert list(csp.ancestors(csp.directives(policy))) == wrong


def test_a_second_policy_adds_to_the_first() -> None:
    both = csp.directives("frame-ancestors 'none', script-src 'self'; require-trusted-types-for 'script'")
    assert [*csp.missing(both), *csp.trusted_types(both)] == []


def test_a_page_without_a_policy_lacks_that_and_nothing_else() -> None:
    nothing = csp.directives("")
    found = [text for judge in (csp.missing, csp.scripts, csp.bounds, csp.trusted_types) for text in judge(nothing)]
    assert found == ["no Content-Security-Policy that speaks of scripts"]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("__Host-s=1; Path=/; Secure; HttpOnly; SameSite=Lax", 0),
        ("__host-s=1; Path=/; Secure; HttpOnly; SameSite=Lax", 1),
        ("__Host-s=1; Path=/a; Secure; HttpOnly; SameSite=Strict", 1),
        ("s=1", 4),
        ("s=1; secure; httponly; samesite=none", 2),
        ("s=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/", 0),
        ("s=gone; Max-Age=0", 0),
    ],
)
def test_cookies(line: str, wrong: int) -> None:
    cookie = cookies.parse(line)
    judged = (cookies.secure, cookies.http_only, cookies.same_site, cookies.prefix)
    found = [] if cookie.deleted else [text for judge in judged for text in judge(cookie)]
    assert len(found) == wrong, found


@pytest.mark.parametrize(
    ("answered", "wrong"),
    [
        ({}, 0),
        ({"access-control-allow-origin": "https://friend.example"}, 0),
        ({"access-control-allow-origin": "*"}, 0),
        ({"access-control-allow-origin": "*", "access-control-allow-credentials": "true"}, 1),
        ({"access-control-allow-origin": "https://stranger.example"}, 1),
    ],
)
def test_cors(answered: Mapping[str, str], wrong: int) -> None:
    assert len(list(cors.reads(answered, "https://stranger.example"))) == wrong


@pytest.mark.parametrize(
    ("location", "away"),
    [
        ("/about", False),
        (f"https://{ELSEWHERE}/", True),
        (f"//{ELSEWHERE}/", True),
        (f"///{ELSEWHERE}/", True),
        (f"/\\{ELSEWHERE}/", True),
        (f"\\\\{ELSEWHERE}/", True),
        (f"/?next=https://{ELSEWHERE}/", False),
        (f"https://app.example/{ELSEWHERE}", False),
        ("https://[", False),
    ],
)
def test_redirects(location: str, away: bool) -> None:
    assert requests.leads_away(location) is away


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"not found", []),
        (b'Traceback (most recent call last):\n  File "app.py", line 1', ["a Python traceback"]),
        (b"at com.example.App.run(App.java:12)", ["a Java stack trace"]),
        (b'psycopg.errors.SyntaxError: syntax error at or near "x"', ["an error of the database"]),
        (b"<b>Fatal error</b>: Uncaught Error", ["a PHP error"]),
        (b"at handler (/app/server.js:10:5)", ["a JavaScript stack trace"]),
    ],
)
def test_traces(body: bytes, wrong: list[str]) -> None:
    assert requests.traces(Fetched(500, {}, body)) == wrong


def test_metadata() -> None:
    sound = {"issuer": "https://id.example/t/a", "authorization_endpoint": "https://id.example/a"}
    url = "https://id.example/t/a/.well-known/openid-configuration"
    assert list(openid.issuer(sound, url)) == []
    assert len(list(openid.issuer({**sound, "issuer": "https://id.example"}, url))) == 1
    assert len(list(openid.issuer({**sound, "jwks_uri": "http://id.example/k"}, url))) == 1
    assert list(openid.pkce(sound)) == ["code_challenge_methods_supported lacks S256"]
    assert list(openid.flows({"grant_types_supported": ["password", "authorization_code"]})) == [
        "grant_types_supported has password"
    ]
    assert list(openid.algorithms({"request_object_signing_alg_values_supported": ["none", "ES256"]})) != []


def test_published_keys() -> None:
    public = {"kty": "EC", "kid": "a", "crv": "P-256", "x": "x", "y": "y"}
    assert list(openid.keys({"keys": [public]})) == []
    assert list(openid.keys({"keys": [{**public, "d": "s"}]})) == ["key a is published with what signs"]
    assert list(openid.keys({"keys": [{"kty": "oct", "kid": "b", "k": "s"}]})) != []
    assert list(openid.keys({"keys": [{"kty": "RSA", "kid": "c", "n": "A" * 171, "e": "AQAB"}]})) != []
    assert list(openid.keys({"keys": [{"kty": "RSA", "kid": "c", "n": "A" * 342, "e": "AQAB"}]})) == []
    assert list(openid.keys({"keys": "nonsense"})) == []


def test_ages_inside() -> None:
    aged = [Aged("young", timedelta(days=1)), Aged("old", timedelta(days=101))]
    assert [each.where for each in inside.over(aged, inside.MAX_SIGNING_KEY, "signs since")] == ["old"]


@pytest.mark.parametrize("url", ["ftp://a.example", "a.example", "https://", "https://u:p@a.example", "https://a:x"])
def test_what_is_no_address_is_no_target(url: str) -> None:
    with pytest.raises(InvalidInput):
        place(url)


def test_evidence_is_short_and_shows_no_secret() -> None:
    from airside.assurance import Observation

    seen = Observation("/", "password=hunter2hunter2 " + "x" * 1000)
    assert "hunter2" not in seen.evidence
    assert len(seen.evidence) < 320
