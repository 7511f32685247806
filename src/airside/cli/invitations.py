"""`airside invitation`: the verbs of invitations, said as the local operator."""

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.identity import normalise
from airside.store import RequestContext
from airside.tenancy import ROLES, Invitation
from airside.wiring.build import Services


def create_invitation(slug: str, email: str, name: str, roles: list[str]) -> None:
    """A new invitation, mailed by the server."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            words = [await _word(services, ctx, slug, role) for role in roles]
            try:
                invitation = await services.invitation_admin.create(ctx, email, name, words)
            except Conflict as conflict:
                raise Conflict(f"{email} can't be invited to {slug}: {conflict.reason}") from None
        out.print(f"{invitation.word}  {invitation.email}")

    run(main())


def list_invitations(slug: str) -> None:
    """A tenant's invitations."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await _all(services, ctx)
        rows = [(each.word, each.state, each.email, " ".join(each.roles), each.inviter) for each in found]
        table(("id", "state", "e-mail", "roles", "invited by"), rows)

    run(main())


def revoke_invitation(slug: str, email: str) -> None:
    """The open invitation of an address."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            for each in await _all(services, ctx):
                if each.state == "open" and normalise(each.email) == normalise(email):
                    await services.invitation_admin.revoke(ctx, each.invitation_id)
                    break
            else:
                raise NotFound(f"{slug} has no open invitation of {email}: `airside invitation list {slug}` shows them")
        out.print(f"{email} is invited no more")

    run(main())


async def _all(services: Services, ctx: RequestContext) -> list[Invitation]:
    found: list[Invitation] = []
    page = await services.invitation_admin.list(ctx)
    while page:
        found += page
        page = await services.invitation_admin.list(ctx, page[-1].invitation_id)
    return found


async def _word(services: Services, ctx: RequestContext, slug: str, name: str) -> str:
    """A role as an invitation names it, by the name that people call it."""
    if name in ROLES:
        return name
    page = await services.role_admin.list(ctx)
    while page:
        for role in page:
            if role.name == name:
                return role.word
        page = await services.role_admin.list(ctx, page[-1].role_id)
    raise InvalidInput(f"no role {name}: `airside role list {slug}` shows the tenant's own", pointer="role")
