"""The offline verifier: is this the log that was signed, all of it, in its order?

It needs no key of ours. Without a trusted head it shows that the log agrees with itself, which whoever rules the
database can arrange; with one, kept outside, everything up to that head is proven against it.
"""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from airside.audit import cuts, export, heads
from airside.audit.canonical import leaf_hash
from airside.audit.events import Event
from airside.audit.model import (
    Closing,
    Cut,
    Entry,
    Head,
    Leaf,
    Loose,
    Opening,
    Problem,
    ProblemKind,
    Report,
)
from airside.audit.tree import Frontier
from airside.core.ids import EVENT, format_id
from airside.protocols.jose import KeySet, VerificationKey
from airside.store.context import RequestContext

BATCH: Final = 1024
"""Leaves hashed into the tree at once."""
_RECORD_ID: Final = re.compile(rb'"record_id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})')
MAX_PROBLEMS: Final = 1000
"""Problems told; the first ones matter, the rest mostly follow from them."""


async def verify_tenant(ctx: RequestContext, *, trusted_head: str | None = None) -> Report:
    """Verify the tenant's log as it stands in the database.

    Raises:
        InvalidInput: `trusted_head` isn't a signed head.
    """
    verifier = Verifier(trusted_head)
    async for entry in export.entries(ctx):
        verifier.take(entry)
    return verifier.report()


