"""G20: random models, tuples and questions: our engine against the definition on a page, and against OpenFGA's own in
its `fga` binary. Cached against uncached, in memory against from the database, lists and expand against check.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.permissions import Permissions, Question, View
from airside.permissions.indexes import MEMORY
from airside.permissions.offline import Offline
from airside.permissions.refusals import ConditionFailed
from airside.permissions.storetests import Answer, Assertion, CheckAssertion, ObjectsAssertion, UsersAssertion, outcome
from airside.permissions.walk import Walk
from airside.store import Engine, Listener, RequestContext
from airside.vault import Vault
from tests.makers import OpenContext
from tests.permissions import oracle
from tests.permissions.definition import Definition, agree, covers
from tests.permissions.random_stores import OBJECTS, RELATIONS, USERS, RandomStore, RandomStores

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
SEED = 20_261_128
CHECKS = 100
STORES = 1000 if FULL else 20
CIRCULAR = 300 if FULL else 20
STORED = 40 if FULL else 3
CONDITIONAL = 6
"""Of ten stores."""
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.gauntlet


def test_every_answer_is_that_of_the_definition_and_of_openfga(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Checks and both lists; where a condition has no answer, neither has the question, unless it doesn't need it.

    OpenFGA answers some questions by an error whose answer doesn't need the condition in doubt, refuses some models in
    which two ways lead to one relation, and lists now and then other users than its own check allows (exclusions
    within exclusions): there it is no oracle, and that is counted.
    """
    stores = RandomStores(SEED, conditional=CONDITIONAL, circles=False)
    tally: Counter[str] = Counter()
    for number in range(STORES):
        store = stores.store(CHECKS)
        offline, definition = Offline(store.model, store.grants, MOMENT), Definition(store)
        told = oracle.answers(store, tmp_path)
        tally["models"] += 1
        tally["models that OpenFGA refuses"] += not told
        for question, theirs in zip(store.questions, told or [None] * len(store.questions), strict=True):
            got = outcome(question, offline).got
            say = f"store {number} of seed {SEED}: {question} {dict(question.context)}: {got}"
            _compare_with_definition(question, got, definition, say)
            _count(tally, question, got)
            if theirs is None or got is None:
                tally["by an error of OpenFGA's or ours"] += bool(told)
            elif agree(got, theirs):
                tally["compared with OpenFGA"] += 1
            else:
                assert _contradicts_itself(store, question, got, theirs, tmp_path), f"{say}, and OpenFGA says {theirs}"
                tally["lists in which OpenFGA contradicts its own check"] += 1
    with capsys.disabled():
        print(f"\n  G20: 0 differences, seed {SEED}: {dict(tally)}")
    assert tally["check"] == STORES * CHECKS
    assert tally["compared with OpenFGA"] > STORES * CHECKS * 0.8
    assert tally["check: yes"] > STORES
    assert tally["lists in which OpenFGA contradicts its own check"] <= STORES / 100


def test_circles_of_tuples_give_nobody_more_than_the_definition(capsys: pytest.CaptureFixture[str]) -> None:
    """Every yes is one of the definition's, and so is every no, but where an exclusion is met again on the way to
    itself: such a question is denied."""
    stores = RandomStores(SEED, conditional=CONDITIONAL, circles=True)
    tally: Counter[str] = Counter()
    for number in range(CIRCULAR):
        store = stores.store(CHECKS)
        offline, definition = Offline(store.model, store.grants, MOMENT), Definition(store)
        for question in store.questions:
            if isinstance(question, CheckAssertion):
                got, wanted = outcome(question, offline).got, definition.answer(question)
                assert got is not True or wanted is True, f"store {number} of seed {SEED}: {question}"
                _count(tally, question, got)
                tally["denied or refused, though the definition decides"] += got != wanted and wanted is not None
    with capsys.disabled():
        print(f"\n  G20: 0 of too much, seed {SEED}, {CIRCULAR} models with circles: {dict(tally)}")
    assert tally["denied or refused, though the definition decides"] < CIRCULAR * CHECKS / 100


def _compare_with_definition(question: Assertion, got: Answer | None, definition: Definition, say: str) -> None:
    wanted = definition.answer(question)
    if isinstance(question, UsersAssertion) and isinstance(got, list):
        # Candidates are those whom a tuple leads to: a doubt about somebody else is none of this question's.
        decided = {word: definition.check(question, word, question.relation, question.object) for word in got}
        assert all(may is True for may in decided.values()), say
        assert wanted is None or covers(got, cast("list[str]", wanted)), f"{say}, and the definition says {wanted}"
    else:
        assert got == wanted, f"{say}, and the definition says {wanted}"


def _contradicts_itself(store: RandomStore, question: Assertion, ours: Answer, theirs: Answer, folder: Path) -> bool:
    """Whether OpenFGA's own check says of every word, in which two lists differ, what our list says."""
    if isinstance(question, CheckAssertion) or not isinstance(ours, list) or not isinstance(theirs, list):
        return False
    words = sorted(set(ours) ^ set(theirs))
    checks = [
        CheckAssertion(question.user, question.relation, word, question.context, False)
        if isinstance(question, ObjectsAssertion)
        else CheckAssertion(word, question.relation, question.object, question.context, False)
        for word in words
    ]
    return oracle.answers(RandomStore(store.model, store.grants, tuple(checks)), folder) == [
        word in ours for word in words
    ]


