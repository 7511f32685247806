"""The application's own token, by client credentials (RFC 6749 §4.4)."""

import base64
import logging
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus, urlencode

from airside.core.clock import Clock
from airside.core.errors import Misconfigured, Unavailable
from airside.core.secret import Secret
from airside.fetch import Fetcher
from airside.sdk.flight import SingleFlight
from airside.sdk.remote import MAX_ANSWER, issuer_address, read

RENEW_BEFORE: Final = 60.0  # seconds before a token's end, or a quarter of its life if that is less
PAUSE_AFTER_FAILURE: Final = 1.0  # seconds in which a failed request isn't repeated
TIMEOUT: Final = 5.0  # seconds
MAX_LIFETIME: Final = 86_400  # seconds: whatever the server says, a token is asked for once a day
_PART: Final = "token endpoint"
_log = logging.getLogger("airside.sdk")


@dataclass(frozen=True, slots=True)
class _Held:
    token: Secret[str]
    renew_at: float
    ends_at: float


class ServiceClient:
    """Holds one token for this application and renews it before its end; however many ask, one request goes out."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: Secret[str],
        *,
        fetcher: Fetcher,
        clock: Clock,
        scope: str = "",
    ) -> None:
        issuer_address(issuer)
        if not client_id or not client_secret:
            raise Misconfigured("client_id, client_secret", "must both be set")
        self._url = f"{issuer}/oauth2/token"
        self._authorization = _basic(client_id, client_secret)
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        self._body = urlencode(form).encode()
        self._fetcher = fetcher
        self._clock = clock
        self._held: _Held | None = None
        self._pause_until = 0.0
        self._renewal = SingleFlight(self._renew)

    async def token(self) -> Secret[str]:
        """A token that is good for a while yet.

        Raises:
            Unavailable: there is none and the server gives none.
        """
        now = self._clock.monotonic()
        held = self._held
        if held is not None and now < held.renew_at:
            return held.token
        try:
            return (await self._renewal()).token
        except Unavailable:
            if held is not None and self._clock.monotonic() < held.ends_at:
                return held.token
            raise

    def forget(self, token: Secret[str]) -> None:
        """The server refused `token`: ask for another next time. A newer one that is held already stays."""
        if self._held is not None and self._held.token is token:
            self._held = None

    async def authorization(self) -> tuple[Secret[str], dict[str, str]]:
        """The token, and the request header that carries it (RFC 6750 §2.1)."""
        token = await self.token()
        return token, {"authorization": f"Bearer {token.reveal()}"}

    async def _renew(self) -> _Held:
        started = self._clock.monotonic()
        if started < self._pause_until:
            raise Unavailable(_PART, self._pause_until - started)
        self._pause_until = started + PAUSE_AFTER_FAILURE
        answer = await self._fetcher.post(
            self._url,
            content=self._body,
            headers={
                "authorization": self._authorization.reveal(),
                "content-type": "application/x-www-form-urlencoded",
                "accept": "application/json",
            },
            max_bytes=MAX_ANSWER,
            timeout=TIMEOUT,
        )
        if answer.status in (400, 401):
            _log.error("the server refuses this application's credentials or scope: %s", answer.status)
        reply = read(_PART, answer)
        held = _accept(reply.get("access_token"), reply.get("token_type"), reply.get("expires_in"), started)
        self._held, self._pause_until = held, 0.0
        return held


def _accept(token: object, kind: object, life: object, started: float) -> _Held:
    """RFC 6749 §5.1: a bearer token with a life in seconds, and nothing else."""
    if not isinstance(token, str) or not token or not token.isascii() or not isinstance(kind, str):
        raise Unavailable(_PART)
    if kind.lower() != "bearer" or isinstance(life, bool) or not isinstance(life, int) or life <= 0:
        raise Unavailable(_PART)
    seconds = float(min(life, MAX_LIFETIME))
    return _Held(Secret(token), started + seconds - min(RENEW_BEFORE, seconds / 4), started + seconds)


def _basic(client_id: str, secret: Secret[str]) -> Secret[str]:
    """RFC 6749 §2.3.1: both parts form-encoded first, then HTTP Basic."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return Secret("Basic " + base64.b64encode(pair.encode()).decode())
