"""Models: judged before they are kept; the last one written is the one that questions mean."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import pytest

from airside.permissions import Permissions, Question, TupleKey
from airside.permissions.language import ModelProblems, ModuleFile, SyntaxProblem, combine, parse
from airside.permissions.refusals import (
    InvalidModel,
    ModelNotFound,
    NoModelYet,
    StoreNotFound,
    UnsupportedSchema,
)
from airside.store import RequestContext
from tests.permissions.conftest import DRIVE

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
HEAD = "model\n  schema 1.1\ntype user\n"
OTHER = HEAD + "type doc\n  relations\n    define owner: [user]\n    define viewer: owner"
WIKI = "module wiki\nextend type org\n  relations\n    define writer: [user]"


def conditioned(expression: str) -> str:
    """A model with one condition, over an `hour`."""
    return (
        HEAD
        + "type doc\n  relations\n    define viewer: [user with late]\n"
        + f"condition late(hour: int) {{\n  {expression}\n}}"
    )


async def test_written_model_comes_back_whole(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        written = await permissions.models.write(ctx, store_id, OTHER)
        assert await permissions.models.get(ctx, store_id, written.id) == written
        assert await permissions.models.latest(ctx, store_id) == written
        listed = await permissions.models.list(ctx, store_id, limit=10)
    assert [each.model for each in listed] == [parse(OTHER), parse(DRIVE)]


async def test_question_means_the_latest_model_or_the_one_it_names(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """N33, N34: a tuple that the newer model no longer allows doesn't count under it, and does under the older."""
    asked = Question(store_id, "user:anne", "viewer", "doc:1")
    async with open_ctx(tenant_id) as ctx:
        older = await permissions.models.latest(ctx, store_id)
        await permissions.tuples.write(ctx, store_id, writes=[TupleKey("user:anne", "viewer", "doc:1")])
    async with open_ctx(tenant_id) as ctx:
        assert (await permissions.engine.check(ctx, asked)).allowed
        newer = await permissions.models.write(ctx, store_id, OTHER)
    async with open_ctx(tenant_id) as ctx:
        assert not (await permissions.engine.check(ctx, asked)).allowed
        named = Question(store_id, "user:anne", "viewer", "doc:1", model_id=older.id)
        assert (await permissions.engine.check(ctx, named)).allowed
        named = Question(store_id, "user:anne", "viewer", "doc:1", model_id=newer.id)
        assert not (await permissions.engine.check(ctx, named)).allowed


async def test_type_restriction_that_a_model_dropped_no_longer_counts(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """N33: a wildcard written under an older model isn't everybody's under one without wildcards."""
    public = HEAD + "type doc\n  relations\n    define viewer: [user, user:*]"
    private = HEAD + "type doc\n  relations\n    define viewer: [user]"
    asked = Question(store_id, "user:zoe", "viewer", "doc:1")
    async with open_ctx(tenant_id) as ctx:
        await permissions.models.write(ctx, store_id, public)
        await permissions.tuples.write(ctx, store_id, writes=[TupleKey("user:*", "viewer", "doc:1")])
    async with open_ctx(tenant_id) as ctx:
        assert (await permissions.engine.check(ctx, asked)).allowed
        await permissions.models.write(ctx, store_id, private)
    async with open_ctx(tenant_id) as ctx:
        assert not (await permissions.engine.check(ctx, asked)).allowed


@pytest.mark.parametrize(
    ("text", "refusal", "says"),
    [
        (conditioned("hour <"), ModelProblems, r"line 8, column 9: failed to compile .* 'late' - Syntax error"),
        (conditioned("hour"), ModelProblems, "the expression must give a bool, not INT"),
        (conditioned("other < 18"), ModelProblems, r"line 8, column 3: .* undeclared reference to 'other'"),
        (conditioned('hour < "18"'), ModelProblems, r"line 8, column 8: .* no matching overload"),
        ("model\n  schema 1.3\ntype user", UnsupportedSchema, "invalid schema 1.3"),
        ("module core\ntype user", UnsupportedSchema, "schema version required"),
        (HEAD + "type doc\n  relations\n    define viewer: nobody", ModelProblems, "`nobody` does not exist"),
        (HEAD + "type doc\n  relations\n    define a: b\n    define b: a", ModelProblems, "potential loop"),
        (
            HEAD + "type doc\n  relations\n    define a: [user] but not b\n    define b: [user] or a",
            ModelProblems,
            "potential loop",
        ),
        ("", SyntaxProblem, "line 1, column 1: found the end of the text where 'model' or 'module' is expected"),
    ],
)
async def test_model_that_cannot_be_meant_is_refused_and_not_kept(
    permissions: Permissions,
    open_ctx: OpenContext,
    tenant_id: UUID,
    store_id: str,
    text: str,
    refusal: type[InvalidModel],
    says: str,
) -> None:
    """N33: what can't be evaluated is refused, never ignored."""
    with pytest.raises(refusal, match=says):
        async with open_ctx(tenant_id) as ctx:
            await permissions.models.write(ctx, store_id, text)
    async with open_ctx(tenant_id) as ctx:
        assert len(await permissions.models.list(ctx, store_id, limit=10)) == 1


def test_refusal_says_line_and_column() -> None:
    with pytest.raises(SyntaxProblem, match=r"line 5, column 5: found 'defin' where 'define' is expected"):
        parse(HEAD.rstrip() + "\n  relations\n    defin viewer: [user]")


async def test_model_in_modules_comes_back_with_them(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    model = combine([ModuleFile("core.fga", "module core\ntype user\ntype org"), ModuleFile("wiki.fga", WIKI)])
    async with open_ctx(tenant_id) as ctx:
        written = await permissions.models.write(ctx, store_id, model)
    async with open_ctx(tenant_id) as ctx:
        assert (await permissions.models.get(ctx, store_id, written.id)).model == model


async def test_missing_model_and_store_are_told_apart_only_inside_the_tenant(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        empty = await permissions.stores.create(ctx, "empty")
        with pytest.raises(NoModelYet):
            await permissions.models.latest(ctx, empty.id)
        with pytest.raises(ModelNotFound):
            await permissions.models.get(ctx, store_id, "0" * 26)
        with pytest.raises(StoreNotFound):
            await permissions.models.get(ctx, "0" * 26, "0" * 26)
