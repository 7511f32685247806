"""The verbs of `airside streams`."""

from pathlib import Path
from typing import Annotated

import typer

from airside.cli.app_clients import ClientId
from airside.cli.words import Slug

Stream = Annotated[str, typer.Argument(help="The stream's id, str_….")]
Reason = Annotated[str, typer.Option(help="Why; its receiver is shown it.")]

streams = typer.Typer(
    help="Where applications hear of security events: make, list, show, enable, pause, disable, verify, delete.",
    no_args_is_help=True,
)


@streams.command("list")
def list_streams(slug: Slug, client_id: ClientId) -> None:
    """List the streams of an application."""
    from airside.cli.streams import list_all as run

    run(slug, client_id)


@streams.command("show")
def show_stream(slug: Slug, client_id: ClientId, stream_id: Stream) -> None:
    """Print a stream as JSON."""
    from airside.cli.streams import show as run

    run(slug, client_id, stream_id)


@streams.command("create")
def create_stream(
    slug: Slug,
    client_id: ClientId,
    push: Annotated[
        str | None, typer.Option(help="Where events are pushed to, https://…. Without it, they wait for polls.")
    ] = None,
    authorization: Annotated[
        Path | None, typer.Option(help="A file with the Authorization header that pushes are sent with.")
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            help="session-revoked, credential-change, assurance-level-change or token-claims-change; may be repeated. "
            "Without one: each."
        ),
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    only_added: Annotated[
        bool, typer.Option("--only-added", help="Tell it of nobody but those whom the application adds.")
    ] = False,
) -> None:
    """Make a stream for an application."""
    from airside.cli.streams import create as run

    run(
        slug,
        client_id,
        push=push,
        authorization=authorization,
        events=event or (),
        description=description,
        default_subjects="NONE" if only_added else "ALL",
    )


@streams.command("enable")
def enable_stream(slug: Slug, client_id: ClientId, stream_id: Stream, reason: Reason = "") -> None:
    """Tell what waits, and what happens from now on."""
    from airside.cli.streams import set_status as run

    run(slug, client_id, stream_id, "enabled", reason)


@streams.command("pause")
def pause_stream(slug: Slug, client_id: ClientId, stream_id: Stream, reason: Reason = "") -> None:
    """Tell nothing for a while; what happens waits, for seven days at most."""
    from airside.cli.streams import set_status as run

    run(slug, client_id, stream_id, "paused", reason)


@streams.command("disable")
def disable_stream(slug: Slug, client_id: ClientId, stream_id: Stream, reason: Reason = "") -> None:
    """Tell nothing any more, neither what waits."""
    from airside.cli.streams import set_status as run

    run(slug, client_id, stream_id, "disabled", reason)


@streams.command("verify")
def verify_stream(
    slug: Slug,
    client_id: ClientId,
    stream_id: Stream,
    state: Annotated[str | None, typer.Option(help="A word that comes back in the event.")] = None,
) -> None:
    """Tell its receiver an event of its own, every 30 seconds at most."""
    from airside.cli.streams import verify as run

    run(slug, client_id, stream_id, state)


@streams.command("delete")
def delete_stream(slug: Slug, client_id: ClientId, stream_id: Stream) -> None:
    """Take it away, with everything that it had to tell."""
    from airside.cli.streams import delete as run

    run(slug, client_id, stream_id)
