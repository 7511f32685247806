"""`airside plan`, `airside tenant plan`."""

from collections.abc import Sequence

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.limits import Plan
from airside.tenancy import PLATFORM_SLUG

NOTHING = "no bounds but the server's own"


def define(name: str, allowances: Sequence[str]) -> None:
    """Make a plan, or change it."""

    async def main() -> None:
        plan = Plan(name, dict(_read(each) for each in allowances))
        async with operating(PLATFORM_SLUG) as (services, ctx):
            await services.plan_admin.define(ctx, plan)
        out.print(f"{plan.name}  {_words(plan)}")

    run(main())


def show_all() -> None:
    """Every plan."""

    async def main() -> None:
        async with operating(PLATFORM_SLUG) as (services, ctx):
            found = await services.plan_admin.list(ctx)
        table(("plan", "gives"), [(plan.name, _words(plan)) for plan in found])

    run(main())


def of_tenant(slug: str, name: str | None, *, none: bool) -> None:
    """Which plan a tenant is on; from now on `name`, if one is given."""

    async def main() -> None:
        if none and name is not None:
            raise InvalidInput("a plan or --none, not both", pointer="--none")
        async with operating(PLATFORM_SLUG) as (services, ctx):
            try:
                plan = await services.plan_admin.of(ctx, slug)
            except NotFound:
                raise NotFound(f"no tenant has the slug {slug}: `airside tenant list` shows them") from None
            if none:
                await services.plan_admin.release(ctx, slug)
                plan = None
            elif name is not None:
                try:
                    plan = await services.plan_admin.assign(ctx, slug, name)
                except NotFound:
                    raise NotFound(f"no plan is called {name}: `airside plan list` shows them") from None
        out.print(f"none: {NOTHING}" if plan is None else f"{plan.name}  {_words(plan)}")

    run(main())


def _read(text: str) -> tuple[str, int]:
    name, equals, amount = text.partition("=")
    if not equals or not amount.isascii() or not amount.isdigit() or len(amount) > 12:
        raise InvalidInput(f"{text[:50]!r}: an allowance and a number are expected, as users=100", pointer="allowances")
    return name, int(amount)


def _words(plan: Plan) -> str:
    return ", ".join(f"{name}={amount}" for name, amount in sorted(plan.amounts.items())) or NOTHING
