"""Which tokens are taken back, as a pure rule over what the server has told."""

from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.sdk.token import VerifiedToken

Kind = Literal["jti", "sid", "fam", "sub", "client", "key", "tenant"]
KINDS: Final[frozenset[str]] = frozenset(get_args(Kind))
MAX_ENTRIES: Final = 1_000_000  # about 200 MB; beyond it nothing can be vouched for
MAX_ID: Final = 256
ALWAYS: Final = 2**62  # a `before` later than every token
MARGIN: Final = 60  # seconds for which an ended entry is kept: clocks differ, and verification has leeway


@dataclass(frozen=True, slots=True)
class Entry:
    """One word of the server: tokens of `id` issued at or before the second `before` are no longer good.

    Times are whole seconds since the epoch. After `expires_at` everything it could cover has ended by itself.
    """

    kind: Kind
    id: str
    before: int
    expires_at: int


def read_entry(value: Json) -> Entry:
    """An entry as the feed writes it.

    Raises:
        InvalidInput: another shape, or a kind nobody here knows: what it takes back would pass unseen.
    """
    if not isinstance(value, dict):
        raise InvalidInput("a revocation is an object")
    kind, identifier = value.get("kind"), value.get("id")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidInput("a revocation of unknown kind")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= MAX_ID:
        raise InvalidInput("a revocation without an id")
    before = value.get("before")
    return Entry(
        cast(Kind, kind),
        identifier,
        ALWAYS if before is None else _seconds(before),
        _seconds(value.get("expires_at")),
    )


class RevokedSet:
    """Every entry that may still matter."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[Kind, dict[str, Entry]] = {}

    def __len__(self) -> int:
        return sum(len(entries) for entries in self._entries.values())

    def add(self, entry: Entry) -> None:
        """Take an entry in. Nothing is ever weakened: of two about the same thing, the wider counts.

        Raises:
            InvalidInput: over `MAX_ENTRIES`.
        """
        entries = self._entries.setdefault(entry.kind, {})
        known = entries.get(entry.id)
        if known is not None:
            before, expires_at = max(known.before, entry.before), max(known.expires_at, entry.expires_at)
            entry = Entry(entry.kind, entry.id, before, expires_at)
        elif len(self) >= MAX_ENTRIES:
            raise InvalidInput("more revocations than can be held")
        entries[entry.id] = entry

    def prune(self, now: float) -> None:
        """Forget what has ended by itself; `now` in seconds since the epoch."""
        for kind, entries in list(self._entries.items()):
            kept = {name: entry for name, entry in entries.items() if entry.expires_at + MARGIN > now}
            if kept:
                self._entries[kind] = kept
            else:
                del self._entries[kind]

    def covers(self, token: VerifiedToken) -> bool:
        """Whether something of this token has been taken back since it was issued."""
        if not self._entries:
            return False
        at = token.issued_at
        return (
            self._covers("jti", token.token_id, at)
            or self._covers("sid", token.session_id, at)
            or self._covers("fam", token.family_id, at)
            or self._covers("sub", token.subject, at)
            or self._covers("client", token.client_id, at)
            or self._covers("key", token.key_id, at)
            # Who acts for somebody acts no more once they are gone themselves.
            or any(self._covers(kind, acting, at) for acting in token.acting for kind in ("sub", "client"))
            # The feed is of one tenant: whatever it calls that, all of its tokens are meant.
            or any(at <= entry.before for entry in self._entries.get("tenant", {}).values())
        )

    def _covers(self, kind: Kind, identifier: str | None, issued_at: int) -> bool:
        entries = self._entries.get(kind)
        if entries is None or identifier is None:
            return False
        entry = entries.get(identifier)
        # `iat` has whole seconds: one issued in the second of the revocation counts as issued before it.
        return entry is not None and issued_at <= entry.before


def _seconds(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInput("a time is in whole seconds since the epoch")
    return value
