"""The audit log's values: records, leaves, heads, what an export is made of, and what a verifier found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args
from uuid import UUID

from msgspec import Struct

Outcome = Literal["success", "refused", "failure"]
OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)


class Record(Struct, frozen=True):
    """One thing that happened, as stored: `details` is canonical JSON text, personal fields are sealed.

    `leaf_hash` covers all the other fields (`canonical.py`). A struct like all that an export is made of, for logs are
    long: it is made several times as fast as a dataclass, and read and written faster.
    """

    tenant_id: UUID
    record_id: UUID
    at: datetime
    event: str
    actor: str
    subject: str
    outcome: str
    reason: str
    request_id: str
    origin: str
    details: str
    person: str
    personal_sealed: bytes | None
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Search:
    """What records are looked for. Empty and None narrow nothing; `pattern` is how `events` were asked for."""

    actor: str = ""
    subject: str = ""
    pattern: str = ""
    events: tuple[str, ...] = ()
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A record, and what is sealed in it, opened: None where the reader may not see it, or nobody can any more."""

    record: Record
    origin: str | None
    personal: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A record at its place in the log; None where there is none any more for the leaf."""

    seq: int
    found: Found | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A record that waits for its place in the tree."""

    record_id: UUID
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Tree:
    """Where a tenant's tree stands: its size, its frontier (32 bytes a hash), and its last signed head."""

    tree_size: int
    frontier: bytes
    head_size: int
    head_at: datetime | None


@dataclass(frozen=True, slots=True)
class Node:
    """The root of the complete subtree over leaves `number * 2**level` up to `(number + 1) * 2**level`."""

    level: int
    number: int
    hash: bytes


class Head(Struct, frozen=True):
    """A signed head: the tenant's first `tree_size` records have this `root`. `jws` is the signed form."""

    tree_size: int
    root: bytes
    at: datetime
    jws: str


@dataclass(frozen=True, slots=True)
class AuditKey:
    """A tenant's key for signing heads; the private part is sealed."""

    key_id: UUID
    public_jwk: str
    private_sealed: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large the tree says it is, and how far leaves and heads reach: the same, unless somebody meddled."""

    tree_size: int
    reach: int


class Opening(Struct, frozen=True):
    """An export's first line: whose log, how large its tree says it is, and the public keys of its heads."""

    tenant_id: UUID
    tree_size: int
    keys: tuple[str, ...]


class Cut(Struct, frozen=True):
    """An export's line after its opening, where records have expired: that those of the first `tree_size` leaves, whose
    tree has this `root`, were all made before `before` and may be gone. Signed by the log's own key (`cuts.py`), and
    word for word in a record of the log: the details of the last `audit:log:expired`."""

    tree_size: int
    root: bytes
    before: datetime
    signature: bytes


class Leaf(Struct, frozen=True):
    """An export's line for one leaf, with the record it stands for, or None where that is gone."""

    seq: int
    record_id: UUID
    leaf_hash: bytes
    record: Record | None


class Loose(Struct, frozen=True):
    """An export's line for a record outside the exported tree. `queued` is the hash that the sequencer has or
    has since taken, None where it knows nothing of the record; `record` is None where only that hash is left."""

    record_id: UUID
    record: Record | None
    queued: bytes | None


class Closing(Struct, frozen=True):
    """An export's last line: how many went before. Without it the export was cut short."""

    entries: int


Entry: TypeAlias = Opening | Cut | Leaf | Head | Loose | Closing

ProblemKind = Literal[
    "record edited",
    "record misplaced",
    "record missing",
    "record unaccounted",
    "leaf missing",
    "leaf misplaced",
    "tree size",
    "head mismatch",
    "head missing",
    "head forged",
    "key replaced",
    "checkpoint mismatch",
    "cut forged",
    "cut unrecorded",
    "rolled back",
    "malformed",
    "cut short",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: what kind, where (a sequence number or a record's id), and in words."""

    kind: ProblemKind
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found.

    `proven` records lie under `head`, the last head that holds; `younger` were recorded but lie under no head
    yet. `checkpoint` is the tree size of the trusted head that the log was held against, None without one. `expired`
    records are gone as `cut` says; their hashes are proven with the others.
    """

    proven: int
    younger: int
    head: Head | None
    checkpoint: int | None
    problems: tuple[Problem, ...]
    expired: int = 0
    cut: Cut | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That a record is leaf `seq` of the tree under `head` (RFC 9162 §2.1.3)."""

    seq: int
    leaf_hash: bytes
    path: tuple[bytes, ...]
    head: Head


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the tree of size `first` is a prefix of the tree of size `second` (RFC 9162 §2.1.4)."""

    first: int
    second: int
    path: tuple[bytes, ...]
