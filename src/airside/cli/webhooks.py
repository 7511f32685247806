"""`airside webhook`: where applications hear of events, said as the local operator."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import EVENT, WEBHOOK, parse_id
from airside.notify.webhooks import DeliveryState, EndpointChange, EndpointDraft, EndpointState

SHOWN = 200
"""Deliveries of one list, the newest."""


def create(slug: str, url: str, events: Sequence[str], description: str) -> None:
    """A new endpoint."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            made, secret = await services.webhook_admin.create(ctx, EndpointDraft(url, events, description))
        out.print(f"{made.word}  secret (shown once): {secret.reveal()}")

    run(main())


def list_all(slug: str) -> None:
    """Every endpoint."""

    async def main() -> None:
        rows: list[tuple[str, ...]] = []
        async with operating(slug) as (services, ctx):
            after: UUID | None = None
            while found := await services.webhook_admin.list(ctx, after):
                after = found[-1].endpoint_id
                for each in found:
                    failing = f"{each.failing_since:%Y-%m-%d %H:%M}" if each.failing_since else ""
                    rows.append((each.word, each.state, failing, each.url, " ".join(each.events), each.description))
        table(("id", "state", "failing since", "url", "events", "description"), rows)

    run(main())


def change(slug: str, word: str, what: EndpointChange) -> None:
    """Another address, other events, another description."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            changed = await services.webhook_admin.update(ctx, _id(WEBHOOK, word, slug), what)
        out.print(f"{changed.word}  {changed.url}  {' '.join(changed.events)}")

    run(main())


def rotate(slug: str, word: str, hours: int) -> None:
    """Another secret."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            overlap = timedelta(hours=hours)
            _, secret = await services.webhook_admin.rotate(ctx, _id(WEBHOOK, word, slug), overlap=overlap)
        out.print(f"{word}  secret (shown once): {secret.reveal()}")
        out.print(f"messages are signed with the old one, too, for {hours} more hours")

    run(main())


def set_state(slug: str, word: str, state: EndpointState) -> None:
    """Disable or enable."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            await services.webhook_admin.set_state(ctx, _id(WEBHOOK, word, slug), state)
        out.print(f"{word} is {state}")

    run(main())


def delete(slug: str, word: str) -> None:
    """An endpoint, and what was to be told there."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            await services.webhook_admin.delete(ctx, _id(WEBHOOK, word, slug))
        out.print(f"{word} is gone")

    run(main())


def test(slug: str, word: str) -> None:
    """An event of its own."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            await services.webhook_admin.test(ctx, _id(WEBHOOK, word, slug))
        out.print(f"the server sends it: `airside webhook deliveries {slug} {word}` shows what became of it")

    run(main())


def deliveries(slug: str, word: str, state: DeliveryState | None) -> None:
    """What became of messages."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            endpoint_id = _id(WEBHOOK, word, slug)
            found = await services.webhook_admin.deliveries(ctx, endpoint_id, state=state, limit=SHOWN)
        rows = [
            (
                each.word,
                each.state,
                str(each.attempts),
                str(each.status or "none"),
                f"{each.created_at:%F %T}",
                each.event,
            )
            for each in found
        ]
        table(("id", "state", "tries", "answer", "made", "event"), rows)

    run(main())


def replay(slug: str, word: str, message: str | None) -> None:
    """Dead letters, sent again."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            record_id = None if message is None else _id(EVENT, message, slug)
            count = await services.webhook_admin.replay(ctx, _id(WEBHOOK, word, slug), record_id)
        out.print(f"{count} sent again")

    run(main())


def _id(prefix: str, word: str, slug: str) -> UUID:
    try:
        return parse_id(prefix, word)
    except InvalidInput:
        raise NotFound(f"{slug} has no {prefix}_… that is called {word}") from None
