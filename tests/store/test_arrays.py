"""Arrays in PostgreSQL's text form say exactly what went in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airside.core.errors import InvalidInput
from airside.store import Engine
from airside.store.arrays import bytea_array, moment_array, text_array, uuid_array

TEXTS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=20)
MOMENTS = [datetime(2030, 1, 2, 3, 4, 5, 6, UTC), None, datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=5)))]


@dataclass(frozen=True)
class Texts:
    value: list[str]


@dataclass(frozen=True)
class Moments:
    value: list[datetime | None]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=TEXTS)
async def test_texts_come_back_as_they_were(engine: Engine, tenant_id: UUID, values: list[str]) -> None:
    async with engine.begin(tenant_id) as ctx:
        assert await ctx.tx.one(Texts, "select %s::text[] as value", (text_array(values),)) == Texts(values)


@pytest.mark.parametrize("values", [["NULL", "null", ""], ["{a,b}", '"', "\\", '\\"', ",", " a "], ["a\nb", "\t"]])
async def test_what_means_something_in_an_array_means_itself(
    engine: Engine, tenant_id: UUID, values: list[str]
) -> None:
    async with engine.begin(tenant_id) as ctx:
        assert await ctx.tx.one(Texts, "select %s::text[] as value", (text_array(values),)) == Texts(values)


@pytest.mark.parametrize("values", [["a\0b"], ["\0"], ["a", "b\0"], ["\0", "\0"]])
def test_character_that_no_text_has_is_refused(values: list[str]) -> None:
    with pytest.raises(InvalidInput):
        text_array(values)


async def test_moments_come_back_as_they_were(engine: Engine, tenant_id: UUID) -> None:
    async with engine.begin(tenant_id) as ctx:
        found = await ctx.tx.one(Moments, "select %s::timestamptz[] as value", (moment_array(MOMENTS),))
    assert found == Moments(MOMENTS)


@dataclass(frozen=True)
class Bytes:
    value: list[bytes | None]


@dataclass(frozen=True)
class Ids:
    value: list[UUID]


@pytest.mark.parametrize(
    "values",
    [[], [b""], [None], [b"\\x00", b'"', b"NULL", None, bytes(range(256))]],
    ids=["no", "empty", "null", "all"],
)
async def test_bytes_come_back_as_they_were(engine: Engine, tenant_id: UUID, values: list[bytes | None]) -> None:
    async with engine.begin(tenant_id) as ctx:
        assert await ctx.tx.one(Bytes, "select %s::bytea[] as value", (bytea_array(values),)) == Bytes(values)


async def test_ids_come_back_as_they_were(engine: Engine, tenant_id: UUID) -> None:
    values = [tenant_id, UUID(int=0)]
    async with engine.begin(tenant_id) as ctx:
        assert await ctx.tx.one(Ids, "select %s::uuid[] as value", (uuid_array(values),)) == Ids(values)
