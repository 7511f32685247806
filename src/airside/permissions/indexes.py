"""The stores in memory: loaded when first asked, kept up from the change log, and honest about how fresh they are.

They share a budget of tuples: the store asked least leaves when another needs its place, and one that is larger than
the whole budget is answered from the database (`large.py`).

News comes by NOTIFY and says only "store S is at revision R"; the changes themselves are read from the log, by
the next question, in a short transaction of their own: they are what is committed, never what a caller's own
transaction is about to commit. Without news (the listener silent longer than `FRESH`, or a gap in it) the head
revision is read before an answer is given.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID

from airside.core.clock import Clock
from airside.core.errors import Inconsistent, Unavailable
from airside.permissions import large, records, records_loading
from airside.permissions.graph import Graph
from airside.permissions.index import Index, Ready
from airside.permissions.loading import Loader, unhindered
from airside.permissions.model import AtLeast, Change, Store
from airside.permissions.records_loading import Piece, Place
from airside.permissions.refusals import ModelNotFound, StoreNotFound
from airside.permissions.rules import Rules
from airside.store import Engine, Listener
from airside.store.context import RequestContext

CHANNEL: Final = "airside_permissions"
FRESH: Final = 5.0
"""Seconds without proof that news arrives, after which the database is asked before an answer is given."""
PAGE: Final = 10_000
"""Changes read at a time."""
MAX_LAG: Final = 100_000
"""Changes behind which a store is loaded anew rather than caught up."""
MAX_STORES: Final = 1_000
"""Stores in memory."""
TUPLE_BYTES: Final = 200
"""Memory that a tuple takes, with its share of everything: what a budget in bytes is divided by."""
MEMORY: Final = 1024 * 1024 * 1024
"""Bytes that the stores in memory may take together, unless a setting says otherwise."""
LARGE_FOR: Final = 600.0
"""Seconds after which a store that was too large is tried again."""
HEAD_PATIENCE: Final = 2.0
"""Seconds that a question waits for a store that is in memory to be caught up."""
LOAD_PATIENCE: Final = 20.0
"""Seconds that it waits for one that has to be loaded."""
STUCK: Final = 60.0
"""Seconds after which a load that still isn't done is given up."""
GARBAGE: Final = 4
"""Words for each tuple, above which a store is loaded anew: words outlive their tuples."""

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Entry:
    index: Index | None = None
    heard: int = 0
    """The highest revision that news told of."""
    doubted: bool = False
    """Whether news may have been missed since the head was last read."""
    checked_at: float = float("-inf")
    """When the head was last read (monotonic seconds)."""
    large_at: float = float("-inf")
    """When it was last found too large."""
    used: bool = True
    """Whether it was asked since room was last made."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    queued: asyncio.Task[Index | None] | None = None
    """The catching up that will begin next: whoever asks before it does is answered by it."""


class _TooLarge(Exception):
    """The store doesn't fit into the budget."""


