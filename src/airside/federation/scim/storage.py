"""The library's storage over ours: resources of one connection, in the transaction of one request, or in one of its own
for each operation of a bulk request (RFC 7644 §3.7: what fails takes nothing else with it)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, cast
from uuid import UUID

from scim2_models import (
    NotImplementedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimFilter,
    SearchRequest,
)
from scim2_server.storage import AsyncScimStorage, SearchPage

from airside.core.errors import InvalidInput, NotFound
from airside.federation.scim import groups as grouping
from airside.federation.scim import users as using
from airside.federation.scim.groups import ScimGroups
from airside.federation.scim.model import MAX_SCAN, MAX_WORK, Position, Source, Stale, Stored, TooMany, word_of
from airside.federation.scim.problems import told
from airside.federation.scim.search import Search
from airside.federation.scim.users import ScimUsers
from airside.protocols.scim import PAGE, USER
from airside.protocols.scim.description import provider
from airside.protocols.scim.narrowing import size_of
from airside.store.context import RequestContext

YIELD_EVERY: Final = 25
"""Resources matched before others get their turn."""

Begin = Callable[[], AbstractAsyncContextManager[RequestContext]]


class ConnectionStorage(AsyncScimStorage):
    """Implements the library's storage for the connection of `source`."""

    supports_cursors = True

    def __init__(
        self, *, ctx: RequestContext, source: Source, users: ScimUsers, groups: ScimGroups, search: Search, begin: Begin
    ) -> None:
        self._ctx = ctx
        self._source = source
        self._users = users
        self._groups = groups
        self._search = search
        self._begin = begin
        self._apart = False

    async def separate(self) -> None:
        """From now on each operation commits by itself, and what was done before stands."""
        await self._ctx.tx.checkpoint()
        self._apart = True

    @asynccontextmanager
    async def operation(self) -> AsyncGenerator[None]:  # pyright: ignore[reportIncompatibleMethodOverride] - a manager
        if not self._apart:
            yield
            return
        async with told_of(self._begin()) as ctx:
            self._ctx = ctx.known_as(self._source.principal)
            yield

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        with told():
            return resource_of(await self.find(str(resource_type.name), resource_id, _wants(response_parameters)))

    async def find(self, kind: str, word: str, wants: "Wants") -> Stored:
        """The resource that `word` names.

        Raises:
            NotFound: not there, of another kind, or not the connection's.
        """
        found = await self._load(kind, [id_of(kind, word)], wants)
        if not found:
            raise NotFound(kind)
        return found[0]

    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        with told():
            kinds = [str(one.name) for one in resource_types]
            if len(kinds) != 1:
                return await self._everything(kinds, search_request)
            total, stored, before, after = await self.pages(kinds[0], search_request, position)
        return SearchPage(total, [resource_of(one) for one in stored], after, before)

    async def pages(self, kind: str, wanted: SearchRequest[Any], position: Any) -> tuple[int, list[Stored], Any, Any]:
        """How many match, a page of them, and the positions of the pages before and after it.

        Raises:
            TooMany: the filter or the order would open more than a request may.
        """
        limit = PAGE if wanted.count is None else wanted.count
        wants = _wants(wanted)
        by_cursor = wanted.cursor is not None
        if wanted.filter is None and wanted.sort_by is None:
            place = _place(kind, position) if by_cursor else Position(wanted.start_index_0 or 0)
            return await self._plain(kind, place, limit, wants)
        if by_cursor and wanted.sort_by is not None:
            raise NotImplementedException(detail="Cursors take no sortBy")
        matching = await self._matching(kind, wanted)
        total = len(matching)
        if by_cursor:
            return _by_cursor(kind, matching, _place(kind, position), limit)
        start = wanted.start_index_0 or 0
        return total, matching[start : start + limit], None, None

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        with told():
            return resource_of(await self.add(str(resource_type.name), document_of(resource)))

    async def add(self, kind: str, document: dict[str, Any]) -> Stored:
        """A new resource. Raises: as `ScimUsers.create` and `ScimGroups.create`."""
        room = self._users if kind == USER else self._groups
        return await room.create(self._ctx, self._source.connection_id, document)

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        with told():
            kind, document = str(resource_type.name), document_of(resource)
            version = await self._version(kind, str(resource.id), expected_version)
            room = self._users if kind == USER else self._groups
            stored = await room.change(self._ctx, self._source.connection_id, document, version)
            return resource_of(await self._with_groups(stored))

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        with told():
            kind = str(resource_type.name)
            version = await self._version(kind, resource_id, expected_version)
            room = self._users if kind == USER else self._groups
            await room.remove(self._ctx, self._source.connection_id, id_of(kind, resource_id), version)

    async def _version(self, kind: str, word: str, expected: str | None) -> int:
        if expected is None:
            return (await self.find(kind, word, Wants(groups=False, members=False))).version
        tag = expected.removeprefix("W/").strip('"')
        if not tag.isascii() or not tag.isdigit() or len(tag) > 9:
            raise Stale
        return int(tag)

    async def _load(self, kind: str, ids: Sequence[UUID], wants: "Wants") -> list[Stored]:
        connection_id = self._source.connection_id
        if kind != USER:
            return await self._groups.get(self._ctx, connection_id, ids, members=wants.members)
        found = [account.stored for account in await self._users.get(self._ctx, connection_id, ids)]
        return await self._grouped(found) if wants.groups else found

    async def _plain(
        self, kind: str, place: Position, limit: int, wants: "Wants"
    ) -> tuple[int, list[Stored], Any, Any]:
        """A page of everything, by age."""
        connection_id, asked = self._source.connection_id, limit + (0 if place.anchor is None else 1)
        if kind == USER:
            total, accounts = await self._users.page(self._ctx, connection_id, place, asked)
            page = [account.stored for account in accounts]
        else:
            total, page = await self._groups.page(self._ctx, connection_id, place, asked)
        page, before, after = _ends(kind, page, place, limit, total)
        if kind == USER:
            return total, await self._grouped(page) if wants.groups else page, before, after
        return total, await self._groups.whole(self._ctx, connection_id, page) if wants.members else page, before, after

    async def _matching(self, kind: str, wanted: SearchRequest[Any]) -> list[Stored]:
        """Every resource that matches, in the order asked for: only what the filter narrows down to is opened."""
        ids = await self._search.candidates(self._ctx, self._source.connection_id, kind, wanted.filter)
        size = 0 if wanted.filter is None else size_of(wanted.filter.ast)
        if len(ids) > MAX_SCAN or len(ids) * size > MAX_WORK:
            raise TooMany("filter")
        stored = await self._load(kind, ids, Wants())
        model = cast("type[Resource[Any]]", provider().model_for(kind))
        bound = None if wanted.filter is None else ScimFilter[model](str(wanted.filter))
        found: list[tuple[Resource[Any], Stored]] = []
        for number, one in enumerate(stored):
            if number % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)
            resource = resource_of(one)
            if bound is None or bound.match(resource):
                found.append((resource, one))
        if wanted.sort_by is None:
            return [one for _, one in found]
        known = {str(resource.id): one for resource, one in found}
        return [known[str(resource.id)] for resource in wanted.sort([resource for resource, _ in found])]

    async def _everything(self, kinds: Sequence[str], wanted: SearchRequest[Any]) -> SearchPage:
        """A page of what matches among resources of several kinds (RFC 7644 §3.4.2.1)."""
        if wanted.cursor is not None:
            raise NotImplementedException(detail="Cursors go through one kind of resource")
        found = [resource_of(one) for kind in kinds for one in await self._matching(kind, wanted)]
        if wanted.sort_by is not None:
            found = wanted.sort(found)
        start, limit = wanted.start_index_0 or 0, PAGE if wanted.count is None else wanted.count
        return SearchPage(len(found), found[start : start + limit])

    async def _with_groups(self, stored: Stored) -> Stored:
        return (await self._grouped([stored]))[0] if stored.kind == USER else stored

    async def _grouped(self, users: Sequence[Stored]) -> list[Stored]:
        """`users` with the groups that they are in."""
        if not users:
            return []
        groups = await self._groups.of_users(self._ctx, self._source.connection_id, [user.id for user in users])
        return [grouping.with_groups(user, groups[user.id]) for user in users]


