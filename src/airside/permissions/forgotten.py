"""What was kept between questions and no longer holds."""

from typing import Any, Final

LET_GO: Final = 8
"""Entries whose memory is given back at a time."""


class Forgotten:
    """Gives memory back little by little: a hundred thousand entries at once would hold up a write for 50 ms.

    Whoever keeps something anew says `let_go`; so it goes faster than it comes.
    """

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        self._tables: list[dict[Any, Any]] = []

    def add(self, table: dict[Any, Any]) -> None:
        """Take over a table that nobody reads any more."""
        if table:
            self._tables.append(table)

    def let_go(self) -> None:
        """Drop a few entries, if there are any."""
        if not self._tables:
            return
        table = self._tables[-1]
        for _ in range(min(LET_GO, len(table))):
            table.popitem()
        if not table:
            self._tables.pop()

    def __len__(self) -> int:
        return sum(map(len, self._tables))
