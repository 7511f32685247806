"""`airside audit`: the verbs."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.words import Slug

audit = typer.Typer(help="The audit log: search, prove, verify, export.", no_args_is_help=True)

EventId = Annotated[str, typer.Argument(help="The event's id, evt_…")]


@audit.command("search")
def search(
    slug: Slug,
    actor: Annotated[str, typer.Option(help="Who did it: user:usr_…, client:cli_…, operator:local, anonymous.")] = "",
    subject: Annotated[str, typer.Option(help="To whom or what it happened.")] = "",
    event: Annotated[str, typer.Option(help="source:subject:action, each of them a word or *.")] = "",
    outcome: Annotated[str, typer.Option(help="success, refused or failure.")] = "",
    since: Annotated[str, typer.Option(help="From this time on, in RFC 3339; a date is its midnight, UTC.")] = "",
    until: Annotated[str, typer.Option(help="Before this time.")] = "",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
) -> None:
    """Find what happened, newest first. The search itself is recorded."""
    from airside.cli.audit_search import search as run

    run(slug, actor=actor, subject=subject, event=event, outcome=outcome, since=since, until=until, limit=limit)


@audit.command("event")
def event(slug: Slug, event_id: EventId) -> None:
    """Print one event whole, as JSON. Reading it is recorded."""
    from airside.cli.audit_search import event as run

    run(slug, event_id)


@audit.command("proof")
def proof(slug: Slug, event_id: EventId) -> None:
    """Print the proof that an event is in the log under its last signed head, as JSON (RFC 9162)."""
    from airside.cli.audit_search import proof as run

    run(slug, event_id)


@audit.command("verify")
def verify(
    target: Annotated[str, typer.Argument(help="A tenant's slug, or an exported file.")],
    head: Annotated[
        Path | None, typer.Option(help="A file with a signed head you kept: nothing before it may differ.")
    ] = None,
) -> None:
    """Verify a tenant's log, or an exported one offline: what is proven, and what is younger than the last head."""
    from airside.cli.audit import verify as run

    run(target, head)


@audit.command("export")
def export(
    slug: Slug,
    file: Annotated[Path, typer.Argument(help="Where to write it.")],
    format: Annotated[
        str, typer.Option(help="ndjson, which anyone can verify, or cef or ocsf for other systems, opened.")
    ] = "ndjson",
) -> None:
    """Write a tenant's log to a file. That it was is recorded."""
    from airside.cli.audit import export as run

    run(slug, file, format)


@audit.command("expire")
def expire(slug: Annotated[str, typer.Argument(help="One tenant alone; all of them without.")] = "") -> None:
    """Delete the records whose time is over by their tenant's policy. Their hashes stay: every proof holds. Needs the
    owner's connection."""
    from airside.cli.audit_expiry import expire as run

    run(slug)


@audit.command("head")
def head(slug: Slug) -> None:
    """Print the last signed head: keep it elsewhere, and verify against it later."""
    from airside.cli.audit import head as run

    run(slug)
