"""The setup portal's page of the connection itself: what to do at the provider, and what to bring back from there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.console.context import IssuerOf
from airside.console.pages.mailed import outcome
from airside.console.setup_in import Guest, SetupDoors
from airside.console.visit import Form, onward
from airside.core.errors import Conflict, InvalidInput, LimitExceeded
from airside.core.ids import CONNECTION, format_id
from airside.core.secret import Secret
from airside.federation import (
    Connection,
    ConnectionKind,
    OidcGiven,
    OidcSettings,
    SamlSettings,
    SetupPortal,
    SetupProvider,
    Setups,
    saml_typed,
)
from airside.protocols.saml import read_certificate

MAX_METADATA: Final = 60 * 1024
"""Bytes of a form with metadata in it. A longer document is read from its address."""
FIELDS: Final = (
    *("metadata_url", "metadata", "entity_id", "sso_url", "certificates"),
    *("issuer", "client_id", "client_secret"),
)
STEPS: Final[Mapping[tuple[SetupProvider, ConnectionKind], int]] = {
    ("entra", "saml"): 5,
    ("okta", "saml"): 5,
    ("google", "saml"): 5,
    ("other", "saml"): 3,
    ("entra", "oidc"): 4,
    ("okta", "oidc"): 4,
    ("google", "oidc"): 4,
    ("other", "oidc"): 3,
}
"""How many sentences the guide to each provider has."""
ISSUERS: Final[Mapping[SetupProvider, str]] = {"google": "https://accounts.google.com"}
"""Where everybody's issuer is the same."""


class ConnectionPages:
    """Shows the guide; takes what the provider is like."""

    def __init__(self, *, setups: Setups, portal: SetupPortal, issuer: IssuerOf) -> None:
        self._setups = setups
        self._portal = portal
        self._issuer = issuer

    async def show(self, guest: Guest) -> Response:
        """`GET /t/{slug}/setup/connection`."""
        connection = await self._portal.connection(guest.ctx, guest.access)
        return await self._page(guest, _typed(guest, connection))

    async def save(self, guest: Guest, form: Form) -> Response:
        """`POST /t/{slug}/setup/connection`."""
        try:
            if guest.setup.kind == "saml":
                await self._saml(guest, form)
            else:
                given = OidcGiven(form["issuer"].strip(), form["client_id"].strip(), _secret(form["client_secret"]))
                await self._portal.set_oidc(guest.ctx, guest.access, given)
        except LimitExceeded as refusal:
            return await self._page(guest, form, limited=refusal)
        except InvalidInput as refusal:
            return await self._page(guest, form, _problems(guest, refusal))
        except Conflict:
            return onward(f"/t/{guest.visit.slug}/setup/provider")
        return onward(f"/t/{guest.visit.slug}/setup/steps")

    async def _saml(self, guest: Guest, form: Form) -> None:
        url = form["metadata_url"].strip()
        if url:
            settings = await self._portal.metadata_at(guest.ctx, guest.access, url)
            # What was done was committed: the invitation may have ended meanwhile.
            access = await self._setups.enter(guest.ctx, guest.secret)
            await self._portal.set_saml(guest.ctx, access, settings)
        elif form["metadata"].strip():
            await self._portal.set_saml(guest.ctx, guest.access, self._portal.metadata_in(form["metadata"]))
        else:
            typed = saml_typed(form["entity_id"].strip(), form["sso_url"].strip(), form["certificates"])
            await self._portal.set_saml(guest.ctx, guest.access, typed)

    async def _page(
        self,
        guest: Guest,
        typed: Form,
        problems: dict[str, str] | None = None,
        limited: LimitExceeded | None = None,
    ) -> Response:
        setup = guest.setup
        if setup.provider is None or setup.kind is None or setup.connection_id is None:
            return onward(f"/t/{guest.visit.slug}/setup/provider")
        base = f"{await self._issuer(guest.ctx)}/{setup.kind}/{format_id(CONNECTION, setup.connection_id)}"
        words, name = guest.visit.words, f"{setup.provider}_{setup.kind}"
        connection = await self._portal.connection(guest.ctx, guest.access)
        return guest.page(
            f"setup_{setup.kind}.html",
            **outcome(problems or {}, limited),
            guide=[words.of("guide", name, str(step + 1)) for step in range(STEPS[setup.provider, setup.kind])],
            values=[(words.of("setup", key), base + path) for key, path in _PATHS[setup.kind]],
            typed={field: typed.get(field, "") for field in FIELDS if field != "client_secret"},
            connection=connection,
            ends=[] if connection is None else certificates_of(connection),
        )


_PATHS: Final[Mapping[ConnectionKind, tuple[tuple[str, str], ...]]] = {
    "saml": (("acs", "/acs"), ("entity_id", "/metadata"), ("metadata_address", "/metadata")),
    "oidc": (("redirect_uri", "/callback"),),
}


def routes(doors: SetupDoors, pages: ConnectionPages) -> list[Route]:
    """The routes of the connection's page."""
    path = "/t/{slug}/setup/connection"
    return [
        Route(path, doors.page(pages.show), methods=["GET"]),
        Route(path, doors.form(pages.save, FIELDS, MAX_METADATA), methods=["POST"]),
    ]


def certificates_of(connection: Connection) -> list[tuple[str, datetime]]:
    """Fingerprint and end of each certificate that the connection pins, as people compare them."""
    if not isinstance(connection.settings, SamlSettings):
        return []
    found = [read_certificate(pem) for pem in connection.settings.certificates]
    return [(each.fingerprint, each.not_after) for each in found]


def _secret(text: str) -> Secret[str] | None:
    return Secret(text.strip()) if text.strip() else None


def _typed(guest: Guest, connection: Connection | None) -> dict[str, str]:
    match None if connection is None else connection.settings:
        case SamlSettings() as saml:
            return {
                "metadata_url": saml.metadata_url or "",
                "entity_id": saml.entity_id,
                "sso_url": saml.sso_url,
                "certificates": "".join(saml.certificates),
            }
        case OidcSettings() as oidc:
            return {"issuer": oidc.issuer, "client_id": oidc.client_id}
        case _:
            return {"issuer": ISSUERS.get(guest.setup.provider, "") if guest.setup.provider else ""}


def _problems(guest: Guest, refusal: InvalidInput) -> dict[str, str]:
    """Field → sentence. A setting that nobody types here is a matter of the whole form."""
    field = str(refusal.data.get("pointer") or "").removeprefix("settings.")
    known = f"wrong.{field}" in guest.visit.words.words
    return {field: guest.visit.words.of("wrong", field)} if known else {"form": guest.words("wrong.settings")}
