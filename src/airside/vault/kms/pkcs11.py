"""A key in a hardware module, by PKCS#11 (OASIS PKCS #11 v3.0): AES-GCM with a key that never leaves it (extra
`pkcs11`).

What the module makes is kept as nonce (12 bytes, drawn here), ciphertext and tag (16 bytes).
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

from airside.core.entropy import Entropy
from airside.core.errors import Misconfigured
from airside.core.secret import Secret
from airside.vault.kms.remote import away
from airside.vault.kms.threads import Threads
from airside.vault.model import Unopenable
from airside.vault.private_file import read_private_line

if TYPE_CHECKING:
    from pkcs11 import Session

T = TypeVar("T")

SETTING: Final = "AIRSIDE_KEK"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class _Key(Protocol):
    """What is used of a key in a token."""

    def encrypt(self, data: bytes, *, mechanism: object, mechanism_param: object) -> bytes: ...

    def decrypt(self, data: bytes, *, mechanism: object, mechanism_param: object) -> bytes: ...


class _Module:
    """One library, which serves one thread (`C_Initialize` without locks, PKCS #11 §5.4), and where whoever logs in to
    a token logs in all of this process (§5.6): so there is one thread and one session for each token."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sessions: dict[str, Session] = {}
        self.threads = Threads(1, "pkcs11")

    def session(self, token: str, pin: Secret[str]) -> "Session":
        """In the thread: the session of the token, opened where there is none."""
        from pkcs11 import lib

        if token not in self._sessions:
            self._sessions[token] = lib(str(self._path)).get_token(token_label=token).open(user_pin=pin.reveal())
        return self._sessions[token]

    def let_go(self, token: str) -> None:
        """In the thread: whatever is wrong with the token's session, the next one is new."""
        from pkcs11.exceptions import PKCS11Error

        with suppress(PKCS11Error):  # it may be gone already
            if token in self._sessions:
                self._sessions.pop(token).close()


_modules: Final[dict[Path, _Module]] = {}
"""A process loads a library once, however many keys are in it."""


class Pkcs11Token:
    """Implements `KeyService` on the AES key `label` in the token `token` of the library at `module`."""

    def __init__(self, module: Path, *, token: str, label: str, pin_file: Path, entropy: Entropy) -> None:
        """Raises: Misconfigured: python-pkcs11 isn't installed, or the PIN's file is open to others."""
        try:
            import pkcs11  # noqa: F401  # pyright: ignore[reportUnusedImport]
        except ModuleNotFoundError:
            remedy = "names a PKCS#11 module, which isn't installed: pip install 'airside[pkcs11]'"
            raise Misconfigured(SETTING, remedy) from None
        self._module = _modules.setdefault(module, _Module(module))
        self._token = token
        self._label = label
        self._pin = Secret(read_private_line(pin_file, SETTING))
        self._entropy = entropy
        self._found: tuple[Session, _Key] | None = None

    @property
    def key_id(self) -> str:
        """As an RFC 7512 URI says it: token and object."""
        return f"pkcs11:token={self._token};object={self._label}"

    async def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        """As `KeyService.encrypt`."""
        nonce = self._entropy.bytes(_NONCE_BYTES)
        return nonce + await self._ask(lambda key: _seal(key, nonce, plaintext, context))

    async def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        """As `KeyService.decrypt`."""
        if len(ciphertext) < _NONCE_BYTES + _TAG_BYTES:
            raise Unopenable
        nonce, body = ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:]
        return await self._ask(lambda key: _open(key, nonce, body, context))

    async def _ask(self, call: Callable[[_Key], T]) -> T:
        try:
            return await self._module.threads.run(lambda: self._with_key(call))
        except TimeoutError:
            raise away("too many wait for the module") from None

    def _with_key(self, call: Callable[[_Key], T]) -> T:
        """In the thread: `call` with the key; where a session that stood before fails, once more in a new one."""
        from pkcs11.exceptions import PKCS11Error

        stood = self._found is not None
        try:
            return call(self._key())
        except PKCS11Error as error:
            self._module.let_go(self._token)
            if not stood:
                raise away(type(error).__name__) from None
        try:
            return call(self._key())
        except PKCS11Error as error:
            self._module.let_go(self._token)
            raise away(type(error).__name__) from None

    def _key(self) -> _Key:
        from pkcs11 import KeyType, ObjectClass

        session = self._module.session(self._token, self._pin)
        if self._found is None or self._found[0] is not session:
            self._found = None  # a handle of a session that has ended
            key = session.get_key(object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=self._label)
            self._found = (session, cast(_Key, key))
        return self._found[1]


def _seal(key: _Key, nonce: bytes, plaintext: bytes, context: bytes) -> bytes:
    from pkcs11 import GCMParams, Mechanism

    return bytes(key.encrypt(plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, context)))


def _open(key: _Key, nonce: bytes, body: bytes, context: bytes) -> bytes:
    from pkcs11 import GCMParams, Mechanism
    from pkcs11.exceptions import EncryptedDataInvalid, EncryptedDataLenRange, GeneralError

    try:
        return bytes(key.decrypt(body, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, context)))
    except (EncryptedDataInvalid, EncryptedDataLenRange):
        raise Unopenable from None
    except GeneralError:
        # What SoftHSM 2 says where a tag doesn't fit, and any module where it is broken: a broken one seals nothing.
        _seal(key, nonce[::-1], b"", b"")
        raise Unopenable from None
