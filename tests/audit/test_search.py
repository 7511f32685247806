"""Searching the log: what fits, newest first, page by page, and what is opened of it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from airside.audit import AuditLog, Event, Found, Journal, Search, search_for
from airside.audit.events import matching
from airside.core.errors import InvalidInput, NotFound
from airside.core.principal import Origin, Principal
from airside.vault import Vault
from tests.audit.conftest import Open

ADA = "user:usr_01jd0000000000000000000000"
START = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def log(vault: Vault) -> AuditLog:
    return AuditLog(vault=vault)


@pytest.fixture
async def filled(make_tenant: Callable[[], Awaitable[UUID]], open_ctx: Open, journal: Journal) -> UUID:
    """Nine records, ten seconds apart: Ada's and an operator's in turn, every third a failure."""
    tenant_id = await make_tenant()
    for number in range(9):
        at = START + timedelta(seconds=10 * number)
        who = Principal("user", ADA) if number % 2 else Principal("operator", "operator:local")
        async with open_ctx(tenant_id, now=at, principal=who) as ctx:
            await journal.record(
                ctx,
                Event.ROLE_CREATED if number < 5 else Event.ROLE_DELETED,
                subject=f"rol_{number % 4}",
                outcome="failure" if number % 3 == 0 else "success",
                details={"number": number},
            )
    return tenant_id


def numbers(found: list[Found]) -> list[str]:
    return [each.record.details.removeprefix('{"number":').removesuffix("}") for each in found]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Search(), "876543210"),
        (search_for(actor=ADA), "7531"),
        (search_for(actor="usr_01jd0000000000000000000000"), "7531"),
        (search_for(subject="rol_1"), "51"),
        (search_for(outcome="failure"), "630"),
        (search_for(outcome="success", event="role:role:deleted"), "875"),
        (search_for(event="*:role:created", actor="operator:local"), "420"),
        (search_for(event="*:*:deleted"), "8765"),
        (search_for(since=START + timedelta(seconds=60)), "876"),
        (search_for(until=START + timedelta(seconds=20)), "10"),
        (search_for(since=START + timedelta(seconds=10), until=START + timedelta(seconds=30)), "21"),
        (search_for(subject="rol_1", actor="operator:local"), ""),
    ],
    ids=[
        "everything",
        "actor",
        "bare id",
        "subject",
        "failures",
        "successes",
        "event",
        "action",
        "since",
        "until",
        "between",
        "none",
    ],
)
async def test_search_finds_what_fits_newest_first(
    filled: UUID, log: AuditLog, open_ctx: Open, wanted: Search, expected: str
) -> None:
    async with open_ctx(filled) as ctx:
        assert "".join(numbers(await log.search(ctx, wanted, None, 200, opening=False))) == expected


async def test_pages_go_on_where_the_last_one_ended(filled: UUID, log: AuditLog, open_ctx: Open) -> None:
    async with open_ctx(filled) as ctx:
        wanted, told, after = search_for(until=START + timedelta(seconds=75)), list[str](), None
        while page := await log.search(ctx, wanted, after, 3, opening=False):
            told += numbers(page)
            after = page[-1].record.record_id
    assert "".join(told) == "76543210"


async def test_refusal_is_found_by_its_time_though_its_id_is_of_the_minute(
    make_tenant: Callable[[], Awaitable[UUID]], open_ctx: Open, journal: Journal, log: AuditLog
) -> None:
    tenant_id, at = await make_tenant(), START + timedelta(seconds=25)
    async with open_ctx(tenant_id, now=at) as ctx:
        await journal.refused(ctx, Event.SIGNIN_LIMITED, reason="rate")
    async with open_ctx(tenant_id) as ctx:
        wanted = search_for(since=at, until=at + timedelta(microseconds=1))
        assert len(await log.search(ctx, wanted, None, 10, opening=False)) == 1


async def test_other_tenants_records_are_never_found(
    filled: UUID, make_tenant: Callable[[], Awaitable[UUID]], log: AuditLog, open_ctx: Open
) -> None:
    async with open_ctx(filled) as ctx:
        theirs = (await log.search(ctx, Search(), None, 1, opening=False))[0].record.record_id
    async with open_ctx(await make_tenant()) as ctx:
        assert await log.search(ctx, Search(), None, 200, opening=False) == []
        with pytest.raises(NotFound):
            await log.get(ctx, theirs, opening=False)


async def test_sealed_fields_are_opened_only_where_they_may_be(
    make_tenant: Callable[[], Awaitable[UUID]], open_ctx: Open, journal: Journal, log: AuditLog
) -> None:
    tenant_id = await make_tenant()
    async with open_ctx(tenant_id, origin=Origin("203.0.113.7")) as ctx:
        await journal.record(ctx, Event.USER_CREATED, personal={"email": "ada@example.com"})
    async with open_ctx(tenant_id) as ctx:
        (shut,) = await log.search(ctx, Search(), None, 1, opening=False)
        (told,) = await log.search(ctx, Search(), None, 1, opening=True)
    assert (shut.origin, shut.personal) == (None, None)
    assert (told.origin, told.personal) == ("203.0.113.7", {"email": "ada@example.com"})


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"event": "role:role"}, "event"),
        ({"event": "no:such:event"}, "event"),
        ({"event": "role:role:created' or 'a'='a"}, "event"),
        ({"outcome": "maybe"}, "outcome"),
        ({"actor": "x" * 513}, "actor"),
        ({"subject": "a\nb"}, "subject"),
        ({"since": datetime(2026, 1, 1)}, "since"),  # noqa: DTZ001 - that is the fault
    ],
    ids=["two parts", "unknown event", "injection", "outcome", "too long", "line break", "no zone"],
)
def test_search_that_cannot_be_is_refused_by_name(asked: dict[str, str], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        search_for(**asked)  # pyright: ignore[reportArgumentType]  # hostile on purpose
    assert refused.value.data["pointer"] == pointer


def test_stars_stand_for_any_part() -> None:
    assert matching("role:role:created") == [Event.ROLE_CREATED]
    assert set(matching("role:*:*")) == {event for event in Event if event.startswith("role:")}
    assert set(matching("*:*:*")) == set(Event)
