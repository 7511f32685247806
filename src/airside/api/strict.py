"""What FastAPI must not read in two ways: request bodies go through the strict JSON reader first."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Final
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, model_validator

from airside.access.problems import refusal_response
from airside.core import strict_json
from airside.core.errors import InvalidInput, NotFound, Refusal, UnsupportedMedia
from airside.core.ids import parse_id
from airside.store import RequestContext

PAGE: Final = 50
MAX_PAGE: Final = 200
"""Rows of one answer."""


class Body(BaseModel):
    """Base of every request body: unknown fields are refused (mass assignment), types are not coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _must_be_json(cls, value: object) -> object:
        if isinstance(value, Refusal):
            raise value
        if isinstance(value, bytes):  # FastAPI hands on unread what doesn't say that it is JSON
            raise UnsupportedMedia("application/json is expected")
        return value


class Answer(BaseModel):
    """Base of every answer: it carries its declared fields and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def path_id(prefix: str, text: str) -> UUID:
    """The id in a path. What isn't one is not there, the same as one that never was.

    Raises:
        NotFound: not an id of that kind.
    """
    try:
        return parse_id(prefix, text)
    except InvalidInput:
        raise NotFound from None


def caller_by(open_context: Callable[[Request], AbstractAsyncContextManager[RequestContext]]) -> Any:
    """The dependency that authenticates before any input is judged, hands the route its context, and commits
    before the answer is sent. Only for routes below `/t/{slug}`."""

    async def caller(request: Request, slug: str) -> AsyncIterator[RequestContext]:  # noqa: ARG001 - documents the path
        async with open_context(request) as ctx:
            yield ctx

    return Depends(caller, scope="function")


class StrictRequest(Request):
    """A request whose JSON body is read strictly.

    FastAPI reads the body before it resolves the caller. What can't be read becomes the value, which `Body` refuses
    when its turn comes, so that nobody unknown learns anything of their input.
    """

    async def json(self) -> Any:
        try:
            return strict_json.loads(await self.body())
        except Refusal as refusal:
            return refusal


class StrictRoute(APIRoute):
    """Refuses duplicate keys, NaN, lone surrogates and deep nesting before validation sees the body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


async def invalid_request_response(request: Request, error: RequestValidationError) -> Response:
    """FastAPI's handler for input of the wrong shape: the first field that doesn't fit, never its value."""
    first = error.errors()[0]
    pointer = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return await refusal_response(request, InvalidInput(str(first["msg"]), pointer=pointer))
