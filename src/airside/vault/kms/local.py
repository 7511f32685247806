"""A key encryption key in a local file: one line, readable by its owner alone.

```
airside-kek 1 production kek_01jd… <32 bytes, unpadded base64url>
```

The third word is `development` for a key that a development server made by itself; production refuses it.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from airside.core.entropy import Entropy, token
from airside.core.errors import InvalidInput, Misconfigured
from airside.core.ids import format_id, parse_id
from airside.core.secret import Secret
from airside.vault import envelope
from airside.vault.model import KEY_BYTES, Unopenable
from airside.vault.private_file import read_private

SETTING: Final = "AIRSIDE_KEK_FILE"
_MAGIC: Final = "airside-kek"
_VERSION: Final = "1"
_PREFIX: Final = "kek"
_UUID_BYTES: Final = 16
_KINDS: Final = {"development": True, "production": False}


class LocalKek:
    """An `Aead` whose key came from a file. Make one by `load`, `create` or `load_or_create`."""

    def __init__(self, *, key_id: UUID, key: Secret[bytes], development: bool, entropy: Entropy) -> None:
        self._key_id = key_id
        self._cipher = AESGCM(key.reveal())
        self._development = development
        self._entropy = entropy

    @classmethod
    def load(cls, path: Path, *, entropy: Entropy, setting: str = SETTING) -> "LocalKek":
        """The key in the file at `path`, which `setting` names.

        Raises:
            Misconfigured: no such file, open to others than its owner, or not a key file of this version.
        """
        return cls.parse(read_private(path, setting), entropy=entropy, setting=setting)

    @classmethod
    def create(cls, path: Path, *, development: bool, entropy: Entropy, setting: str = SETTING) -> "LocalKek":
        """A new key, in a new file at `path` (mode 0600), whole or not at all; `setting` is what named it.

        Raises:
            Misconfigured: there is a file already (a key is never overwritten), or none can be made there.
        """
        key_id = UUID(bytes=entropy.bytes(_UUID_BYTES))
        kind = "development" if development else "production"
        line = " ".join((_MAGIC, _VERSION, kind, format_id(_PREFIX, key_id), token(entropy))) + "\n"
        try:
            _write_new(path, line.encode(), suffix=key_id.hex)
        except FileExistsError:
            raise Misconfigured(setting, "there is a file already; a key is never overwritten") from None
        except OSError as error:
            raise Misconfigured(setting, f"the key file can't be made: {error.strerror}") from None
        return cls.load(path, entropy=entropy, setting=setting)

    @classmethod
    def load_or_create(cls, path: Path, *, entropy: Entropy) -> "LocalKek":
        """The key at `path`, made first as a development key where there is none.

        Raises:
            Misconfigured: as `load` and `create`.
        """
        if not path.exists():
            try:
                return cls.create(path, development=True, entropy=entropy)
            except Misconfigured:
                if not path.exists():
                    raise
                # Another process made it between the two looks: its key is as good as ours.
        return cls.load(path, entropy=entropy)

    @property
    def key_id(self) -> str:
        """`kek_…`, as the file says."""
        return format_id(_PREFIX, self._key_id)

    @property
    def tag(self) -> UUID:
        """As `Kek.tag`: what `kek_…` spells."""
        return self._key_id

    @property
    def development(self) -> bool:
        """Whether a development server made this key; production start-up refuses it."""
        return self._development

    async def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """As `Aead.seal`, in the format of `envelope.py`."""
        return envelope.seal(
            self._cipher,
            self._key_id,
            nonce=self._entropy.bytes(envelope.NONCE_BYTES),
            plaintext=plaintext,
            context=aad,
        )

    async def open(self, ciphertext: bytes, aad: bytes) -> bytes:
        """As `Aead.open`."""
        if envelope.key_of(ciphertext) != self._key_id:
            raise Unopenable
        return envelope.open(self._cipher, ciphertext, aad)

    @classmethod
    def parse(cls, content: bytes, *, entropy: Entropy, setting: str = SETTING) -> "LocalKek":
        """The key in what a key file holds; `setting` is what it came by.

        Raises:
            Misconfigured: not a key file of this version.
        """
        try:
            magic, version, kind, key_id, text = content.decode("ascii").removesuffix("\n").split(" ")
            key = base64.b64decode(text + "=", altchars=b"-_", validate=True)
            if (magic, version, len(key)) != (_MAGIC, _VERSION, KEY_BYTES):
                raise ValueError
            return cls(
                key_id=parse_id(_PREFIX, key_id),
                key=Secret(key),
                development=_KINDS[kind],
                entropy=entropy,
            )
        except (ValueError, KeyError, binascii.Error, InvalidInput):
            raise Misconfigured(setting, "not a key file that this version reads") from None


def _write_new(path: Path, content: bytes, *, suffix: str) -> None:
    """Write aside, then link: a reader sees the whole file or none, and an existing one is never replaced."""
    aside = path.with_name(f".{path.name}.{suffix}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.link(aside, path)
    finally:
        aside.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
