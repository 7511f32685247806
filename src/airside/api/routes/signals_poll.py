"""Polls of security events (RFC 8936), which wait for some where there are none."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, replace
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from airside.access import Right
from airside.access.rights import READ_SIGNALS
from airside.api.event_stream import moment_in, news_before, waiting
from airside.api.routes.signals_wire import count_of, json_answer, read_body, words_of
from airside.api.strict import path_id
from airside.core.errors import InvalidInput
from airside.core.ids import STREAM
from airside.core.strict_json import Json
from airside.oauth import Client
from airside.oauth.signals import MAX_SETS, MAX_WAIT, Polled, Polling, SignalNews, SignalStreams
from airside.store import RequestContext
from airside.store.followers import Follower


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a poll asks for (RFC 8936 §2.2), and whether it waits where there is nothing."""

    most: int
    acks: Sequence[str]
    errors: Mapping[str, str]
    waits: bool


class SignalPolls:
    """The one handler. `client` opens the context of whoever asks, `issuer` is that of the tenant in the path."""

    def __init__(
        self,
        *,
        client: Callable[[Request, Right], AbstractAsyncContextManager[tuple[RequestContext, Client]]],
        issuer: Callable[[Request], str],
        streams: SignalStreams,
        polling: Polling,
        news: SignalNews,
    ) -> None:
        self._client = client
        self._issuer = issuer
        self._streams = streams
        self._polling = polling
        self._news = news

    async def poll(self, request: Request) -> Response:
        """RFC 8936 §2. One that finds nothing waits for news, unless it says not to, for `MAX_WAIT` at most and holding
        nothing of the database; where as many wait already, or the process is about to end, it is answered at once."""
        with ExitStack() as stack:
            async with self._client(request, READ_SIGNALS) as (ctx, client):
                asked = _asked_poll(await read_body(request))
                # Before anything is read: news of this very moment must find it waiting.
                follower = await self._follower(ctx, client, request, stack) if asked.waits else None
                found = await self._poll(ctx, client, request, asked)
            ends = moment_in(MAX_WAIT)
            while follower is not None and not found.sets and await news_before(ends, request, follower):
                found = await self._poll_again(request, asked)
        sets: dict[str, Json] = {jti: token.reveal() for jti, token in found.sets.items()}
        return json_answer({"sets": sets, "moreAvailable": found.more})

    async def _follower(
        self, ctx: RequestContext, client: Client, request: Request, stack: ExitStack
    ) -> Follower | None:
        stream = await self._streams.get(ctx, client.client_id, _polled(request))
        return waiting(stack, self._news.follow(ctx, stream.stream_id))

    async def _poll(self, ctx: RequestContext, client: Client, request: Request, asked: _Asked) -> Polled:
        issuer, stream_id = self._issuer(request), _polled(request)
        return await self._polling.poll(
            ctx, client, issuer, stream_id, most=asked.most, acks=asked.acks, errors=asked.errors
        )

    async def _poll_again(self, request: Request, asked: _Asked) -> Polled:
        """Whoever has lost the right while they waited, gets nothing."""
        async with self._client(request, READ_SIGNALS) as (ctx, client):
            return await self._poll(ctx, client, request, replace(asked, acks=(), errors={}))


def _asked_poll(body: dict[str, Json]) -> _Asked:
    """Without a word on it, a poll waits (RFC 8936 §2.2); one that only acknowledges has nothing to wait for."""
    most, at_once = count_of(body, "maxEvents", MAX_SETS), body.get("returnImmediately", False)
    if not isinstance(at_once, bool):
        raise InvalidInput("true or false is expected", pointer="returnImmediately")
    return _Asked(most, words_of(body, "ack") or (), _errors(body), waits=most > 0 and not at_once)


def _errors(body: dict[str, Json]) -> dict[str, str]:
    """By token, the word of what is wrong with it (RFC 8936 §2.6)."""
    value = body.get("setErrs") or {}
    if not isinstance(value, dict):
        raise InvalidInput("an object is expected", pointer="setErrs")
    return {jti: str(told.get("err", "")) if isinstance(told, dict) else "" for jti, told in value.items()}


def _polled(request: Request) -> UUID:
    return path_id(STREAM, str(request.path_params["stream_id"]))
