"""Sections into their tables, each held to its digest."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from airside.custody import records_backup as records
from airside.custody.backup_model import KEY_TABLES, Begin, Damaged, End, Event, Progress


class Taking:
    """Takes sections in one transaction, in the order in which they come."""

    def __init__(self, connection: AsyncConnection[Any], shape: records.Shape, progress: Progress) -> None:
        self._connection = connection
        self._shape = shape
        self._progress = progress
        self._stage = records.Stage(connection)
        self._tenant: UUID | None = None

    def lawful(self, event: Event) -> Begin:
        """A section of a table that is here, as it is here (N41).

        Raises:
            Damaged: anything else.
        """
        if not isinstance(event, Begin):
            raise Damaged("rows outside a section")
        scope = "platform" if event.tenant is None else "tenant"
        if self._shape.columns.get(event.table) != event.columns or event.table not in (
            *self._shape.tables(scope),
            *(KEY_TABLES if scope == "tenant" else ()),
        ):
            raise Damaged("a table that isn't here")
        return event

    async def section(self, begin: Begin, events: AsyncIterator[Event]) -> tuple[End, int]:
        """The rows of the section that began; its end, and how many rows stand in their table now.

        Raises:
            Damaged: it has no end, or was changed.
            psycopg.Error: not rows of that table, or rows that are there already.
        """
        if begin.tenant is not None and begin.tenant != self._tenant:
            await records.enter(self._connection, begin.tenant)
            self._tenant = begin.tenant
        digest, ends, carried = hashlib.sha256(), list[End](), 0

        async def pieces() -> AsyncIterator[bytes]:
            nonlocal carried
            async for event in events:
                if isinstance(event, End):
                    ends.append(event)
                    return
                if not isinstance(event, bytes):
                    break
                digest.update(event)
                carried += len(event)
                yield event
            raise Damaged("a section without its end")

        moved = await self._stage.take(begin, pieces())
        if ends[0].sha256 != digest.hexdigest():
            raise Damaged("a section that was changed")
        self._progress(moved, carried)
        return ends[0], moved
