"""What a record says of a person, sealed under that person's own key: its leaf covers the ciphertext, so that the log
verifies as before when the key is destroyed and nobody reads it any more."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from airside.audit.redaction import clean, personal_bytes
from airside.core.errors import InvalidInput
from airside.core.ids import USER, parse_id
from airside.core.strict_json import loads_object
from airside.store.context import RequestContext
from airside.vault import Keyset, PersonKey, Place, Unopenable, Vault, open_personal, person_of

ERASED: Final = "erased"
"""What stands for what nobody can open any more."""
NOWHERE: Final = frozenset({"", "-"})
"""Origins that tell nothing of anybody."""
_MARK: Final = "~"
"""How a sealed origin begins, in unpadded base64url after it; alone, it stands among the personal fields. What older
builds wrote is the address itself."""
_ORIGIN: Final = "origin"


class Sealed(NamedTuple):
    """Two columns of a record."""

    origin: str
    personal: bytes | None


UNSEALED: Final = Sealed("", None)
"""Of a record that had to be written while nothing could be sealed: it tells nothing of anybody."""


class Whence(NamedTuple):
    """What is read of a record to say where it came from."""

    record_id: UUID
    origin: str
    personal_sealed: bytes | None


async def sealed(
    ctx: RequestContext, vault: Vault, record_id: UUID, personal: Mapping[str, str], about: Sequence[str] = ()
) -> Sealed:
    """`personal` under the key of the first of `about` (words such as `usr_…`) who has one, and the address that the
    request came from under the key of whoever sent it, or else of theirs; where nobody has a key, under the tenant's.

    Raises:
        SecretInRecord, TooLarge: as `personal_bytes`.
    """
    address = clean(ctx.origin.address)
    sender = None if address in NOWHERE else await _key(ctx, vault, (ctx.principal.subject, *about))
    whose = await _key(ctx, vault, about) if personal else None
    origin, fields = address, dict(personal)
    if sender is not None:
        text = sender.seal(_origin_place(record_id), address.encode(errors="replace"))
        origin = _MARK + base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    elif address not in NOWHERE:
        origin, fields = _MARK, {**personal, _ORIGIN: address}
    if not fields:
        return Sealed(origin, None)
    key = await vault.keyset(ctx) if whose is None else whose
    return Sealed(origin, key.seal(_personal_place(record_id), personal_bytes(fields)))


class Opened(NamedTuple):
    """What a record says of people: where it came from and its personal fields; None where nobody can open it any
    more."""

    origin: str | None
    personal: Mapping[str, str] | None


async def opened(ctx: RequestContext, vault: Vault, rows: Sequence[Whence]) -> list[Opened]:
    """What is sealed in records: one query for all whose keys aren't in memory."""
    shut = [each for row in rows for each in (_shut(row), row.personal_sealed) if each is not None]
    wanted = {person for each in shut if (person := _person(each)) is not None}
    keyset, keys = await vault.keyset(ctx), await vault.persons.several(ctx, wanted)
    return [_opened(keyset, keys, row) for row in rows]


async def origins(ctx: RequestContext, vault: Vault, rows: Sequence[Whence]) -> list[str]:
    """The origins of records, opened; `ERASED` where nobody can."""
    return [ERASED if each.origin is None else each.origin for each in await opened(ctx, vault, rows)]


async def _key(ctx: RequestContext, vault: Vault, words: Iterable[str]) -> PersonKey | None:
    for word in words:
        user_id = _user(word)
        key = None if user_id is None else await vault.persons.of(ctx, user_id)
        if key is not None:
            return key
    return None


def _user(word: str) -> UUID | None:
    if not word.startswith((f"{USER}_", f"user:{USER}_")):
        return None
    try:
        return parse_id(USER, word.removeprefix("user:"))
    except InvalidInput:
        return None


def _opened(keyset: Keyset, keys: Mapping[UUID, PersonKey], row: Whence) -> Opened:
    personal: dict[str, str] | None = {}
    if row.personal_sealed is not None:
        text = _open(keyset, keys, _personal_place(row.record_id), row.personal_sealed)
        personal = None if text is None else {name: str(value) for name, value in loads_object(text).items()}
    if row.origin == _MARK:
        return Opened(None, None) if personal is None else Opened(personal.pop(_ORIGIN, None), personal)
    shut = _shut(row)
    if shut is None:
        return Opened(row.origin, personal)
    address = _open(keyset, keys, _origin_place(row.record_id), shut)
    return Opened(None if address is None else address.decode(), personal)


def _open(keyset: Keyset, keys: Mapping[UUID, PersonKey], place: Place, shut: bytes) -> bytes | None:
    try:
        person = person_of(shut)
        return open_personal(keyset, None if person is None else keys.get(person), place, shut)
    except Unopenable:
        return None


def _person(shut: bytes) -> UUID | None:
    try:
        return person_of(shut)
    except Unopenable:
        return None


def _shut(row: Whence) -> bytes | None:
    """The ciphertext that is the origin; None where it stands open or among the personal fields."""
    if not row.origin.startswith(_MARK) or row.origin == _MARK:
        return None
    text = row.origin.removeprefix(_MARK)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""


def _personal_place(record_id: UUID) -> Place:
    return Place("audit_record", "personal_sealed", record_id)


def _origin_place(record_id: UUID) -> Place:
    return Place("audit_record", "origin", record_id)
