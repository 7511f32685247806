"""Stores over the budget: answered from the database, by the same engine, with the same answers."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.core.clock import FixedClock
from airside.core.entropy import Entropy
from airside.core.errors import Refusal
from airside.core.strict_json import Json
from airside.permissions import Grant, Permissions, Question, Terms, TupleKey, View
from airside.permissions.indexes import LARGE_FOR, TUPLE_BYTES
from airside.permissions.large import MAX_ROWS
from airside.permissions.model import NO_TERMS
from airside.permissions.refusals import TooComplex
from airside.store import Engine, Listener
from tests.permissions.conftest import DRIVE, MakeNode, OpenContext
from tests.permissions.random_stores import CONTEXTS, OBJECTS, RELATIONS, TYPES, USERS, RandomStore, RandomStores

SEED = 20_261_128
STORES = 6
CHECKS = 40
AT_ONCE = 10_000
"""Rows of one statement."""


@dataclass(frozen=True)
class Asker:
    """Puts a question of any kind to a node."""

    open_ctx: OpenContext
    tenant_id: UUID

    async def answer(self, node: Permissions, view: View, kind: str, *words: str) -> object:
        """What it says, or the code of its refusal; without the revision."""
        try:
            async with self.open_ctx(self.tenant_id) as ctx:
                return await self._answer(node, ctx, view, kind, *words)
        except Refusal as refusal:
            return refusal.code

    async def _answer(self, node: Permissions, ctx: Any, view: View, kind: str, *words: str) -> object:
        lists, (first, relation, last) = node.lists, words
        match kind:
            case "check":
                asked = Question(
                    view.store_id, first, relation, last, view.model_id, "head", view.contextual, view.context
                )
                return (await node.engine.check(ctx, asked)).allowed
            case "objects":
                return (await lists.objects(ctx, view, subject=first, relation=relation, type_name=last)).words
            case "users":
                return (await lists.users(ctx, view, object_=first, relation=relation, kind=last)).words
            case "expand":
                return (await lists.expand(ctx, view, object_=first, relation=relation)).tree
            case _:
                return str(await lists.explain(ctx, view, subject=first, relation=relation, object_=last))


def questions(draw: Random) -> list[tuple[str, str, str, str]]:
    """Every kind, usersets as subjects and as kinds of subject among them."""
    usersets = [f"{word}#{relation}" for word, relation in product(OBJECTS, RELATIONS)]
    kinds = ["user", *(f"{type_name}#{relation}" for type_name, relation in product(TYPES, RELATIONS))]
    subjects = [*USERS, *draw.sample(usersets, 2)]
    found = list[tuple[str, str, str, str]]()
    for _ in range(CHECKS):
        found.append(("check", draw.choice(subjects), draw.choice(RELATIONS), draw.choice(OBJECTS)))
    for _ in range(CHECKS // 8):
        relation, object_ = draw.choice(RELATIONS), draw.choice(OBJECTS)
        found += [
            ("objects", draw.choice(subjects), relation, draw.choice(TYPES)),
            ("users", object_, relation, draw.choice(kinds)),
            ("expand", object_, relation, ""),
            ("explain", draw.choice(subjects), relation, object_),
        ]
    return found


@pytest.fixture
async def small(make_node: MakeNode) -> AsyncGenerator[Permissions]:
    """A node into which nothing fits."""
    async with make_node(memory=0) as node:
        yield node


async def filled(
    node: Permissions, open_ctx: OpenContext, tenant_id: UUID, store: RandomStore, draw: Random
) -> tuple[str, tuple[Grant, ...]]:
    """A store of these tuples, some of them only for an hour; and a few left out, to be given with questions."""
    async with open_ctx(tenant_id) as ctx:
        made = await node.stores.create(ctx, "large")
        await node.models.write(ctx, made.id, store.model)
        end = ctx.now + timedelta(hours=1)
        grants = [
            Grant(grant.key, Terms(grant.terms.condition, grant.terms.context, end)) if draw.random() < 0.2 else grant
            for grant in store.grants
        ]
        kept, left = grants[:-4], grants[-4:]
        await node.tuples.write(ctx, made.id, writes=kept)
    return made.id, tuple(left)


async def test_every_answer_is_that_of_memory(
    permissions: Permissions, small: Permissions, open_ctx: OpenContext, tenant_id: UUID,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """N35: check, list-objects, list-users, expand and explain; conditions, ends, circles, contextual tuples."""
    draw, asker = Random(SEED), Asker(open_ctx, tenant_id)
    stores = RandomStores(SEED, conditional=5, circles=True)
    asked = refused = 0
    for store in (stores.store(1) for _ in range(STORES)):
        store_id, left = await filled(permissions, open_ctx, tenant_id, store, draw)
        for kind, *words in questions(draw):
            context: dict[str, Json] = draw.choice(CONTEXTS)
            contextual = left if draw.random() < 0.3 else ()
            view = View(store_id, None, "head", contextual, context)
            one, other = [await asker.answer(node, view, kind, *words) for node in (permissions, small)]
            assert one == other, (kind, words, context, contextual)
            asked, refused = asked + 1, refused + isinstance(one, str) * (kind != "explain")
        assert small.indexes.warm(tenant_id, store_id, None) is None
        assert permissions.indexes.warm(tenant_id, store_id, None) is not None
    with capsys.disabled():
        print(f"\n  large: {asked} questions on {STORES} stores, 0 differences, {refused} refused by both, seed {SEED}")
    assert refused < asked / 3


async def drive(node: Permissions, open_ctx: OpenContext, tenant_id: UUID, *grants: Grant) -> str:
    async with open_ctx(tenant_id) as ctx:
        store = await node.stores.create(ctx, "drive")
        await node.models.write(ctx, store.id, DRIVE)
        for start in range(0, len(grants), 100):
            await node.tuples.write(ctx, store.id, writes=grants[start : start + 100])
    return store.id


def viewers(number: int, terms: Terms = NO_TERMS) -> list[Grant]:
    return [Grant(TupleKey(f"user:{each}", "viewer", "doc:1"), terms) for each in range(number)]


async def may(node: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str, user: str) -> bool:
    async with open_ctx(tenant_id) as ctx:
        return (await node.engine.check(ctx, Question(store_id, user, "viewer", "doc:1"))).allowed


@pytest.mark.parametrize("ending", [False, True], ids=["always", "under terms"])
async def test_budget_is_kept_by_tuples_of_every_kind(
    permissions: Permissions, make_node: MakeNode, open_ctx: OpenContext, tenant_id: UUID, ending: bool
) -> None:
    """N36: tuples under terms are loaded apart, and count as much."""
    async with make_node(memory=10 * TUPLE_BYTES) as node:
        for number, fits in [(10, True), (11, False)]:
            terms = Terms(expires_at=datetime(2099, 1, 1, tzinfo=UTC)) if ending else NO_TERMS
            store_id = await drive(permissions, open_ctx, tenant_id, *viewers(number, terms))
            assert await may(node, open_ctx, tenant_id, store_id, "user:3")
            assert not await may(node, open_ctx, tenant_id, store_id, "user:99")
            assert (node.indexes.warm(tenant_id, store_id, None) is not None) is fits


async def test_store_asked_least_makes_room(
    permissions: Permissions, make_node: MakeNode, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    one, two, three, four = [await drive(permissions, open_ctx, tenant_id, *viewers(4)) for _ in range(4)]
    async with make_node(memory=12 * TUPLE_BYTES) as node:

        async def ask(*stores: str) -> list[str]:
            for store_id in stores:
                assert await may(node, open_ctx, tenant_id, store_id, "user:3")
            return [each for each in (one, two, three, four) if node.indexes.warm(tenant_id, each, None) is not None]

        assert await ask(one, two, three) == [one, two, three]
        assert len(await ask(four)) == 3
        # From here on it is known who was asked: `four` and whoever is asked now.
        assert four in await ask(two, three)
        kept = await ask(one)
        assert one in kept
        assert len(kept) == 3
        assert await ask(one, two, three, four, one, two, three, four)


async def test_store_that_was_too_large_is_tried_again(
    engine: Engine, make_listener: Callable[[], Listener], entropy: Entropy, journal: Journal,
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID,
) -> None:  # fmt: skip
    """Not before ten minutes have passed: each try reads as much as fits."""
    clock = FixedClock(datetime.now(UTC))
    clock.advance(2 * LARGE_FOR)
    node = Permissions(
        engine=engine,
        listener=make_listener(),
        clock=clock,
        entropy=entropy,
        journal=journal,
        memory=4 * TUPLE_BYTES,
    )
    grants = viewers(5)
    store_id = await drive(permissions, open_ctx, tenant_id, *grants)
    assert await may(node, open_ctx, tenant_id, store_id, "user:3")
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, deletes=[grants[0].key])
    for passed, fits in [(LARGE_FOR - 1, False), (2.0, True)]:
        clock.advance(passed)
        assert await may(node, open_ctx, tenant_id, store_id, "user:3")
        assert not await may(node, open_ctx, tenant_id, store_id, "user:0")
        assert (node.indexes.warm(tenant_id, store_id, None) is not None) is fits


async def test_question_that_needs_too_many_rows_is_refused(
    permissions: Permissions, small: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N36: and never answered from a part of them."""
    store_id = await drive(permissions, open_ctx, tenant_id)
    copy = (
        "insert into airside.permission_tuple (tenant_id, store_id, object_type, object_id, relation, subject_type,"
        " subject_id, subject_relation, condition_name, condition_context, expires_at, created_at)"
        " select %s, %s, 'doc', '1', 'viewer', 'group', n::text, 'member', '', '', null, %s"
        " from generate_series(%s::int, %s::int) as n on conflict do nothing"
    )
    async with open_ctx(tenant_id) as ctx:
        for start in range(1, MAX_ROWS + 2, AT_ONCE):
            await ctx.tx.run(copy, (tenant_id, store_id, ctx.now, start, min(start + AT_ONCE - 1, MAX_ROWS + 1)))
        await permissions.tuples.write(ctx, store_id, writes=[TupleKey("user:0", "viewer", "doc:2")])
    with pytest.raises(TooComplex):
        await may(small, open_ctx, tenant_id, store_id, "user:0")
    async with open_ctx(tenant_id) as ctx:
        other = Question(store_id, "user:0", "viewer", "doc:2")
        assert (await small.engine.check(ctx, other)).allowed


@pytest.mark.parametrize("by", ["itself", "another node"])
async def test_store_that_grows_over_the_budget_leaves_the_memory(
    permissions: Permissions, make_node: MakeNode, open_ctx: OpenContext, tenant_id: UUID, by: str
) -> None:
    """N36: one small store, written to for long enough, would fill it."""
    grants = viewers(11)
    store_id = await drive(permissions, open_ctx, tenant_id, *grants[:6])
    async with make_node(memory=10 * TUPLE_BYTES) as node:
        assert await may(node, open_ctx, tenant_id, store_id, "user:3")
        writer = node if by == "itself" else permissions
        async with open_ctx(tenant_id) as ctx:
            revision = await writer.tuples.write(ctx, store_id, writes=grants[6:])
        async with open_ctx(tenant_id) as ctx:
            asked = Question(store_id, "user:10", "viewer", "doc:1", at_least=revision)
            assert (await node.engine.check(ctx, asked)).allowed
        assert node.indexes.warm(tenant_id, store_id, None) is None
