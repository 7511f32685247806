"""`airside user factors` and its neighbours: what others prove themselves with, as the local operator."""

from airside.cli.manage import operating, user_of
from airside.cli.session import out, run, table
from airside.core.errors import NotFound
from airside.core.ids import FACTOR, PASSKEY, format_id


def list_factors(slug: str, person: str) -> None:
    """Kinds, names and dates."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user = await user_of(services, ctx, slug, person)
            held = await services.factor_admin.list(ctx, user.id)
        rows = [("", "password", "", "")] if held.password else []
        rows += [(format_id(FACTOR, each.id), "totp", "", f"{each.confirmed_at:%Y-%m-%d}") for each in held.totp]
        rows += [
            (format_id(PASSKEY, each.id), "passkey", each.name, f"{each.created_at:%Y-%m-%d}") for each in held.passkeys
        ]
        rows += [("", "recovery codes", f"{held.recovery_codes} left", "")] if held.recovery_codes else []
        table(("id", "kind", "name", "since"), rows)

    run(main())


def reset_factors(slug: str, person: str) -> None:
    """Every second factor is gone."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user = await user_of(services, ctx, slug, person)
            await services.factor_admin.reset(ctx, user.id)
        out.print(f"{person} has no second factor any more")

    run(main())


def demand_password(slug: str, person: str) -> None:
    """The next sign-in asks for another."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user = await user_of(services, ctx, slug, person)
            try:
                await services.factor_admin.demand_password_change(ctx, user.id)
            except NotFound:
                raise NotFound(f"{person} has no password: `airside user password {slug} {person}` sets one") from None
        out.print(f"{person} is asked for another password at the next sign-in")

    run(main())
