from typing import Any

import pytest

from airside.shield import Rate, Shield
from tests.shield.kit import HOST, policy

OURS = ("origin", f"https://{HOST}")
COOKIE = ("cookie", "a=1")


async def _connect(
    headers: list[tuple[str, str]], scheme: str = "wss", times: int = 1, **settings: Any
) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    lines = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "websocket", "scheme": scheme, "path": "/ws", "headers": lines, "client": ("192.0.2.7", 1)}
    shield = Shield(app, policy(**settings))
    for _ in range(times):
        await shield(dict(scope), receive, send)
    return sent


@pytest.mark.parametrize(
    ("headers", "scheme", "accepted"),
    [
        ([("host", HOST), OURS, COOKIE], "wss", True),
        ([("host", HOST)], "wss", True),
        ([("host", HOST), ("origin", "https://evil.example"), COOKIE], "wss", False),
        ([("host", HOST), COOKIE], "wss", False),
        ([("host", "evil.example"), OURS], "wss", False),
        ([("host", HOST), ("host", HOST)], "wss", False),
        ([("host", HOST), OURS], "ws", False),
    ],
)
async def test_a_socket_opens_only_for_our_own_pages(
    headers: list[tuple[str, str]], scheme: str, accepted: bool
) -> None:
    """N11: browsers send cookies with sockets, and no CORS stands in the way."""
    sent = await _connect(headers, scheme)
    assert [message["type"] for message in sent] == ["websocket.accept" if accepted else "websocket.close"]


async def test_sockets_are_opened_no_oftener_than_the_rate_says() -> None:
    sent = await _connect([("host", HOST)], times=3, rate=Rate(2, 60))
    assert [message["type"] for message in sent] == ["websocket.accept"] * 2 + ["websocket.close"]


async def test_lifespan_goes_through() -> None:
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> None:
        return None

    await Shield(app, policy())({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]