class Indexes:
    """Finds the index that may answer a question; sync when it is warm and fresh."""

    def __init__(
        self,
        *,
        engine: Engine,
        listener: Listener,
        clock: Clock,
        memory: int = MEMORY,
        page: int = records_loading.PAGE,
    ) -> None:
        self._budget = memory // TUPLE_BYTES
        self._page = page
        self._engine = engine
        self._listener = listener
        self._clock = clock
        self._entries: dict[tuple[int, str], _Entry] = {}
        self._tasks: set[asyncio.Task[Index | None]] = set()
        listener.subscribe(CHANNEL, self._hear, self._doubt)

    def warm(self, tenant_id: UUID, store_id: str, at_least: AtLeast) -> Index | None:
        """The store's index if it may answer at once, else None. No wait, no database."""
        entry = self._entries.get((tenant_id.int, store_id))
        if entry is None or entry.index is None or entry.doubted or entry.heard > entry.index.revision:
            return None
        if at_least is not None and (at_least == "head" or at_least > entry.index.revision):
            return None
        if self._listener.silent_for() > FRESH and self._clock.monotonic() - entry.checked_at > FRESH:
            return None
        entry.used = True
        return None if entry.index.dropped else entry.index

    async def ask(
        self,
        ctx: RequestContext,
        store_id: str,
        model_id: str | None,
        at_least: AtLeast,
        question: Callable[[Index, Ready], Answer],
    ) -> Answer:
        """What `question` says of a store and a model; all of it sees one revision. It may be asked more than once.

        Raises:
            whatever `question` does.
            StoreNotFound, ModelNotFound, NoModelYet, Unavailable: as `fresh` and `ready` say.
        """
        try:
            index = self.warm(ctx.tenant_id, store_id, at_least) or await self.fresh(ctx, store_id, at_least)
        except _TooLarge:
            return await large.ask(self._engine, ctx, store_id, model_id, at_least, question)
        return question(index, await self.ready(ctx, store_id, index, index.latest(model_id)))

    async def fresh(self, ctx: RequestContext, store_id: str, at_least: AtLeast) -> Index:
        """The store's index, loaded or caught up as far as the question demands. Those who ask at once wait for one
        and the same reading: it has begun after they asked, and nobody waits behind another's failure.

        Raises:
            StoreNotFound: no such store, or deleted.
            Unavailable: the database is away, or is behind the revision that the question names; or it took longer
                than `HEAD_PATIENCE` or `LOAD_PATIENCE`.
        """
        index = self.warm(ctx.tenant_id, store_id, at_least)
        if index is not None:
            return index
        key = (ctx.tenant_id.int, store_id)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry()
        self._refuse_large(entry)
        reading = self._queue(ctx.tenant_id, store_id, entry)
        await asyncio.wait({reading}, timeout=LOAD_PATIENCE if entry.index is None else HEAD_PATIENCE)
        if not reading.done():
            raise Unavailable("permission store")
        index = reading.result()
        if index is None or index.dropped:
            if self._entries.get(key) is entry:
                del self._entries[key]
            raise StoreNotFound("no such store")
        if isinstance(at_least, int) and index.revision < at_least:
            raise Unavailable("permission store")
        return index

    async def ready(self, ctx: RequestContext, store_id: str, index: Index, model_id: str) -> Ready:
        """The model on the index, read if it isn't in memory.

        Raises:
            ModelNotFound: the store has no such model.
        """
        known = index.ready(model_id)
        if known is not None:
            return known
        async with self._engine.begin(ctx.tenant_id, origin=ctx.origin, request_id=ctx.request_id, beside=True) as own:
            found = await records.model(own, store_id, model_id)
        if found is None:
            raise ModelNotFound(f"authorization model '{model_id}' not found", model_id=model_id)
        return index.ready(model_id) or index.keep(model_id, found.model)

    def place(self, tenant_id: UUID, store_id: str, index: Index) -> None:
        """Answer from an index that was built elsewhere. It is followed from its revision on like any other."""
        self._entries[tenant_id.int, store_id] = _Entry(index, checked_at=self._clock.monotonic())

    def rules(self, tenant_id: UUID, store_id: str, model_id: str) -> Rules | None:
        """What a model lets one write, if it is in memory: models never change, so it is never stale."""
        entry = self._entries.get((tenant_id.int, store_id))
        ready = None if entry is None or entry.index is None else entry.index.ready(model_id)
        return None if ready is None else ready.rules

    def apply(self, tenant_id: UUID, store_id: str, changes: list[Change]) -> None:
        """What this process has itself committed. Applied at once if nothing lies between, else caught up later."""
        entry = self._entries.get((tenant_id.int, store_id))
        if entry is None:
            return
        entry.heard = max(entry.heard, changes[-1].revision)
        if entry.index is not None and changes[0].revision == entry.index.revision + 1:
            entry.index.apply(changes)
            if entry.index.graph.tuples > self._budget:  # the next question finds it as any that never fitted
                entry.index, entry.large_at = None, self._clock.monotonic()

    def _refuse_large(self, entry: _Entry) -> None:
        if self._clock.monotonic() - entry.large_at < LARGE_FOR:
            raise _TooLarge

    def _queue(self, tenant_id: UUID, store_id: str, entry: _Entry) -> asyncio.Task[Index | None]:
        """A catching up that hasn't begun yet. It outlives those who wait for it."""
        if entry.queued is None:
            catching_up = self._catch_up(tenant_id, store_id, entry)
            entry.queued = asyncio.create_task(catching_up, name="airside-permissions-index")
            self._tasks.add(entry.queued)
            entry.queued.add_done_callback(self._settled)
        return entry.queued

    def _settled(self, task: asyncio.Task[Index | None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # perhaps nobody waited long enough to see it

    async def _catch_up(self, tenant_id: UUID, store_id: str, entry: _Entry) -> Index | None:
        async with entry.lock:
            entry.queued = None
            self._refuse_large(entry)
            return await self._caught_up(tenant_id, store_id, entry)

    async def _caught_up(self, tenant_id: UUID, store_id: str, entry: _Entry) -> Index | None:
        asked_at, entry.doubted = self._clock.monotonic(), False
        try:
            # One snapshot: tuples that are read page by page, and the changes, are those of the head that was read.
            async with asyncio.timeout(STUCK), self._engine.begin(tenant_id, snapshot=True, beside=True) as own:
                async with asyncio.timeout(HEAD_PATIENCE):
                    head = await records.store(own, store_id)
                entry.index = None if head is None else await self._read(own, head, entry.index)
        except TimeoutError as error:
            entry.doubted = True
            raise Unavailable("database") from error
        except _TooLarge:
            entry.index, entry.large_at = None, asked_at
            raise
        except BaseException:
            entry.doubted = True
            raise
        entry.checked_at = asked_at
        return entry.index

    async def _read(self, own: RequestContext, head: Store, index: Index | None) -> Index:
        store_id = head.id
        if index is None or head.revision - index.revision > MAX_LAG or _is_mostly_garbage(index.graph):
            return Index(head.revision, head.model_id, await self._load(own, store_id))
        # Read whole, then applied at once: no question sees half of a commit.
        changes: list[Change] = []
        after = index.revision
        while after < head.revision:
            page = await records.changes(own, store_id, after=after, limit=PAGE)
            if not page:
                raise Inconsistent("a store's change log ends before its revision", revision=after)
            changes += page
            after = page[-1].revision
        index.apply(changes)
        if index.graph.tuples > self._budget:
            raise _TooLarge
        return index

    async def _load(self, own: RequestContext, store_id: str) -> Graph:
        loader = Loader()
        with unhindered():
            return await self._fill(loader, own, store_id)

    async def _fill(self, loader: Loader, own: RequestContext, store_id: str) -> Graph:
        place: Place | None = Place()
        taking = asyncio.create_task(asyncio.sleep(0))
        while place is not None:
            pieces, place = await records_loading.pieces(own, store_id, place, size=self._page)
            await taking
            if loader.tuples > self._budget:
                raise _TooLarge
            # In a thread, so that the next page is read and whoever asks another store is answered meanwhile.
            taking = asyncio.create_task(asyncio.to_thread(_take, loader, pieces))
        await taking
        left = self._budget - loader.tuples
        if left < 0:
            raise _TooLarge
        termed = await records_loading.termed(own, store_id, limit=left + 1)
        if len(termed) > left:
            raise _TooLarge
        graph = await asyncio.to_thread(loader.finish, termed)
        self._make_room(graph.tuples)
        return graph

    def _make_room(self, wanted: int) -> None:
        """Let stores go, in the order in which they came, that weren't asked since the last time; then any."""
        for spared in (True, False):
            for key, entry in list(self._entries.items()):
                kept = [each.index.graph.tuples for each in self._entries.values() if each.index is not None]
                if sum(kept) + wanted <= self._budget and len(kept) < MAX_STORES:
                    return
                if entry.index is not None and not (spared and entry.used):
                    del self._entries[key]
                entry.used = False

    def _hear(self, payload: str) -> None:
        """News: `tenant store revision`. Anything else is no news of ours."""
        tenant, _, rest = payload.partition(" ")
        store_id, _, revision = rest.partition(" ")
        try:
            entry = self._entries.get((UUID(tenant).int, store_id))
            heard = int(revision)
        except ValueError:
            return
        if entry is not None:
            entry.heard = max(entry.heard, heard)

    def _doubt(self) -> None:
        """Something may have been missed: every store is checked before it answers again."""
        for entry in self._entries.values():
            entry.doubted = True


def _take(loader: Loader, pieces: list[Piece]) -> None:
    for piece in pieces:
        loader.take(piece.relation, piece.kind, piece.objects, piece.subjects)


def _is_mostly_garbage(graph: Graph) -> bool:
    return graph.words_known > GARBAGE * graph.tuples + PAGE
