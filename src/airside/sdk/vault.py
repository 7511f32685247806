"""An application's values under a named key of the vault: sealed by the server, or here, by data keys of that key.

Sealed here, no plaintext reaches the server: it makes a data key and wraps it, the value is sealed with it where it is,
and the wrapped key stands in the text. Both forms are `airside:v1:…` (`docs/operations/vault-format.md`), and either
opens here.
"""

from base64 import b64decode, b64encode
from binascii import Error
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airside.core.clock import Clock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import Misconfigured, Unavailable
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.fetch import Fetcher
from airside.protocols.envelope import (
    DATA_KEY,
    DATA_KEY_BYTES,
    NONCE_BYTES,
    Local,
    Sealed,
    from_text,
    open_local,
    seal_local,
    to_text,
)
from airside.sdk.client import ServiceClient
from airside.sdk.flight import SingleFlight
from airside.sdk.vault_calls import PART, VaultCalls, text_of

DATA_KEY_LIFETIME: Final = 300.0  # seconds that a data key is held, to seal or to open
DATA_KEY_USES: Final = 10_000  # values sealed by one data key
MAX_DATA_KEYS: Final = 256  # held to open
_NO_CONTEXT: Final[dict[str, Json]] = {}


@dataclass(slots=True)
class _DataKey:
    plaintext: Secret[bytes]
    wrapped: Sealed
    until: float
    uses: int = 0


class AppVault:
    """One named key. With `local`, values are sealed here, and what was sealed before, wherever, still opens."""

    def __init__(
        self,
        issuer: str,
        key: str,
        client: ServiceClient,
        *,
        fetcher: Fetcher,
        clock: Clock,
        local: bool = False,
        entropy: Entropy | None = None,
    ) -> None:
        if not key:
            raise Misconfigured("key", "must be the name of a key of the vault")
        self._calls = VaultCalls(issuer, client, fetcher=fetcher)
        self._key = key
        self._clock = clock
        self._local = local
        self._entropy = SystemEntropy() if entropy is None else entropy
        self._sealing: _DataKey | None = None
        self._opening: OrderedDict[str, tuple[float, Secret[bytes]]] = OrderedDict()
        self._renewal = SingleFlight(self._new_data_key)

    async def seal(self, value: bytes, context: Mapping[str, str]) -> str:
        """`value` bound to `context`, which has to be said again to open it: such as the table, column and row.

        Raises:
            InvalidInput, TooLarge: a context or value over its cap.
            Unavailable: the server seals nothing now, or not for this application.
        """
        if self._local:
            data_key = await self._data_key()
            data_key.uses += 1
            nonce = self._entropy.bytes(NONCE_BYTES)
            return seal_local(
                data_key.plaintext.reveal(), data_key.wrapped, nonce=nonce, plaintext=value, context=context
            )
        body: dict[str, Json] = {"plaintext": b64encode(value).decode(), "context": dict(context)}
        return text_of(await self._ask("encrypt", body), "ciphertext")

    async def open(self, text: str, context: Mapping[str, str]) -> bytes:
        """What was sealed.

        Raises:
            InvalidInput: it doesn't open with this key and context; nothing more is said.
            Unavailable: the server opens nothing now, or not for this application.
        """
        found = from_text(text)
        if isinstance(found, Local):
            return open_local((await self._opened(to_text(found.wrapped))).reveal(), found, context)
        body: dict[str, Json] = {"ciphertext": text, "context": dict(context)}
        return _bytes(await self._ask("decrypt", body))

    async def tokenise(self, value: bytes, field: str) -> str:
        """What stands for `value` in `field`; the key is one for tokens. Raises: as `seal`."""
        body: dict[str, Json] = {"plaintext": b64encode(value).decode(), "field": field}
        return text_of(await self._ask("tokenise", body), "token")

    async def detokenise(self, token: str, field: str) -> bytes:
        """What `token` stands for. Raises: as `open`."""
        return _bytes(await self._ask("detokenise", {"token": token, "field": field}))

    async def _data_key(self) -> _DataKey:
        held = self._sealing
        if held is None or held.uses >= DATA_KEY_USES or self._clock.monotonic() >= held.until:
            held = await self._renewal()
        return held

    async def _new_data_key(self) -> _DataKey:
        since = self._clock.monotonic()
        answer = await self._ask("datakeys", {"context": _NO_CONTEXT})
        plaintext, wrapped = Secret(_bytes(answer)), from_text(text_of(answer, "wrapped"))
        if not isinstance(wrapped, Sealed) or wrapped.kind != DATA_KEY or len(plaintext.reveal()) != DATA_KEY_BYTES:
            raise Unavailable(PART)
        self._sealing = _DataKey(plaintext, wrapped, since + DATA_KEY_LIFETIME)
        return self._sealing

    async def _opened(self, wrapped: str) -> Secret[bytes]:
        held = self._opening.get(wrapped)
        now = self._clock.monotonic()
        if held is not None and now < held[0]:
            self._opening.move_to_end(wrapped)
            return held[1]
        self._opening.pop(wrapped, None)
        answer = await self._ask("datakeys/unwrap", {"wrapped": wrapped, "context": _NO_CONTEXT})
        data_key = Secret(_bytes(answer))
        if len(data_key.reveal()) != DATA_KEY_BYTES:
            raise Unavailable(PART)
        self._opening[wrapped] = (now + DATA_KEY_LIFETIME, data_key)
        if len(self._opening) > MAX_DATA_KEYS:
            self._opening.popitem(last=False)
        return data_key

    async def _ask(self, verb: str, body: dict[str, Json]) -> dict[str, Json]:
        return await self._calls.ask(verb, {"key": self._key, **body})


def _bytes(answer: dict[str, Json]) -> bytes:
    try:
        return b64decode(text_of(answer, "plaintext"), validate=True)
    except Error:
        raise Unavailable(PART) from None
