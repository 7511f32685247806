"""Files that shouldn't be served: long ones, those that don't come, and the one page of an application."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from airside.assurance.target import MAX_BYTES
from airside.core.clock import Clock
from tests.assurance.test_untold import examined

PAGE = b'<!doctype html><script>\nwindow.X = 1\nAPP_VERSION="1.2"\n</script><p>[core] CREATE TABLE'
DUMP = b"-- PostgreSQL database dump\n" + b"x" * (MAX_BYTES + 1)


def _file(path: str, body: bytes, kind: str = "text/plain") -> Route:
    async def served(_request: Request) -> Response:
        return Response(body, media_type=kind)

    return Route(path, served)


async def _broken(_request: Request) -> Response:
    return PlainTextResponse("", headers={"content-encoding": "gzip"})


async def test_a_dump_over_the_cap_is_told_and_so_is_the_rest(clock: Clock) -> None:
    routes = [_file("/.env", b"DB_PASSWORD=x\n"), _file("/dump.sql", DUMP), Route("/backup.sql", _broken)]
    (result,) = await examined(clock, routes, "exposed-secrets")
    assert [(each.where, each.evidence.partition(" bytes")[0]) for each in result.found] == [
        ("/.env", "200, 14"),
        ("/dump.sql", f"200, more than {MAX_BYTES}"),
    ]


async def test_a_long_answer_that_is_no_dump_is_none(clock: Clock) -> None:
    (result,) = await examined(clock, [_file("/dump.sql", b"y" * (MAX_BYTES + 1))], "exposed-secrets")
    assert result.state == "passed"


async def test_what_could_not_be_looked_at_is_not_passed(clock: Clock) -> None:
    (result,) = await examined(clock, [Route("/backup.sql", _broken)], "exposed-secrets")
    assert (result.state, result.found) == ("failed", ())


async def test_the_page_that_an_application_has_for_every_address_is_no_file(clock: Clock) -> None:
    checks = ("exposed-secrets", "exposed-sources")
    results = await examined(clock, [_file("/{rest:path}", b"\xef\xbb\xbf\n" + PAGE, "text/html")], *checks)
    assert [result.state for result in results] == ["passed", "passed"]


@pytest.mark.parametrize("body", [b"# made by hand\n\texport KEY=1\n", b"\n\nDEBUG=true", b"A=1\r\nSECRET=<b>"])
async def test_settings_are_told_whatever_type_they_are_served_as(clock: Clock, body: bytes) -> None:
    (result,) = await examined(clock, [_file("/.env", body, "text/html")], "exposed-secrets")
    assert [each.where for each in result.found] == ["/.env"]
