"""`airside connections`: ways to foreign identity providers, said as the local operator."""

from pathlib import Path

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CONNECTION, parse_id
from airside.core.secret import Secret
from airside.core.strict_json import Json, dumps, loads
from airside.federation import (
    Connection,
    ConnectionDraft,
    SamlSettings,
    parse_rules,
    parse_settings,
    pinned,
    render_rules,
    render_settings,
)
from airside.store import RequestContext
from airside.wiring.build import Services


def create_saml(slug: str, name: str, metadata: str, *, creates_users: bool) -> None:
    """From metadata: a file or an address."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            verbs = services.connection_admin
            if metadata.startswith("https://"):
                said = await verbs.fetch_metadata(ctx, metadata)
            else:
                said = await verbs.read_metadata(ctx, _read(Path(metadata)))
            draft = ConnectionDraft(name, parse_settings("saml", dict(said)), creates_users=creates_users)
            connection = await verbs.create(ctx, draft)
            ours = await services.saml_party.addresses(ctx, connection)
        out.print(f"{connection.word}  give its provider our metadata: {ours.entity_id}")

    run(main())


def create_oidc(slug: str, name: str, settings: Path, secret: Path | None, *, creates_users: bool) -> None:
    """From a file of settings, and one with the client secret."""

    async def main() -> None:
        said = _json(settings)
        client_secret = None if secret is None else Secret(_read(secret).decode("utf-8", "replace").strip())
        draft = ConnectionDraft(
            name, parse_settings("oidc", said), creates_users=creates_users, client_secret=client_secret
        )
        async with operating(slug) as (services, ctx):
            connection = await services.connection_admin.create(ctx, draft)
            issuer = await services.issuer(ctx)
        out.print(f"{connection.word}  its redirect URI: {issuer}/oidc/{connection.word}/callback")

    run(main())


def list_all(slug: str) -> None:
    """Every connection."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.connection_admin.list(ctx, None, 200)
        table(("id", "kind", "state", "name"), [(each.word, each.kind, each.state, each.name) for each in found])

    run(main())


def show(slug: str, word: str) -> None:
    """One, and when its certificates end."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await connection_of(services, ctx, slug, word)
        out.print(f"{found.word}  {found.kind}  {found.state}  {found.name}")
        out.print(dumps(render_settings(found.settings)).decode())
        if isinstance(found.settings, SamlSettings):
            for each in pinned(found.settings):
                out.print(f"certificate {each.fingerprint[:16]} until {each.not_after:%Y-%m-%d}")

    run(main())


def set_state(slug: str, word: str, *, active: bool) -> None:
    """Disable or enable."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await connection_of(services, ctx, slug, word)
            verbs = services.connection_admin
            await (verbs.enable(ctx, found.id) if active else verbs.disable(ctx, found.id))
        out.print(f"{found.name} is {'active' if active else 'disabled'}")

    run(main())


def delete(slug: str, word: str) -> None:
    """A connection, with whom it named here."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await connection_of(services, ctx, slug, word)
            await services.connection_admin.delete(ctx, found.id)
        out.print(f"{found.name} is deleted")

    run(main())


def mapping(slug: str, word: str, rules: Path | None) -> None:
    """Save a file of rules, or say which are saved."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await connection_of(services, ctx, slug, word)
            verbs = services.connection_admin
            if rules is None:
                saved = await verbs.mapping(ctx, found.id)
            else:
                saved = await verbs.save_mapping(ctx, found.id, parse_rules(_json(rules)))
        out.print(dumps(dict(render_rules(saved.rules))).decode())

    run(main())


async def connection_of(services: Services, ctx: RequestContext, slug: str, word: str) -> Connection:
    """The tenant's connection of that id. Raises: NotFound."""
    try:
        return await services.connection_admin.get(ctx, parse_id(CONNECTION, word))
    except (InvalidInput, NotFound):
        words = f"{slug} has no connection {word}: `airside connections list {slug}` shows them"
        raise NotFound(words) from None


def _json(path: Path) -> Json:
    return loads(_read(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise InvalidInput(f"{path} can't be read") from None
