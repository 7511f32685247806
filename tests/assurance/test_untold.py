"""A refusal proves something only where a visitor isn't refused: where nothing is proven, no check passes."""

import base64
import json
from collections.abc import Sequence

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from airside.assurance import Baseline, Result, Wanted, examine
from airside.core.clock import Clock, epoch
from airside.core.secret import Secret
from tests.weak_app.serving import served


async def examined(
    clock: Clock, routes: Sequence[Route], *checks: str, token: str = "", path: str = "/"
) -> list[Result]:
    """What became of `checks` on an application of these routes; each path that begins with /api is protected."""
    protected = tuple(route.path for route in routes if route.path.startswith("/api"))
    async with served(Starlette(routes=routes), None) as port:
        wanted = Wanted(
            url=f"http://localhost:{port}{path}", protected=protected, token=Secret(token) if token else None
        )
        report = await examine(wanted, Baseline(), clock=clock, progress=lambda _: None)
    return [result for result in report.results if result.check.id in checks]


def states(results: list[Result]) -> dict[str, str]:
    return {result.check.id: result.state for result in results}


def _text(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _read(part: str) -> dict[str, str | int]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


SIGNATURE = "A" * 86


def _signed(ends: int, audience: str = "api") -> str:
    head, claims = {"alg": "ES256"}, {"sub": "ada", "aud": audience, "exp": ends}
    return f"{_text({**head})}.{_text({**claims})}.{SIGNATURE}"


def _guarded(clock: Clock, believes: str) -> Route:
    """An address that asks for claims in order and for our signature, or none where the algorithm is `believes`."""

    async def me(request: Request) -> Response:
        try:
            head, body, signature = request.headers.get("authorization", "").removeprefix("Bearer ").split(".")
            claims = _read(body)
            in_order = claims.get("aud") == "api" and int(claims["exp"]) > epoch(clock.now())
            if in_order and ((signature == SIGNATURE and "admin" not in str(claims)) or _read(head)["alg"] == believes):
                return JSONResponse({"sub": claims["sub"]})
        except ValueError:
            pass
        return PlainTextResponse("who are you?", 401, {"www-authenticate": "Bearer"})

    return Route("/api/me", me)


@pytest.mark.parametrize(
    ("ends", "audience", "believes", "state"),
    [
        (900, "api", "none", "found"),
        (-900, "api", "none", "failed"),
        (900, "elsewhere", "none", "failed"),
        (-900, "api", "", "failed"),
    ],
    ids=["good", "over", "of another", "over and sound"],
)
async def test_forgeries_of_a_token_that_is_not_good_prove_nothing(
    clock: Clock, ends: int, audience: str, believes: str, state: str
) -> None:
    token = _signed(epoch(clock.now()) + ends, audience)
    (result,) = await examined(clock, [_guarded(clock, believes)], "token-forgery", token=token)
    assert result.state == state
    assert state == "found" or result.note == "the token isn't good at /api/me: 401"


@pytest.mark.parametrize("status", [404, 405, 500, 503, 307, 200])
async def test_a_protected_address_that_is_not_there_proves_nothing(clock: Clock, status: int) -> None:
    async def mistyped(_request: Request) -> Response:
        return RedirectResponse("/api/mee/", 307) if status == 307 else PlainTextResponse("", status)

    results = await examined(clock, [Route("/api/mee", mistyped)], "protected-open", "token-forgery")
    if status == 200:
        assert states(results)["protected-open"] == "found"
    else:
        assert states(results) == {"protected-open": "failed", "token-forgery": "failed"}
        assert {result.note for result in results} == {f"/api/mee isn't there, or doesn't work: {status}"}


@pytest.mark.parametrize("status", [401, 403, 303])
async def test_a_protected_address_that_refuses_is_protected(clock: Clock, status: int) -> None:
    async def refusing(_request: Request) -> Response:
        return RedirectResponse("/signin", 303) if status == 303 else PlainTextResponse("", status)

    results = await examined(clock, [Route("/api/me", refusing)], "protected-open", "token-forgery")
    assert states(results) == {"protected-open": "passed", "token-forgery": "passed"}


async def test_a_forgery_that_is_let_in_is_told_though_the_token_is_not(clock: Clock) -> None:
    token = _signed(epoch(clock.now()) + 900).removesuffix(SIGNATURE) + "B" * 86
    (result,) = await examined(clock, [_guarded(clock, "none")], "token-forgery", token=token)
    assert "the algorithm none is believed" in [each.evidence for each in result.found]


async def test_an_address_that_only_the_token_sees_is_protected(clock: Clock) -> None:
    token = _signed(epoch(clock.now()) + 900)

    async def hidden(request: Request) -> Response:
        return PlainTextResponse("", 200 if request.headers.get("authorization") == f"Bearer {token}" else 404)

    results = await examined(clock, [Route("/api/me", hidden)], "protected-open", "token-forgery", token=token)
    assert states(results) == {"protected-open": "passed", "token-forgery": "passed"}


FORM = (
    '<form method="post" action="/signin"><input type="hidden" name="csrf" value="of-this-showing">'
    '<input name="user"><input type="password" name="password"></form>'
)


def _signin(usual: int, foreign: int) -> list[Route]:
    async def shown(_request: Request) -> Response:
        return HTMLResponse(FORM)

    async def sent(request: Request) -> Response:
        ours = b"of-this-showing" in await request.body()
        return PlainTextResponse("", usual if ours else foreign)

    return [Route("/", shown), Route("/signin", sent, methods=["POST"])]


@pytest.mark.parametrize(
    ("usual", "foreign", "state"),
    [
        (200, 403, "passed"),
        (200, 200, "found"),
        (303, 400, "passed"),
        (401, 403, "passed"),
        (401, 401, "failed"),
        (400, 400, "failed"),
        (422, 422, "failed"),
        (401, 200, "found"),
        (401, 429, "failed"),
        (401, 500, "failed"),
        (403, 403, "failed"),
    ],
)
async def test_a_form_that_refuses_wrong_credentials_from_anywhere_alike_proves_nothing(
    clock: Clock, usual: int, foreign: int, state: str
) -> None:
    (result,) = await examined(clock, _signin(usual, foreign), "csrf")
    assert result.state == state
    assert ("/signin" in result.note) is (state == "failed")
