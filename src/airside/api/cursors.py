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
MAX_CURSOR: Final = 4096
"""Characters of a cursor: a position of any kind and its tag, in padded base64url."""


class Cursors:
    """Makes and reads cursors under a key derived from the tenant's own."""

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def make(self, ctx: RequestContext, listing: str, position: UUID) -> str:
        """A cursor into `listing` after the row `position`."""
        return await self.sign(ctx, listing, position.bytes)

    async def read(self, ctx: RequestContext, listing: str, cursor: str) -> UUID:
        """The position that `cursor` names.

        Raises:
            InvalidInput: not a cursor of this listing and tenant.
        """
        position = await self.verify(ctx, listing, cursor)
        if len(position) != 16:
            raise _foreign()
        return UUID(bytes=position)

    async def sign(self, ctx: RequestContext, listing: str, position: bytes) -> str:
        """A cursor into `listing` at a position of any kind. It can be read by its bearer, and not be made."""
        return urlsafe_b64encode(await self._tag(ctx, listing, position) + position).decode()

    async def verify(self, ctx: RequestContext, listing: str, cursor: str) -> bytes:
        """The position that `cursor` was signed with.

        Raises:
            InvalidInput: not a cursor of this listing and tenant.
        """
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii")) if len(cursor) <= MAX_CURSOR else b""
        except ValueError:
            raw = b""
        tag, position = raw[:TAG], raw[TAG:]
        if not equal(tag, await self._tag(ctx, listing, position)) or urlsafe_b64encode(raw).decode() != cursor:
            raise _foreign()
        return position

    async def _tag(self, ctx: RequestContext, listing: str, position: bytes) -> bytes:
        key = (await self._vault.keyset(ctx)).derive("cursor")
        name = listing.encode()
        return hmac.digest(key, len(name).to_bytes(4, "big") + name + position, sha256)[:TAG]


def _foreign() -> InvalidInput:
    return InvalidInput("not a cursor of this list", pointer="cursor")
