"""`airside setup`: who sets up connections from outside, said as the local operator."""

from datetime import timedelta

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import SETUP, parse_id
from airside.federation import Setup, SetupDraft


def create(slug: str, name: str, email: str, creates_users: bool, provisions: bool, days: int) -> None:
    """A new invitation, mailed by the server."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            draft = SetupDraft(name, email, creates_users, provisions, lifetime=timedelta(days=days))
            made, url = await services.setup_admin.create(ctx, draft)
        out.print(f"{made.word}  link (works once, shown once): {url.reveal()}", soft_wrap=True)

    run(main())


def list_all(slug: str) -> None:
    """Every invitation."""

    async def main() -> None:
        found: list[Setup] = []
        async with operating(slug) as (services, ctx):
            page = await services.setup_admin.list(ctx)
            while page:
                found += page
                page = await services.setup_admin.list(ctx, page[-1].id)
        rows = [(each.word, each.state, f"{each.expires_at:%Y-%m-%d}", each.email, each.name) for each in found]
        table(("id", "state", "until", "e-mail", "connection"), rows)

    run(main())


def revoke(slug: str, word: str) -> None:
    """An invitation, taken back."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                await services.setup_admin.revoke(ctx, parse_id(SETUP, word))
            except (InvalidInput, NotFound):
                words = f"{slug} has no setup invitation {word}: `airside setup list {slug}` shows them"
                raise NotFound(words) from None
        out.print(f"{word} is revoked")

    run(main())
