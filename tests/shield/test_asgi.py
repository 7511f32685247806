import logging
from typing import Any

import pytest

from airside.core.errors import Forbidden, LimitExceeded, NotFound, Unauthenticated, Unavailable
from airside.core.ids import REQUEST, parse_id
from airside.shield import STRICT, CorsRule, Csp, Shield, hash_source, passage
from tests.shield.kit import Echo, Reply, ask, policy

COOKIE = ("cookie", "__Host-airside_account_x=1")
APP = "https://app.example"
CANARY = "canary-7f3a9c"
EVERY = [
    "content-security-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
    "cross-origin-resource-policy",
    "cache-control",
    "x-request-id",
]


def _marked(reply: Reply) -> bool:
    return all(len(reply.all(name)) == 1 for name in EVERY)


def _raising(error: Exception, *messages: dict[str, Any]) -> Any:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
        raise error

    return app


def _start(status: int) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]}


def _body(text: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text, "more_body": more}


async def test_every_answer_is_marked_refusals_too() -> None:
    shield = Shield(Echo(), policy())
    for reply in (
        await ask(shield),
        await ask(shield, host="evil.example"),
        await ask(shield, host=None),
        await ask(shield, "BREW"),
        await ask(shield, target="/a//b"),
        await ask(shield, "POST", headers=[COOKIE]),
        await ask(shield, "POST", headers=[("content-length", "999999")]),
        await ask(Shield(_raising(ValueError()), policy())),
    ):
        assert _marked(reply)
        assert reply["cache-control"] == "no-store"
        assert reply["content-security-policy"] == STRICT.render()
        parse_id(REQUEST, reply["x-request-id"])


async def test_a_header_in_capitals_is_the_same_header() -> None:
    async def shouting(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"X-FRAME-OPTIONS", b"ALLOWALL"), (b"X-Other", b"kept")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send(_body(b""))

    reply = await ask(Shield(shouting, policy()))
    assert _marked(reply)
    assert (reply["x-frame-options"], reply["x-other"]) == ("DENY", "kept")
    assert not reply.all("X-FRAME-OPTIONS")


@pytest.mark.parametrize("status", [200, 500])
async def test_headers_may_be_any_iterable(status: int) -> None:
    async def lazy(_scope: Any, _receive: Any, send: Any) -> None:
        headers = iter([(b"x-one", b"1"), (b"set-cookie", b"a=b"), (b"x-two", b"2")])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send(_body(b""))

    reply = await ask(Shield(lazy, policy(error_pages=True)))
    assert _marked(reply)
    assert (reply.status, reply["x-one"], reply["x-two"], reply["set-cookie"][:3]) == (status, "1", "2", "a=b")


@pytest.mark.parametrize(
    ("host", "status", "code"),
    [
        ("evil.example", 421, "misdirected"),
        ("id.example.com:8443", 421, "misdirected"),
        (None, 400, "bad_host"),
        ("", 400, "bad_host"),
        ("id.example.com, evil.example", 400, "bad_host"),
    ],
)
async def test_a_host_that_is_not_ours_never_reaches_the_application(host: str | None, status: int, code: str) -> None:
    app = Echo()
    reply = await ask(Shield(app, policy()), host=host)
    assert (reply.status, reply.code, app.scopes) == (status, code, [])


@pytest.mark.parametrize("name", ["host", "content-length", "authorization", "origin", "content-type"])
async def test_a_header_given_twice_is_refused(name: str) -> None:
    """Two readers would each take another one."""
    app = Echo()
    reply = await ask(Shield(app, policy()), "POST", headers=[(name, "1"), (name, "1")])
    assert (reply.status, reply.code, app.scopes) == (400, "bad_request", [])


async def test_headers_that_may_repeat_do() -> None:
    app = Echo()
    headers = [("cookie", "a=1"), ("cookie", "b=2"), ("accept", "a"), ("accept", "b")]
    assert (await ask(Shield(app, policy()), headers=headers)).status == 200
    assert app.cookies == [b"a=1", b"b=2"]


async def test_plain_http_is_redirected_for_reading_and_refused_for_writing() -> None:
    app = Echo()
    shield = Shield(app, policy(https_port=8443))
    reply = await ask(shield, target="/a?b=c", scheme="http")
    assert (reply.status, reply["location"]) == (308, "https://id.example.com:8443/a?b=c")
    assert reply.all("strict-transport-security") == []
    assert (await ask(shield, "POST", scheme="http")).code == "https_required"
    assert app.scopes == []


async def test_a_redirect_to_https_cannot_be_sent_elsewhere() -> None:
    """N10: the host is ours, or there is no redirect."""
    reply = await ask(Shield(Echo(), policy()), host="evil.example", scheme="http")
    assert (reply.status, reply.all("location")) == (421, [])
    reply = await ask(Shield(Echo(), policy()), target="//evil.example", scheme="http")
    assert (reply.status, reply.all("location")) == (400, [])