class Wants:
    """What of a resource has to be read beside itself."""

    __slots__ = ("groups", "members")

    def __init__(self, *, groups: bool = True, members: bool = True) -> None:
        self.groups = groups
        self.members = members


@asynccontextmanager
async def told_of(begun: AbstractAsyncContextManager[RequestContext]) -> AsyncGenerator[RequestContext]:
    """As `begun`; its refusals too are spoken as SCIM does, such as those of a commit."""
    with told():
        async with begun as ctx:
            yield ctx


def resource_of(stored: Stored) -> Resource[Any]:
    """The library's model of a resource."""
    model = cast("type[Resource[Any]]", provider().model_for(stored.kind))
    return model.model_validate(stored.document())


def document_of(resource: Resource[Any]) -> dict[str, Any]:
    """What a resource says, as JSON."""
    return resource.model_dump()


def id_of(kind: str, word: str) -> UUID:
    """Raises: NotFound: no id of that kind."""
    return using.id_of(word) if kind == USER else grouping.id_of(word)


def _wants(parameters: ResponseParameters[Any] | None) -> Wants:
    """Members and groups are read only where they are answered: clients leave them out of large groups."""
    if parameters is None:
        return Wants()
    left_out = {str(path).rpartition(":")[2].lower() for path in parameters.excluded_attributes or ()}
    named = {str(path).rpartition(":")[2].partition(".")[0].lower() for path in parameters.attributes or ()}
    return Wants(
        groups="groups" not in left_out and (not named or "groups" in named),
        members="members" not in left_out and (not named or "members" in named),
    )


