"""`airside client`: a tenant's applications, managed as the local operator."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airside.cli.manage import operating
from airside.cli.session import out, run, table
from airside.core import strict_json
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import CLIENT, parse_id
from airside.core.strict_json import Json
from airside.oauth import Client, ClientChange, ClientDraft, GrantName, parse_settings, render_settings
from airside.oauth.model import GRANT_NAMES, SHORT_NAMES, ClientState, known_grants
from airside.store import RequestContext
from airside.wiring.build import Services

MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Said:
    """What the options say; None where they say nothing."""

    name: str | None
    redirect_uris: list[str] | None
    scopes: list[str] | None
    audiences: list[str] | None
    grants: list[str] | None
    auth_method: str | None
    third_party: bool | None
    fapi2: bool | None
    file: Path | None

    def settings(self) -> dict[str, Json]:
        """The settings of the file, under those of the options.

        Raises:
            InvalidInput: the file holds no JSON object.
        """
        found: dict[str, Json] = {}
        if self.file is not None:
            with self.file.open("rb") as opened:
                found = strict_json.loads_object(opened.read(MAX_BYTES + 1), max_bytes=MAX_BYTES)
        if self.auth_method is not None:
            found["token_endpoint_auth_method"] = self.auth_method
        if self.third_party is not None:
            found["party"] = "third" if self.third_party else "first"
        if self.fapi2 is not None:
            found["profile"] = "fapi2" if self.fapi2 else "none"
        return found


def create(slug: str, said: Said, public: bool) -> None:
    """A new client."""

    async def main() -> None:
        redirect_uris = tuple(said.redirect_uris or ())
        wanted = _grants(said.grants or (), redirects=bool(redirect_uris), public=public)
        settings = parse_settings(said.settings())
        async with operating(slug) as (services, ctx):
            draft = ClientDraft(
                name=said.name or "",
                public=public,
                grants=wanted,
                redirect_uris=redirect_uris,
                scopes=frozenset(said.scopes or ()),
                audiences=tuple(said.audiences or ()) or (await services.issuer(ctx),),
                settings=settings,
            )
            client, secret = await services.client_admin.create(ctx, draft)
        out.print(f"client id: {client.word}")
        if secret is not None:
            out.print(f"client secret (shown once): {secret.reveal()}")

    run(main())


def list_all(slug: str) -> None:
    """A tenant's clients."""

    async def main() -> None:
        found: list[Client] = []
        async with operating(slug) as (services, ctx):
            page = await services.client_admin.list(ctx)
            while page:
                found += page
                page = await services.client_admin.list(ctx, page[-1].client_id)
        rows = [(client.word, client.state, client.name, " ".join(sorted(client.grants))) for client in found]
        table(("id", "state", "name", "grants"), rows)

    run(main())


def show(slug: str, word: str) -> None:
    """A client, whole."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            client = await client_of(services, ctx, slug, word)
        shown: dict[str, Json] = {
            "id": client.word,
            "name": client.name,
            "public": client.public,
            "state": client.state,
            "grants": [*sorted(client.grants)],
            "redirect_uris": list(client.redirect_uris),
            "scopes": [*sorted(client.scopes)],
            "audiences": list(client.audiences),
            "settings": render_settings(client.settings),
        }
        out.print(json.dumps(shown, indent=2, ensure_ascii=False))

    run(main())


def change(slug: str, word: str, said: Said) -> None:
    """A client, changed."""

    async def main() -> None:
        settings = said.settings()
        wanted = ClientChange(
            name=said.name,
            grants=None if said.grants is None else _known(said.grants),
            redirect_uris=None if said.redirect_uris is None else tuple(said.redirect_uris),
            scopes=None if said.scopes is None else frozenset(said.scopes),
            audiences=None if said.audiences is None else tuple(said.audiences),
            settings=settings or None,
        )
        async with operating(slug) as (services, ctx):
            client = await client_of(services, ctx, slug, word)
            await services.client_admin.update(ctx, client.client_id, wanted)
        out.print(f"{word} is changed")

    run(main())


def set_state(slug: str, word: str, state: ClientState) -> None:
    """Disable or enable."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            client = await client_of(services, ctx, slug, word)
            verbs = services.client_admin
            await (verbs.enable if state == "active" else verbs.disable)(ctx, client.client_id)
        out.print(f"{word} is {state}")

    run(main())


def rotate(slug: str, word: str) -> None:
    """A new secret."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            client = await client_of(services, ctx, slug, word)
            try:
                secret = await services.client_admin.rotate_secret(ctx, client.client_id)
            except Conflict as conflict:
                raise Conflict(f"{word} has no secret to renew: {conflict.reason}") from None
        out.print(f"client secret (shown once): {secret.reveal()}")

    run(main())


async def client_of(services: Services, ctx: RequestContext, slug: str, word: str) -> Client:
    """The tenant's application of that id. Raises: NotFound."""
    try:
        return await services.client_admin.get(ctx, parse_id(CLIENT, word))
    except (InvalidInput, NotFound):
        raise NotFound(f"{slug} has no application {word}: `airside client list {slug}` shows them") from None


def _known(named: Iterable[str]) -> frozenset[GrantName]:
    wanted = {SHORT_NAMES.get(name, name) for name in named}
    known = known_grants(wanted)
    if len(known) != len(wanted):
        shown = [*(name for name in GRANT_NAMES if not name.startswith("urn:")), *SHORT_NAMES]
        raise InvalidInput(f"--grant is one of {', '.join(shown)}", pointer="grants")
    return known


def _grants(named: Iterable[str], *, redirects: bool, public: bool) -> frozenset[GrantName]:
    """What was asked for, or as little as the application needs."""
    known = _known(named)
    if known:
        return known
    if redirects:
        return frozenset({"authorization_code", "refresh_token"})
    if public:
        raise InvalidInput("a public application signs people in: name its --redirect-uri", pointer="redirect_uris")
    return frozenset({"client_credentials"})
