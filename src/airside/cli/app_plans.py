"""The verbs of `airside plan`, and `airside tenant plan`."""

from typing import Annotated

import typer

from airside.cli.words import Slug

plan = typer.Typer(help="Plans, which bound what a tenant has: make, list.", no_args_is_help=True)
tenant_plan = typer.Typer()

Name = Annotated[str, typer.Argument(help="The plan's name.")]


@plan.command("set")
def set_plan(
    name: Name,
    allowances: Annotated[
        list[str] | None, typer.Argument(help="What it bounds, as users=100 clients=5; what isn't named has no bound.")
    ] = None,
) -> None:
    """Make a plan, or put it in the place of what was called so, for every tenant that is on it."""
    from airside.cli.plans import define as run

    run(name, allowances or [])


@plan.command("list")
def list_plans() -> None:
    """List every plan and what it gives."""
    from airside.cli.plans import show_all as run

    run()


@tenant_plan.command("plan")
def plan_of_tenant(
    slug: Slug,
    name: Annotated[str | None, typer.Argument(help="The plan that the tenant is on from now on.")] = None,
    none: Annotated[bool, typer.Option("--none", help="It is on no plan.")] = False,
) -> None:
    """Print the plan that a tenant is on, or put it on one, or on none."""
    from airside.cli.plans import of_tenant as run

    run(slug, name, none=none)