def _place(kind: str, position: Any) -> Position:
    if position is None:
        return Position()
    try:
        return Position(0, id_of(kind, str(position["i"])), position["d"] == "previous")
    except (KeyError, TypeError, NotFound):
        raise InvalidInput("not a cursor of this list", pointer="cursor") from None


def _next(kind: str, last: Stored) -> dict[str, str]:
    return {"d": "next", "i": word_of(kind, last.id)}


def _previous(kind: str, first: Stored) -> dict[str, str]:
    return {"d": "previous", "i": word_of(kind, first.id)}


def _ends(kind: str, page: list[Stored], place: Position, limit: int, total: int) -> tuple[list[Stored], Any, Any]:
    """`page` without the one too many, and the positions before and after it."""
    if place.anchor is None:
        more_before, more_after = place.offset > 0, place.offset + len(page) < total
    elif place.backwards:
        more_before, more_after = len(page) > limit, True
        page = page[-limit:]
    else:
        more_before, more_after = True, len(page) > limit
        page = page[:limit]
    if not page:
        return page, None, None
    return page, _previous(kind, page[0]) if more_before else None, _next(kind, page[-1]) if more_after else None


def _by_cursor(kind: str, matching: list[Stored], place: Position, limit: int) -> tuple[int, list[Stored], Any, Any]:
    """A page of what matches, by age."""
    total, anchor = len(matching), place.anchor
    if anchor is not None and place.backwards:
        page = [one for one in matching if one.id < anchor][-(limit + 1) :]
    elif anchor is not None:
        page = [one for one in matching if one.id > anchor][: limit + 1]
    else:
        page = matching[:limit]
    cut, before, after = _ends(kind, page, place, limit, total)
    return total, cut, before, after