class Verifier:
    """Takes a log's entries one by one, in memory that doesn't grow with the log."""

    def __init__(self, trusted_head: str | None) -> None:
        self._checkpoint = None if trusted_head is None else heads.read_checkpoint(trusted_head)
        self._opening: Opening | None = None
        self._keys, self._signers = KeySet([]), list[VerificationKey]()
        self._frontier, self._grown = Frontier(), list[bytes]()
        self._head: Head | None = None
        self._checkpoint_listed = False
        self._heads_hold = True
        self._entries = 0
        self._whole = self._waiting = self._proven = 0
        self._cut: Cut | None = None
        self._cut_recorded = False
        self._expired = 0
        self._closed = False
        self._problems: list[Problem] = []

    def take(self, entry: Entry) -> None:
        """The next entry."""
        if self._closed or (self._opening is None) != isinstance(entry, Opening):
            self._problem("malformed", f"entry {self._entries}", "out of its order")
            return
        match entry:
            case Opening():
                self._open(entry)
            case Cut():
                self._allow(entry)
            case Leaf():
                self._leaf(entry)
            case Head():
                self._signed(entry)
            case Loose():
                self._loose(entry)
            case Closing():
                self._close(entry)
        self._entries += 1

    def take_run(self, first: int, hashes: Sequence[bytes]) -> None:
        """Leaves from number `first` on, one entry each, whose records were found to be what was hashed."""
        if self._closed or self._opening is None:
            self._problem("malformed", f"entry {self._entries}", "out of its order")
            return
        if first == self._size:
            self._grow(hashes, whole=True)
        else:
            for seq, hashed in enumerate(hashes, first):
                self._grow([hashed], whole=self._placed(seq))
        self._entries += len(hashes)

    def malformed(self, number: int, line: bytes) -> None:
        """What should be the next entry, in this line of a file, can't be read. As much of it as there is names it."""
        named = _RECORD_ID.search(line)
        of = "" if named is None else f", of {format_id(EVENT, UUID(named[1].decode()))}"
        self._problem("malformed", f"line {number}", f"not an entry{of}, {self._after}")

    @property
    def _size(self) -> int:
        return self._frontier.size + len(self._grown)

    @property
    def _after(self) -> str:
        return f"after leaf {self._size - 1}" if self._size else "before the first leaf"

    def _root(self) -> bytes:
        self._frontier = self._frontier.grown(self._grown)
        self._grown.clear()
        return self._frontier.root()

    def report(self) -> Report:
        """What was found, after the last entry."""
        size = self._size
        if not self._closed:
            self._problem("cut short", f"leaf {size}", f"the log ends without its closing entry, {self._after}")
        if self._opening is not None and self._opening.tree_size != size:
            self._problem("tree size", f"leaf {size}", f"{size} leaves where the tree says {self._opening.tree_size}")
        trusted = None if self._checkpoint is None else self._checkpoint.head
        if trusted is not None and size < trusted.tree_size:
            covered = f"{size} leaves where the trusted head covers {trusted.tree_size}"
            self._problem("rolled back", f"leaf {size}", covered)
        if trusted is not None and not self._checkpoint_listed:
            self._problem("head missing", f"head {trusted.tree_size}", "the log doesn't list the trusted head")
        if self._cut is not None and not self._cut_recorded:
            self._problem("cut unrecorded", f"leaf {self._cut.tree_size}", "no record behind the cut tells of it")
        return Report(
            proven=self._proven,
            younger=self._whole - self._proven + self._waiting,
            head=self._head,
            checkpoint=None if trusted is None else trusted.tree_size,
            problems=tuple(self._problems),
            expired=self._expired,
            cut=self._cut,
        )

    def _open(self, opening: Opening) -> None:
        self._opening = opening
        found: dict[str, VerificationKey] = {}
        for text in opening.keys:
            key = heads.verification_key(text)
            if key is None or key.kid in found:
                self._problem("key replaced", "keys", "a key that isn't what its name says")
            else:
                found[key.kid] = key
        checkpoint = self._checkpoint
        if checkpoint is None:
            self._trust(list(found.values()))
            return
        # The trusted head names its key by thumbprint: no other key's heads count.
        pinned = found.pop(checkpoint.kid, None)
        self._trust([] if pinned is None else [pinned])
        if pinned is None or found:
            self._problem("key replaced", "keys", "not the key that signed the trusted head, or others beside it")
        if pinned is not None and heads.verified_claims(checkpoint.head.jws, self._keys) is None:
            self._problem("head forged", "trusted head", "its signature doesn't verify")
        if checkpoint.tenant_id != opening.tenant_id:
            self._problem("checkpoint mismatch", "trusted head", "it is another tenant's")

    def _trust(self, signers: list[VerificationKey]) -> None:
        self._keys, self._signers = KeySet(signers), signers

    def _allow(self, cut: Cut) -> None:
        opening = self._opening
        if self._entries != 1 or opening is None or not cuts.is_signed(cut, opening.tenant_id, self._signers):
            self._problem("cut forged", f"leaf {cut.tree_size}", "the log's key didn't sign that records expired")
            return
        self._cut = cut

    def _leaf(self, leaf: Leaf) -> None:
        whole = self._placed(leaf.seq) and self._stands_for(leaf, leaf.leaf_hash)
        self._grow([leaf.leaf_hash], whole=whole)

    def _placed(self, seq: int) -> bool:
        expected = self._size
        if seq > expected:
            self._problem("leaf missing", f"leaf {expected}", f"the next one is {seq}")
        elif seq < expected:
            self._problem("leaf misplaced", f"leaf {seq}", f"where {expected} is due")
        return seq == expected

    def _grow(self, hashes: Sequence[bytes], *, whole: bool) -> None:
        """The next leaves; `whole`: their records are what was hashed."""
        checkpoint = None if self._checkpoint is None else self._checkpoint.head
        known = [each.tree_size for each in (checkpoint, self._cut) if each is not None]
        while hashes:
            count = min([len(hashes), *(size - self._size for size in known if size > self._size)])
            self._grown += hashes[:count]
            hashes = hashes[count:]
            self._whole += count if whole else 0
            if len(self._grown) >= BATCH:
                self._root()
            if checkpoint is not None and self._size == checkpoint.tree_size:
                self._compare(checkpoint)
            if self._cut is not None and self._size == self._cut.tree_size and self._root() != self._cut.root:
                self._problem("cut forged", f"leaf {self._cut.tree_size}", "the log up to here isn't what expired")

    def _compare(self, trusted: Head) -> None:
        if self._root() == trusted.root:
            self._head, self._proven = trusted, self._whole
            return
        self._heads_hold = False
        self._problem(
            "checkpoint mismatch", f"head {trusted.tree_size}", "the log up to here isn't what the trusted head says"
        )

    def _stands_for(self, told: Leaf | Loose, expected: bytes) -> bool:
        record = told.record
        if record is None and self._may_be_gone(told):
            self._expired += 1
            return False
        if record is None:
            self._problem("record missing", _where(told), "its hash is there, the record isn't")
            return False
        if not expected == record.leaf_hash == leaf_hash(record):
            self._problem("record edited", _where(told), "the record isn't what was hashed")
            return False
        # The hash of a leaf covers its record alone: what stands beside the record is held against it here.
        if record.record_id != told.record_id:
            self._problem("record misplaced", _where(told), f"it is record {record.record_id}")
            return False
        if self._opening is None or record.tenant_id != self._opening.tenant_id:
            self._problem("record misplaced", _where(told), "it is another tenant's")
            return False
        if record.event == Event.AUDIT_EXPIRED and cuts.read(record.details) == self._cut:
            self._cut_recorded = True
        return True

    def _may_be_gone(self, told: Leaf | Loose) -> bool:
        return isinstance(told, Leaf) and self._cut is not None and told.seq < self._cut.tree_size

    def _signed(self, head: Head) -> None:
        where = f"head {head.tree_size}"
        if self._checkpoint is not None and head.jws == self._checkpoint.head.jws:
            self._checkpoint_listed = True
        opening = self._opening
        claims = heads.verified_claims(head.jws, self._keys)
        if opening is None or claims is None or claims != heads.Claims.of(opening.tenant_id, head):
            self._problem("head forged", where, "its signature doesn't verify, or it says something else")
            return
        if head.tree_size != self._size or head.root != self._root():
            self._heads_hold = False
            self._problem("head mismatch", where, "the log up to here isn't what this head says")
            return
        # A head that fits after one that didn't proves nothing of what lies before both.
        if self._heads_hold:
            self._head, self._proven = head, self._whole

    def _loose(self, loose: Loose) -> None:
        if loose.queued is None:
            self._problem("record unaccounted", _where(loose), "neither in the tree nor waiting for it")
        elif self._stands_for(loose, loose.queued):
            self._waiting += 1

    def _close(self, closing: Closing) -> None:
        self._closed = True
        if closing.entries != self._entries:
            self._problem("cut short", f"entry {self._entries}", f"{closing.entries} entries were written")

    def _problem(self, kind: ProblemKind, where: str, what: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(Problem(kind, where, what))


def _where(told: Leaf | Loose) -> str:
    return f"leaf {told.seq}, record {told.record_id}" if isinstance(told, Leaf) else f"record {told.record_id}"
