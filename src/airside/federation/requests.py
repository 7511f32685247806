"""What a login waits for while its browser is away. Each is used once."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from airside.core.entropy import Entropy, token
from airside.core.errors import Forbidden
from airside.core.ids import uuid7
from airside.federation import records_requests as records
from airside.federation.model import Connection
from airside.identity import Attempt
from airside.store.context import RequestContext
from airside.vault import Vault

WORD_CHARACTERS: Final = 43
"""256 bits in base64url; within the 80 bytes that RelayState may have (SAML Bindings §3.4.3)."""
MAX_OPEN: Final = 20
"""Requests of one login that wait at once: somebody went back and chose again."""


class Requests:
    """Notes what logins wait for."""

    def __init__(self, *, vault: Vault, entropy: Entropy) -> None:
        self._vault = vault
        self._entropy = entropy

    async def note(
        self, ctx: RequestContext, attempt: Attempt, connection: Connection, details: Mapping[str, str]
    ) -> str:
        """Wait for an answer of `connection` to this login. `details` are for the door alone, when it comes (a nonce, a
        PKCE verifier, the id of a request); the word that the answer has to bring back (`state`, `RelayState`).

        Raises:
            Forbidden: the login waits for `MAX_OPEN` already.
        """
        if await records.open_requests(ctx, attempt.flow_id) >= MAX_OPEN:
            raise Forbidden("too many answers awaited")
        word = token(self._entropy)
        request_id = uuid7(ctx.now, self._entropy)
        keyset = await self._vault.keyset(ctx)
        await records.insert_request(ctx, keyset, request_id, hash_of(word), connection.id, attempt.flow_id, details)
        return word


def hash_of(word: str) -> bytes:
    """How a word is stored. 256 random bits need no slow hash."""
    return sha256(word.encode("utf-8", "replace")).digest()
