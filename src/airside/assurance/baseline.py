"""What is known and accepted for a while: a file of entries, each with a reason and an end."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from airside.core.errors import InvalidInput

MAX_BYTES: Final = 256 * 1024
MAX_ENTRIES: Final = 1000
MIN_REASON: Final = 10  # characters
_FIELDS: Final = frozenset({"check", "where", "reason", "expires"})


@dataclass(frozen=True, slots=True)
class Accepted:
    """Findings of `check` whose place begins with `where` (empty: anywhere) are accepted through `expires`."""

    check: str
    where: str
    reason: str
    expires: date


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries that count on one day, and those that no longer do."""

    entries: tuple[Accepted, ...] = ()
    expired: tuple[Accepted, ...] = ()

    def accepts(self, check: str, where: str) -> bool:
        """Whether a finding of `check` at `where` is accepted."""
        return any(entry.check == check and where.startswith(entry.where) for entry in self.entries)


def read_baseline(text: bytes, known: Collection[str], now: datetime) -> Baseline:
    """The baseline in `text` (TOML: `[[accepted]]` with check, where, reason and expires), as it counts `now`.

    Raises:
        InvalidInput: no TOML, an unknown field or check, no reason, no end, or over a cap; it names the entry.
    """
    if len(text) > MAX_BYTES:
        raise InvalidInput("the baseline is over its cap", max_bytes=MAX_BYTES)
    try:
        table = tomllib.loads(text.decode("utf-8"))
    except ValueError as error:
        raise InvalidInput(f"the baseline is no TOML: {error}") from None
    rows = table.pop("accepted", [])
    if table or not isinstance(rows, list):
        raise InvalidInput("a baseline holds [[accepted]] entries and nothing else")
    if len(rows) > MAX_ENTRIES:  # pyright: ignore[reportUnknownArgumentType]
        raise InvalidInput("the baseline has too many entries", max_entries=MAX_ENTRIES)
    entries = [_entry(number, row, known) for number, row in enumerate(rows, 1)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    today = now.date()
    return Baseline(
        tuple(entry for entry in entries if entry.expires >= today),
        tuple(entry for entry in entries if entry.expires < today),
    )


def _entry(number: int, row: object, known: Collection[str]) -> Accepted:
    if not isinstance(row, dict):
        raise InvalidInput(f"entry {number} of the baseline is no table")
    table: dict[str, object] = dict(row)  # pyright: ignore[reportUnknownArgumentType]
    unknown = table.keys() - _FIELDS
    if unknown:
        raise InvalidInput(f"entry {number} of the baseline has the unknown field {min(unknown)}")
    check, where, reason, expires = (table.get(name) for name in ("check", "where", "reason", "expires"))
    if not isinstance(check, str) or check not in known:
        raise InvalidInput(f"entry {number} of the baseline names no check: {check}")
    if not isinstance(where, str | None):
        raise InvalidInput(f"entry {number} of the baseline: where is a text")
    if not isinstance(reason, str) or len(reason.strip()) < MIN_REASON:
        raise InvalidInput(f"entry {number} of the baseline gives no reason")
    if not isinstance(expires, date) or isinstance(expires, datetime):
        raise InvalidInput(f"entry {number} of the baseline has no end: expires = 2027-01-31")
    return Accepted(check, where or "", reason.strip(), expires)
