"""Groups as a directory keeps them: who is in them, which the connection's mapping makes roles of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CONNECTION, GROUP, USER, format_id, uuid7
from airside.core.strict_json import dumps
from airside.federation.scim import records_groups as records
from airside.federation.scim.model import (
    MAX_CONTENT,
    MAX_MEMBERS,
    Content,
    GroupRoles,
    Position,
    Stale,
    Stored,
    TooMany,
)
from airside.federation.scim.profile import key_of
from airside.federation.scim.users import parsed
from airside.protocols.scim import GROUP as KIND
from airside.protocols.scim import Attribute, comparable
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault
from airside.vault.indexes import Column

SERVERS_OWN = frozenset({"id", "meta", "members"})


class ScimGroups:
    """Makes, changes and removes the groups of one connection. Their members are users of the same connection."""

    def __init__(self, *, vault: Vault, entropy: Entropy, journal: Journal, roles: GroupRoles) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._roles = roles

    async def create(self, ctx: RequestContext, connection_id: UUID, document: Content) -> Stored:
        """A group of the connection.

        Raises:
            InvalidInput: what can't be kept; a member who is no user of the connection; too many of them.
        """
        said, members = _said(document), _members(document)
        keyset = await self._vault.keyset(ctx)
        group = Stored(KIND, uuid7(ctx.now, self._entropy), 1, ctx.now, ctx.now, said)
        await records.insert(ctx, keyset, connection_id, group, _found(keyset, said))
        await self._add(ctx, connection_id, group.id, members)
        await self._tell(ctx, keyset, connection_id, members)
        await self._record(ctx, Event.SCIM_GROUP_CREATED, connection_id, group.id, members=len(members))
        return with_members(group, sorted(members))

    async def get(
        self, ctx: RequestContext, connection_id: UUID, ids: Sequence[UUID], *, members: bool
    ) -> list[Stored]:
        """Those of `ids` that are the connection's, by age; with who is in them, if asked for."""
        found = await records.get(ctx, await self._vault.keyset(ctx), connection_id, ids)
        return await self.whole(ctx, connection_id, found) if members else found

    async def page(
        self, ctx: RequestContext, connection_id: UUID, position: Position, limit: int
    ) -> tuple[int, list[Stored]]:
        """How many the connection has, and up to `limit` from `position`, by age, without members."""
        return await records.page(ctx, await self._vault.keyset(ctx), connection_id, position, limit)

    async def whole(self, ctx: RequestContext, connection_id: UUID, groups: Sequence[Stored]) -> list[Stored]:
        """`groups` with who is in them.

        Raises:
            TooMany: more than one answer holds.
        """
        if not groups:
            return []
        limit = MAX_MEMBERS * 2
        members = await records.members(ctx, connection_id, [group.id for group in groups], limit + 1)
        if sum(len(each) for each in members.values()) > limit:
            raise TooMany("members")
        return [with_members(group, members[group.id]) for group in groups]

    async def of_users(
        self, ctx: RequestContext, connection_id: UUID, users: Sequence[UUID]
    ) -> dict[UUID, list[records.Membership]]:
        """The groups that each of `users` is in."""
        return await records.memberships(ctx, await self._vault.keyset(ctx), connection_id, users)

    async def change(self, ctx: RequestContext, connection_id: UUID, document: Content, version: int) -> Stored:
        """What the directory says of the group now, whole.

        Raises:
            NotFound: not there, or not the connection's.
            Stale: not at `version` any more.
            InvalidInput: as `create`.
        """
        group_id = id_of(str(document.get("id")))
        before = next(iter(await self.get(ctx, connection_id, [group_id], members=False)), None)
        if before is None:
            raise NotFound("group")
        said, members = _said(document), _members(document)
        keyset = await self._vault.keyset(ctx)
        group = replace(before, version=version + 1, modified_at=ctx.now, content=said)
        if not await records.update(ctx, keyset, connection_id, group, _found(keyset, said), version):
            raise Stale
        # Whoever changes the row holds it: what is read of its members now stays until this transaction ends.
        former = set((await records.members(ctx, connection_id, [group_id], MAX_MEMBERS + 1))[group_id])
        gone, come = former - members, members - former
        await self._add(ctx, connection_id, group_id, come)
        await records.remove_members(ctx, connection_id, group_id, sorted(gone))
        renamed = any(before.content.get(key) != said.get(key) for key in ("displayName", "externalId"))
        await self._tell(ctx, keyset, connection_id, former | members if renamed else gone | come)
        await self._record(ctx, Event.SCIM_GROUP_CHANGED, connection_id, group_id, added=len(come), removed=len(gone))
        return with_members(group, sorted(members))

    async def remove(self, ctx: RequestContext, connection_id: UUID, group_id: UUID, version: int) -> None:
        """It is gone, with the roles that followed from it.

        Raises:
            NotFound: not there, or not the connection's.
            Stale: not at `version` any more.
        """
        if not await self.get(ctx, connection_id, [group_id], members=False):
            raise NotFound("group")
        members = (await records.members(ctx, connection_id, [group_id], MAX_MEMBERS + 1))[group_id]
        if not await records.delete(ctx, connection_id, group_id, version):
            raise Stale
        await self._tell(ctx, await self._vault.keyset(ctx), connection_id, members)
        await self._record(ctx, Event.SCIM_GROUP_REMOVED, connection_id, group_id, members=len(members))

    async def _add(self, ctx: RequestContext, connection_id: UUID, group_id: UUID, users: Collection[UUID]) -> None:
        if users and await records.add_members(ctx, connection_id, group_id, sorted(users)) != len(users):
            raise InvalidInput("a member is no user of this connection", pointer="members.value")

    async def _tell(self, ctx: RequestContext, keyset: Keyset, connection_id: UUID, users: Collection[UUID]) -> None:
        if users:
            found = await records.memberships(ctx, keyset, connection_id, sorted(users))
            groups: Mapping[UUID, frozenset[str]] = {user_id: names_of(each) for user_id, each in found.items()}
            await self._roles.follow(ctx, connection_id, groups)

    async def _record(
        self, ctx: RequestContext, event: Event, connection_id: UUID, group_id: UUID, **counts: int
    ) -> None:
        details = {"connection": format_id(CONNECTION, connection_id), **counts}
        await self._journal.record(ctx, event, subject=f"group:{format_id(GROUP, group_id)}", details=details)


