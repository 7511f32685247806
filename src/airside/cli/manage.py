"""`airside tenant`, `user`: the management verbs, said as the local operator."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

from airside.admin import OPERATOR
from airside.cli.session import opened, out, run, settings_for_people, table
from airside.core.entropy import token
from airside.core.errors import Conflict, InvalidInput, NotFound, QuotaExceeded, Refusal
from airside.core.ids import TENANT, USER, format_id, parse_id
from airside.core.secret import Secret
from airside.identity import DomainPage, User, UserState
from airside.store import RequestContext
from airside.tenancy import PLATFORM_SLUG, ROLES, Draft
from airside.wiring.build import Services

PASSWORD_BITS = 96


@asynccontextmanager
async def operating(slug: str) -> AsyncGenerator[tuple[Services, RequestContext]]:
    """Services, and the context of the tenant at `slug` with the local operator as its principal.

    Raises:
        NotFound: no tenant has that slug.
    """
    async with opened(settings_for_people()) as services:
        await services.platform.bootstrap()
        try:
            tenant_id = await services.platform.find(slug)
        except NotFound:
            raise NotFound(f"no tenant has the slug {slug}: `airside tenant list` shows them") from None
        async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
            await services.tenants.enter(ctx)
            yield services, ctx
        # The server looks for other processes' records now and then only. What can't be ordered now waits for that.
        with suppress(Refusal):
            async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
                await services.sequencer.sequence(ctx)


def create_tenant(slug: str, name: str) -> None:
    """A new tenant."""

    async def main() -> None:
        async with operating(PLATFORM_SLUG) as (services, ctx):
            try:
                tenant = await services.platform.create_tenant(ctx, Draft(slug, name))
            except Conflict:
                raise Conflict(f"there is a tenant with the slug {slug} already") from None
            async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as theirs:
                issuer = await services.issuer(theirs)
        out.print(f"{format_id(TENANT, tenant.tenant_id)}  {issuer}")

    run(main())


def list_tenants() -> None:
    """Every tenant."""

    async def main() -> None:
        async with operating(PLATFORM_SLUG) as (services, ctx):
            found = await services.platform.list_tenants(ctx)
        table(("slug", "id"), [(address.slug, format_id(TENANT, address.tenant_id)) for address in found])

    run(main())


def create_user(slug: str, email: str, name: str, role: str) -> None:
    """A new user with a random password."""

    async def main() -> None:
        if role not in (*ROLES, "none"):
            raise InvalidInput(f"--role is one of {', '.join(ROLES)}, none", pointer="role")
        async with operating(slug) as (services, ctx):
            password = Secret(token(services.entropy, PASSWORD_BITS))
            try:
                user = await services.user_admin.create(ctx, email, name, password)
            except QuotaExceeded:
                raise
            except Conflict:
                again = f"`airside user password {slug} {email}` gives them a new password"
                raise Conflict(f"{slug} has a user {email} already: {again}") from None
            for chosen in ROLES:
                if chosen == role:
                    await services.member_admin.grant(ctx, user.id, chosen)
        out.print(f"{format_id(USER, user.id)}  password (shown once): {password.reveal()}")

    run(main())


def list_users(slug: str, domain: str | None) -> None:
    """A tenant's users, or those whose address is at `domain`."""

    async def main() -> None:
        rows: list[tuple[str, ...]] = []
        async with operating(slug) as (services, ctx):
            async for user in _users(services, ctx, domain):
                rows.append((format_id(USER, user.id), user.state, user.email, user.name))
        table(("id", "state", "e-mail", "name"), rows)

    run(main())


async def _users(services: Services, ctx: RequestContext, domain: str | None) -> AsyncIterator[User]:
    after = None
    while True:
        if domain is None:
            found = await services.user_admin.list(ctx, after)
            page = DomainPage(found, found[-1].id if found else None)
        else:
            page = await services.user_admin.at_domain(ctx, domain, after)
        for user in page.users:
            yield user
        if page.after is None:
            return
        after = page.after


def set_user_state(slug: str, person: str, state: UserState) -> None:
    """Disable or enable."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user = await user_of(services, ctx, slug, person)
            await services.user_admin.set_state(ctx, user.id, state)
        out.print(f"{person} is {state}")

    run(main())


def reset_password(slug: str, person: str) -> None:
    """A new random password."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user = await user_of(services, ctx, slug, person)
            password = Secret(token(services.entropy, PASSWORD_BITS))
            await services.user_admin.set_password(ctx, user.id, password)
        out.print(f"password (shown once): {password.reveal()}")

    run(main())


async def user_of(services: Services, ctx: RequestContext, slug: str, person: str) -> User:
    """The tenant's user with that e-mail address or id. Raises: NotFound."""
    try:
        if "@" in person:
            return await services.user_admin.find(ctx, person)
        return await services.user_admin.get(ctx, parse_id(USER, person))
    except (InvalidInput, NotFound):
        raise NotFound(f"{slug} has no user {person}: `airside user list {slug}` shows them") from None
