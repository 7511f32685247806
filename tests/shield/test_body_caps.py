from typing import Any

import pytest

from airside.shield import Shield
from tests.shield.kit import Echo, ask, policy

CAP = 100


def _shield(app: Echo) -> Shield:
    return Shield(app, policy(max_body=CAP, body_caps={"/upload/{name}": 10 * CAP}))


@pytest.mark.parametrize(("length", "status"), [("0", 200), ("100", 200), ("101", 413), ("9" * 15, 413)])
async def test_content_length_is_held_to_the_cap(length: str, status: int) -> None:
    app = Echo()
    reply = await ask(_shield(app), "POST", headers=[("content-length", length)])
    assert reply.status == status
    assert len(app.scopes) == (status == 200)


@pytest.mark.parametrize("length", ["", "-1", "+1", "1.0", "0x10", "1, 1", "1 1", "٣", "9" * 16])
async def test_a_content_length_that_is_no_number_is_refused(length: str) -> None:
    headers = [("content-length", length.encode().decode("latin-1"))]
    reply = await ask(_shield(Echo()), "POST", headers=headers)
    assert (reply.status, reply.code) == (400, "bad_request")


async def test_two_ways_of_saying_the_length_are_refused() -> None:
    """Request smuggling begins here (RFC 9112 §6.3)."""
    headers = [("content-length", "5"), ("transfer-encoding", "chunked")]
    reply = await ask(_shield(Echo()), "POST", headers=headers)
    assert (reply.status, reply.code) == (400, "bad_request")


@pytest.mark.parametrize(("chunks", "status"), [([b"x" * 50, b"x" * 50], 200), ([b"x" * 50, b"x" * 51], 413)])
async def test_chunks_are_counted(chunks: list[bytes], status: int) -> None:
    app = Echo()
    reply = await ask(_shield(app), "POST", headers=[("transfer-encoding", "chunked")], body=chunks)
    assert reply.status == status
    assert app.bodies == ([b"x" * 100] if status == 200 else [])


async def test_a_later_http_version_may_bring_a_body_without_saying_so() -> None:
    assert (await ask(_shield(Echo()), "GET", body=[b"x" * 101], http_version="2")).status == 413


async def test_a_route_may_take_more() -> None:
    app = Echo()
    shield = _shield(app)
    assert (await ask(shield, "POST", "/upload/a", [("content-length", "1000")])).status == 200
    assert (await ask(shield, "POST", "/upload/a", [("content-length", "1001")])).status == 413
    assert (await ask(shield, "POST", "/upload/a/b", [("content-length", "101")])).status == 413


async def test_an_application_that_swallows_the_refusal_still_answers_413() -> None:
    """What a framework says of a body that it never saw whole doesn't count."""

    class Swallowing(Echo):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            try:
                await super().__call__(scope, receive, send)
            except Exception:  # noqa: BLE001 - that frameworks do this is what is shown
                self.status = 400
                await self.say(send)

        async def say(self, send: Any) -> None:
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"could not parse"})

    reply = await ask(_shield(Swallowing()), "POST", headers=[("transfer-encoding", "chunked")], body=[b"x" * 101])
    assert (reply.status, reply.code) == (413, "too_large")


async def test_receive_is_not_wrapped_where_the_length_is_known() -> None:
    seen: list[Any] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        seen.append(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    shield = Shield(app, policy(body_seconds=0, strict_json=False))
    await ask(shield)
    await ask(shield, "POST", headers=[("content-length", "3")])
    await ask(shield, "POST", headers=[("transfer-encoding", "chunked")])
    assert [hasattr(receive, "__self__") for receive in seen] == [False, False, True]
