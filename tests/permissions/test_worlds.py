"""Worlds are data: a model, tuples, who may and who may not. Every kind of question is drawn from each, and held
to agree with `check`."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from itertools import product
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from airside.permissions import Grant, Permissions, Question, TupleKey, View
from airside.permissions.language import parse
from airside.permissions.words import kind_of
from airside.store import RequestContext
from tests.permissions.conftest import MakeNode
from tests.permissions.naive import Naive

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
WORLDS = sorted((Path(__file__).parents[1] / "worlds").glob("*.json"))


class World:
    def __init__(self, path: Path) -> None:
        body = cast("dict[str, Any]", json.loads(path.read_text("utf-8")))
        self.text = "\n".join(body["model"])
        self.model = parse(self.text)
        self.tuples = [TupleKey(*row) for row in body["tuples"]]
        self.may = [TupleKey(*row) for row in body["may"]]
        self.may_not = [TupleKey(*row) for row in body["may_not"]]
        words = {word for key in (*self.tuples, *self.may, *self.may_not) for word in (key.user, key.object)}
        self.subjects = sorted(word for word in words if word.startswith("user:") or "#" in word)
        self.places = sorted(
            (word, relation.name)
            for word in words
            for each in self.model.types
            for relation in each.relations
            if kind_of(word) == each.name
        )


@pytest.fixture(params=["in memory", "from the database"])
async def permissions(request: pytest.FixtureRequest, make_node: MakeNode) -> AsyncGenerator[Permissions]:
    """A node that holds every store in memory, and one that has room for none."""
    async with make_node(**({} if request.param == "in memory" else {"memory": 0})) as node:
        yield node


@pytest.fixture(params=WORLDS, ids=lambda path: path.stem)
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


@pytest.fixture
async def store(world: World, permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID) -> str:
    async with open_ctx(tenant_id) as ctx:
        made = await permissions.stores.create(ctx, "a world")
        await permissions.models.write(ctx, made.id, world.text)
        await permissions.tuples.write(ctx, made.id, writes=world.tuples)
    return made.id


def test_worlds_are_found() -> None:
    assert len(WORLDS) >= 5


async def test_who_may_may_and_who_may_not_may_not(
    world: World, store: str, permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N33."""
    async with open_ctx(tenant_id) as ctx:
        for expected, keys in ((True, world.may), (False, world.may_not)):
            for key in keys:
                verdict = await permissions.engine.check(ctx, Question(store, key.user, key.relation, key.object))
                assert verdict.allowed is expected, key


async def test_every_check_is_that_of_the_definition(
    world: World, store: str, permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N33, twice: the second answer comes from the cache."""
    async with open_ctx(tenant_id) as ctx:
        for subject in world.subjects:
            naive = Naive(world.model, world.tuples, subject, [word for word, _ in world.places])
            for object_, relation in world.places * 2:
                verdict = await permissions.engine.check(ctx, Question(store, subject, relation, object_))
                assert verdict.allowed == naive.check(relation, object_), (subject, relation, object_)


async def test_lists_agree_with_check(
    world: World, store: str, permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N35: list-objects and list-users name exactly those whom check allows."""
    view = View(store)
    async with open_ctx(tenant_id) as ctx:

        async def allowed(subject: str, relation: str, object_: str) -> bool:
            return (await permissions.engine.check(ctx, Question(store, subject, relation, object_))).allowed

        for subject, definition in product(world.subjects, world.model.types):
            for relation in definition.relations:
                listed = await permissions.lists.objects(
                    ctx, view, subject=subject, relation=relation.name, type_name=definition.name
                )
                objects = [
                    word for word, name in world.places if name == relation.name and kind_of(word) == definition.name
                ]
                expected = [word for word in objects if await allowed(subject, relation.name, word)]
                assert listed.words == sorted(expected), (subject, relation.name)
        for object_, relation in world.places:
            listed = await permissions.lists.users(ctx, view, object_=object_, relation=relation, kind="user")
            everybody = "user:*" in listed.words
            for subject in (word for word in world.subjects if kind_of(word).startswith("user")):
                is_allowed = await allowed(subject, relation, object_)
                assert subject not in listed.words or is_allowed, (subject, relation, object_)
                assert not is_allowed or subject in listed.words or everybody, (subject, relation, object_)


async def test_expanding_all_the_way_agrees_with_check(
    world: World, store: str, permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N35: whoever follows the trees that expand gives arrives at check's answer."""
    trees: dict[str, Any] = {}
    async with open_ctx(tenant_id) as ctx:
        for object_, relation in world.places:
            expanded = await permissions.lists.expand(ctx, View(store), object_=object_, relation=relation)
            trees[f"{object_}#{relation}"] = expanded.tree
        for subject in world.subjects:
            for object_, relation in world.places:
                verdict = await permissions.engine.check(ctx, Question(store, subject, relation, object_))
                followed = follow(trees, f"{object_}#{relation}", subject, frozenset())
                assert followed == verdict.allowed, (subject, relation, object_)


async def test_contextual_tuples_count_for_one_question_alone(
    world: World, permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N33, N34: the same answers from an empty store with every tuple in the question, and none remembered."""
    async with open_ctx(tenant_id) as ctx:
        made = await permissions.stores.create(ctx, "an empty world")
        await permissions.models.write(ctx, made.id, world.text)
    async with open_ctx(tenant_id) as ctx:
        for key in world.may:
            asked = Question(made.id, key.user, key.relation, key.object)
            told = Question(made.id, key.user, key.relation, key.object, contextual=tuple(map(Grant, world.tuples)))
            before = await permissions.engine.check(ctx, asked)
            assert (await permissions.engine.check(ctx, told)).allowed, key
            assert await permissions.engine.check(ctx, asked) == before


def follow(trees: dict[str, Any], userset: str, subject: str, passed: frozenset[str]) -> bool:
    if userset == subject:
        return True
    if userset in passed or userset not in trees:
        return False
    return _follow(trees, trees[userset], subject, passed | {userset})


def _follow(trees: dict[str, Any], node: dict[str, Any], subject: str, passed: frozenset[str]) -> bool:
    if "union" in node:
        return any(_follow(trees, child, subject, passed) for child in node["union"]["nodes"])
    if "intersection" in node:
        return all(_follow(trees, child, subject, passed) for child in node["intersection"]["nodes"])
    if "difference" in node:
        base, subtract = node["difference"]["base"], node["difference"]["subtract"]
        return _follow(trees, base, subject, passed) and not _follow(trees, subtract, subject, passed)
    leaf = node["leaf"]
    if "computed" in leaf:
        return follow(trees, leaf["computed"]["userset"], subject, passed)
    if "tupleToUserset" in leaf:
        return any(follow(trees, each["userset"], subject, passed) for each in leaf["tupleToUserset"]["computed"])
    return any(
        user == subject
        or (user.endswith(":*") and "#" not in subject and user.partition(":")[0] == subject.partition(":")[0])
        or ("#" in user and follow(trees, user, subject, passed))
        for user in leaf["users"]["users"]
    )