def id_of(word: str) -> UUID:
    """The group that `word` names.

    Raises:
        NotFound: no id of a group.
    """
    return parsed(GROUP, word)


def with_members(group: Stored, members: Sequence[UUID]) -> Stored:
    """`group` as it is answered, with who is in it."""
    if not members:
        return group
    words = [format_id(USER, user_id) for user_id in members]
    listed = [{"value": word, "$ref": f"Users/{word}", "type": "User"} for word in words]
    return replace(group, content={**group.content, "members": listed})


def with_groups(user: Stored, groups: Sequence[records.Membership]) -> Stored:
    """`user` as they are answered, with the groups they are in (RFC 7643 §4.1.2)."""
    if not groups:
        return user
    words = [(format_id(GROUP, one.group_id), one.name) for one in groups]
    listed = [{"value": word, "$ref": f"Groups/{word}", "display": name, "type": "direct"} for word, name in words]
    return replace(user, content={**user.content, "groups": listed})


def names_of(groups: Sequence[records.Membership]) -> frozenset[str]:
    """By what a mapping may name the groups that somebody is in."""
    return frozenset(name for one in groups for name in one.names)


COLUMNS: Final[Mapping[Attribute, Column]] = {
    "displayName": ("scim_group", "name_index"),
    "externalId": ("scim_group", "external_id_index"),
}
"""Where a group's attributes are indexed."""


def blind(keyset: Keyset, attribute: Attribute, compared: bytes) -> list[bytes]:
    """The blind indexes that a group's attribute may have; the first is what one gets that is written now."""
    return keyset.blind_indexes(*COLUMNS[attribute], compared)


def _found(keyset: Keyset, said: Content) -> records.Found:
    external_id = external_id_value(said)
    return records.Found(
        blind(keyset, "displayName", name_value(said))[0],
        None if external_id is None else blind(keyset, "externalId", external_id)[0],
    )


def name_value(said: Content) -> bytes:
    """What a group's name is compared by."""
    return comparable(KIND, "displayName", key_of(said, "displayName") or "")


def external_id_value(said: Content) -> bytes | None:
    """What its `externalId` is compared by, where it has one."""
    external_id = key_of(said, "externalId")
    return None if external_id is None else comparable(KIND, "externalId", external_id)


def _said(document: Content) -> dict[str, Any]:
    said = {key: value for key, value in document.items() if key not in SERVERS_OWN}
    if len(dumps(said)) > MAX_CONTENT:
        raise InvalidInput("more than is kept of one group", pointer="schemas")
    return said


def _members(document: Content) -> set[UUID]:
    given = cast("Sequence[dict[str, Any]]", document.get("members") or ())
    if len(given) > MAX_MEMBERS:
        raise InvalidInput(f"at most {MAX_MEMBERS} members", pointer="members")
    try:
        return {parsed(USER, str(one.get("value"))) for one in given}
    except NotFound:
        raise InvalidInput("a member is no user of this connection", pointer="members.value") from None
