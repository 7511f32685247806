"""What clients have pushed (RFC 9126), between the push and the browser that brings its reference.

It is kept sealed, under a reference of 256 random bits that is its client's alone, opens for a short while, and gives
one answer. It is spent by that answer and not by the page before it (FAPI 2.0 Security Profile §5.3.2.2): who loads the
page again, or whose browser did so ahead of them, isn't turned away.
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
    """Keeps what clients push, and lets it be answered once."""

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

    async def read(self, ctx: RequestContext, client: Client, request_uri: str) -> tuple[str, Mapping[str, str]]:
        """What `client` pushed, and the word by which it is spent.

        Raises:
            InvalidRequestUri: unknown, another client's, expired or spent: never said which.
        """
        word = request_uri.removeprefix(PREFIX)
        if len(word) != WORD_CHARACTERS:
            raise InvalidRequestUri("no reference has this length")
        request_hash = _hash(word)
        found = await records_pushed.find(ctx, await self._vault.keyset(ctx), request_hash, client.client_id)
        if found is None:
            raise InvalidRequestUri("unknown, another client's, expired or spent")
        members = loads_object(found, max_bytes=2 * MAX_FORM)
        said = {name: value for name, value in members.items() if isinstance(value, str)}
        if len(said) != len(members):
            raise Inconsistent("a pushed request that isn't texts")
        return request_hash.hex(), said

    async def spend(self, ctx: RequestContext, client: Client, pushed: str) -> bool:
        """True for the one caller who may answer what `client` pushed; `pushed` is the word that `read` gave."""
        return await records_pushed.spend(ctx, bytes.fromhex(pushed), client.client_id)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what nobody came for, for a timer; how many."""
        return await records_pushed.sweep(ctx)


def _hash(word: str) -> bytes:
    return sha256(word.encode("utf-8", "replace")).digest()
