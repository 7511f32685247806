"""Clients whose id is the https address of their own metadata (draft-ietf-oauth-client-id-metadata-document).

Nobody registers them: the first request that names one has its document fetched, and the client is kept as a row like
any other, with the address as its name. What stands in the document holds for as long as HTTP says, within bounds; then
it is read again, and what no longer fits ends. Off until the tenant's policy names hosts.
"""

from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from airside.access import Issuers
from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.errors import Conflict, InvalidInput, LimitExceeded, Refusal
from airside.core.strict_json import Json, loads_object
from airside.fetch import Fetched, Fetcher, Freshness, Unavailable
from airside.identity.charging import spend
from airside.limits import CLIENT_DOCUMENT_ORIGIN, Limiter, origin_key
from airside.oauth import records_clients
from airside.oauth.client_metadata import change_of, offer_of, read_metadata
from airside.oauth.clients import Clients
from airside.oauth.errors import InvalidClientMetadata
from airside.oauth.model import Client, ClientDraft
from airside.oauth.scopes import Scopes
from airside.protocols.oauth import check_redirect_uri
from airside.store import Lookup, RequestContext
from airside.tenancy import TenantPolicies, TenantPolicy

MAX_ADDRESS: Final = 256
"""Characters of an address, which is the client's name in tokens, revocations and the journal."""
MAX_BYTES: Final = 5 * 1024
TIMEOUT: Final = 3.0
"""Seconds for one fetch."""
FRESHNESS: Final = Freshness(timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))
"""How long a document holds."""
GRACE: Final = timedelta(days=1)
"""How long a document goes on holding while its server is away. One that is gone or wrong ends at once."""
PAUSE: Final = 30.0
"""Seconds until an address that led to no client is fetched again."""
MAX_PAUSED: Final = 10_000
METHODS: Final = frozenset({"none", "private_key_jwt"})
"""What a client without a registration can prove itself by: there is nobody to give it a secret."""
SECRETS: Final = frozenset({"client_secret", "client_secret_expires_at"})
_log = structlog.get_logger("airside.oauth")


def is_document_address(word: str) -> bool:
    """Whether `word` can be the address of a client: https with a path, and no query, fragment, user information, dot
    segment, or anything that two parsers read differently."""
    if len(word) > MAX_ADDRESS or "?" in word or len(urlsplit(word).path) < 2:
        return False
    try:
        check_redirect_uri(word)
    except InvalidInput:
        return False
    return True


class ClientDocuments:
    """Finds clients by the address of their document."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        clock: Clock,
        limiter: Limiter,
        journal: Journal,
        policies: TenantPolicies,
        lookup: Lookup,
        issuers: Issuers,
        clients: Clients,
        scopes: Scopes,
    ) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._limiter = limiter
        self._journal = journal
        self._policies = policies
        self._lookup = lookup
        self._issuers = issuers
        self._clients = clients
        self._scopes = scopes
        self._paused: OrderedDict[tuple[UUID, str], float] = OrderedDict()

    async def enabled(self, ctx: RequestContext) -> bool:
        """Whether the tenant takes such clients at all."""
        return bool((await self._policies.current(ctx)).clients.document_hosts)

    async def find(self, ctx: RequestContext, address: str) -> Client | None:
        """The client whose document is at `address`, active or not; None where there is none, or where the tenant takes
        none from there (any more: N18). What was done before is committed where it takes a fetch.

        Raises:
            LimitExceeded: too many fetches because of this origin.
        """
        if not is_document_address(address):
            return None
        policy = await self._policies.current(ctx)
        if urlsplit(address).netloc not in policy.clients.document_hosts:
            return None
        client = await records_clients.find_by_document(ctx, address)
        if client is not None and (client.state != "active" or _holds(client, ctx)):
            return client
        if self._clock.monotonic() < self._paused.get((ctx.tenant_id, address), 0.0):
            return _in_grace(client, ctx)
        try:
            return await self._renewed(ctx, address, client, policy)
        except LimitExceeded:
            raise
        except Refusal as refusal:
            _log.info("client_document_refused", reason=refusal.reason, address=address)
            self._pause(ctx, address)
            return _in_grace(client, ctx) if isinstance(refusal, Unavailable) else None

    async def _renewed(
        self, ctx: RequestContext, address: str, client: Client | None, policy: TenantPolicy
    ) -> Client | None:
        await self._spend(ctx)
        answer = await self._fetcher.get(address, max_bytes=MAX_BYTES, timeout=TIMEOUT)
        if answer.status >= 500:
            raise Unavailable("document")
        draft = await self._draft(ctx, address, answer, policy)
        lawful = await self._clients.judge(ctx, draft)
        until = ctx.now + FRESHNESS.of(answer)
        if client is None:
            try:
                made, _ = await self._clients.insert(ctx, lawful, origin="document", document=(address, until))
            except Conflict:  # another request was first, with the same document
                return await records_clients.find_by_document(ctx, address)
            return made
        if draft.public is not client.public:
            raise InvalidClientMetadata("token_endpoint_auth_method")
        changed = await self._clients.update(ctx, client.client_id, change_of(draft))
        await records_clients.set_document_until(ctx, client.client_id, until)
        return replace(changed, document_until=until)

    async def _draft(self, ctx: RequestContext, address: str, answer: Fetched, policy: TenantPolicy) -> ClientDraft:
        body = _read(address, answer)
        place = await self._lookup.by_tenant(ctx.tenant_id)
        if place is None:
            raise InvalidClientMetadata
        offer = offer_of(self._issuers.of(place), policy, await self._scopes.offered(ctx))
        draft = read_metadata({"token_endpoint_auth_method": "none", **body}, offer)
        if draft.settings.token_endpoint_auth_method not in METHODS:
            raise InvalidClientMetadata("token_endpoint_auth_method")
        return replace(draft, redirect_uris=_lawful(draft))

    async def _spend(self, ctx: RequestContext) -> None:
        await spend(ctx, self._limiter, self._journal, [(CLIENT_DOCUMENT_ORIGIN, origin_key(ctx.origin.address))])
        # Nobody waits for a stranger's server with a connection in hand.
        await ctx.tx.checkpoint()

    def _pause(self, ctx: RequestContext, address: str) -> None:
        key = (ctx.tenant_id, address)
        self._paused[key] = self._clock.monotonic() + PAUSE
        self._paused.move_to_end(key)
        if len(self._paused) > MAX_PAUSED:
            self._paused.popitem(last=False)


def _read(address: str, answer: Fetched) -> dict[str, Json]:
    """The document, if it is one and of this very address: a document names itself, so that nobody serves another's."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status != 200 or not (kind == "application/json" or kind.endswith("+json")):
        raise InvalidClientMetadata
    body = loads_object(answer.body, max_bytes=MAX_BYTES)
    if body.get("client_id") != address or SECRETS & body.keys():
        raise InvalidClientMetadata("client_id")
    return body


def _lawful(draft: ClientDraft) -> tuple[str, ...]:
    """The redirect URIs that can be registered here. Documents are written for every server: those that only another
    would take are left out, and so are never redirected to."""
    found: list[str] = []
    for uri in draft.redirect_uris:
        try:
            check_redirect_uri(uri, native=draft.public)
        except InvalidInput:
            continue
        found.append(uri)
    return tuple(found)


def _holds(client: Client, ctx: RequestContext) -> bool:
    return client.document_until is not None and ctx.now < client.document_until


def _in_grace(client: Client | None, ctx: RequestContext) -> Client | None:
    if client is None or client.document_until is None or ctx.now >= client.document_until + GRACE:
        return None
    return client
