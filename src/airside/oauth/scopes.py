"""Scopes: what each allows, in words, and which of them clients from outside may have."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from airside.audit import Event, Journal
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.oauth import records_scopes
from airside.oauth.records_scopes import Scope
from airside.oauth.scope_words import BUILT_IN, OPEN
from airside.store import RequestContext
from airside.store.queues import queue_for
from airside.tenancy.policy import Language

MAX_SCOPES_OF_TENANT: Final = 200
MAX_DESCRIPTION: Final = 300
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


class Scopes:
    """The scopes of the context's tenant: those that every tenant has, and its own."""

    def __init__(self, *, journal: Journal) -> None:
        self._journal = journal

    async def list(self, ctx: RequestContext) -> list[Scope]:
        """The tenant's own, by name."""
        return await records_scopes.list_scopes(ctx)

    async def names(self, ctx: RequestContext) -> Sequence[str]:
        """What discovery lists: the scopes of OpenID Connect, and the tenant's own. Those of our own interfaces stand
        in the metadata of those (RFC 9728)."""
        return [*OPEN, *(scope.name for scope in await records_scopes.list_scopes(ctx))]

    async def offered(self, ctx: RequestContext) -> frozenset[str]:
        """What a client that nobody of the tenant registered may have."""
        own = await records_scopes.list_scopes(ctx)
        return frozenset({*OPEN, *(scope.name for scope in own if scope.offered)})

    async def describe(self, ctx: RequestContext, scopes: Iterable[str], language: Language) -> Mapping[str, str]:
        """What each of `scopes` allows, in `language`, or in English where nobody wrote it in that one. A scope that
        nobody described goes by its name: it is never left out."""
        asked = sorted(set(scopes), key=_order)
        unknown = [name for name in asked if name not in BUILT_IN]
        found = {scope.name: scope for scope in await records_scopes.find_scopes(ctx, unknown)} if unknown else {}
        words: dict[str, str] = {}
        for name in asked:
            said = BUILT_IN[name] if name in BUILT_IN else found[name].descriptions if name in found else {}
            words[name] = said.get(language) or said.get("en") or name
        return words

    async def put(self, ctx: RequestContext, scope: Scope) -> Scope:
        """Write a scope of the tenant's own, or over what it was.

        Raises:
            InvalidInput: a name that can't be registered, or no English description; `pointer` names the field.
            Conflict: the tenant has as many scopes as it can have.
        """
        kept = Scope(
            scope.name, {language: text.strip() for language, text in scope.descriptions.items()}, scope.offered
        )
        _check(kept)
        await queue_for(ctx, "scope")
        if await records_scopes.count_others(ctx, kept.name) >= MAX_SCOPES_OF_TENANT:
            raise Conflict(f"a tenant has at most {MAX_SCOPES_OF_TENANT} scopes")
        await records_scopes.store_scope(ctx, kept)
        await self._journal.record(ctx, Event.SCOPE_DESCRIBED, subject=kept.name, details={"offered": kept.offered})
        return kept

    async def delete(self, ctx: RequestContext, name: str) -> None:
        """Forget what a scope means. Clients that have it keep it; no other gets it from outside.

        Raises:
            NotFound: not one of the tenant's own.
        """
        if not await records_scopes.delete_scope(ctx, name):
            raise NotFound("scope")
        await self._journal.record(ctx, Event.SCOPE_DELETED, subject=name)


def _check(scope: Scope) -> None:
    if not _NAME.fullmatch(scope.name):
        raise InvalidInput("letters, digits and . _ : - are expected, 128 at most", pointer="name")
    if scope.name in BUILT_IN:
        raise InvalidInput("every tenant has a scope of this name", pointer="name")
    if not scope.descriptions.get("en"):
        raise InvalidInput("an English description is expected", pointer="descriptions")
    if not all(0 < len(text) <= MAX_DESCRIPTION and text.isprintable() for text in scope.descriptions.values()):
        raise InvalidInput(f"a description is 1 to {MAX_DESCRIPTION} printable characters", pointer="descriptions")


def _order(name: str) -> tuple[int, str]:
    """Who the person is comes first."""
    return (OPEN.index(name) if name in OPEN else len(OPEN), name)
