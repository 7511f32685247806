"""The verbs of `airside webhook`."""

from typing import Annotated, Literal

import typer

from airside.cli.words import Slug

Webhook = Annotated[str, typer.Argument(help="The endpoint's id, whk_….")]

webhook = typer.Typer(
    help="Where applications hear of events: make, change, rotate, disable, test; deliveries and dead letters.",
    no_args_is_help=True,
)


@webhook.command("create")
def create_webhook(
    slug: Slug,
    url: Annotated[str, typer.Argument(help="Where messages are sent, https://….")],
    event: Annotated[
        list[str], typer.Option(help="An event's name, a beginning such as user:*, or *; may be repeated.")
    ],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make an endpoint; its secret is printed once."""
    from airside.cli.webhooks import create as run

    run(slug, url, event, description)


@webhook.command("list")
def list_webhooks(slug: Slug) -> None:
    """List the endpoints of a tenant."""
    from airside.cli.webhooks import list_all as run

    run(slug)


@webhook.command("change")
def change_webhook(
    slug: Slug,
    webhook_id: Webhook,
    url: Annotated[str | None, typer.Option(help="Where messages are sent from now on.")] = None,
    event: Annotated[list[str] | None, typer.Option(help="What it listens to from now on; may be repeated.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
) -> None:
    """Change an endpoint; what isn't said stays."""
    from airside.cli.webhooks import change as run
    from airside.notify.webhooks import EndpointChange

    run(slug, webhook_id, EndpointChange(url, event or None, description))


@webhook.command("rotate")
def rotate_webhook(
    slug: Slug,
    webhook_id: Webhook,
    overlap: Annotated[int, typer.Option(help="Hours for which messages are signed with both.", min=0, max=168)] = 24,
) -> None:
    """Give it another secret, printed once."""
    from airside.cli.webhooks import rotate as run

    run(slug, webhook_id, overlap)


@webhook.command("disable")
def disable_webhook(slug: Slug, webhook_id: Webhook) -> None:
    """Send nothing there any more; what waits becomes dead letters."""
    from airside.cli.webhooks import set_state as run

    run(slug, webhook_id, "disabled")


@webhook.command("enable")
def enable_webhook(slug: Slug, webhook_id: Webhook) -> None:
    """Send there again what happens from now on."""
    from airside.cli.webhooks import set_state as run

    run(slug, webhook_id, "active")


@webhook.command("delete")
def delete_webhook(slug: Slug, webhook_id: Webhook) -> None:
    """Take it away, with everything that was to be told there."""
    from airside.cli.webhooks import delete as run

    run(slug, webhook_id)


@webhook.command("test")
def test_webhook(slug: Slug, webhook_id: Webhook) -> None:
    """Send it an event of its own, whatever it listens to."""
    from airside.cli.webhooks import test as run

    run(slug, webhook_id)


@webhook.command("deliveries")
def list_deliveries(
    slug: Slug,
    webhook_id: Webhook,
    state: Annotated[
        Literal["waiting", "delivered", "dead"] | None, typer.Option(help="Only those; dead ones may be sent again.")
    ] = None,
) -> None:
    """Show what became of its messages, the newest first."""
    from airside.cli.webhooks import deliveries as run

    run(slug, webhook_id, state)


@webhook.command("replay")
def replay_dead(
    slug: Slug,
    webhook_id: Webhook,
    message: Annotated[str | None, typer.Argument(help="One message's id, evt_…; without it, the oldest 1000.")] = None,
) -> None:
    """Send dead letters again."""
    from airside.cli.webhooks import replay as run

    run(slug, webhook_id, message)
