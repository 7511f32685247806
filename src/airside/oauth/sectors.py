"""Sector identifiers of pairwise subjects (OpenID Connect Core §8.1, Dynamic Client Registration 1.0 §5)."""

from collections.abc import Sequence
from typing import Final

from airside.core.errors import InvalidInput, Refusal
from airside.core.strict_json import loads
from airside.fetch import Fetcher
from airside.oauth.settings import ClientSettings

MAX_BYTES: Final = 64 * 1024
TIMEOUT: Final = 3.0
"""Seconds: whoever registers waits for it, with the client they are about to change."""
_POINTER: Final = "settings.sector_identifier_uri"


class SectorIdentifiers:
    """Reads what stands at a `sector_identifier_uri`."""

    def __init__(self, *, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def check(self, settings: ClientSettings, redirect_uris: Sequence[str]) -> None:
        """Let pass settings without one, or one whose document, a JSON array, has every redirect URI in it.

        Raises:
            InvalidInput: it has not, is away, or leads where this server doesn't go.
        """
        uri = settings.sector_identifier_uri
        if uri is None:
            return
        try:
            fetched = await self._fetcher.get(uri, max_bytes=MAX_BYTES, timeout=TIMEOUT)
            listed = loads(fetched.body, max_bytes=MAX_BYTES) if fetched.status == 200 else None
        except Refusal as cause:
            raise InvalidInput("its document can't be read", pointer=_POINTER) from cause
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise InvalidInput("its document isn't a list of redirect URIs", pointer=_POINTER)
        if not set(redirect_uris) <= {str(each) for each in listed}:
            raise InvalidInput("its document lacks a redirect URI", pointer=_POINTER)
