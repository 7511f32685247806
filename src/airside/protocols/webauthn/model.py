"""What both ceremonies speak of: the relying party, and a credential as options name it. Pure."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self
from urllib.parse import urlsplit

from airside.core.strict_json import MAX_BYTES

MAX_RESPONSE: Final = MAX_BYTES
"""Bytes of a response, checked before anything is read."""
MAX_CREDENTIAL_ID: Final = 1023
"""Bytes (WebAuthn §7.1, step 25)."""
TIMEOUT: Final = 300
"""Seconds that a ceremony may take; longer for people than browsers allow by themselves (WebAuthn §15.1)."""
TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})
"""How a browser may reach an authenticator (WebAuthn §5.8.4). Others are forgotten."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom passkeys are made for. `id` is the host that they are bound to, `origin` the one page address that may use
    them: no other port, scheme or subdomain."""

    id: str
    origin: str
    name: str

    @classmethod
    def of(cls, public_url: str, name: str = "Airside") -> Self:
        """That of the server at `public_url`, as browsers write its origin."""
        parts = urlsplit(public_url)
        host = parts.hostname or ""
        port = "" if parts.port in (None, 443) else f":{parts.port}"
        return cls(host, f"https://{host}{port}", name)

    @property
    def id_hash(self) -> bytes:
        """What authenticators sign in place of `id`."""
        return sha256(self.id.encode()).digest()


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A credential that options name, with hints how to reach it."""

    credential_id: bytes
    transports: tuple[str, ...] = ()