async def test_forwarded_headers_count_only_from_a_trusted_proxy() -> None:
    """N31."""
    headers = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), ("x-request-id", "from-outside")]
    for proxies, client, scheme, status in ((("192.0.2.0/24",), "1.2.3.4", "https", 200), ((), "", "", 308)):
        app = Echo()
        reply = await ask(Shield(app, policy(trusted_proxies=proxies)), headers=headers, scheme="http")
        assert reply.status == status
        assert (reply["x-request-id"] == "from-outside") is bool(proxies)
        for scope in app.scopes:
            assert (scope["client"][0], scope["scheme"], passage(scope).client) == (client, scheme, client)


async def test_a_trusted_proxy_that_says_http_or_nonsense_is_not_https() -> None:
    """N04: what can't be read is not secure."""
    shield = Shield(Echo(), policy(trusted_proxies=("192.0.2.0/24",)))
    for proto in ("http", "https, http", "", "HTTPS;", "ws"):
        assert (await ask(shield, headers=[("x-forwarded-proto", proto)])).status == 308


@pytest.mark.parametrize("given", ["", "a b", "a\r\nb", "é", "x" * 65, "<script>"])
async def test_an_odd_request_id_is_replaced_even_from_a_trusted_proxy(given: str) -> None:
    shield = Shield(Echo(), policy(trusted_proxies=("192.0.2.0/24",)))
    parse_id(REQUEST, (await ask(shield, headers=[("x-request-id", given)]))["x-request-id"])


async def test_the_passage_carries_request_id_and_client() -> None:
    app = Echo()
    reply = await ask(Shield(app, policy()))
    assert passage(app.scopes[0]).request_id == reply["x-request-id"]
    assert passage(app.scopes[0]).client == "192.0.2.7"


async def test_whoever_shows_the_passage_shows_no_header() -> None:
    """N37: a framework's page of an error shows the whole scope."""
    app = Echo()
    await ask(Shield(app, policy()), headers=[("authorization", "Bearer canary"), ("cookie", "a=canary")])
    assert "canary" not in repr(passage(app.scopes[0]))


async def test_a_cross_site_post_with_cookies_is_refused() -> None:
    """N11."""
    app = Echo()
    shield = Shield(app, policy())
    for headers in ([COOKIE], [COOKIE, ("origin", "https://evil.example")], [COOKIE, ("sec-fetch-site", "cross-site")]):
        reply = await ask(shield, "POST", headers=headers)
        assert (reply.status, reply.code) == (403, "cross_site")
    assert app.scopes == []
    assert (await ask(shield, "POST", headers=[COOKIE, ("sec-fetch-site", "same-origin")])).status == 200


async def test_a_form_of_another_site_is_refused_before_there_is_a_cookie() -> None:
    """N11: login CSRF."""
    app = Echo()
    shield = Shield(app, policy(foreign_posts=frozenset({"/acs"})))
    led = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]
    reply = await ask(shield, "POST", "/signin", headers=led)
    assert (reply.status, reply.code, app.scopes) == (403, "cross_site", [])
    assert (await ask(shield, "POST", "/acs", headers=led)).status == 200
    assert (await ask(shield, "GET", "/signin", headers=led)).status == 200


async def test_a_foreign_post_passes_and_never_sees_a_cookie() -> None:
    """N11: what other sites may send can't act in the visitor's name."""
    app = Echo()
    shield = Shield(app, policy(foreign_posts=frozenset({"/t/{slug}/saml/{connection}/acs"})))
    headers = [COOKIE, ("origin", "https://idp.example"), ("sec-fetch-site", "cross-site")]
    assert (await ask(shield, "POST", "/t/acme/saml/okta/acs", headers)).status == 200
    assert app.cookies == []
    assert (await ask(shield, "POST", "/t/acme/saml/okta/slo", headers)).status == 403
    await ask(shield, "GET", "/t/acme/saml/okta/acs", headers)
    assert app.cookies == [COOKIE[1].encode()]


async def test_cors_speaks_only_to_listed_origins() -> None:
    """N39."""
    rule = CorsRule(prefix="/api", origins=frozenset({APP}))
    shield = Shield(Echo((b"vary", b"Accept")), policy(cors=(rule,)))
    allowed = await ask(shield, target="/api/x", headers=[("origin", APP)])
    assert allowed["access-control-allow-origin"] == APP
    assert allowed.all("access-control-allow-credentials") == []
    for target, origin in (("/api/x", "https://evil.example"), ("/other", APP), ("/api/x", "null")):
        reply = await ask(shield, target=target, headers=[("origin", origin)])
        assert reply.all("access-control-allow-origin") == []
        assert "Origin" in reply.all("vary")
    assert "Origin" in (await ask(shield, target="/api/x")).all("vary")


