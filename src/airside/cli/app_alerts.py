"""The verbs of `airside alert`."""

from typing import Annotated

import typer

from airside.cli.words import Slug

Word = Annotated[str, typer.Argument(help="The alert's id, alr_….")]

alerts = typer.Typer(help="What looks like an attack: list, show, acknowledge, close.", no_args_is_help=True)


@alerts.command("list")
def list_alerts(
    slug: Slug,
    state: Annotated[str | None, typer.Option(help="Only those: open, acknowledged or closed.")] = None,
    severity: Annotated[str | None, typer.Option(help="Only those: low, medium or high.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only those of this rule, credential_stuffing say.")] = None,
) -> None:
    """List the alerts of a tenant, newest first."""
    from airside.cli.alerts import list_all as run

    run(slug, state, severity, rule)


@alerts.command("show")
def show_alert(slug: Slug, alert_id: Word) -> None:
    """Show an alert and its evidence, and which page says what to do."""
    from airside.cli.alerts import show as run

    run(slug, alert_id)


@alerts.command("acknowledge")
def acknowledge_alert(slug: Slug, alert_id: Word) -> None:
    """Say that somebody is at it; it goes on growing."""
    from airside.cli.alerts import acknowledge as run

    run(slug, alert_id)


@alerts.command("close")
def close_alert(
    slug: Slug,
    alert_id: Word,
    reason: Annotated[str, typer.Option(help="What it was, for the audit log; no person's name.")] = "",
) -> None:
    """Say that it is over; what happens from now on raises another."""
    from airside.cli.alerts import close as run

    run(slug, alert_id, reason)
