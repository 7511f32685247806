"""How the SDK asks a vault: with the application's own token, and another one if that is refused."""

import logging
from typing import Final

from airside.core.errors import InvalidInput, TooLarge, Unavailable
from airside.core.secret import Secret
from airside.core.strict_json import Json, dumps, loads_object
from airside.fetch import Fetched, Fetcher
from airside.protocols.envelope import Unreadable
from airside.sdk.client import ServiceClient
from airside.sdk.remote import MAX_ANSWER, issuer_address

TIMEOUT: Final = 5.0  # seconds
PART: Final = "vault"
_log = logging.getLogger("airside.sdk")


class VaultCalls:
    """The addresses below one issuer's `/api/v1/vault`."""

    def __init__(self, issuer: str, client: ServiceClient, *, fetcher: Fetcher) -> None:
        issuer_address(issuer)
        self._url = f"{issuer}/api/v1/vault"
        self._client = client
        self._fetcher = fetcher

    async def ask(self, verb: str, body: dict[str, Json]) -> dict[str, Json]:
        """POST. A token that is refused may have been revoked: another is asked for, once.

        Raises:
            InvalidInput: it doesn't open, or isn't understood.
            TooLarge: over a cap.
            Unavailable: no answer, or this application may not.
        """
        content = dumps(body)
        token, answer = await self._post(verb, content)
        if answer.status == 401:
            self._client.forget(token)
            _, answer = await self._post(verb, content)
        return _accepted(answer)

    async def _post(self, verb: str, content: bytes) -> tuple[Secret[str], Fetched]:
        token, authorization = await self._client.authorization()
        answer = await self._fetcher.post(
            f"{self._url}/{verb}",
            content=content,
            headers={"content-type": "application/json", **authorization},
            max_bytes=MAX_ANSWER,
            timeout=TIMEOUT,
        )
        return token, answer


def text_of(answer: dict[str, Json], name: str) -> str:
    """A member of an answer that has to be there. Raises: Unavailable."""
    value = answer.get(name)
    if not isinstance(value, str):
        raise Unavailable(PART)
    return value


def _accepted(answer: Fetched) -> dict[str, Json]:
    """The body of a 200. 401, 403 and 404 are this application's fault: wrong credentials, rights or names."""
    match answer.status:
        case 200:
            try:
                return loads_object(answer.body, max_bytes=MAX_ANSWER)
            except (InvalidInput, TooLarge):
                raise Unavailable(PART) from None
        case 413:
            raise TooLarge("value over the cap of a sealed field")
        case 422:
            raise Unreadable
        case status:
            _log.error("the vault answers %s", status)
            raise Unavailable(PART)
