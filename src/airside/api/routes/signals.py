"""Shared Signals Framework 1.0: the transmitter's configuration (§7), the management of streams (§8.1), and polls (RFC
8936). Members that aren't known are passed over, as those ask, and bound to nothing."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, get_args
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from airside.access import Authorise, Contexts, Issuers, Right
from airside.access.rights import MANAGE_SIGNALS, READ_SIGNALS
from airside.api.routes.oauth import NO_STORE
from airside.api.routes.oauth_forms import read_query
from airside.api.routes.signals_poll import SignalPolls
from airside.api.routes.signals_wire import json_answer, read_body, text_of, words_of
from airside.api.routes.wellknown import CACHED, JWKS
from airside.api.strict import path_id
from airside.core.errors import Forbidden, InvalidInput, Unauthenticated
from airside.core.ids import STREAM
from airside.core.secret import Secret
from airside.core.strict_json import Json, dumps
from airside.oauth import Client, ClientLookup
from airside.oauth.signals import (
    VERIFY_EVERY,
    DefaultSubjects,
    Polling,
    SignalNews,
    SignalStreams,
    Status,
    Stream,
    StreamChange,
    StreamDraft,
    StreamSubjects,
)
from airside.protocols.secevent import EVENTS, POLL, PUSH
from airside.store import Address, RequestContext

CONFIGURATION: Final = "/.well-known/ssf-configuration/t/{slug}"
"""Between host and path of the issuer (SSF 1.0 §7.2)."""
STREAMS: Final = "/t/{slug}/ssf/streams"
STATUS: Final = "/t/{slug}/ssf/status"
VERIFY: Final = "/t/{slug}/ssf/verify"
ADD: Final = "/t/{slug}/ssf/subjects/add"
REMOVE: Final = "/t/{slug}/ssf/subjects/remove"
POLLED: Final = "/t/{slug}/ssf/poll/{stream_id}"
_STATUSES: Final = get_args(Status)
_DEFAULT_SUBJECTS: Final = get_args(DefaultSubjects)
_NOBODY: Final = UUID(int=0)


class SignalRoutes:
    """Streams of whichever client asks: it sees no other's."""

    def __init__(
        self,
        *,
        contexts: Contexts,
        authorise: Authorise,
        issuers: Issuers,
        clients: ClientLookup,
        streams: SignalStreams,
        subjects: StreamSubjects,
        polling: Polling,
        news: SignalNews,
    ) -> None:
        self._contexts = contexts
        self._authorise = authorise
        self._issuers = issuers
        self._clients = clients
        self._streams = streams
        self._subjects = subjects
        self._polls = SignalPolls(client=self._client, issuer=self._issuer, streams=streams, polling=polling, news=news)

    def routes(self) -> list[BaseRoute]:
        """Every route."""
        return [
            Route(CONFIGURATION, self.configuration, methods=["GET"]),
            Route(STREAMS, self.create, methods=["POST"]),
            Route(STREAMS, self.read, methods=["GET"]),
            Route(STREAMS, self.change, methods=["PATCH"]),
            Route(STREAMS, self.replace, methods=["PUT"]),
            Route(STREAMS, self.delete, methods=["DELETE"]),
            Route(STATUS, self.status, methods=["GET"]),
            Route(STATUS, self.set_status, methods=["POST"]),
            Route(ADD, self.add, methods=["POST"]),
            Route(REMOVE, self.remove, methods=["POST"]),
            Route(VERIFY, self.verify, methods=["POST"]),
            Route(POLLED, self._polls.poll, methods=["POST"]),
        ]

    async def configuration(self, request: Request) -> Response:
        """§7.1. Raises: NotFound."""
        async with self._contexts.anonymous(request):
            issuer = self._issuer(request)
        document: dict[str, Json] = {
            "spec_version": "1_0",
            "issuer": issuer,
            "jwks_uri": _at(issuer, JWKS),
            "delivery_methods_supported": [PUSH, POLL],
            "configuration_endpoint": _at(issuer, STREAMS),
            "status_endpoint": _at(issuer, STATUS),
            "add_subject_endpoint": _at(issuer, ADD),
            "remove_subject_endpoint": _at(issuer, REMOVE),
            "verification_endpoint": _at(issuer, VERIFY),
            "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
            "default_subjects": "ALL",
        }
        return Response(dumps(document), 200, CACHED, "application/json")

    async def create(self, request: Request) -> Response:
        """§8.1.1.1."""
        async with self._client(request, MANAGE_SIGNALS) as (ctx, client):
            body = await read_body(request)
            draft = _delivery(body.get("delivery"))
            draft = replace(
                draft,
                events=words_of(body, "events_requested") or (),
                description=text_of(body, "description") or "",
                default_subjects=_default_subjects(body) or draft.default_subjects,
            )
            made = await self._streams.create(ctx, client.client_id, draft)
        return self._rendered(request, client, made, 201)

    async def read(self, request: Request) -> Response:
        """§8.1.1.2: one, or each."""
        async with self._client(request, READ_SIGNALS) as (ctx, client):
            word = read_query(request).get("stream_id")
            if word is None:
                found = await self._streams.list(ctx, client.client_id)
                return json_answer([self._stream(request, client, each) for each in found])
            stream = await self._streams.get(ctx, client.client_id, path_id(STREAM, word))
        return self._rendered(request, client, stream)

    async def change(self, request: Request) -> Response:
        """§8.1.1.3: what isn't said stays."""
        return await self._update(request, whole=False)

    async def replace(self, request: Request) -> Response:
        """§8.1.1.4: what isn't said is no more."""
        return await self._update(request, whole=True)

    async def delete(self, request: Request) -> Response:
        """§8.1.1.5."""
        async with self._client(request, MANAGE_SIGNALS) as (ctx, client):
            await self._streams.delete(ctx, client.client_id, path_id(STREAM, _asked(request)))
        return Response(status_code=204, headers=NO_STORE)

    async def status(self, request: Request) -> Response:
        """§8.1.2.1."""
        async with self._client(request, READ_SIGNALS) as (ctx, client):
            stream = await self._streams.get(ctx, client.client_id, path_id(STREAM, _asked(request)))
        return json_answer(_status(stream))

    async def set_status(self, request: Request) -> Response:
        """§8.1.2.2."""
        async with self._client(request, MANAGE_SIGNALS) as (ctx, client):
            body = await read_body(request)
            status = next((each for each in _STATUSES if each == body.get("status")), None)
            if status is None:
                raise InvalidInput(f"one of {', '.join(_STATUSES)}", pointer="status")
            reason = text_of(body, "reason") or ""
            stream = await self._streams.set_status(ctx, client.client_id, _named(body), status, reason)
        return json_answer(_status(stream))

    async def add(self, request: Request) -> Response:
        """§8.1.3.2. Whether the subject is verified makes no difference: nobody is looked up."""
        async with self._client(request, MANAGE_SIGNALS) as (ctx, client):
            body = await read_body(request)
            await self._subjects.add(ctx, client, self._issuer(request), _named(body), _subject(body))
        return Response(status_code=200, headers=NO_STORE)

    async def remove(self, request: Request) -> Response:
        """§8.1.3.3."""
        async with self._client(request, MANAGE_SIGNALS) as (ctx, client):
            body = await read_body(request)
            await self._subjects.remove(ctx, client, self._issuer(request), _named(body), _subject(body))
        return Response(status_code=204, headers=NO_STORE)

    async def verify(self, request: Request) -> Response:
        """§8.1.4.2."""
        async with self._client(request, MANAGE_SIGNALS) as (ctx, client):
            body = await read_body(request)
            await self._streams.verify(ctx, client.client_id, _named(body), text_of(body, "state"))
        return Response(status_code=204, headers=NO_STORE)

    async def _update(self, request: Request, *, whole: bool) -> Response:
        async with self._client(request, MANAGE_SIGNALS) as (ctx, client):
            body = await read_body(request)
            events, description = words_of(body, "events_requested"), text_of(body, "description")
            if whole:
                events, description = events or (), description or ""
            told = "delivery" in body or whole
            delivery = _delivery(body.get("delivery")) if told else None
            change = StreamChange(delivery, events, description, _default_subjects(body))
            stream = await self._streams.update(ctx, client.client_id, _named(body), change)
        return self._rendered(request, client, stream)

    @asynccontextmanager
    async def _client(self, request: Request, right: Right) -> AsyncGenerator[tuple[RequestContext, Client]]:
        """Raises:
        NotFound, Unauthenticated: no such tenant; nobody of it, or its client is gone or disabled (N18).
        Forbidden: no program, or one that may not.
        """
        async with self._contexts.bearer(request) as ctx:
            await self._authorise(ctx, right)
            if ctx.principal.kind != "client" or ctx.principal.client_id is None:
                raise Forbidden("streams are a client's own")
            client = await self._clients.find(ctx, ctx.principal.client_id)
            if client is None or client.state != "active":
                raise Unauthenticated("client gone or disabled")
            yield ctx, client

    def _issuer(self, request: Request) -> str:
        return self._issuers.of(Address(str(request.path_params["slug"]), _NOBODY))

    def _rendered(self, request: Request, client: Client, stream: Stream, status: int = 200) -> Response:
        return json_answer(self._stream(request, client, stream), status)

    def _stream(self, request: Request, client: Client, stream: Stream) -> dict[str, Json]:
        """What a receiver wants to be shown isn't shown to anybody else."""
        issuer = self._issuer(request)
        url = stream.url or _at(issuer, POLLED).replace("{stream_id}", stream.word)
        return {
            "stream_id": stream.word,
            "iss": issuer,
            "aud": client.word,
            "delivery": {"method": PUSH if stream.delivery == "push" else POLL, "endpoint_url": url},
            "events_supported": list(EVENTS),
            "events_requested": list(stream.events),
            "events_delivered": [*stream.delivered],
            "default_subjects": stream.default_subjects,
            "min_verification_interval": int(VERIFY_EVERY.total_seconds()),
            **({"description": stream.description} if stream.description else {}),
        }


