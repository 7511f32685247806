"""How the hash of a password is kept: sealed for its own row with the tenant's data key (decision 0012).

The seal is the pepper. Who holds the rows without the key encryption key can't try a single guess, a hash moved to
another person's row doesn't open, and the key is rotated by sealing again what it opened, without any password.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.vault import Keyset, Place

_OWN: Final = b"own:"
_IMPORTED: Final = b"imported:"
_PLAIN: Final = b"$argon2id$"
"""How rows begin that were written before hashes were sealed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored hash, opened. `imported`: another system made it, of the text as it was typed. `stale`: its row isn't
    sealed with today's key."""

    text: str = field(repr=False)
    imported: bool = False
    stale: bool = False


def credential_place(user_id: UUID) -> Place:
    """Where the hash of the user's password stands."""
    return Place("password_credential", "hash", user_id)


def history_place(history_id: UUID) -> Place:
    """Where the hash of a former password stands."""
    return Place("password_history", "hash", history_id)


def close(keyset: Keyset, place: Place, kept: Kept) -> bytes:
    """The row of `kept`, sealed with today's key."""
    return keyset.seal(place, (_IMPORTED if kept.imported else _OWN) + kept.text.encode())


def read(keyset: Keyset, place: Place, row: bytes) -> Kept:
    """What stands in `row`, sealed or from before.

    Raises:
        Unopenable: sealed with a key that isn't the tenant's, for another row, or changed.
        Inconsistent: it opens, and holds no hash.
    """
    if row.startswith(_PLAIN):
        return Kept(row.decode("ascii", "replace"), stale=True)
    plaintext = keyset.open(place, row)
    for prefix, imported in ((_OWN, False), (_IMPORTED, True)):
        if plaintext.startswith(prefix):
            return Kept(plaintext.removeprefix(prefix).decode(), imported, not keyset.is_current(row))
    raise Inconsistent("sealed password hash of no kind")
