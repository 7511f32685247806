"""Several questions at once: each as the engine answers it alone, all of one revision."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import pytest

from airside.permissions import Permissions, Question, TupleKey
from airside.permissions.refusals import InvalidQuestion, ModelNotFound, StoreNotFound
from airside.store import RequestContext

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
KEYS = [TupleKey(f"user:{number}", "viewer", f"doc:{number % 7}") for number in range(0, 40, 2)]


@pytest.fixture
async def written(permissions: Permissions, store_id: str, open_ctx: OpenContext, tenant_id: UUID) -> int:
    """The revision at which `KEYS` are there."""
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=KEYS)
    async with open_ctx(tenant_id) as ctx:
        return (await permissions.stores.get(ctx, store_id)).revision


async def test_each_is_answered_as_if_asked_alone(
    permissions: Permissions, written: int, store_id: str, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    asked = [Question(store_id, f"user:{number}", "can_read", f"doc:{number % 7}") for number in range(40)]
    asked.insert(3, Question(store_id, "user:1", "nothing", "doc:1"))
    asked.insert(9, Question(store_id, "no word", "viewer", "doc:1"))
    async with open_ctx(tenant_id) as ctx:
        answers = await permissions.several.check(ctx, store_id, None, None, asked)
        for question, answered in zip(asked, answers.each, strict=True):
            if isinstance(answered, bool):
                assert (await permissions.engine.check(ctx, question)).allowed is answered
            else:
                with pytest.raises(InvalidQuestion, match=re.escape(answered.reason)):
                    await permissions.engine.check(ctx, question)
    assert answers.revision == written
    assert [isinstance(each, InvalidQuestion) for each in answers.each].count(True) == 2
    assert answers.each.count(True) == len(KEYS)


async def test_what_no_answer_can_do_without_is_refused_as_a_whole(
    permissions: Permissions, written: int, store_id: str, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    asked = [Question(store_id, "user:1", "viewer", "doc:1")]
    nowhere = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(ModelNotFound):
            await permissions.several.check(ctx, store_id, nowhere, None, asked)
        with pytest.raises(StoreNotFound):
            await permissions.several.check(ctx, nowhere, None, None, asked)
        assert (await permissions.several.check(ctx, store_id, None, "head", asked)).revision == written


async def test_prompt_answers_what_is_warm_and_nothing_else(
    permissions: Permissions, written: int, store_id: str, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    asked = Question(store_id, "user:2", "viewer", "doc:2")
    async with open_ctx(tenant_id) as ctx:
        assert permissions.prompt.check(ctx, asked) is None
        spoken = await permissions.engine.check(ctx, asked)
        assert permissions.prompt.check(ctx, asked) == spoken
        for at_least in ("head", written + 1):
            later = Question(store_id, "user:2", "viewer", "doc:2", at_least=at_least)
            assert permissions.prompt.check(ctx, later) is None
        other = Question(store_id, "user:2", "viewer", "doc:2", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        assert permissions.prompt.check(ctx, other) is None
        with pytest.raises(InvalidQuestion):
            permissions.prompt.check(ctx, Question(store_id, "user:2", "nothing", "doc:2"))
