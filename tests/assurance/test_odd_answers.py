"""Whatever a target answers, the examination goes on to its end."""

from dataclasses import replace

import pytest
from joserfc.jwk import ECKey
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from airside.assurance import CHECKS, Baseline, Observation
from airside.assurance.checks import headers
from airside.assurance.document import read
from airside.assurance.examine import Wanted, _result, looked_around  # pyright: ignore[reportPrivateUsage]
from airside.assurance.forgery import forgeries
from airside.assurance.site import METADATA, Site
from airside.core.clock import Clock
from tests.assurance.test_untold import examined
from tests.weak_app.serving import served

LINK = '<a href="/more">more</a>'
P256 = ECKey.generate_key("P-256", {"kid": "k1"}).as_dict(private=False)


@pytest.mark.parametrize(
    "text", ["<![foo[x]]>", "<![%foo[x]]>", "<![ [x]]>", "<![CDATA[x]]>", "<![if !x]>", "<![", "<!DOCTYPE a [<!b>]>"]
)
def test_marked_sections_are_comments(text: str) -> None:
    assert read("/", f"{LINK}<p>{text}").links == ("/more",)
    assert read("/", f"<p>{text}></p>{LINK}").links == ("/more",)


@pytest.mark.parametrize(("age", "sound"), [("²", False), ("٣" * 12, False), ("9" * 5000, True), ("0" * 5000, False)])
def test_an_age_is_digits_and_any_number_of_them(age: str, sound: bool) -> None:
    assert (list(headers.hsts(f"max-age={age}; includeSubDomains")) == []) is sound


@pytest.mark.parametrize(
    "other",
    [
        {"kty": "EC", "crv": "P-224", "x": "AA", "y": "AA", "kid": "z"},
        {"kty": "OKP", "crv": "X9", "x": "AA"},
        {"kty": "RSA", "n": "é", "e": "AQAB"},
        {"kty": "RSA", "n": 1, "e": "AQAB"},
        {"kty": []},
        "no key",
        None,
    ],
)
def test_a_published_key_that_cannot_be_read_leaves_the_others_to_be_tried(other: object) -> None:
    expected = [each.mistake for each in forgeries(None, "https://id.example", {"keys": [P256]}, 1)]
    assert [each.mistake for each in forgeries(None, "https://id.example", {"keys": [other, P256]}, 1)] == expected
    assert "a published key is believed as the secret of HS256" in expected


async def test_odd_bytes_end_no_examination(clock: Clock) -> None:
    async def home(_request: Request) -> Response:
        answer = HTMLResponse(f"<p><![foo[x]]>{LINK}")
        answer.raw_headers += [(b"set-cookie", b"name=J\xc3\xb6rg"), (b"set-cookie", b"other=1")]
        return answer

    async def more(request: Request) -> Response:
        return HTMLResponse("", headers={"server": f"A/1.0 {request.cookies}"})

    async def metadata(_request: Request) -> Response:
        return JSONResponse({"issuer": "x", "userinfo_endpoint": "https://[", "jwks_uri": "https://["})

    routes = [Route("/", home), Route("/more", more), Route(METADATA, metadata)]
    results = await examined(clock, routes, "csp", "banner", "openid-issuer")
    assert [each.state for each in results] == ["found", "found", "found"]
    told = [(each.where, each.evidence) for result in results for each in result.found]
    assert ("/more", "server: A/1.0 {'other': '1'}") in told


async def test_a_check_that_stumbles_has_failed_and_says_over_what(clock: Clock) -> None:
    async def stumbles(_site: Site) -> list[Observation]:
        raise ValueError("invalid literal: password=hunter2hunter2 " + "x" * 1000)

    async with (
        served(PlainTextResponse("hello"), None) as port,
        looked_around(Wanted(url=f"http://localhost:{port}/"), clock) as site,
    ):
        result = await _result(replace(CHECKS[0], look=stumbles), site, Baseline())
    assert result.state == "failed"
    assert result.note.startswith("the check stumbled over an answer: ValueError: invalid literal")
    assert "hunter2" not in result.note
    assert len(result.note) <= 300
