"""`airside client token`: who may register applications from outside, said as the local operator."""

from datetime import timedelta

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import REGISTRATION, parse_id


def create(slug: str, name: str, uses: int, days: int) -> None:
    """A new token."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            verbs = services.registration_token_admin
            made, secret = await verbs.create(ctx, name, uses=uses, lifetime=timedelta(days=days))
            closed = (await services.policy_admin.get(ctx)).policy.clients.registration == "closed"
        out.print(f"{made.word}  registration token (shown once): {secret.reveal()}")
        if closed:
            out.print(f"nobody registers anything yet: clients.registration of `airside policy show {slug}` is closed")

    run(main())


def list_all(slug: str) -> None:
    """Every token that is good for anything."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.registration_token_admin.list(ctx)
        rows = [(token.word, str(token.uses_left), f"{token.expires_at:%Y-%m-%d}", token.name) for token in found]
        table(("id", "uses left", "until", "name"), rows)

    run(main())


def revoke(slug: str, word: str) -> None:
    """A token, taken back."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                await services.registration_token_admin.revoke(ctx, parse_id(REGISTRATION, word))
            except (InvalidInput, NotFound):
                words = f"{slug} has no registration token {word}: `airside client token list {slug}` shows them"
                raise NotFound(words) from None
        out.print(f"{word} is revoked")

    run(main())
