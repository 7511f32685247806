"""An application's secrets, read from the vault when they are needed."""

from airside.core.errors import InvalidInput, Unavailable
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.fetch import Fetcher
from airside.sdk.client import ServiceClient
from airside.sdk.vault_calls import PART, VaultCalls, text_of


class SecretReader:
    """Reads secrets by path, as far as this application may. Nothing is remembered: each reading is recorded."""

    def __init__(self, issuer: str, client: ServiceClient, *, fetcher: Fetcher) -> None:
        self._calls = VaultCalls(issuer, client, fetcher=fetcher)

    async def read(self, path: str, *, version: int | None = None) -> Secret[str]:
        """The value of a version, or of the youngest.

        Raises:
            Unavailable: no answer, no such secret, or this application may not read it. There is no other value.
        """
        body: dict[str, Json] = {"path": path}
        if version is not None:
            body["version"] = version
        try:
            return Secret(text_of(await self._calls.ask("secrets/read", body), "value"))
        except InvalidInput:
            raise Unavailable(PART) from None
