"""The management API's roles: the tenant's own, and who has which."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from airside.admin import MemberAdmin, RoleAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.core.errors import InvalidInput
from airside.core.ids import ROLE, USER, parse_id
from airside.store import RequestContext
from airside.tenancy import ROLES, CustomRole, Role, RoleChange, RoleDraft

MAX_PERMISSIONS: Final = 100
"""Permissions that one request may name: more than there are."""

Names = Annotated[list[str], Field(max_length=MAX_PERMISSIONS)]
BUILT_IN: Final[dict[str, Role]] = {role: role for role in ROLES}


class NewRole(Body):
    name: str
    description: str = ""
    permissions: Names = Field(default_factory=list[str])


class RolePatch(Body):
    description: str | None = None
    permissions: Names | None = None


class RoleAnswer(Answer):
    id: str
    name: str
    description: str
    permissions: list[str]
    created_at: datetime
    updated_at: datetime


class RolePage(Answer):
    roles: list[RoleAnswer]
    next_cursor: str | None = None


class PermissionAnswer(Answer):
    name: str
    description: str


class PermissionPage(Answer):
    permissions: list[PermissionAnswer]


class MemberPage(Answer):
    subjects: list[str]


class RolesAnswer(Answer):
    roles: list[str]


def add(routes: APIRouter, caller: Any, members: MemberAdmin, roles: RoleAdmin, cursors: Cursors) -> None:
    """Every route of roles and members."""
    _role_routes(routes, caller, roles, cursors)
    _member_routes(routes, caller, members, roles)


def _role_routes(routes: APIRouter, caller: Any, verbs: RoleAdmin, cursors: Cursors) -> None:
    @routes.post("/roles", status_code=201, tags=["roles"])
    async def create_role(body: NewRole, ctx: RequestContext = caller) -> RoleAnswer:
        draft = RoleDraft(body.name, body.description, frozenset(body.permissions))
        return role_answer(await verbs.create(ctx, draft))

    @routes.get("/roles", tags=["roles"])
    async def list_roles(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> RolePage:
        after = None if cursor is None else await cursors.read(ctx, "roles", cursor)
        found = await verbs.list(ctx, after, limit)
        last = await cursors.make(ctx, "roles", found[-1].role_id) if len(found) == limit else None
        return RolePage(roles=[role_answer(role) for role in found], next_cursor=last)

    # Before the next one: no id of a role is spelled like this.
    @routes.get("/roles/permissions", tags=["roles"])
    async def list_permissions(ctx: RequestContext = caller) -> PermissionPage:
        found = await verbs.permissions(ctx)
        answers = [PermissionAnswer(name=each.name, description=each.description) for each in found]
        return PermissionPage(permissions=answers)

    @routes.get("/roles/{role_id}", tags=["roles"])
    async def get_role(role_id: str, ctx: RequestContext = caller) -> RoleAnswer:
        return role_answer(await verbs.get(ctx, path_id(ROLE, role_id)))

    @routes.patch("/roles/{role_id}", tags=["roles"])
    async def change_role(role_id: str, body: RolePatch, ctx: RequestContext = caller) -> RoleAnswer:
        permissions = None if body.permissions is None else frozenset(body.permissions)
        return role_answer(await verbs.change(ctx, path_id(ROLE, role_id), RoleChange(body.description, permissions)))

    @routes.delete("/roles/{role_id}", status_code=204, tags=["roles"])
    async def delete_role(role_id: str, ctx: RequestContext = caller) -> None:
        await verbs.delete(ctx, path_id(ROLE, role_id))


def _member_routes(routes: APIRouter, caller: Any, members: MemberAdmin, roles: RoleAdmin) -> None:
    """`{role}` is `administrator`, `member`, or the id of a role of the tenant's own."""

    @routes.get("/members", tags=["members"])
    async def list_members(role: str, ctx: RequestContext = caller) -> MemberPage:
        built_in = BUILT_IN.get(role)
        if built_in is not None:
            return MemberPage(subjects=await members.list(ctx, built_in))
        return MemberPage(subjects=await roles.assignees(ctx, _asked_for(role)))

    @routes.get("/members/{user_id}", tags=["members"])
    async def get_roles(user_id: str, ctx: RequestContext = caller) -> RolesAnswer:
        return RolesAnswer(roles=await members.roles(ctx, path_id(USER, user_id)))

    @routes.get("/members/{user_id}/roles", tags=["members"])
    async def list_roles_of_member(user_id: str, ctx: RequestContext = caller) -> RolePage:
        return RolePage(roles=[role_answer(role) for role in await roles.of(ctx, path_id(USER, user_id))])

    @routes.put("/members/{user_id}/roles/{role}", status_code=204, tags=["members"])
    async def grant_role(user_id: str, role: str, ctx: RequestContext = caller) -> None:
        built_in = BUILT_IN.get(role)
        if built_in is not None:
            await members.grant(ctx, path_id(USER, user_id), built_in)
        else:
            await roles.assign(ctx, path_id(USER, user_id), path_id(ROLE, role))

    @routes.delete("/members/{user_id}/roles/{role}", status_code=204, tags=["members"])
    async def revoke_role(user_id: str, role: str, ctx: RequestContext = caller) -> None:
        built_in = BUILT_IN.get(role)
        if built_in is not None:
            await members.revoke(ctx, path_id(USER, user_id), built_in)
        else:
            await roles.unassign(ctx, path_id(USER, user_id), path_id(ROLE, role))


def _asked_for(text: str) -> UUID:
    try:
        return parse_id(ROLE, text)
    except InvalidInput:
        words = f"{', '.join(ROLES)}, or the id of a role of the tenant's own"
        raise InvalidInput(words, pointer="role") from None


def role_answer(role: CustomRole) -> RoleAnswer:
    """A role, as it is told."""
    return RoleAnswer(
        id=role.word,
        name=role.name,
        description=role.description,
        permissions=sorted(role.permissions),
        created_at=role.created_at,
        updated_at=role.updated_at,
    )
