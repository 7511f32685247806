"""`airside role`: the verbs of a tenant's own roles, said as the local operator."""

from airside.cli.manage import operating, user_of
from airside.cli.session import out, run, table
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.store import RequestContext
from airside.tenancy import PERMISSIONS, CustomRole, RoleDraft
from airside.wiring.build import Services


def list_roles(slug: str) -> None:
    """A tenant's own roles."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await _all(services, ctx)
        rows = [(role.word, role.name, " ".join(sorted(role.permissions)), role.description) for role in found]
        table(("id", "name", "permissions", "description"), rows)

    run(main())


def list_permissions(slug: str) -> None:
    """The closed catalogue."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.role_admin.permissions(ctx)
        table(("permission", "description"), [(each.name, each.description) for each in found])

    run(main())


def create_role(slug: str, name: str, permissions: list[str], description: str) -> None:
    """A new role."""

    async def main() -> None:
        unknown = sorted(set(permissions) - PERMISSIONS.keys())
        if unknown:
            raise InvalidInput(f"no such permission: {' '.join(unknown)}: `airside role permissions {slug}` shows them")
        draft = RoleDraft(name, description, frozenset(permissions))
        async with operating(slug) as (services, ctx):
            try:
                role = await services.role_admin.create(ctx, draft)
            except Conflict as conflict:
                again = f"`airside role list {slug}` shows them"
                raise Conflict(f"{slug} has a role {name} already, or too many ({conflict.reason}): {again}") from None
        out.print(f"{role.word}  {role.name}")

    run(main())


def delete_role(slug: str, name: str) -> None:
    """A role, and what hangs on it."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            role = await _role(services, ctx, slug, name)
            await services.role_admin.delete(ctx, role.role_id)
        out.print(f"{name} is deleted")

    run(main())


def give_role(slug: str, person: str, name: str) -> None:
    """A role to a user."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user, role = await user_of(services, ctx, slug, person), await _role(services, ctx, slug, name)
            await services.role_admin.assign(ctx, user.id, role.role_id)
        out.print(f"{person} has {name}")

    run(main())


def take_role(slug: str, person: str, name: str) -> None:
    """A role from a user."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user, role = await user_of(services, ctx, slug, person), await _role(services, ctx, slug, name)
            await services.role_admin.unassign(ctx, user.id, role.role_id)
        out.print(f"{person} has {name} no more")

    run(main())


async def _all(services: Services, ctx: RequestContext) -> list[CustomRole]:
    found: list[CustomRole] = []
    page = await services.role_admin.list(ctx)
    while page:
        found += page
        page = await services.role_admin.list(ctx, page[-1].role_id)
    return found


async def _role(services: Services, ctx: RequestContext, slug: str, name: str) -> CustomRole:
    for role in await _all(services, ctx):
        if role.name == name:
            return role
    raise NotFound(f"{slug} has no role {name} of its own: `airside role list {slug}` shows them")
