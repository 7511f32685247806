"""The verbs of `airside respond` and `airside incident`."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.words import WHO, Slug

respond = typer.Typer(
    help="Respond to an attack: end sessions, lock, revoke and rotate keys, ban networks.", no_args_is_help=True
)
incident = typer.Typer(
    help="Incidents: open, list, show, note, link, close, export.",
    no_args_is_help=True,
)

Part = Annotated[str, typer.Option("--incident", help="The incident that it is part of, inc_….")]
Whom = Annotated[str, typer.Argument(metavar="[PERSON]", help=WHO)]
Everybody = Annotated[bool, typer.Option("--everybody", help="Of everybody in the tenant.")]
Id = Annotated[str, typer.Argument(metavar="INCIDENT", help="The incident's id, inc_….")]


@respond.command("end-sessions")
def end_sessions(slug: Slug, person: Whom = "", everybody: Everybody = False, part: Part = "") -> None:
    """End every session of a user, or of everybody, with all their tokens."""
    from airside.cli.response import end_sessions as run

    run(slug, person, part, everybody=everybody)


@respond.command("reauthenticate")
def reauthenticate(slug: Slug, person: Whom = "", everybody: Everybody = False, part: Part = "") -> None:
    """Have a user, or everybody, prove themselves anew: sessions stay, and count for nothing until then."""
    from airside.cli.response import reauthenticate as run

    run(slug, person, part, everybody=everybody)


@respond.command("lock")
def lock(slug: Slug, part: Part = "") -> None:
    """Lock a tenant: it is read, nothing in it is changed, and only administrators sign in."""
    from airside.cli.response import lock as run

    run(slug, part)


@respond.command("unlock")
def unlock(slug: Slug, part: Part = "") -> None:
    """Unlock a tenant."""
    from airside.cli.response import unlock as run

    run(slug, part)


@respond.command("revoke-keys")
def revoke_keys(
    slug: Slug,
    owner: Annotated[str, typer.Argument(help="Whose: usr_… or svc_… (API keys), con_… (SCIM tokens).")],
    part: Part = "",
) -> None:
    """Revoke every key of an owner."""
    from airside.cli.response import revoke_keys as run

    run(slug, owner, part)


@respond.command("rotate-keys")
def rotate_keys(
    slug: Slug,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="The old ones may be known to others: revoke all that they signed, now.")
    ] = False,
    part: Part = "",
) -> None:
    """Make a new signing key of every algorithm that a tenant signs with."""
    from airside.cli.response import rotate_keys as run

    run(slug, part, withdraw=withdraw)


@respond.command("ban")
def ban(
    slug: Slug,
    network: Annotated[str, typer.Argument(help="192.0.2.0/24, 2001:db8::/32, or one address.")],
    minutes: Annotated[int, typer.Option(help="How many minutes; at most 30 days.", min=1, max=43_200)] = 60,
    force: Annotated[bool, typer.Option("--force", help="Although it shuts out almost everybody.")] = False,
    part: Part = "",
) -> None:
    """Take nothing from a network for a time; it ends by itself."""
    from airside.cli.response import ban as run

    run(slug, network, minutes, part, force=force)


@respond.command("bans")
def bans(slug: Slug) -> None:
    """List the networks that are banned, and say whether the tenant is locked."""
    from airside.cli.response import bans as run

    run(slug)


@respond.command("lift")
def lift(
    slug: Slug, ban_id: Annotated[str, typer.Argument(metavar="BAN", help="The ban's id, ban_….")], part: Part = ""
) -> None:
    """Lift a ban before its end."""
    from airside.cli.response import lift as run

    run(slug, ban_id, part)


@incident.command("open")
def open_incident(
    slug: Slug,
    title: Annotated[str, typer.Argument(help="What is going on, in a few words.")],
    severity: Annotated[str, typer.Option(help="low, medium, high, critical.")] = "medium",
) -> None:
    """Open an incident."""
    from airside.cli.incidents import open_incident as run

    run(slug, title, severity)


@incident.command("list")
def list_incidents(slug: Slug) -> None:
    """List a tenant's incidents, the newest first."""
    from airside.cli.incidents import list_incidents as run

    run(slug)


@incident.command("show")
def show(slug: Slug, word: Id) -> None:
    """Print an incident and its timeline."""
    from airside.cli.incidents import show as run

    run(slug, word)


@incident.command("note")
def note(slug: Slug, word: Id, text: Annotated[str, typer.Argument(help="What there is to say.")]) -> None:
    """Write something into an incident's timeline."""
    from airside.cli.incidents import note as run

    run(slug, word, text)


@incident.command("link")
def link(
    slug: Slug, word: Id, reference: Annotated[str, typer.Argument(help="An alert, alr_…, or a record, evt_….")]
) -> None:
    """Say that an alert or a record of the audit log belongs to an incident."""
    from airside.cli.incidents import link as run

    run(slug, word, reference)


@incident.command("close")
def close(slug: Slug, word: Id, text: Annotated[str, typer.Option(help="How it ended.")] = "") -> None:
    """Close an incident."""
    from airside.cli.incidents import close as run

    run(slug, word, text)


@incident.command("export")
def export(
    slug: Slug,
    word: Id,
    file: Annotated[Path | None, typer.Argument(help="Where to write it. Without one: the standard output.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Plain text for people, instead of JSON.")] = False,
) -> None:
    """Write an incident and its timeline as one document."""
    from airside.cli.incidents import export as run

    run(slug, word, file, text=text)
