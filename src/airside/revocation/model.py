"""Entries, and the set of a tenant that verifiers ask."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from airside.core.strict_json import Json

Kind: TypeAlias = Literal["jti", "sid", "fam", "sub", "client", "key", "tenant"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MAX_ID: Final = 256
MAX_PAGE: Final = 2000  # entries told at once: about 300 KB
ALWAYS: Final = 2**62  # a `before` later than every token


@dataclass(frozen=True, slots=True)
class Entry:
    """Tokens of `id` issued at or before the second `before` are revoked; kept until `expires_at`.

    Both in whole seconds since the epoch; `before` is `ALWAYS` where every token is meant.
    """

    kind: Kind
    id: str
    before: int
    expires_at: int

    def wire(self) -> dict[str, Json]:
        """The entry as the feed tells it: `before` null where every token is meant."""
        before = None if self.before == ALWAYS else self.before
        return {"kind": self.kind, "id": self.id, "before": before, "expires_at": self.expires_at}


@dataclass(frozen=True, slots=True)
class Page:
    """News for a follower, and where the next of it begins. An empty page is no news."""

    cursor: str
    entries: tuple[Entry, ...]

    def cursors(self) -> tuple[str, ...]:
        """The cursor after each entry; the last is the page's own."""
        mark, _, place = self.cursor.rpartition(".")
        first = int(place) - len(self.entries) + 1
        return tuple(f"{mark}.{first + number}" for number in range(len(self.entries)))


class RevokedSet:
    """What is revoked in one tenant, as a live view: entries arrive in it while it is held.

    `iat` has whole seconds. A token issued in the very second of a revocation counts as issued before it: one
    issued just after is refused too, and its client gets a good one a second later. The other reading would let
    a thief's token of that second live on.
    """

    __slots__ = ("_by_kind", "_log", "_mark")

    def __init__(self, entries: Iterable[Entry] = (), *, mark: str = "") -> None:
        self._by_kind: dict[Kind, dict[str, Entry]] = {kind: {} for kind in KINDS}
        self._log: list[Entry] = []
        self._mark = mark
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Take `entry` in. Order doesn't matter and nothing is ever weakened: of two, the wider counts."""
        known = self._by_kind[entry.kind]
        present = known.get(entry.id)
        if present is not None:
            before, expires = max(present.before, entry.before), max(present.expires_at, entry.expires_at)
            entry = Entry(entry.kind, entry.id, before, expires)
            if entry == present:
                return
        known[entry.id] = entry
        self._log.append(entry)

    def after(self, cursor: str) -> Page:
        """What has arrived since `cursor`. A cursor of another set (another node, or before a reload) or of none
        gets everything from the beginning: hearing an entry twice changes nothing, missing one would."""
        mark, _, place = cursor.rpartition(".")
        start = int(place) if mark == self._mark and place.isascii() and place.isdigit() and len(place) < 10 else 0
        told = self._log[start : start + MAX_PAGE]
        return Page(f"{self._mark}.{min(start, len(self._log)) + len(told)}", tuple(told))

    def covers(
        self,
        *,
        jti: str,
        sid: str | None,
        fam: str | None,
        sub: str,
        client_id: str,
        issued_at: int,
        key: str | None = None,
    ) -> bool:
        """Whether a token of these claims is revoked. `key` is the `kid` it was signed with, or an API key's id."""
        if not self._log:
            return False
        sets = self._by_kind
        return (
            _hit(sets["jti"], jti, issued_at)
            or _hit(sets["sid"], sid, issued_at)
            or _hit(sets["fam"], fam, issued_at)
            or _hit(sets["sub"], sub, issued_at)
            or _hit(sets["client"], client_id, issued_at)
            or _hit(sets["key"], key, issued_at)
            or any(issued_at <= entry.before for entry in sets["tenant"].values())
        )

    @property
    def arrived(self) -> int:
        """How many entries have arrived, those that widen one included."""
        return len(self._log)

    def since(self, arrived: int) -> list[Entry]:
        """Those that have arrived since there were `arrived`."""
        return self._log[arrived:]

    def until(self, kind: Kind, id: str) -> int | None:
        """The second up to which what `id` names is revoked; None where nothing of it is."""
        entry = self._by_kind[kind].get(id)
        return None if entry is None else entry.before

    def __iter__(self) -> Iterator[Entry]:
        return iter([entry for known in self._by_kind.values() for entry in known.values()])

    def __len__(self) -> int:
        return sum(map(len, self._by_kind.values()))


def _hit(known: dict[str, Entry], id: str | None, issued_at: int) -> bool:
    if not known or id is None:
        return False
    entry = known.get(id)
    return entry is not None and issued_at <= entry.before