def _at(issuer: str, template: str) -> str:
    return issuer + template.removeprefix("/t/{slug}")


def _status(stream: Stream) -> dict[str, Json]:
    reason: dict[str, Json] = {"reason": stream.reason} if stream.reason else {}
    return {"stream_id": stream.word, "status": stream.status, **reason}


def _asked(request: Request) -> str:
    word = read_query(request).get("stream_id")
    if word is None:
        raise InvalidInput("a stream is expected", pointer="stream_id")
    return word


def _named(body: dict[str, Json]) -> UUID:
    word = text_of(body, "stream_id")
    if word is None:
        raise InvalidInput("a stream is expected", pointer="stream_id")
    return path_id(STREAM, word)


def _subject(body: dict[str, Json]) -> dict[str, Json]:
    value = body.get("subject")
    if not isinstance(value, dict):
        raise InvalidInput("a subject identifier is expected", pointer="subject")
    return value


def _default_subjects(body: dict[str, Json]) -> DefaultSubjects | None:
    """Our own member: what the metadata says for all transmitters, a stream says for itself."""
    word = text_of(body, "default_subjects")
    found = next((each for each in _DEFAULT_SUBJECTS if each == word), None)
    if found is None and word is not None:
        raise InvalidInput(f"one of {', '.join(_DEFAULT_SUBJECTS)}", pointer="default_subjects")
    return found


def _delivery(value: Json) -> StreamDraft:
    """Poll, where nothing is said."""
    if value is None:
        return StreamDraft()
    if not isinstance(value, dict) or value.get("method") not in (PUSH, POLL):
        raise InvalidInput(f"delivery by {PUSH} or {POLL}", pointer="delivery")
    header = text_of(value, "authorization_header")
    secret = None if header is None else Secret(header)
    if value["method"] == POLL:
        return StreamDraft("poll", None, secret)
    return StreamDraft("push", text_of(value, "endpoint_url") or "", secret)
