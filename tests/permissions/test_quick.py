"""The quick way answers as the search does, or not at all; after every write too."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import product
from random import Random

import pytest

from airside.permissions.compiled import Compiled
from airside.permissions.given import NEITHER, NO, YES, Given
from airside.permissions.graph import Graph
from airside.permissions.index import Index, Ready
from airside.permissions.language import parse
from airside.permissions.limits import MAX_DEPTH
from airside.permissions.memberships import Memberships, Subject
from airside.permissions.model import Grant, TupleKey
from airside.permissions.quick import MAX_CROWD, MAX_PASSED, decide
from airside.permissions.refusals import ConditionFailed, TooComplex
from airside.permissions.search import found
from tests.permissions.random_stores import OBJECTS, RELATIONS, USERS, RandomStores

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 20_261_128
STORES = 40
CHANGES = 12
WRITES = 200
QUESTIONS = list(product(USERS, RELATIONS, OBJECTS))
FOLDERS = """
model
  schema 1.1
type user
type group
  relations
    define member: [user]
type folder
  relations
    define parent: [folder]
    define viewer: [user, group#member] or viewer from parent
type doc
  relations
    define blocked: [user]
    define parent: [folder]
    define viewer: [user] or viewer from parent
    define can_read: viewer but not blocked
"""


class Probe:
    """The ways to an answer, on a graph that stands still; memberships are collected anew."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready
        self._memberships = Memberships(Compiled(ready.rules.model, ready.graph), ready.graph)

    def searched(self, subject: str, relation: str, object_: str) -> int:
        """The search's own answer; `NEITHER` for a refusal."""
        ready, given = self._ready, Given(self._ready.rules.conditions, {}, MOMENT)
        try:
            return found(ready.plan(relation, object_), object_, self._subject(subject), ready.graph, given)
        except (TooComplex, ConditionFailed):
            return NEITHER

    def quickly(self, subject: str, relation: str, object_: str) -> int | None:
        """The quick way's answer; None where the plan isn't quick."""
        plan, node = self._ready.plan(relation, object_), self._ready.graph.nodes.get(object_)
        if node is None or not plan.quick:
            return None
        return decide(plan, node, self._subject(subject).nodes, self._ready.graph)

    def _subject(self, word: str) -> Subject:
        return self._memberships.known(word) or self._memberships.collect(word)


def answered(ready: Ready, subject: str, relation: str, object_: str) -> int:
    """The engine's, which keeps what it has collected."""
    try:
        return YES if ready.check(subject, relation, object_, {}, MOMENT) else NO
    except (TooComplex, ConditionFailed):
        return NEITHER


def compare(ready: Ready, questions: Iterable[tuple[str, str, str]]) -> tuple[int, int]:
    """How many there were, and how many of them were answered quickly."""
    asked = quick = 0
    probe = Probe(ready)
    for question in questions:
        expected = probe.searched(*question)
        answer = answered(ready, *question)
        assert answer == expected or (expected, answer) == (NEITHER, NO), question
        if probe.quickly(*question) not in (None, NEITHER):
            assert probe.quickly(*question) == expected, question
            quick += 1
        asked += 1
    return asked, quick


def toggle(ready: Ready, grant: Grant, held: set[TupleKey]) -> None:
    """Write it, or delete it if it is there."""
    if grant.key in held:
        ready.graph.remove(grant.key)
    else:
        ready.graph.add(grant.key, grant.terms)
    held ^= {grant.key}


def test_every_answer_is_the_searchs_after_every_write(capsys: pytest.CaptureFixture[str]) -> None:
    """N34: random models of every kind: what isn't quick is left alone."""
    total = quick = 0
    draw, stores = Random(SEED), RandomStores(SEED, conditional=2, circles=True)
    for store in (stores.store(1) for _ in range(STORES)):
        ready = Index(0, "m", Graph()).keep("m", store.model)
        held = set[TupleKey]()
        for grant in (*store.grants[:15], *draw.choices(store.grants, k=CHANGES)):
            toggle(ready, grant, held)
            more = compare(ready, draw.sample(QUESTIONS, 20))
            total, quick = total + more[0], quick + more[1]
    with capsys.disabled():
        print(f"\n  quick: {total} checks between writes, {quick} quick, 0 differences, seed {SEED}")
    assert quick > total / 50


def test_every_crowd_is_right_after_every_write(ready: Ready, capsys: pytest.CaptureFixture[str]) -> None:
    """N34: a model that is quick throughout: folders in folders, circles too, groups, and an exclusion."""
    total = quick = 0
    draw, held = Random(SEED), set[TupleKey]()
    users, groups = [f"user:{number}" for number in range(4)], [f"group:{number}" for number in range(3)]
    folders, docs = [f"folder:{number}" for number in range(6)], [f"doc:{number}" for number in range(3)]
    viewers = [*users, *(f"{group}#member" for group in groups)]
    kinds = [
        (users, "member", groups), (folders, "parent", folders), (viewers, "viewer", folders),
        (folders, "parent", docs), (users, "viewer", docs), (users, "blocked", docs),
    ]  # fmt: skip
    for _ in range(WRITES):
        subjects, relation, objects = draw.choice(kinds)
        toggle(ready, Grant(TupleKey(draw.choice(subjects), relation, draw.choice(objects))), held)
        questions = product(users, ["viewer", "can_read"], docs)
        more = compare(ready, (*questions, *product(users, ["viewer"], folders)))
        total, quick = total + more[0], quick + more[1]
    with capsys.disabled():
        print(f"\n  quick: {total} checks between {WRITES} writes, {quick} quick, 0 differences, seed {SEED}")
    assert quick > total / 2


@pytest.fixture
def ready() -> Ready:
    return Index(0, "m", Graph()).keep("m", parse(FOLDERS))


def chain(ready: Ready, depth: int) -> None:
    """`doc:1` below `folder:1` below … `folder:{depth}`, which anne may view."""
    ready.graph.add(TupleKey("folder:1", "parent", "doc:1"))
    for number in range(1, depth):
        ready.graph.add(TupleKey(f"folder:{number + 1}", "parent", f"folder:{number}"))
    ready.graph.add(TupleKey("user:anne", "viewer", f"folder:{depth}"))


@pytest.mark.parametrize("depth", [1, 5, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
def test_depth_bound_is_the_searchs(ready: Ready, depth: int) -> None:
    """N36: what the search refuses is never answered by the quick way."""
    chain(ready, depth)
    for subject in ("user:anne", "user:bob"):
        quick, slow = (
            Probe(ready).quickly(subject, "viewer", "doc:1"),
            Probe(ready).searched(subject, "viewer", "doc:1"),
        )
        assert quick in (slow, NEITHER)
    expected = YES if depth <= MAX_DEPTH else NEITHER
    assert Probe(ready).searched("user:anne", "viewer", "doc:1") == expected
    if depth > MAX_DEPTH:
        with pytest.raises(TooComplex):
            ready.check("user:anne", "viewer", "doc:1", {}, MOMENT)


@pytest.mark.parametrize(("number", "kept"), [(MAX_CROWD, True), (MAX_CROWD + 1, False), (3 * MAX_CROWD, False)])
def test_crowd_too_large_to_keep_is_left_to_the_search(ready: Ready, number: int, kept: bool) -> None:
    ready.graph.add(TupleKey("folder:1", "parent", "doc:1"))
    for user in range(number):
        ready.graph.add(TupleKey(f"user:{user}", "viewer", "folder:1"))
    assert Probe(ready).quickly("user:0", "can_read", "doc:1") == (YES if kept else NEITHER)
    for user in (0, number - 1):
        assert ready.check(f"user:{user}", "can_read", "doc:1", {}, MOMENT)
    assert not ready.check(f"user:{number}", "can_read", "doc:1", {}, MOMENT)
    ready.graph.add(TupleKey("user:0", "blocked", "doc:1"))
    assert not ready.check("user:0", "can_read", "doc:1", {}, MOMENT)


@pytest.mark.parametrize(("number", "kept"), [(MAX_PASSED - 1, True), (2 * MAX_PASSED, False)])
def test_too_many_objects_on_the_way_are_left_to_the_search(ready: Ready, number: int, kept: bool) -> None:
    ready.graph.add(TupleKey("folder:top", "parent", "doc:1"))
    for folder in range(number):
        ready.graph.add(TupleKey(f"folder:{folder}", "parent", "folder:top"))
    ready.graph.add(TupleKey("user:anne", "viewer", f"folder:{number - 1}"))
    assert Probe(ready).quickly("user:anne", "viewer", "doc:1") == (YES if kept else NEITHER)
    assert ready.check("user:anne", "viewer", "doc:1", {}, MOMENT)
    assert not ready.check("user:bob", "viewer", "doc:1", {}, MOMENT)


@pytest.mark.parametrize("number", [MAX_PASSED, MAX_PASSED + 1])
def test_object_that_names_too_many_others_is_left_to_the_search(ready: Ready, number: int) -> None:
    for folder in range(number):
        ready.graph.add(TupleKey(f"folder:{folder}", "parent", "doc:1"))
    ready.graph.add(TupleKey("user:anne", "viewer", f"folder:{number - 1}"))
    assert Probe(ready).quickly("user:anne", "viewer", "doc:1") == (YES if number <= MAX_PASSED else NEITHER)
    assert ready.check("user:anne", "viewer", "doc:1", {}, MOMENT)


def test_crowd_far_above_is_forgotten_by_a_write_anywhere_on_the_way(ready: Ready) -> None:
    """N34: membership, viewer and parent: each is another slot of the region."""
    graph = ready.graph
    chain(ready, 5)
    assert ready.check("user:anne", "viewer", "doc:1", {}, MOMENT)
    graph.remove(TupleKey("folder:3", "parent", "folder:2"))
    assert not ready.check("user:anne", "viewer", "doc:1", {}, MOMENT)
    graph.add(TupleKey("folder:3", "parent", "folder:2"))
    graph.remove(TupleKey("user:anne", "viewer", "folder:5"))
    assert not ready.check("user:anne", "viewer", "doc:1", {}, MOMENT)
    graph.add(TupleKey("group:1#member", "viewer", "folder:5"))
    graph.add(TupleKey("user:anne", "member", "group:1"))
    assert ready.check("user:anne", "viewer", "doc:1", {}, MOMENT)
    graph.remove(TupleKey("user:anne", "member", "group:1"))
    assert not ready.check("user:anne", "viewer", "doc:1", {}, MOMENT)