async def test_a_preflight_is_answered_by_the_list() -> None:
    app = Echo()
    rule = CorsRule(prefix="/api", origins=frozenset({APP}), credentials=True)
    shield = Shield(app, policy(cors=(rule,)))

    async def preflight(origin: str, method: str, target: str = "/api/x") -> Reply:
        headers = [("origin", origin), ("access-control-request-method", method)]
        return await ask(shield, "OPTIONS", target, headers)

    yes = await preflight(APP, "POST")
    assert (yes.status, yes.body) == (204, b"")
    assert yes["access-control-allow-methods"] == "GET, POST"
    assert yes["access-control-allow-credentials"] == "true"
    for reply in (
        await preflight("https://evil.example", "POST"),
        await preflight(APP, "DELETE"),
        await preflight(APP, "POST", "/"),
    ):
        assert (reply.status, reply.code) == (403, "origin_not_allowed")
        assert reply.all("access-control-allow-methods") == []
    assert app.scopes == []


async def test_the_application_keeps_its_caching_and_loses_its_weaker_headers() -> None:
    app = Echo((b"cache-control", b"max-age=60"), (b"x-frame-options", b"ALLOWALL"), (b"x-request-id", b"mine"))
    reply = await ask(Shield(app, policy()))
    assert reply["cache-control"] == "max-age=60"
    assert reply["x-frame-options"] == "DENY"
    parse_id(REQUEST, reply["x-request-id"])


@pytest.mark.parametrize(
    ("page", "missing"),
    [
        (STRICT.adding("style-src", hash_source(b"a")), set[str]()),
        (STRICT.adding("frame-src", "'self'"), set[str]()),
        (STRICT.adding("frame-src", "https://rp.example"), {"cross-origin-embedder-policy"}),
    ],
)
async def test_a_page_may_have_its_own_policy_as_a_value(page: Csp, missing: set[str]) -> None:
    """One that frames other sites goes without the policy of embedders, under which none of them would load."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        passage(scope).csp = page
        await send(_start(200))
        await send(_body(b""))

    reply = await ask(Shield(app, policy()))
    assert reply["content-security-policy"] == page.render()
    assert {name for name in EVERY if len(reply.all(name)) != 1} == missing


async def test_the_unknown_is_silent_outside_and_loud_inside(caplog: pytest.LogCaptureFixture) -> None:
    """N37: the log has type, place and request id; nobody has the message."""
    try:
        raise KeyError(CANARY)
    except KeyError as cause:
        error = RuntimeError(f"password={CANARY}")
        error.__cause__ = cause
    with caplog.at_level(logging.INFO, "airside.shield"):
        reply = await ask(Shield(_raising(error), policy()))
    assert (reply.status, reply.code) == (500, "internal")
    assert CANARY.encode() not in reply.body
    assert CANARY not in caplog.text
    assert "RuntimeError" in caplog.text
    assert "caused by builtins.KeyError" in caplog.text
    assert "test_asgi.py" in caplog.text
    assert reply["x-request-id"] in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Forbidden(CANARY), 403, "forbidden"),
        (NotFound(CANARY), 404, "not_found"),
        (Unauthenticated(CANARY), 401, "unauthenticated"),
        (LimitExceeded("signin", 2.5), 429, "limit_exceeded"),
        (Unavailable("database", 0.2), 503, "unavailable"),
    ],
)
async def test_a_typed_refusal_nobody_caught_becomes_its_problem(error: Exception, status: int, code: str) -> None:
    reply = await ask(Shield(_raising(error), policy()))
    assert (reply.status, reply.code) == (status, code)
    assert CANARY.encode() not in reply.body
    assert reply.all("retry-after") == {429: ["3"], 503: ["1"]}.get(status, [])
    assert reply.all("www-authenticate") == (["Bearer"] if status == 401 else [])


async def test_an_error_page_written_before_the_exception_is_dropped() -> None:
    """Frameworks write a page, with a traceback in debug mode, and raise on."""
    reply = await ask(Shield(_raising(ValueError(), _start(500), _body(b"Traceback: secret")), policy()))
    assert (reply.status, reply.code) == (500, "internal")
    assert b"secret" not in reply.body


async def test_a_500_that_was_meant_is_let_through_where_the_policy_says_so() -> None:
    reply = await ask(Shield(Echo(status=500), policy(error_pages=True)))
    assert (reply.status, reply.body) == (500, b"app")
    assert _marked(reply)


async def test_a_page_of_500_that_may_show_anything_stays_here() -> None:
    reply = await ask(Shield(Echo((b"content-type", b"text/html"), status=500), policy()))
    assert (reply.status, reply.code) == (500, "internal")
    assert _marked(reply)


async def test_a_500_that_is_a_problem_has_no_room_for_a_traceback() -> None:
    reply = await ask(Shield(Echo((b"Content-Type", b"application/problem+json"), status=500), policy()))
    assert (reply.status, reply.body) == (500, b"app")


async def test_an_answer_begun_is_left_unfinished_when_the_application_fails() -> None:
    reply = await ask(Shield(_raising(ValueError(), _start(200), _body(b"half", more=True)), policy()))
    assert (reply.status, reply.body) == (200, b"half")
