"""Opaque, signed cursors: a page can be continued only where we ended it, by the tenant we told it to (N30)."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.core.entropy import equal
from airside.core.errors import InvalidInput
from airside.store import RequestContext
from airside.vault import Vault

TAG: Final = 16
LENGTH: Final = 44
"""Characters of a cursor: 16 bytes of position, 16 of tag, in padded base64url."""


class Cursors:
    """Makes and reads cursors under a key derived from the tenant's own."""

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def make(self, ctx: RequestContext, listing: str, position: UUID) -> str:
        """A cursor into `listing` after the row `position`."""
        return urlsafe_b64encode(position.bytes + await self._tag(ctx, listing, position.bytes)).decode()

    async def read(self, ctx: RequestContext, listing: str, cursor: str) -> UUID:
        """The position that `cursor` names.

        Raises:
            InvalidInput: not a cursor of this listing and tenant.
        """
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii")) if len(cursor) == LENGTH else b""
        except ValueError:
            raw = b""
        position, tag = raw[:16], raw[16:]
        if len(raw) != 32 or not equal(tag, await self._tag(ctx, listing, position)):
            raise InvalidInput("not a cursor of this list", pointer="cursor")
        return UUID(bytes=position)

    async def _tag(self, ctx: RequestContext, listing: str, position: bytes) -> bytes:
        key = (await self._vault.keyset(ctx)).derive("cursor")
        return hmac.digest(key, listing.encode() + b"\0" + position, sha256)[:TAG]
