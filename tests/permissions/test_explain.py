"""`explain`: the path that decided, or what is missing; in memory and from the database."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import httpx2
import pytest

from airside.core.strict_json import Json
from airside.permissions import Grant, Permissions, Terms, TupleKey, View
from airside.permissions.explain import explain
from airside.permissions.explanation import Explanation
from airside.permissions.graph import Graph
from airside.permissions.index import Index, Ready
from airside.permissions.language import parse
from airside.permissions.refusals import InvalidQuestion
from airside.store import RequestContext
from tests.permissions.conftest import ANNE, MakeNode, write

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
Told = Callable[..., Awaitable[Explanation]]
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

MODEL = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define viewer: [user, group#member]
type doc
  relations
    define blocked: [user]
    define folder: [folder]
    define guest: [user with late]
    define viewer: [user] or viewer from folder
    define editor: [user]
    define can_sign: viewer and editor
    define can_read: viewer but not blocked

condition late(hour: int) {
  hour > 17
}
"""
TUPLES = [
    Grant(TupleKey("user:anne", "member", "group:eng")),
    Grant(TupleKey("group:eng#member", "viewer", "folder:plans")),
    Grant(TupleKey("folder:plans", "folder", "doc:1")),
    Grant(TupleKey("user:bob", "blocked", "doc:1")),
    Grant(TupleKey("user:bob", "member", "group:eng")),
    Grant(TupleKey("user:carl", "guest", "doc:1"), Terms("late", b'{"hour":9}')),
    Grant(TupleKey("user:dora", "guest", "doc:1"), Terms("late", b"")),
]


@pytest.fixture(params=["in memory", "from the database"])
async def node(request: pytest.FixtureRequest, make_node: MakeNode) -> AsyncGenerator[Permissions]:
    async with make_node(**({} if request.param == "in memory" else {"memory": 0})) as node:
        yield node


@pytest.fixture
async def store(node: Permissions, open_ctx: OpenContext, tenant_id: UUID) -> str:
    async with open_ctx(tenant_id) as ctx:
        made = await node.stores.create(ctx, "explained")
        await node.models.write(ctx, made.id, MODEL)
        await node.tuples.write(ctx, made.id, writes=TUPLES)
    return made.id


@pytest.fixture
def told(node: Permissions, store: str, open_ctx: OpenContext, tenant_id: UUID) -> Told:
    async def ask(subject: str, relation: str, context: dict[str, Json] | None = None) -> Explanation:
        async with open_ctx(tenant_id) as ctx:
            view = View(store, context=context or {})
            return await node.lists.explain(ctx, view, subject=subject, relation=relation, object_="doc:1")

    return ask


async def test_yes_is_the_one_path_that_decided(told: Told) -> None:
    found = await told("user:anne", "can_read")
    assert found.allowed
    assert found.missing == ()
    assert str(found).splitlines() == [
        "✓ doc:1#can_read   viewer but not blocked",
        "└ ✓ but not",
        "  ├ ✓ doc:1#viewer   [user] or viewer from folder",
        "  │ └ ✓ doc:1#folder@folder:plans",
        "  │   └ ✓ folder:plans#viewer   [user, group#member]",
        "  │     └ ✓ folder:plans#viewer@group:eng#member",
        "  │       └ ✓ group:eng#member   [user, group#member]",
        "  │         └ ✓ group:eng#member@user:anne",
        "  └ ✗ doc:1#blocked   [user]",
    ]


async def test_no_that_an_exclusion_made_says_so_and_names_no_tuple(told: Told) -> None:
    found = await told("user:bob", "can_read")
    assert not found.allowed
    assert "  └ ✓ doc:1#blocked@user:bob" in str(found).replace("    └", "  └")
    assert found.missing == ()


async def test_no_names_the_fewest_tuples_that_would_do(told: Told, node: Permissions) -> None:
    found = await told("user:emil", "can_read")
    assert found.missing == (TupleKey("user:emil", "viewer", "doc:1"),)
    assert str(found).endswith("would be yes with: doc:1#viewer@user:emil")
    found = await told("user:anne", "can_sign")
    assert found.missing == (TupleKey("user:anne", "editor", "doc:1"),)
    found = await told("user:emil", "can_sign")
    assert found.missing == (TupleKey("user:emil", "viewer", "doc:1"), TupleKey("user:emil", "editor", "doc:1"))


