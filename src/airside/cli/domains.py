"""`airside domains`: whose people come through which connection, said as the local operator."""

from airside.cli.connections import connection_of
from airside.cli.manage import operating, user_of
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CONNECTION, USER, format_id
from airside.federation import Domain, DomainChange
from airside.store import RequestContext
from airside.wiring.build import Services


def add(slug: str, name: str) -> None:
    """A domain to be proven."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            domain = await services.domain_admin.add(ctx, name)
        out.print(
            f"{domain.word}  put this TXT record into its DNS, then `airside domains verify {slug} {domain.name}`:"
        )
        out.print(f"{domain.record_name}  {domain.record_value}")

    run(main())


def list_all(slug: str) -> None:
    """Every domain."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.domain_admin.list(ctx, None, 200)
        rows = [
            (
                domain.name,
                "proven" if domain.verified else "unproven",
                "-" if domain.connection_id is None else format_id(CONNECTION, domain.connection_id),
                "enforced" if domain.enforced else "-",
            )
            for domain in found
        ]
        table(("domain", "proof", "connection", "only so"), rows)

    run(main())


def verify(slug: str, name: str) -> None:
    """Look for the proof."""

    async def main() -> int:
        async with operating(slug) as (services, ctx):
            domain = await _domain(services, ctx, slug, name)
            domain = await services.domain_admin.verify(ctx, domain.id)
        if domain.verified:
            out.print(f"{domain.name} is proven")
            return 0
        out.print(f"the record isn't there: {domain.record_name}  {domain.record_value}")
        return 1

    run(main())


def bind(slug: str, name: str, connection: str) -> None:
    """To a connection."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            domain = await _domain(services, ctx, slug, name)
            bound = await connection_of(services, ctx, slug, connection)
            await services.domain_admin.update(ctx, domain.id, DomainChange(connection_id=bound.id))
        out.print(f"people of {domain.name} are led to {bound.name}")

    run(main())


def enforce(slug: str, name: str, *, off: bool) -> None:
    """Only so, or otherwise too."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            domain = await _domain(services, ctx, slug, name)
            await services.domain_admin.update(ctx, domain.id, DomainChange(enforced=not off))
        out.print(f"people of {domain.name} sign in {'as they like' if off else 'only through their connection'}")

    run(main())


def delete(slug: str, name: str) -> None:
    """A domain."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            domain = await _domain(services, ctx, slug, name)
            await services.domain_admin.delete(ctx, domain.id)
        out.print(f"{domain.name} is deleted")

    run(main())


def break_glass(slug: str, person: str, *, off: bool) -> None:
    """Name somebody, or no more; without a name, say who is named."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            verbs = services.domain_admin
            if not person:
                table(("user",), [(format_id(USER, user_id),) for user_id in await verbs.break_glass(ctx)])
                return
            user = await user_of(services, ctx, slug, person)
            await (verbs.stop(ctx, user.id) if off else verbs.let_pass(ctx, user.id))
        out.print(f"{person} {'has no way of their own any more' if off else 'may sign in by their own means'}")

    run(main())


async def _domain(services: Services, ctx: RequestContext, slug: str, name: str) -> Domain:
    try:
        return await services.domain_admin.named(ctx, name)
    except (InvalidInput, NotFound):
        raise NotFound(f"{slug} has no domain {name}: `airside domains list {slug}` shows them") from None
