"""What notify asks of other rooms, filled: whose letterhead, which link, which code, which occasion."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from airside.console import choose, describe
from airside.core.errors import NotFound
from airside.core.ids import CONNECTION, LINK, USER, parse_id
from airside.core.secret import Secret
from airside.federation import Connections, Setups, newest_of
from airside.identity import EmailCodes, Links, Sessions, Users
from airside.notify import Ending, Letterhead, MailedLink, Occasion
from airside.signin import Acceptance, Registration, account_path, link_path, signin_path
from airside.store import Lookup, RequestContext
from airside.tenancy import TenantPolicies, Tenants


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantLetterheads:
    """Implements notify's `Letterheads`."""

    lookup: Lookup
    tenants: Tenants
    policies: TenantPolicies

    async def is_open(self, ctx: RequestContext) -> bool:
        """As the Protocol."""
        try:
            return (await self.tenants.current(ctx)).state == "active"
        except NotFound:
            return False

    async def letterhead(self, ctx: RequestContext) -> Letterhead:
        """As the Protocol. Raises: NotFound."""
        address = await self.lookup.by_tenant(ctx.tenant_id)
        if address is None:
            raise NotFound("tenant")
        name, policy = await self.tenants.name(ctx), await self.policies.current(ctx)
        return Letterhead(name, policy.language, signin_path(address.slug), account_path(address.slug))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOccasions:
    """Implements notify's `Occasions`, in the tenant's language."""

    sessions: Sessions
    policies: TenantPolicies

    async def occasion(self, ctx: RequestContext, session_id: UUID) -> Occasion:
        """As the Protocol. Raises: NotFound."""
        began = await self.sessions.beginning(ctx, session_id)
        place = began.origin.address if began.country is None else f"{began.origin.address} ({began.country})"
        language = choose("", (await self.policies.current(ctx)).language)
        return Occasion(began.at, describe(language, began.origin.user_agent), place)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailedLinks:
    """Implements notify's `MailedLinks`: where each kind's page is, and whom it is for."""

    lookup: Lookup
    links: Links
    registration: Registration
    acceptance: Acceptance
    setups: Setups
    connections: Connections
    users: Users

    async def link(self, ctx: RequestContext, kind: str, about: Mapping[str, str]) -> MailedLink:
        """As the Protocol. Raises: NotFound."""
        address = await self.lookup.by_tenant(ctx.tenant_id)
        if address is None:
            raise NotFound("tenant")
        if kind == "certificate_ending":
            return await self._certificate(ctx, address.slug, about)
        token = await self.links.token(ctx, parse_id(LINK, about["link"]))
        to: str | None = None
        if kind == "signup":
            to = (await self.registration.look(ctx, token)).email
        elif kind == "invitation":
            to = (await self.acceptance.look(ctx, token)).email
        elif kind == "setup":
            to = (await self.setups.look(ctx, token)).email
        return MailedLink(Secret(f"{link_path(address.slug, kind)}?token={token.reveal()}"), to)

    async def _certificate(self, ctx: RequestContext, slug: str, about: Mapping[str, str]) -> MailedLink:
        """To whom a connection's certificate is told of. Raises: NotFound: nobody, or there is nothing to tell."""
        connection_id = parse_id(CONNECTION, about["connection"])
        connection, setup = (
            await self.connections.get(ctx, connection_id),
            await self.setups.of_connection(ctx, connection_id),
        )
        newest = newest_of(connection)
        if setup is None or newest is None or connection.state != "active":
            raise NotFound("certificate")
        to = setup.email
        if about["to"] == "inviter":
            kind, _, word = setup.inviter.partition(":")
            user = await self.users.get(ctx, parse_id(USER, word)) if kind == "user" else None
            if user is None or user.state != "active":
                raise NotFound("user")
            to = user.email
        return MailedLink(Secret(signin_path(slug)), to, Ending(newest.not_after, connection.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class MailedCodes:
    """Implements notify's `MailedCodes`."""

    email_codes: EmailCodes

    async def code(self, ctx: RequestContext, code_id: UUID) -> Secret[str]:
        """As the Protocol. Raises: NotFound."""
        return await self.email_codes.code(ctx, code_id)
