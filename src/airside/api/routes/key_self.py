"""The one address at which an API key says whose it is, and the one that a publishable key opens."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airside.access import Issuers
from airside.apikeys import ApiKey, VerifiedKey
from airside.core.errors import NotFound
from airside.core.strict_json import Json, dumps
from airside.shield import Passage, Reply, passage
from airside.shield.cors import Header
from airside.shield.passage import Scope
from airside.store import Address, Lookup, RequestContext

SELF: Final = "/keys/v1/self"
MAX_KEPT: Final = 4096
"""Answers kept beside the key that each tells of."""
HEADERS: Final = {"cache-control": "no-store", "content-type": "application/json"}
KeyContext = Callable[[Request], AbstractAsyncContextManager[tuple[RequestContext, VerifiedKey]]]
KeyAtOnce = Callable[[Passage], tuple[Address, VerifiedKey] | None]
"""The tenant of an API key, and the key, without a wait; None where it would take one, or refuse."""


class KeyRoutes:
    """`GET /keys/v1/self`."""

    def __init__(self, *, context: KeyContext, lookup: Lookup, issuers: Issuers) -> None:
        self._context = context
        self._lookup = lookup
        self._issuers = issuers

    def routes(self) -> list[Route]:
        """The route."""
        return [Route(SELF, self.whose, methods=["GET"])]

    async def whose(self, request: Request) -> Response:
        """The key's id and tenant, and of a secret one what it is good for.

        Raises:
            Unauthenticated: no key, or none of ours.
            LimitExceeded: it comes too often, or its origin has failed too often.
        """
        async with self._context(request) as (ctx, verified):
            address = await self._lookup.by_tenant(ctx.tenant_id)
            if address is None:
                raise NotFound("tenant")
        return Response(_told(verified.key, self._issuers.of(address)), 200, HEADERS)


class PromptSelf:
    """The same at once, for a key that was verified before: `shield.Prompt`."""

    def __init__(self, context: KeyAtOnce, issuers: Issuers) -> None:
        self._context = context
        self._issuers = issuers
        self._kept: dict[str, tuple[ApiKey, Reply]] = {}

    def takes(self, scope: Scope) -> bool:
        """See `shield.Prompt`."""
        return scope["path"] == SELF and scope["method"] == "GET"

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """See `shield.Prompt`.

        Raises:
            Unauthenticated: what the route says more of.
        """
        found = None if body else self._context(passage(scope))
        if found is None:
            return None
        address, verified = found
        key = verified.key
        kept = self._kept.get(key.lookup)
        if kept is not None and kept[0] is key:  # as it was read, which the verifier remembers
            return kept[1]
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        told = _told(key, self._issuers.of(address))
        lines: list[Header] = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        reply = Reply([*lines, (b"content-length", str(len(told)).encode())], told)
        self._kept[key.lookup] = (key, reply)
        return reply


def _told(key: ApiKey, issuer: str) -> bytes:
    told: dict[str, Json] = {"id": key.word, "issuer": issuer, "kind": key.kind, "mode": key.mode}
    if key.kind == "secret":
        told["owner"] = key.owner.word
        told["scopes"] = list[Json](sorted(key.scopes))
        told["stores"] = None if key.stores is None else list[Json](sorted(key.stores))
        told["expires_at"] = key.expires_at.isoformat()
    return dumps(told)
