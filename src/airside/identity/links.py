"""Action links: what a mail carries so that whoever reads it can do one thing, once.

A token is 64 characters of base64url (RFC 4648 §5): the link's id and HMAC-SHA256 (RFC 2104) over its purpose and id,
under a key of the tenant's. It can be made again whenever it is mailed, so nothing of it is stored. Mail scanners
follow links: looking spends nothing, and what spends asks for a confirmation on a page first.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import InitVar, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal, cast, final, get_args
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, equal
from airside.core.errors import NotFound, TooLarge
from airside.core.ids import uuid7
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import records, records_links
from airside.identity.records_links import Found
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault

Purpose = Literal["signup", "invitation", "verify_email", "recovery", "setup"]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)

SIGNUP_LIFETIME: Final = timedelta(hours=24)
VERIFY_LIFETIME: Final = timedelta(hours=24)
RECOVERY_LIFETIME: Final = timedelta(minutes=30)
INVITATION_LIFETIME: Final = timedelta(days=7)
MAX_PAYLOAD: Final = 4096
"""Bytes that a link may carry, sealed."""
TOKEN_LENGTH: Final = 64
"""Characters: 48 bytes, so that there is no padding and no bit to spare."""

_ID_BYTES: Final = 16
_KEY: Final = "action-link"
_MINT: Final = Mint("Link")


@final
@dataclass(frozen=True, slots=True)
class Link:
    """That somebody presented the token of an open link; where it was spent, that nobody else did or will. Only this
    module makes one."""

    id: UUID
    purpose: Purpose
    user_id: UUID | None
    payload: bytes
    created_at: datetime
    expires_at: datetime
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


class Links:
    """Makes, shows and spends links. Somebody has at most one open of each purpose: the newest."""

    def __init__(self, *, vault: Vault, entropy: Entropy, journal: Journal) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal

    async def create(
        self,
        ctx: RequestContext,
        purpose: Purpose,
        *,
        user_id: UUID | None = None,
        payload: bytes = b"",
        lifetime: timedelta,
    ) -> UUID:
        """A new link, open for `lifetime`; one for `user_id` ends their earlier ones of this purpose. A `user_id` that
        nobody has gives a link that is never open, by the same work.

        Raises:
            TooLarge: `payload` over `MAX_PAYLOAD`.
        """
        if len(payload) > MAX_PAYLOAD:
            raise TooLarge("link payload over its cap", max_bytes=MAX_PAYLOAD)
        link_id = uuid7(ctx.now, self._entropy)
        link = Found(link_id, purpose, user_id, payload, ctx.now, ctx.now + lifetime)
        await records_links.insert(ctx, self._vault, link)
        return link_id

    async def token(self, ctx: RequestContext, link_id: UUID) -> Secret[str]:
        """The token of an open link, for the mail that carries it: the same each time.

        Raises:
            NotFound: it isn't open, or not this tenant's: there is nothing to mail.
        """
        keyset = await self._vault.keyset(ctx)
        found = await records_links.find(ctx, self._vault, link_id, PURPOSES)
        if found is None:
            raise NotFound("link")
        return Secret(urlsafe_b64encode(link_id.bytes + _tag(keyset, found.purpose, link_id)).decode())

    async def look(self, ctx: RequestContext, purpose: Purpose, token: Secret[str]) -> Link:
        """The open link of `token`. Spends nothing.

        Raises:
            NotFound: spent, revoked, expired or superseded, of another purpose or tenant, of somebody disabled, or no
                token at all: never told apart. What was done in `ctx` before is committed, with the row that tells it.
        """
        keyset = await self._vault.keyset(ctx)
        link_id = _verified(keyset, purpose, token)
        found = None if link_id is None else await records_links.find(ctx, self._vault, link_id, (purpose,))
        return await self._opened(ctx, purpose, found)

    async def spend(self, ctx: RequestContext, purpose: Purpose, token: Secret[str]) -> Link:
        """The open link of `token`, which it is no more. Whom it is for stays active until this transaction ends.

        Raises:
            NotFound: as `look`; also for all but one of those who spend it at once.
        """
        keyset = await self._vault.keyset(ctx)
        link_id = _verified(keyset, purpose, token)
        found = None if link_id is None else await self._spend(ctx, purpose, link_id)
        return await self._opened(ctx, purpose, found)

    async def revoke(self, ctx: RequestContext, link_id: UUID) -> None:
        """End a link; one that is over stays so."""
        await records_links.revoke(ctx, link_id)

    async def revoke_all(self, ctx: RequestContext, user_id: UUID) -> None:
        """End every open link of a user, of whatever purpose."""
        await records_links.revoke_all(ctx, user_id)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget the tenant's expired links, for a timer; how many."""
        return await records_links.sweep(ctx)

    async def _opened(self, ctx: RequestContext, purpose: Purpose, found: Found | None) -> Link:
        if found is None:
            await self._journal.refused(ctx, Event.LINK_REFUSED, reason=purpose)
            await ctx.tx.checkpoint()
            raise NotFound("link")
        return _link(found)

    async def _spend(self, ctx: RequestContext, purpose: Purpose, link_id: UUID) -> Found | None:
        found = await records_links.find(ctx, self._vault, link_id, (purpose,))
        if found is not None and found.user_id is not None:
            # Whoever is disabling them or setting their password is waited for, and the statement sees what they did.
            await records.take_user(ctx, found.user_id)
        return None if found is None else await records_links.spend(ctx, self._vault, link_id, purpose)


def _tag(keyset: Keyset, purpose: str, link_id: UUID) -> bytes:
    return hmac.digest(keyset.derive(_KEY), purpose.encode() + b"\0" + link_id.bytes, sha256)


def _verified(keyset: Keyset, purpose: Purpose, token: Secret[str]) -> UUID | None:
    """The id in `token`, if we made it, for this purpose and tenant, and it is spelled as we spell it."""
    text = token.reveal()
    if len(text) != TOKEN_LENGTH or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(text)
    except (NotBase64, ValueError):
        return None
    # The decoder skips characters that aren't of the alphabet and takes two spellings of others.
    if urlsafe_b64encode(raw) != text.encode():
        return None
    link_id = UUID(bytes=raw[:_ID_BYTES])
    return link_id if equal(raw[_ID_BYTES:], _tag(keyset, purpose, link_id)) else None


def _link(found: Found) -> Link:
    purpose = cast("Purpose", found.purpose)  # the table holds no other
    return Link(found.link_id, purpose, found.user_id, found.payload, found.created_at, found.expires_at, _MINT)