def _count(tally: Counter[str], question: Assertion, got: Answer | None) -> None:
    verb = str(question).partition(" ")[0]
    tally[verb] += 1
    if verb == "check":
        tally[f"check: {'yes' if got else 'refused' if got is None else 'no'}"] += 1


class Node:
    """A process's permissions, and the ways it can be asked."""

    def __init__(self, permissions: Permissions) -> None:
        self.permissions = permissions
        self.uncached = Walk(permissions.indexes)

    async def answers(self, ctx: RequestContext, store_id: str, question: Assertion) -> list[Answer | None]:
        """Cached, cached again, and uncached; a list is one answer."""
        view = View(store_id, context=question.context)
        lists = self.permissions.lists
        try:
            if isinstance(question, ObjectsAssertion):
                return [
                    (
                        await lists.objects(
                            ctx, view, subject=question.user, relation=question.relation, type_name=question.type
                        )
                    ).words
                ]
            if isinstance(question, UsersAssertion):
                listed = await lists.users(
                    ctx, view, object_=question.object, relation=question.relation, kind=question.kind
                )
                return [listed.words]
            asked = Question(
                store_id, question.user, question.relation, question.object, at_least="head", context=question.context
            )
            cached = self.permissions.engine
            return [(await engine.check(ctx, asked)).allowed for engine in (cached, cached, self.uncached)]
        except ConditionFailed:
            return [None]


@pytest.fixture
async def nodes(
    engine: Engine, make_listener: Callable[[], Listener], vault: Vault, clock: Clock, entropy: Entropy
) -> AsyncIterator[tuple[Node, Node]]:
    """One that holds every store in memory, and one that has room for none."""
    journal = Journal(vault=vault, entropy=entropy)
    async with AsyncExitStack() as stack:
        made: list[Node] = []
        for memory in (MEMORY, 0):
            listener = make_listener()
            permissions = Permissions(
                engine=engine, listener=listener, clock=clock, entropy=entropy, journal=journal, memory=memory
            )
            await listener.start()
            stack.push_async_callback(listener.stop)
            made.append(Node(permissions))
        yield made[0], made[1]


async def test_every_way_of_asking_agrees(
    nodes: tuple[Node, Node], open_ctx: OpenContext, tenant_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cached and uncached, in memory and from the database; and `expand`, climbed to its end, says what check says."""
    stores = RandomStores(SEED + 1, conditional=CONDITIONAL, circles=False)
    compared = climbed = 0
    for number in range(STORED):
        store = stores.store(CHECKS)
        offline = Offline(store.model, store.grants, MOMENT)
        store_id = await _written(nodes[0].permissions, open_ctx, tenant_id, store)
        async with open_ctx(tenant_id) as ctx:
            for question in store.questions:
                wanted = outcome(question, offline).got
                for node in nodes:
                    for got in await node.answers(ctx, store_id, question):
                        assert got == wanted, f"store {number} of seed {SEED + 1}: {question}: {got}, {wanted}"
                        compared += 1
            if not store.model.conditions:
                climbed += await _climb_all(nodes[0].permissions, ctx, store_id, offline)
    with capsys.disabled():
        print(f"\n  G20: {STORED} stores in the database, {compared} answers, {climbed} by expand, 0 differences")
    assert compared > STORED * CHECKS * 4
    assert climbed > 0


async def _written(permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store: RandomStore) -> str:
    async with open_ctx(tenant_id) as ctx:
        made = await permissions.stores.create(ctx, "random")
        await permissions.models.write(ctx, made.id, store.model)
        await permissions.tuples.write(ctx, made.id, writes=store.grants)
    return made.id


async def _climb_all(permissions: Permissions, ctx: RequestContext, store_id: str, offline: Offline) -> int:
    trees: dict[str, Any] = {}
    for object_ in OBJECTS:
        for relation in RELATIONS:
            expanded = await permissions.lists.expand(ctx, View(store_id), object_=object_, relation=relation)
            trees[f"{object_}#{relation}"] = expanded.tree
    for place, tree in trees.items():
        object_, _, relation = place.partition("#")
        for user in USERS:
            assert _climbs(trees, tree, user) == offline.check(user, relation, object_), (user, place)
    return len(trees) * len(USERS)


def _climbs(trees: dict[str, Any], node: dict[str, Any], user: str) -> bool:
    """Whether the user is in what a tree tells, following every userset to its own tree."""
    match node:
        case {"union": {"nodes": nodes}}:
            return any(_climbs(trees, each, user) for each in nodes)
        case {"intersection": {"nodes": nodes}}:
            return all(_climbs(trees, each, user) for each in nodes)
        case {"difference": {"base": base, "subtract": subtract}}:
            return _climbs(trees, base, user) and not _climbs(trees, subtract, user)
        case {"leaf": {"computed": {"userset": place}}}:
            return _climbs(trees, trees[place], user)
        case {"leaf": {"tupleToUserset": {"computed": usersets}}}:
            return any(_climbs(trees, trees[each["userset"]], user) for each in usersets)
        case _:
            words: list[str] = node["leaf"]["users"]["users"]
            return any(
                word in (user, "user:*") or (word in trees and _climbs(trees, trees[word], user)) for word in words
            )
