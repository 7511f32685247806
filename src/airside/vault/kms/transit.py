"""A key in the transit engine of OpenBao or Vault: AES-GCM with associated data, over TLS.

What the engine makes is text, `vault:v3:<base64>`; kept are the version of the key (4 bytes) and the bytes themselves,
so that there is one way to write each ciphertext. Rotating the key in the engine needs nothing here.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from airside.core.errors import Misconfigured
from airside.core.secret import Secret
from airside.fetch import Fetched, Fetcher, Refused, Unavailable
from airside.vault.kms.remote import CALL_SECONDS, away
from airside.vault.model import Unopenable
from airside.vault.private_file import read_private_line

T = TypeVar("T")

SETTING: Final = "AIRSIDE_KEK"
MAX_ANSWER: Final = 64 * 1024
_VERSION_BYTES: Final = 4
_CIPHERTEXT: Final = re.compile(r"vault:v([1-9][0-9]{0,8}):([A-Za-z0-9+/]+={0,2})")
_FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A token in a file, read at every question: an agent may renew it at any time."""

    path: Path


@dataclass(frozen=True, slots=True)
class AppRole:
    """A role's id and its secret, each in a file; the token that they are exchanged for stays in memory."""

    role_id: Path
    secret_id: Path
    mount: str = "approle"


class _Ciphertext(msgspec.Struct):
    ciphertext: str


class _Plaintext(msgspec.Struct):
    plaintext: str


class _Auth(msgspec.Struct):
    client_token: str


class _Sealed(msgspec.Struct):
    data: _Ciphertext


class _Opened(msgspec.Struct):
    data: _Plaintext


class _LoggedIn(msgspec.Struct):
    auth: _Auth


class _Errors(msgspec.Struct):
    errors: list[str] = []


class Transit:
    """Implements `KeyService` on the key `name` of the engine at `{origin}/v1/{mount}`.

    `fetcher` goes to that origin and trusts the authority that the settings pin.
    """

    def __init__(
        self,
        origin: str,
        *,
        mount: str,
        name: str,
        credential: TokenFile | AppRole,
        fetcher: Fetcher,
        namespace: str = "",
        known_as: str = "",
    ) -> None:
        """`known_as` stands in for the origin in `key_id`, where the engine has moved."""
        self._origin = origin
        self._mount = mount
        self._name = name
        self._credential = credential
        self._fetcher = fetcher
        self._headers = {"x-vault-namespace": namespace} if namespace else {}
        self._key_id = f"transit:{known_as or origin.partition('://')[2]}/{mount}/{name}"
        self._token: Secret[str] | None = None

    @property
    def key_id(self) -> str:
        """`transit:`, and where the key is."""
        return self._key_id

    async def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        """As `KeyService.encrypt`."""
        answer = await self._ask("encrypt", {"plaintext": _text(plaintext), "associated_data": _text(context)})
        found = _CIPHERTEXT.fullmatch(_read(answer, _Sealed).data.ciphertext)
        if found is None:
            raise away("a ciphertext in another format")
        return int(found[1]).to_bytes(_VERSION_BYTES) + _bytes(found[2])

    async def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        """As `KeyService.decrypt`."""
        version = int.from_bytes(ciphertext[:_VERSION_BYTES])
        if len(ciphertext) <= _VERSION_BYTES or not version:
            raise Unopenable
        text = f"vault:v{version}:{_text(ciphertext[_VERSION_BYTES:])}"
        answer = await self._ask("decrypt", {"ciphertext": text, "associated_data": _text(context)})
        return _bytes(_read(answer, _Opened).data.plaintext)

    async def _ask(self, verb: str, body: Mapping[str, str]) -> Fetched:
        path = f"{self._mount}/{verb}/{self._name}"
        answer = await self._post(path, body, await self._current_token())
        if answer.status == _FORBIDDEN and isinstance(self._credential, AppRole):
            # The token has run out: once again with a new one.
            self._token = None
            answer = await self._post(path, body, await self._current_token())
        if answer.status == 200:
            return answer
        if answer.status == 400 and verb == "decrypt" and not _key_is_missing(answer):
            raise Unopenable
        raise away(f"status {answer.status}")

    async def _current_token(self) -> Secret[str]:
        if isinstance(self._credential, TokenFile):
            return Secret(_line(self._credential.path))
        if self._token is None:
            role = self._credential
            body = {"role_id": _line(role.role_id), "secret_id": _line(role.secret_id)}
            answer = await self._post(f"auth/{role.mount}/login", body, None)
            if answer.status != 200:
                raise away(f"login: status {answer.status}")
            self._token = Secret(_read(answer, _LoggedIn).auth.client_token)
        return self._token

    async def _post(self, path: str, body: Mapping[str, str], token: Secret[str] | None) -> Fetched:
        headers = {"content-type": "application/json", **self._headers}
        if token is not None:
            headers["x-vault-token"] = token.reveal()
        try:
            return await self._fetcher.post(
                f"{self._origin}/v1/{path}",
                content=json.dumps(body).encode(),
                headers=headers,
                max_bytes=MAX_ANSWER,
                timeout=CALL_SECONDS,
            )
        except (Unavailable, Refused) as refusal:
            raise away(str(refusal.data.get("cause") or refusal.reason)) from None


def _line(path: Path) -> str:
    try:
        return read_private_line(path, SETTING)
    except Misconfigured as problem:
        raise away(f"{path.name}: {problem.remedy}") from None


def _key_is_missing(answer: Fetched) -> bool:
    """Whether a 400 says that the engine has no such key, rather than that it doesn't open."""
    return any("key not found" in error for error in _read(answer, _Errors).errors)


def _read(answer: Fetched, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise away("an answer in another format") from None


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise away("an answer in another format") from None