async def test_condition_that_failed_is_told_with_its_values(told: Told) -> None:
    assert "condition late(hour=9) is false" in str(await told("user:carl", "guest"))
    found = await told("user:dora", "guest")
    assert (found.allowed, found.step.holds) == (False, "unknown")
    assert "context is missing parameters '[hour]'" in str(found)
    assert (await told("user:dora", "guest", {"hour": 20})).allowed


async def test_words_that_the_model_does_not_know_are_refused(told: Told) -> None:
    with pytest.raises(InvalidQuestion):
        await told("user:anne", "nothing")
    with pytest.raises(InvalidQuestion):
        await told("nobody:anne", "viewer")


async def test_over_http(client: httpx2.AsyncClient, path: str) -> None:
    await write(client, path, ANNE)
    answer = await client.post(f"{path}/explain", json={"tuple_key": ANNE})
    assert answer.json() == {
        "allowed": True,
        "explanation": {
            "what": "doc:1#viewer",
            "holds": "yes",
            "why": "[user, group#member] or owner or viewer from parent",
            "steps": [{"what": "doc:1#viewer@user:anne", "holds": "yes", "why": "", "steps": []}],
        },
        "missing": [],
        "text": "✓ doc:1#viewer   [user, group#member] or owner or viewer from parent\n└ ✓ doc:1#viewer@user:anne",
    }
    assert answer.headers["airside-consistency-token"]
    assert (await client.post(f"{path}/explain", json={"tuple_key": {"user": "user:anne"}})).status_code == 400


@pytest.fixture
def ready() -> Callable[[str], Ready]:
    """A model in memory, without a store."""
    return lambda model: Index(0, "m", Graph()).keep("m", parse(model))


def explained(ready: Ready, subject: str, relation: str) -> Explanation:
    """Why, within a second of work: nobody else is answered meanwhile."""
    begun = time.process_time()
    found = explain(ready, TupleKey(subject, relation, "doc:0"), {}, MOMENT, 0)
    assert time.process_time() - begun < 1
    assert found.allowed == ready.check(subject, relation, "doc:0", {}, MOMENT)
    return found


def test_definitions_that_double_at_every_step_are_explained_as_fast(ready: Callable[[str], Ready]) -> None:
    """N36: twenty relations, each twice what the one before is: a million ways."""
    lines = ["model", "  schema 1.1", "type user", "type doc", "  relations", "    define x: [user]"]
    lines += [
        "    define r0: [user]",
        *(f"    define r{level + 1}: r{level} and (r{level} or x)" for level in range(20)),
    ]
    found = explained(ready("\n".join(lines)), "user:a", "r20")
    assert found.missing == (TupleKey("user:a", "r0", "doc:0"),)


def test_folders_in_a_mesh_are_explained_as_fast(ready: Callable[[str], Ready]) -> None:
    """N36: twenty folders on each of twenty levels, each in all of the level above: 20^20 ways."""
    made = ready(
        "model\n  schema 1.1\ntype user\ntype folder\n  relations\n    define parent: [folder]\n"
        "    define viewer: [user] or viewer from parent\ntype doc\n  relations\n    define parent: [folder]\n"
        "    define viewer: viewer from parent\n"
    )
    for level, above, below in product(range(20), range(20), range(20)):
        made.graph.add(TupleKey(f"folder:{level + 1}-{above}", "parent", f"folder:{level}-{below}"))
    made.graph.add(TupleKey("folder:0-0", "parent", "doc:0"))
    found = explained(made, "user:a", "viewer")
    assert found.missing == (TupleKey("user:a", "viewer", "folder:0-0"),)
    made.graph.add(TupleKey("user:a", "viewer", "folder:20-0"))
    assert "folder:20-0#viewer@user:a" in str(explained(made, "user:a", "viewer"))


def test_object_of_very_many_groups_is_explained_as_fast(ready: Callable[[str], Ready]) -> None:
    """N36: what isn't looked at any more is told as such."""
    made = ready(
        "model\n  schema 1.1\ntype user\ntype group\n  relations\n    define member: [user]\n"
        "type doc\n  relations\n    define viewer: [group#member]\n"
    )
    for number in range(20_000):
        made.graph.add(TupleKey(f"group:{number}#member", "viewer", "doc:0"))
    made.graph.add(TupleKey("user:a", "member", "group:0"))
    assert "group:0#member@user:a" in str(explained(made, "user:a", "viewer"))
    assert str(explained(made, "user:b", "viewer")).count("\n") < 10
    assert "not looked at" in str(explained(made, "user:b", "viewer"))
