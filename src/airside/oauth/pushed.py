"""What clients have pushed (RFC 9126), between the push and the browser that brings its reference.

It is kept sealed, under a reference of 256 random bits that is its client's alone, opens once, and ends soon.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from airside.core.entropy import Entropy, token
from airside.core.errors import Inconsistent
from airside.core.ids import uuid7
from airside.core.strict_json import Json, dumps, loads_object
from airside.oauth import records_pushed
from airside.oauth.errors import InvalidRequestUri
from airside.oauth.model import Client
from airside.protocols.oauth import MAX_FORM
from airside.store import RequestContext
from airside.vault import Vault

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
"""RFC 9126 §2.2's own."""
WORD_CHARACTERS: Final = 43
"""256 bits in base64url."""


class PushedRequests:
    """Keeps what clients push, and gives it back once."""

    def __init__(self, *, vault: Vault, entropy: Entropy) -> None:
        self._vault = vault
        self._entropy = entropy

    async def keep(self, ctx: RequestContext, client: Client, said: Mapping[str, str]) -> str:
        """Keep what `client` said; the `request_uri` under which it can be had."""
        word = token(self._entropy)
        members: dict[str, Json] = {**said}
        pushed_id = uuid7(ctx.now, self._entropy)
        keyset = await self._vault.keyset(ctx)
        await records_pushed.insert(ctx, keyset, pushed_id, _hash(word), client.client_id, dumps(members))
        return PREFIX + word

    async def take(self, ctx: RequestContext, client: Client, request_uri: str) -> Mapping[str, str]:
        """What `client` pushed, to the one caller who takes it. That it is taken is committed, whatever comes of it.

        Raises:
            InvalidRequestUri: unknown, another client's, expired or taken: never said which.
        """
        word = request_uri.removeprefix(PREFIX)
        if len(word) != WORD_CHARACTERS:
            raise InvalidRequestUri("no reference has this length")
        found = await records_pushed.take(ctx, await self._vault.keyset(ctx), _hash(word), client.client_id)
        if found is None:
            raise InvalidRequestUri("unknown, another client's, expired or taken")
        await ctx.tx.checkpoint()
        members = loads_object(found, max_bytes=2 * MAX_FORM)
        said = {name: value for name, value in members.items() if isinstance(value, str)}
        if len(said) != len(members):
            raise Inconsistent("a pushed request that isn't texts")
        return said

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what nobody came for, for a timer; how many."""
        return await records_pushed.sweep(ctx)


def _hash(word: str) -> bytes:
    return sha256(word.encode("utf-8", "replace")).digest()
