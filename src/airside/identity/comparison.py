"""Whether a password is the one that a stored hash was made of, whoever made it; and what a guess at nobody meets."""

from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

from airside.core.errors import Inconsistent, InvalidInput
from airside.core.secret import Secret
from airside.identity import foreign
from airside.identity.candidate import as_typed, candidate
from airside.identity.hashing import HashPool
from airside.identity.kept import Kept, close, credential_place, read
from airside.vault import Keyset

_NOBODY: Final = UUID(int=0)


class Comparison:
    """Compares in the pool. An imported hash costs what its system chose until its owner signs in: until then the time
    of a refusal may tell that the account is there (decision 0012)."""

    def __init__(self, hashes: HashPool) -> None:
        self._hashes = hashes
        self._decoys: WeakKeyDictionary[Keyset, bytes] = WeakKeyDictionary()

    async def matches(self, tenant_id: UUID, kept: Kept, password: Secret[str]) -> bool:
        """Whether `password` is the one; for an imported hash as it was typed, or normalised as ours are.

        Raises:
            Unavailable: the queue is full.
            Inconsistent: the stored hash is none.
        """
        if not kept.imported:
            return await self._hashes.verify(tenant_id, kept.text, candidate(password))
        try:
            hashed = foreign.read(kept.text)
        except InvalidInput:
            raise Inconsistent("imported hash that can't be read any more") from None
        typed, ours = as_typed(password), candidate(password)
        # In one piece of work: who finds the queue full has had nothing compared.
        return await self._hashes.work(
            tenant_id, lambda: hashed.matches(typed) or (typed != ours and hashed.matches(ours))
        )

    def nobody(self, keyset: Keyset) -> Kept:
        """What a guess at nobody is compared with: sealed like everybody's hash, and opened each time."""
        place = credential_place(_NOBODY)
        sealed = self._decoys.get(keyset)
        if sealed is None:
            sealed = self._decoys[keyset] = close(keyset, place, Kept(self._hashes.dummy))
        return read(keyset, place, sealed)
