"""Tuples with an end: there until the moment, not there from the moment on, swept some time later."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from airside.core.strict_json import dumps
from airside.permissions import Filter, Grant, Permissions, Question, Terms, TupleKey, View
from airside.permissions.refusals import InvalidTerms, WriteConflict
from tests.permissions.conftest import DRIVE, MakeNode, OpenContext

HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
ANNE = TupleKey("user:anne", "viewer", "doc:1")
MEMBER = TupleKey("user:anne", "member", "group:eng")


@dataclass(frozen=True)
class Place:
    """A store, and when what was written in it ends."""

    node: Permissions
    open_ctx: OpenContext
    tenant_id: UUID
    store_id: str
    end: datetime

    async def write(self, *keys: TupleKey, terms: Terms | None = None, at: datetime | None = None) -> int:
        """Until the end, unless other terms are given."""
        async with self.open_ctx(self.tenant_id, now=at) as ctx:
            grants = [Grant(key, terms or Terms(expires_at=self.end)) for key in keys]
            return await self.node.tuples.write(ctx, self.store_id, writes=grants)

    async def may(self, relation: str, at: datetime, object_: str = "doc:1", node: Permissions | None = None) -> bool:
        async with self.open_ctx(self.tenant_id, now=at) as ctx:
            question = Question(self.store_id, "user:anne", relation, object_, at_least="head")
            answers = {(await (node or self.node).engine.check(ctx, question)).allowed for _ in range(2)}
            warm = Question(self.store_id, "user:anne", relation, object_)
            answers |= {(await (node or self.node).engine.check(ctx, warm)).allowed for _ in range(2)}
        assert len(answers) == 1
        return answers.pop()

    async def sweep(self, at: datetime) -> int:
        async with self.open_ctx(self.tenant_id, now=at) as ctx:
            return await self.node.tuples.sweep(ctx)


@pytest.fixture(params=["in memory", "from the database"])
async def place(
    request: pytest.FixtureRequest, make_node: MakeNode, open_ctx: OpenContext, tenant_id: UUID
) -> AsyncGenerator[Place]:
    async with make_node(**({} if request.param == "in memory" else {"memory": 0})) as node:
        async with open_ctx(tenant_id) as ctx:
            store = await node.stores.create(ctx, "ending")
            await node.models.write(ctx, store.id, DRIVE)
            end = ctx.now + HOUR
        yield Place(node, open_ctx, tenant_id, store.id, end)


async def test_tuple_is_there_until_its_end_and_not_from_then_on(place: Place) -> None:
    """N34: a verdict that was given before the end, and might have been kept, isn't given after it."""
    await place.write(ANNE)
    for at, expected in [(-HOUR / 2, True), (-INSTANT, True), (0 * HOUR, False), (HOUR, False), (-INSTANT, True)]:
        assert await place.may("viewer", place.end + at) is expected


async def test_membership_and_parent_end_too(place: Place) -> None:
    """Wherever the tuple stands on the way."""
    await place.write(MEMBER, TupleKey("folder:1", "parent", "doc:2"))
    lasting = Terms()
    await place.write(TupleKey("group:eng#member", "viewer", "doc:1"), terms=lasting)
    await place.write(TupleKey("user:anne", "viewer", "folder:1"), terms=lasting)
    for object_ in ("doc:1", "doc:2"):
        assert await place.may("viewer", place.end - INSTANT, object_)
        assert not await place.may("viewer", place.end, object_)


async def test_exclusion_that_ends_excludes_no_longer(place: Place) -> None:
    await place.write(ANNE, terms=Terms())
    await place.write(TupleKey("user:anne", "blocked", "doc:1"))
    assert not await place.may("can_read", place.end - INSTANT)
    assert await place.may("can_read", place.end)


async def test_no_list_has_what_is_over(place: Place) -> None:
    """N35: objects, users, expand, and the tuples read."""
    await place.write(ANNE, MEMBER)
    await place.write(TupleKey("user:bob", "viewer", "doc:1"), terms=Terms())
    view = View(place.store_id)
    for at, there in [(place.end - INSTANT, ["user:anne"]), (place.end, [])]:
        async with place.open_ctx(place.tenant_id, now=at) as ctx:
            lists = place.node.lists
            users = await lists.users(ctx, view, object_="doc:1", relation="viewer", kind="user")
            objects = await lists.objects(ctx, view, subject="user:anne", relation="viewer", type_name="doc")
            tree = (await lists.expand(ctx, view, object_="doc:1", relation="viewer")).tree
            read = await place.node.tuples.read(ctx, place.store_id, Filter(object_type="doc"), limit=10)
            why = await lists.explain(ctx, view, subject="user:anne", relation="viewer", object_="doc:1")
        assert users.words == [*there, "user:bob"]
        assert objects.words == (["doc:1"] if there else [])
        assert ("user:anne" in dumps(tree).decode()) == bool(there)
        assert [stored.key.user for stored in read] == [*there, "user:bob"]
        assert why.allowed == bool(there)
        assert (str(why).count("expired at") == 1) == (not there)


async def test_sweep_deletes_what_is_over_and_the_log_tells_it(place: Place, make_node: MakeNode) -> None:
    """Another node follows the log as for any deletion."""
    written = await place.write(ANNE, MEMBER)
    await place.write(TupleKey("user:bob", "viewer", "doc:1"), terms=Terms(expires_at=place.end + INSTANT))
    assert await place.sweep(place.end - INSTANT) == 0
    async with make_node() as other:
        assert await place.may("viewer", place.end - INSTANT, node=other)
        assert await place.sweep(place.end) == 2
        assert not await place.may("viewer", place.end - INSTANT, node=other)  # even for who lives before the end
    assert await place.sweep(place.end) == 0
    async with place.open_ctx(place.tenant_id) as ctx:
        changes = await place.node.tuples.changes(ctx, place.store_id, after=written + 1, limit=10)
        store = await place.node.stores.get(ctx, place.store_id)
    assert {(change.operation, change.key) for change in changes} == {("delete", ANNE), ("delete", MEMBER)}
    assert [change.revision for change in changes] == [written + 2, written + 3]
    assert store.revision == written + 3


async def test_tuple_may_be_written_again_once_it_is_over(place: Place) -> None:
    """Not before; and the log then has it twice, without a deletion between."""
    await place.write(ANNE)
    longer = Terms(expires_at=place.end + HOUR)
    for terms in (longer, Terms(), None):
        with pytest.raises(WriteConflict):
            await place.write(ANNE, terms=terms, at=place.end - INSTANT)
    with pytest.raises(InvalidTerms):
        await place.write(ANNE, at=place.end)
    assert not await place.may("viewer", place.end)
    await place.write(ANNE, terms=longer, at=place.end)
    assert await place.may("viewer", place.end)
    assert not await place.may("viewer", place.end + HOUR)
    await place.write(ANNE, terms=Terms(), at=place.end + HOUR)
    assert await place.may("viewer", place.end + 2 * HOUR)
    assert await place.sweep(place.end + 3 * HOUR) == 0
    async with place.open_ctx(place.tenant_id) as ctx:
        changes = await place.node.tuples.changes(ctx, place.store_id, limit=10)
    assert [(change.operation, change.terms.expires_at) for change in changes] == [
        ("write", place.end),
        ("write", place.end + HOUR),
        ("write", None),
    ]
