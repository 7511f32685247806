"""`airside connections`: ways to foreign identity providers, said as the local operator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from airside.cli.manage import operating, user_of
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import CONNECTION, IDENTITY, format_id, parse_id
from airside.core.secret import Secret
from airside.core.strict_json import Json, dumps, loads
from airside.federation import (
    INPUTS,
    PRESETS,
    Connection,
    ConnectionDraft,
    PresetName,
    SamlSettings,
    Settings,
    parse_rules,
    parse_settings,
    pinned,
    preset_settings,
    render_rules,
    render_settings,
)
from airside.store import RequestContext
from airside.wiring.build import Services


@dataclass(frozen=True, slots=True)
class Keeps:
    """What a new connection has of its own: files with its client secret and its private keys, and whether it makes
    users."""

    secret: Path | None = None
    keys: Path | None = None
    creates_users: bool = False


def create_saml(slug: str, name: str, metadata: str, *, creates_users: bool) -> None:
    """From metadata: a file or an address."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            verbs = services.connection_admin
            if metadata.startswith(("https://", "http://")):
                said = await verbs.fetch_metadata(ctx, metadata)
            else:
                said = await verbs.read_metadata(ctx, _read(Path(metadata)))
            connection = await verbs.create(ctx, ConnectionDraft(name, said, creates_users=creates_users))
            ours = await services.saml_party.addresses(ctx, connection)
        out.print(f"{connection.word}  give its provider our metadata: {ours.entity_id}")

    run(main())


def create_oidc(slug: str, name: str, settings: Path, *, keeps: Keeps) -> None:
    """From a file of settings."""
    _create(slug, name, lambda: parse_settings("oidc", _json(settings)), keeps)


def create_preset(slug: str, name: str, preset: str, client_id: str, inputs: Sequence[str], *, keeps: Keeps) -> None:
    """From what is known of a provider, and what it has to be told."""

    def settings() -> Settings:
        known: dict[str, PresetName] = {each: each for each in PRESETS}
        chosen = known.get(preset)
        if chosen is None:
            raise InvalidInput(f"a preset is one of {', '.join(PRESETS)}", pointer="preset")
        pairs = [pair.partition("=") for pair in inputs]
        try:
            return preset_settings(chosen, client_id, {key: value for key, _, value in pairs})
        except InvalidInput as refusal:
            wanted, optional = INPUTS[chosen]
            words = " ".join([*(f"--input {each}=…" for each in wanted), *(f"[--input {each}=…]" for each in optional)])
            raise InvalidInput(
                f"{preset}: {refusal.data.get('pointer')} is wrong; it takes {words or 'none'}"
            ) from None

    _create(slug, name, settings, keeps)


def _create(slug: str, name: str, settings: Callable[[], Settings], keeps: Keeps) -> None:
    async def main() -> None:
        draft = ConnectionDraft(
            name,
            settings(),
            creates_users=keeps.creates_users,
            client_secret=_secret(keeps.secret),
            private_keys=_secret(keeps.keys),
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


def refresh(slug: str, word: str) -> None:
    """Follow a SAML provider's metadata now."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await connection_of(services, ctx, slug, word)
            await services.connection_admin.refresh(ctx, found.id)
        out.print(f"{found.name} is as its provider's metadata says")

    run(main())


def renew_keys(slug: str, word: str) -> None:
    """Sign with a new key."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await connection_of(services, ctx, slug, word)
            await services.connection_admin.renew_keys(ctx, found.id)
        out.print(f"{found.name} signs with a new key; those before it stay published")

    run(main())


def set_secret(slug: str, word: str, file: Path) -> None:
    """Another client secret."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await connection_of(services, ctx, slug, word)
            await services.connection_admin.set_client_secret(ctx, found.id, _secret(file))
        out.print(f"{found.name} has another client secret")

    run(main())


def identities(slug: str, person: str) -> None:
    """Who a user is elsewhere."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user = await user_of(services, ctx, slug, person)
            held = await services.identity_admin.list(ctx, user.id)
        rows = [
            (
                format_id(IDENTITY, each.id),
                format_id(CONNECTION, each.connection_id),
                f"{each.last_used_at:%Y-%m-%d}",
                each.subject,
            )
            for each in held
        ]
        table(("id", "connection", "last used", "subject"), rows)

    run(main())


def unlink(slug: str, person: str, word: str) -> None:
    """Take one."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user = await user_of(services, ctx, slug, person)
            try:
                await services.identity_admin.unlink(ctx, user.id, parse_id(IDENTITY, word))
            except (InvalidInput, NotFound):
                words = f"{person} has no identity {word}: `airside connections identities {slug} {person}` shows them"
                raise NotFound(words) from None
        out.print(f"{person} is nobody by {word} any more")

    run(main())


async def connection_of(services: Services, ctx: RequestContext, slug: str, word: str) -> Connection:
    """The tenant's connection of that id. Raises: NotFound."""
    try:
        return await services.connection_admin.get(ctx, parse_id(CONNECTION, word))
    except (InvalidInput, NotFound):
        words = f"{slug} has no connection {word}: `airside connections list {slug}` shows them"
        raise NotFound(words) from None


def _secret(path: Path | None) -> Secret[str] | None:
    return None if path is None else Secret(_read(path).decode("utf-8", "replace").strip())


def _json(path: Path) -> Json:
    return loads(_read(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise InvalidInput(f"{path} can't be read") from None
