"""A graph loaded at once is the graph that was built tuple by tuple."""

import gc
from collections import defaultdict
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airside.permissions import Permissions, records_loading
from airside.permissions.graph import Graph
from airside.permissions.index import Index
from airside.permissions.loading import SEPARATOR, Loader, unhindered
from airside.permissions.model import NO_TERMS, Grant, Model, Terms, TupleKey
from airside.permissions.records_loading import Place
from airside.permissions.words import kind_of
from tests.permissions.conftest import OpenContext
from tests.permissions.graphs import Plain, told
from tests.permissions.random_stores import RandomStores

SEED = 20_261_128
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = st.integers(0, 40)
WORDS = st.builds("{}:{}".format, st.sampled_from(["group", "doc"]), NUMBERS)
SUBJECTS = st.one_of(
    st.builds("user:{}".format, NUMBERS),
    st.builds("{}#{}".format, WORDS, st.sampled_from(["member", "viewer"])),
    st.sampled_from(["user:*", "group:*"]),
    WORDS,
)
KEYS = st.builds(TupleKey, SUBJECTS, st.sampled_from(["member", "viewer"]), WORDS)
TERMS = st.sampled_from([NO_TERMS, NO_TERMS, NO_TERMS, Terms("small", b'{"x":1}'), Terms(expires_at=MOMENT)])
TUPLES = st.dictionaries(KEYS, TERMS, max_size=150)


def built(tuples: Plain) -> Graph:
    graph = Graph()
    for key, terms in tuples.items():
        graph.add(key, terms)
    return graph


def loaded(tuples: Plain, size: int) -> Graph:
    """In pieces of at most `size` tuples of one relation and one kind of subject, as the database gives them."""
    loader = Loader()
    pieces: defaultdict[tuple[str, str], list[TupleKey]] = defaultdict(list)
    for key, terms in tuples.items():
        if terms == NO_TERMS:
            pieces[f"{key.object.partition(':')[0]}#{key.relation}", kind_of(key.user)].append(key)
    for (relation, kind), keys in pieces.items():
        for start in range(0, len(keys), size):
            slice_ = keys[start : start + size]
            objects, users = ([key.object for key in slice_], [key.user for key in slice_])
            loader.take(relation, kind, SEPARATOR.join(objects), SEPARATOR.join(users))
    return loader.finish([Grant(key, terms) for key, terms in tuples.items() if terms != NO_TERMS])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TUPLES, st.sampled_from([1, 2, 7, 1000]))
def test_loaded_graph_says_what_the_built_one_says(tuples: Plain, size: int) -> None:
    one, other = loaded(tuples, size), built(tuples)
    assert told(one) == told(other)
    assert _kinds(one) == _kinds(other)
    assert one.sets_known == other.sets_known


def _kinds(graph: Graph) -> dict[str, set[str]]:
    return {name: graph.present[graph.slots[name]] for name in graph.slots if graph.present[graph.slots[name]]}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TUPLES, st.lists(st.tuples(KEYS, st.one_of(TERMS, st.none())), max_size=40))
def test_loaded_graph_is_changed_like_any_other(tuples: Plain, steps: list[tuple[TupleKey, Terms | None]]) -> None:
    graph, plain = loaded(tuples, 50), dict(tuples)
    for key, terms in steps:
        if terms is None:
            graph.remove(key)
            plain.pop(key, None)
        else:
            graph.add(key, terms)
            plain[key] = terms
    assert told(graph).tuples == plain
    assert told(graph).reverse == told(built(plain)).reverse
    assert told(graph).count == len(plain)


def test_what_is_loaded_is_no_garbage_and_the_collector_is_on_again() -> None:
    before = gc.get_freeze_count()
    with unhindered():
        assert not gc.isenabled()
        kept = built({TupleKey("user:1", "viewer", "doc:1"): NO_TERMS})
    assert gc.isenabled()
    assert gc.get_freeze_count() > before
    gc.unfreeze()
    assert kept.tuples == 1


async def test_store_read_from_postgresql_is_the_graph_that_was_written(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """Wildcards, usersets, objects as subjects, conditions, an end: each random store, read by `records_loading`."""
    draw, stores = Random(SEED), RandomStores(SEED, conditional=10, circles=True)
    for store in (stores.store(1) for _ in range(4)):
        async with open_ctx(tenant_id) as ctx:
            made = await permissions.stores.create(ctx, "loaded")
            await permissions.models.write(ctx, made.id, store.model)
            await permissions.tuples.write(ctx, made.id, writes=store.grants)
            ending = [_until(grant, ctx.now.replace(year=2099)) for grant in draw.sample(store.grants, 5)]
            await permissions.tuples.write(ctx, made.id, deletes=[grant.key for grant in ending])
            await permissions.tuples.write(ctx, made.id, writes=ending)
        tuples = {grant.key: grant.terms for grant in (*store.grants, *ending)}
        async with open_ctx(tenant_id) as ctx:
            loader, place = Loader(), Place()
            while place is not None:
                pieces, place = await records_loading.pieces(ctx, made.id, place, size=7)
                for piece in pieces:
                    loader.take(piece.relation, piece.kind, piece.objects, piece.subjects)
            graph = loader.finish(await records_loading.termed(ctx, made.id, limit=100))
        assert told(graph) == told(built(tuples))
        assert _objects(store.model, graph) == _objects(store.model, built(tuples))


def _until(grant: Grant, moment: datetime) -> Grant:
    return Grant(grant.key, Terms(grant.terms.condition, grant.terms.context, moment))


def _objects(model: Model, graph: Graph) -> list[str]:
    ready = Index(0, "m", graph).keep("m", model)
    return ready.objects("user:a", "r0", "doc", {"x": 1, "y": "a"}, MOMENT)
