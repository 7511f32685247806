"""Consent: what users allow applications that aren't the tenant's own.

A third-party client gets nothing of a user who hasn't been asked (RFC 6749 §1.1: the resource owner grants). What was
allowed is remembered by user and client, and asked again when the client wants more, or when it wants the question
(`prompt=consent`). The tenant's own applications (`party` first) are for its administrator to allow, who registered
them: their users are never asked, not even for `offline_access`, which OpenID Connect Core §11 leaves to such other
conditions. For others' applications `offline_access` is a scope like any other: it is on the page, and nobody has it
who wasn't asked for it by name.

Remembered is by user and not by session: whoever takes a consent back ends everything that came of it.
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final, Literal, TypeAlias
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import NotFound
from airside.core.ids import CLIENT, USER, format_id
from airside.core.secret import Secret
from airside.oauth import records, records_clients, records_consents, records_device
from airside.oauth.claims import SCOPE_OF
from airside.oauth.errors import InvalidGrant
from airside.oauth.model import AuthorizationRequest, Client, Consent
from airside.oauth.records_consents import Answered
from airside.protocols.oauth import format_scope
from airside.store import RequestContext
from airside.tokens import ACCESS_TOKEN_LIFETIME, RefreshFamilies

Verdict: TypeAlias = Literal["given", "due", "denied"]

_REVOKED: Final = "consent_revoked"
_REACH: Final = ACCESS_TOKEN_LIFETIME + timedelta(minutes=1)
"""How long after the end of a code an access token that came of it may live."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page asks: whether `client` may have `scopes`, of which `remembered` is allowed already."""

    client: Client
    request: AuthorizationRequest
    scopes: frozenset[str]
    remembered: frozenset[str]


