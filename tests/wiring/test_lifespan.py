"""The lifespan protocol with applications that do it right, and that don't."""

import pytest
from starlette.types import Receive, Scope, Send

from airside.wiring.lifespan import Lifespan


async def test_state_of_the_start_is_kept_for_requests() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for event in ("startup", "shutdown"):
            seen.append((await receive())["type"])
            scope["state"][event] = True
            await send({"type": f"lifespan.{event}.complete"})

    lifespan = Lifespan(app)
    await lifespan.startup()
    assert lifespan.state == {"startup": True}
    await lifespan.shutdown()
    assert seen == ["lifespan.startup", "lifespan.shutdown"]


async def test_exception_at_the_start_is_raised_as_it_is() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        raise LookupError("why")

    with pytest.raises(LookupError, match="why"):
        await Lifespan(app).startup()


async def test_exception_after_a_failed_answer_is_raised_as_it_is() -> None:
    """Starlette answers `startup.failed` and then raises."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})
        raise LookupError("why")

    with pytest.raises(LookupError, match="why"):
        await Lifespan(app).startup()


@pytest.mark.parametrize("answers", [0, 1])
async def test_application_that_ends_too_early_is_told_from_one_that_started(answers: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(answers):
            await receive()
            await send({"type": "lifespan.startup.failed"})

    with pytest.raises(RuntimeError, match=r"lifespan\.startup"):
        await Lifespan(app).startup()
