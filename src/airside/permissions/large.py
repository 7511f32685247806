"""Stores too large for memory, answered from the database: slower, and by the same engine."""

from collections.abc import Callable
from typing import Final, TypeVar

from airside.core.errors import Unavailable
from airside.permissions import records, records_partial
from airside.permissions.index import Index, Ready
from airside.permissions.model import AtLeast, StoredModel
from airside.permissions.partial import Partial
from airside.permissions.refusals import InvalidQuestion, ModelNotFound, StoreNotFound, TooComplex
from airside.store import Engine
from airside.store.context import RequestContext

MAX_ROUNDS: Final = 64
"""How often one question may send for more."""
MAX_ROWS: Final = 100_000
"""Tuples that one question may fetch."""

Answer = TypeVar("Answer")
Ask = Callable[[Index, Ready], Answer]


async def ask(
    engine: Engine, ctx: RequestContext, store_id: str, model_id: str | None, at_least: AtLeast, question: Ask[Answer]
) -> Answer:
    """What `question` says of the store, all of it at one revision: the head.

    Raises:
        whatever `question` does; TooComplex also for over `MAX_ROUNDS` or `MAX_ROWS`.
        StoreNotFound, ModelNotFound, NoModelYet: no such store or model.
        Unavailable: the database is away, or behind the revision asked for.
    """
    async with engine.begin(
        ctx.tenant_id, origin=ctx.origin, request_id=ctx.request_id, now=ctx.now, snapshot=True, beside=True
    ) as own:
        head = await records.store(own, store_id)
        if head is None:
            raise StoreNotFound("no such store")
        if isinstance(at_least, int) and head.revision < at_least:
            raise Unavailable("permission store")
        graph = Partial()
        index = Index(head.revision, head.model_id, graph)
        name = index.latest(model_id)
        found: StoredModel | None = await records.model(own, store_id, name)
        if found is None:
            raise ModelNotFound(f"authorization model '{name}' not found", model_id=name)
        ready = index.keep(name, found.model)
        return await _answer(own, store_id, graph, lambda: question(index, ready))


async def _answer(own: RequestContext, store_id: str, graph: Partial, question: Callable[[], Answer]) -> Answer:
    fetched = 0
    for _ in range(MAX_ROUNDS):
        answer: Answer | None = None
        refusal: InvalidQuestion | TooComplex | None = None
        try:
            answer = question()
        except (InvalidQuestion, TooComplex) as refused:
            refusal = refused
        objects, subjects = graph.wanted_of_objects(), graph.wanted_of_subjects()
        if not objects and not subjects:
            if refusal is not None:
                raise refusal
            return answer  # type: ignore[return-value]  # the question answered or refused
        limit = MAX_ROWS - fetched + 1
        grants = await records_partial.of_objects(own, store_id, objects, limit=limit)
        grants += await records_partial.of_subjects(own, store_id, subjects, limit=limit)
        fetched += len(grants)
        if fetched > MAX_ROWS:
            break
        graph.settle(grants)
    raise TooComplex("the question needs more tuples than may be fetched", max_tuples=MAX_ROWS)
