"""Sessions of an application that renders its own pages: an opaque cookie in the browser, sealed tokens in a store.

The cookie is 256 random bits. The store knows it by its SHA-256 and holds the tokens sealed under a key derived from it
(HKDF, RFC 5869): whoever reads the store has nobody's tokens, and whoever writes it can't put a session in.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent, Unavailable
from airside.core.secret import Secret

MAX_SESSIONS: Final = 100_000
"""Held by `MemorySessions`; over it nobody signs in."""
_NONCE: Final = 12
_KEY: Final = 32


class Tokens(msgspec.Struct, frozen=True):
    """What a session has got. `expires_at` is of the access token, in seconds since the epoch."""

    access_token: str
    refresh_token: str
    id_token: str
    expires_at: float
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A session as a store keeps it; `session` is the server's name for it (`sid`), `version` grows with each renewal,
    `expires_at` is its end in seconds since the epoch."""

    sealed: bytes
    subject: str
    session: str
    version: int
    expires_at: float


class SessionStore(Protocol):
    """Where sessions are. Every verb is one atomic statement; moments are seconds since the epoch."""

    async def put(self, key: bytes, stored: Stored, now: float) -> None:
        """A new session; those that have ended may go."""
        ...

    async def get(self, key: bytes, now: float) -> Stored | None:
        """The session, if it hasn't ended."""
        ...

    async def claim(self, key: bytes, version: int, now: float, until: float) -> bool:
        """Whether the caller alone may renew that version, until then. A claim that ran out can be had by another."""
        ...

    async def renew(self, key: bytes, version: int, sealed: bytes) -> bool:
        """Put `sealed` in place of that version, and end its claim; False if it has been renewed or ended."""
        ...

    async def end(self, key: bytes) -> None:
        """Forget the session."""
        ...

    async def end_of(self, subject: str | None, session: str | None) -> int:
        """Forget every session of the subject, or of the server's session, or of both where both are named."""
        ...

    async def spend(self, word: str, until: float, now: float) -> bool:
        """Whether `word` is said for the first time; remembered until then."""
        ...


class MemorySessions:
    """A store of one process: for development, and for applications that run as one."""

    def __init__(self, *, most: int = MAX_SESSIONS) -> None:
        self._most = most
        self._held: dict[bytes, Stored] = {}
        self._claims: dict[bytes, float] = {}
        self._spent: dict[str, float] = {}

    async def put(self, key: bytes, stored: Stored, now: float) -> None:
        for other in [name for name, each in self._held.items() if each.expires_at <= now]:
            await self.end(other)
        if len(self._held) >= self._most:
            raise Unavailable("sessions")
        self._held[key] = stored

    async def get(self, key: bytes, now: float) -> Stored | None:
        found = self._held.get(key)
        return found if found is not None and now < found.expires_at else None

    async def claim(self, key: bytes, version: int, now: float, until: float) -> bool:
        found = self._held.get(key)
        if found is None or found.version != version or self._claims.get(key, 0.0) > now:
            return False
        self._claims[key] = until
        return True

    async def renew(self, key: bytes, version: int, sealed: bytes) -> bool:
        found = self._held.get(key)
        if found is None or found.version != version:
            return False
        self._held[key] = replace(found, sealed=sealed, version=version + 1)
        self._claims.pop(key, None)
        return True

    async def end(self, key: bytes) -> None:
        self._held.pop(key, None)
        self._claims.pop(key, None)

    async def end_of(self, subject: str | None, session: str | None) -> int:
        if subject is None and session is None:
            return 0
        over = [
            key
            for key, each in self._held.items()
            if subject in (None, each.subject) and session in (None, each.session)
        ]
        for key in over:
            await self.end(key)
        return len(over)

    async def spend(self, word: str, until: float, now: float) -> bool:
        self._spent = {each: end for each, end in self._spent.items() if end > now}
        if word in self._spent or len(self._spent) >= self._most:
            return False
        self._spent[word] = until
        return True


def key_of(secret: Secret[str]) -> bytes:
    """What the store knows the session by."""
    return sha256(secret.reveal().encode()).digest()


def derived(secret: Secret[str], purpose: str) -> bytes:
    """A key of 32 bytes for one purpose; another purpose's tells nothing of it."""
    hkdf = HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=f"airside sdk session {purpose}".encode())
    return hkdf.derive(secret.reveal().encode())


def seal(secret: Secret[str], tokens: Tokens, entropy: Entropy) -> bytes:
    """The tokens under a key that only the cookie gives: AES-256-GCM with a random nonce, for few values a key."""
    nonce = entropy.bytes(_NONCE)
    return nonce + AESGCM(derived(secret, "tokens")).encrypt(nonce, msgspec.json.encode(tokens), key_of(secret))


def unseal(secret: Secret[str], sealed: bytes) -> Tokens:
    """What was sealed.

    Raises:
        Inconsistent: the store holds something else.
    """
    try:
        opened = AESGCM(derived(secret, "tokens")).decrypt(sealed[:_NONCE], sealed[_NONCE:], key_of(secret))
        return msgspec.json.decode(opened, type=Tokens)
    except (InvalidTag, ValueError, msgspec.MsgspecError):
        raise Inconsistent("a session that its own cookie doesn't open") from None
