"""`airside scim`: the tokens with which customers' directories provision users, said as the local operator."""

from datetime import timedelta
from uuid import UUID

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CONNECTION, SETUP, TOKEN, format_id, parse_id


def create(slug: str, connection: str, days: int) -> None:
    """A new token of a connection."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                made, secret = await services.scim_token_admin.create(
                    ctx, _connection(connection), lifetime=timedelta(days=days)
                )
            except NotFound:
                raise NotFound(f"{slug} has no connection {connection}") from None
            address = f"{await services.issuer(ctx)}/scim/v2"
        out.print(f"{made.word}  SCIM token (shown once): {secret.reveal()}")
        out.print(f"address for the directory: {address}")

    run(main())


def list_all(slug: str, connection: str) -> None:
    """The live tokens of a connection."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.scim_token_admin.list(ctx, _connection(connection))
        rows = [
            (
                token.word,
                "an administrator" if token.setup_id is None else format_id(SETUP, token.setup_id),
                f"{token.expires_at:%Y-%m-%d}",
                f"{token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never",
            )
            for token in found
        ]
        table(("id", "made by", "until", "last used"), rows)

    run(main())


def revoke(slug: str, connection: str, word: str) -> None:
    """A token, taken back."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                await services.scim_token_admin.revoke(ctx, _connection(connection), parse_id(TOKEN, word))
            except (InvalidInput, NotFound):
                words = f"{connection} has no SCIM token {word}: `airside scim list {slug} {connection}` shows them"
                raise NotFound(words) from None
        out.print(f"{word} is revoked")

    run(main())


def _connection(word: str) -> UUID:
    try:
        return parse_id(CONNECTION, word)
    except InvalidInput:
        raise NotFound(f"{word} is no id of a connection, con_…") from None
