"""Access tokens of a session, renewed by one of all the processes that want them renewed (RFC 6749 §6).

Whoever claims the session's version renews it; the others go on with what is still good, or wait for the one. An owner
that dies loses its claim after `CLAIM` seconds, and the next presents the same refresh token: the server gives it the
same successor, for nobody has used that yet.
"""

import asyncio
import base64
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus, urlencode

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unauthenticated, Unavailable
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.fetch import Fetcher
from airside.sdk.remote import MAX_ANSWER, issuer_address, read
from airside.sdk.sessions import SessionStore, Tokens, key_of, seal, unseal

RENEW_BEFORE: Final = 60.0  # seconds before an access token's end
CLAIM: Final = 10.0  # seconds that a renewal may take
TIMEOUT: Final = 5.0  # seconds of one request
LOOK_EVERY: Final = 0.05  # seconds between two looks for what another renews
_PART: Final = "token endpoint"


class GrantEnded(Unauthenticated):
    """The server gives no more tokens for this: revoked, ended, or spent."""


class TokenEndpoint:
    """Asks for tokens as this client: by HTTP Basic, or by name alone where it is public (RFC 6749 §2.3.1)."""

    def __init__(self, issuer: str, client_id: str, client_secret: Secret[str], *, fetcher: Fetcher) -> None:
        issuer_address(issuer)
        self._url = f"{issuer}/oauth2/token"
        self._fetcher = fetcher
        self._form: dict[str, str] = {} if client_secret else {"client_id": client_id}
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret.reveal())}"
        self._basic = Secret("Basic " + base64.b64encode(pair.encode()).decode()) if client_secret else None

    async def ask(self, grant: Mapping[str, str], now: float) -> Tokens:
        """The tokens for a code or a refresh token; `id_token` and `refresh_token` may be missing from a renewal.

        Raises:
            GrantEnded: the server refuses it.
            Unavailable: no answer, or none that can be read.
        """
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        if self._basic is not None:
            headers["authorization"] = self._basic.reveal()
        body = urlencode({**grant, **self._form}).encode()
        answer = await self._fetcher.post(
            self._url, content=body, headers=headers, max_bytes=MAX_ANSWER, timeout=TIMEOUT
        )
        if answer.status in (400, 401):
            raise GrantEnded("the server refuses the grant")
        said = read(_PART, answer)
        life = said.get("expires_in")
        if str(said.get("token_type")).lower() != "bearer" or isinstance(life, bool) or not isinstance(life, int):
            raise Unavailable(_PART)
        access = _text(said, "access_token")
        if not access:
            raise Unavailable(_PART)
        return Tokens(access, _text(said, "refresh_token"), _text(said, "id_token"), now + life)


class Renewal:
    """The tokens of a session, good for a while yet."""

    def __init__(self, endpoint: TokenEndpoint, store: SessionStore, *, clock: Clock, entropy: Entropy) -> None:
        self._endpoint = endpoint
        self._store = store
        self._clock = clock
        self._entropy = entropy

    async def held(self, secret: Secret[str]) -> Tokens | None:
        """What the session holds, however old."""
        stored = await self._store.get(key_of(secret), self._now())
        return None if stored is None else unseal(secret, stored.sealed)

    async def tokens(self, secret: Secret[str], *, instead_of: str = "") -> Tokens | None:
        """Tokens that are good, and others than the access token `instead_of`, which was refused; None where the
        session is over.

        Raises:
            Unavailable: they can't be had now.
        """
        key, deadline = key_of(secret), self._clock.monotonic() + CLAIM
        while True:
            now = self._now()
            stored = await self._store.get(key, now)
            if stored is None:
                return None
            tokens = unseal(secret, stored.sealed)
            refused = tokens.access_token == instead_of
            if not refused and now < tokens.expires_at - RENEW_BEFORE:
                return tokens
            if await self._store.claim(key, stored.version, now, now + CLAIM):
                return await self._renewed(secret, tokens, stored.version, refused=refused)
            if not refused and now < tokens.expires_at:
                return tokens
            if self._clock.monotonic() >= deadline:
                raise Unavailable(_PART)
            await asyncio.sleep(LOOK_EVERY)

    async def _renewed(self, secret: Secret[str], old: Tokens, version: int, *, refused: bool) -> Tokens | None:
        key, now = key_of(secret), self._now()
        if not old.refresh_token:
            if refused or now >= old.expires_at:
                await self._store.end(key)
                return None
            return old
        try:
            new = await self._endpoint.ask({"grant_type": "refresh_token", "refresh_token": old.refresh_token}, now)
        except GrantEnded:
            await self._store.end(key)
            return None
        except Unavailable:
            if not refused and now < old.expires_at:
                return old
            raise
        tokens = Tokens(
            new.access_token,
            new.refresh_token or old.refresh_token,
            new.id_token or old.id_token,
            new.expires_at,
            old.name,
            old.email,
        )
        # Whoever signed out in between has no session any more, and gets none back by a renewal.
        return tokens if await self._store.renew(key, version, seal(secret, tokens, self._entropy)) else None

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _text(said: Mapping[str, Json], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str) or not value.isascii():
        raise Unavailable(_PART)
    return value
