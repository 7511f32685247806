"""What is of one person and stands under their tenant's key, from before its column was sealed under theirs, is sealed
anew under their own.

The state of the work is the data, as with the rotation of data keys: a value's first byte says whose key it is under,
so whoever goes on after a kill looks at what is left. Readers take both. Never journals: its callers do.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from airside.store.context import RequestContext
from airside.vault import records_columns
from airside.vault.columns import SEALED, Sealed
from airside.vault.keyset import Keyset
from airside.vault.model import Place, Unopenable
from airside.vault.persons import PersonKey
from airside.vault.records_columns import Change, Unowned
from airside.vault.vault import Vault

BATCH: Final = 200
"""Rows sealed anew in one transaction."""
MAX_BATCHES: Final = 25
"""Of one column in one turn: the timer comes again."""


class Adoption:
    """Gives people what is theirs."""

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def adopt(self, ctx: RequestContext) -> int:
        """Seal under persons' keys what the tenant's seals of them, in batches that are committed one by one, for a
        timer; how many values. Whoever has no key yet, or holds a row, has their turn later; what doesn't open stays.

        Raises:
            Unavailable: the key encryption key can't be reached. What was done is done.
        """
        done = 0
        for column in SEALED:
            if column.owner:
                done += await self._column(ctx, column)
        return done

    async def _column(self, ctx: RequestContext, column: Sealed) -> int:
        after: tuple[Any, ...] = ()
        done = 0
        for _ in range(MAX_BATCHES):
            rows = await records_columns.unowned(ctx, column, after, BATCH)
            if rows:
                keyset, owners = await self._vault.keyset(ctx), {row.owner for row in rows}
                changes = _anew(keyset, await self._vault.persons.several(ctx, owners), column, rows)
                done += await records_columns.replace(ctx, column, changes)
                await ctx.tx.checkpoint()
            if len(rows) < BATCH:
                break
            after = rows[-1].key
        return done


def _anew(keyset: Keyset, persons: Mapping[UUID, PersonKey], column: Sealed, rows: Sequence[Unowned]) -> list[Change]:
    """Those that open and whose person has a key, sealed by it."""
    changes: list[Change] = []
    for row in rows:
        person = persons.get(row.owner)
        place = Place(column.table, column.column, records_columns.place_row(column, row))
        try:
            plain = keyset.open(place, row.sealed)
        except Unopenable:
            continue
        if person is not None:
            changes.append(Change(row.key, row.sealed, person.seal(place, plain)))
    return changes