class Consents:
    """Asks, remembers, and takes back."""

    def __init__(self, *, journal: Journal, families: RefreshFamilies) -> None:
        self._journal = journal
        self._families = families

    async def verdict(
        self,
        ctx: RequestContext,
        client: Client,
        request: AuthorizationRequest,
        user_id: UUID,
        *,
        waiting: str | None = None,
    ) -> Verdict:
        """Whether the user allows the request: `given`, `denied` on the page that asks, or still `due`. `waiting` is
        the word of the stored request, which the page has led back to."""
        if client.settings.party == "first":
            return "given"
        said = None if waiting is None else await records_consents.answered(ctx, _hash(waiting), user_id)
        if said == "denied":
            return "denied"
        if request.details.consent_asked and said is None:
            return "due"
        known = await records_consents.find(ctx, user_id, client.client_id)
        return "given" if known is not None and wanted(client, request) <= known.scopes else "due"

    async def demand(self, ctx: RequestContext, client: Client, user_id: UUID, scopes: frozenset[str]) -> None:
        """Return if the user allows the client `scopes` now; until this transaction ends nobody takes that back, and
        who waits to do so ends what it has made.

        Raises:
            InvalidGrant: not, or not any more (N18).
        """
        if client.settings.party == "first":
            return
        known = await records_consents.find(ctx, user_id, client.client_id, hold=True)
        if known is None or not scopes <= known.scopes:
            raise InvalidGrant("not, or no longer, allowed by the user")

    async def look(self, ctx: RequestContext, word: str, binding: Secret[str], user_id: UUID) -> Asked:
        """What the stored request `word` of this browser asks the user for.

        Raises:
            NotFound: unknown, expired, spent or another browser's; or its client isn't one that is asked about: the
                tenant's own, disabled, or narrowed meanwhile.
        """
        stored = await records.find_request(ctx, _hash(word), _hash(binding.reveal()))
        client = None if stored is None else await records_clients.find_client(ctx, stored.request.client_id)
        if stored is None or client is None or client.state != "active" or client.settings.party == "first":
            raise NotFound("request")
        if not stored.request.scopes <= client.scopes:
            raise NotFound("request")
        known = await records_consents.find(ctx, user_id, client.client_id)
        scopes = wanted(client, stored.request)
        return Asked(client, stored.request, scopes, frozenset() if known is None else known.scopes & scopes)

    async def allow(self, ctx: RequestContext, word: str, binding: Secret[str], user_id: UUID) -> None:
        """The user allows what the request asks for: it is remembered, and the request may go on.

        Raises:
            NotFound: as `look`, or it was denied before.
        """
        asked = await self._answer(ctx, word, binding, user_id, "allowed")
        await records_consents.grow(ctx, user_id, asked.client.client_id, asked.scopes)
        await self._record(ctx, Event.CONSENT_GRANTED, user_id, asked)

    async def deny(self, ctx: RequestContext, word: str, binding: Secret[str], user_id: UUID) -> None:
        """The user refuses: the request ends with `access_denied`, and what was allowed before stays so.

        Raises:
            NotFound: as `look`, or it was allowed before.
        """
        asked = await self._answer(ctx, word, binding, user_id, "denied")
        await self._record(ctx, Event.CONSENT_DENIED, user_id, asked)

    async def remember(self, ctx: RequestContext, client: Client, user_id: UUID, scopes: frozenset[str]) -> None:
        """The user has allowed this on the page of another way in (RFC 8628 §3.3). Of the tenant's own applications
        nothing is remembered."""
        if client.settings.party == "first":
            return
        await records_consents.grow(ctx, user_id, client.client_id, scopes)
        subject, details = format_id(USER, user_id), {"client": client.word, "scope": format_scope(scopes)}
        await self._journal.record(ctx, Event.CONSENT_GRANTED, subject=subject, person=subject, details=details)

    async def list(self, ctx: RequestContext, user_id: UUID) -> list[Consent]:
        """What the user has allowed, by the names of the clients."""
        return await records_consents.of_user(ctx, user_id)

    async def revoke(self, ctx: RequestContext, user_id: UUID, client_id: UUID) -> None:
        """Take back what the user has allowed the client: its refresh families end, and within the second the access
        tokens that it has of the user. It is asked anew next time.

        Raises:
            NotFound: there is nothing to take back.
        """
        if not await records_consents.delete(ctx, user_id, client_id):
            raise NotFound("consent")
        found = await records_clients.find_client(ctx, client_id)
        subject, client = format_id(USER, user_id), format_id(CLIENT, client_id) if found is None else found.word
        await self._families.revoke_grant(ctx, subject, client, _REVOKED)
        # Clients without refresh tokens have access tokens all the same, which name the family of their code or device.
        since = ctx.now - _REACH
        for family_id in (
            *await records_consents.families_of_codes(ctx, user_id, client_id, since),
            *await records_device.families_of_user(ctx, user_id, client_id, since),
        ):
            await self._families.revoke(ctx, family_id, _REVOKED)
        await self._journal.record(
            ctx, Event.CONSENT_REVOKED, subject=subject, person=subject, details={"client": client}
        )

    async def _answer(
        self, ctx: RequestContext, word: str, binding: Secret[str], user_id: UUID, said: Answered
    ) -> Asked:
        asked = await self.look(ctx, word, binding, user_id)
        if not await records_consents.answer(ctx, _hash(word), _hash(binding.reveal()), said, user_id):
            raise NotFound("request")
        return asked

    async def _record(self, ctx: RequestContext, event: Event, user_id: UUID, asked: Asked) -> None:
        subject = format_id(USER, user_id)
        details = {"client": asked.client.word, "scope": format_scope(asked.scopes)}
        await self._journal.record(ctx, event, subject=subject, person=subject, details=details)


def wanted(client: Client, request: AuthorizationRequest) -> frozenset[str]:
    """The scopes that the request asks for, and those behind the claims that it asks for by name (OpenID Connect Core
    §5.5): nobody gets by a claim what its user wasn't asked for."""
    named = {claim for asked in (request.details.claims or {}).values() for claim in asked}
    return request.scopes | ({SCOPE_OF[claim] for claim in named if claim in SCOPE_OF} & client.scopes)


def _hash(word: str) -> bytes:
    return sha256(word.encode("utf-8", "replace")).digest()
