"""N34: contextual tuples count for one question, as if they were written, and leave nothing behind."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import product
from random import Random

import pytest

from airside.permissions.ends import FEW
from airside.permissions.graph import Graph
from airside.permissions.index import MAX_CONTEXTUAL, Index, Ready
from airside.permissions.language import parse
from airside.permissions.model import Grant, Model, TupleKey
from airside.permissions.refusals import ConditionFailed, InvalidContextualTuple, TooComplex, TooManyTuples
from tests.permissions.graphs import told
from tests.permissions.random_stores import CONTEXTS, OBJECTS, RELATIONS, TYPES, USERS, RandomStores

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 20_261_128
STORES = 12
MODEL = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define viewer: [user, user:*, group#member]
type doc
  relations
    define parent: [folder]
    define viewer: [user] or viewer from parent
"""
Answer = bool | str | list[str]


def made(model: Model, grants: Iterable[Grant]) -> Ready:
    index = Index(0, "m", Graph())
    for grant in grants:
        index.graph.add(grant.key, grant.terms)
    return index.keep("m", model)


def answers(ready: Ready, draw: Random) -> list[Answer]:
    """To checks and lists of both kinds; the same questions for the same dice."""
    found: list[Answer] = []
    for subject, relation, object_ in draw.sample(list(product(USERS, RELATIONS, OBJECTS)), 25):
        context = draw.choice(CONTEXTS)
        type_name = draw.choice(TYPES)
        for ask in (
            partial(ready.check, subject, relation, object_, context, MOMENT),
            partial(ready.objects, subject, relation, type_name, context, MOMENT),
            partial(ready.users, object_, relation, "user", context, MOMENT),
        ):
            try:
                found.append(ask())
            except (ConditionFailed, TooComplex) as refusal:
                found.append(refusal.code)
    return found


def test_answers_are_those_of_a_store_that_has_them(capsys: pytest.CaptureFixture[str]) -> None:
    """And before and after it the store answers as it did, and is what it was."""
    draw, stores, compared = Random(SEED), RandomStores(SEED, conditional=5, circles=True), 0
    for number, store in enumerate(stores.store(1) for _ in range(STORES)):
        grants = list(store.grants)
        draw.shuffle(grants)
        kept, extra = grants[:-6], grants[-6:]
        base, whole = made(store.model, kept), made(store.model, grants)
        before, state = answers(base, Random(number)), told(base.graph)
        shape, present = base.graph.shape, [set(kinds) for kinds in base.graph.present]
        laid = base.with_contextual(extra)
        assert answers(laid, Random(number)) == answers(whole, Random(number))
        assert told(base.graph) == state
        assert (base.graph.shape, base.graph.present) == (shape, present)
        assert answers(base, Random(number)) == before
        compared += len(before)
    with capsys.disabled():
        print(f"\n  contextual tuples: {compared} answers, 0 differences, seed {SEED}")


@pytest.fixture
def ready() -> Ready:
    """A folder that very many may view, one document in it, and groups in groups: everything is kept warm."""
    model = parse(MODEL)
    grants = [Grant(TupleKey(f"user:{number}", "viewer", "folder:1")) for number in range(4 * FEW)]
    grants += [Grant(TupleKey("folder:1", "parent", f"doc:{number}")) for number in range(4 * FEW)]
    grants += [Grant(TupleKey(f"user:{number}", "member", "group:1")) for number in range(4 * FEW)]
    grants.append(Grant(TupleKey("group:1#member", "viewer", "folder:2")))
    return made(model, grants)


def may(ready: Ready, subject: str, object_: str) -> bool:
    return ready.check(subject, "viewer", object_, {}, MOMENT)


def test_crowds_and_memberships_that_are_kept_dont_know_of_them(ready: Ready) -> None:
    """In either order: asked with them first, or without."""
    extra = [
        Grant(TupleKey("user:eve", "viewer", "folder:1")),
        Grant(TupleKey("folder:2", "parent", "doc:1")),
        Grant(TupleKey("user:eve", "member", "group:1")),
        Grant(TupleKey("user:0", "viewer", "doc:99")),
        Grant(TupleKey("user:*", "viewer", "folder:2")),
    ]
    for _ in range(3):
        assert not may(ready, "user:eve", "doc:0")
        assert may(ready, "user:0", "doc:0")
        laid = ready.with_contextual(extra)
        assert may(laid, "user:eve", "doc:0")
        assert may(laid, "user:0", "doc:99")
        assert may(laid, "user:nobody", "doc:1")
        assert not may(laid, "user:nobody", "doc:0")
        assert not may(ready, "user:eve", "doc:1")
        assert not may(ready, "user:eve", "folder:2")
        assert not may(ready, "user:0", "doc:99")
        assert not may(ready, "user:nobody", "folder:2")


def test_sets_too_large_for_a_tuple_are_not_changed_below(ready: Ready) -> None:
    state = told(ready.graph)
    many = [Grant(TupleKey(f"user:e{number}", "viewer", "folder:1")) for number in range(MAX_CONTEXTUAL - 2)]
    many += [Grant(TupleKey("folder:1", "parent", "doc:new")), Grant(TupleKey("user:new", "member", "group:1"))]
    laid = ready.with_contextual(many)
    assert all(may(laid, grant.key.user, "doc:new") for grant in many[:-2])
    assert may(laid, "user:new", "folder:2")
    assert told(ready.graph) == state
    assert not may(ready, "user:e0", "folder:1")
    assert not may(ready, "user:new", "folder:2")


def test_too_many_the_same_twice_and_unlawful_ones_are_refused(ready: Ready) -> None:
    state = told(ready.graph)
    grant = Grant(TupleKey("user:eve", "viewer", "folder:1"))
    many = [Grant(TupleKey(f"user:{number}", "viewer", "folder:9")) for number in range(MAX_CONTEXTUAL + 1)]
    with pytest.raises(TooManyTuples):
        ready.with_contextual(many)
    for wrong in ([grant, grant], [grant, Grant(TupleKey("doc:1", "viewer", "folder:1"))]):
        with pytest.raises(InvalidContextualTuple):
            ready.with_contextual(wrong)
    assert told(ready.graph) == state
