"""`airside audit`: search, event, proof."""

from datetime import UTC, datetime
from uuid import UUID

from airside.admin import AuditAdmin
from airside.audit import Found, Search, search_for
from airside.cli.manage import operating
from airside.cli.session import out, plain_refusals, run, table
from airside.core.errors import InvalidInput
from airside.core.ids import EVENT, format_id, parse_id
from airside.core.strict_json import Json, dumps, loads_object
from airside.store import RequestContext

PAGE = 200


def search(
    slug: str, *, actor: str, subject: str, event: str, outcome: str, since: str, until: str, limit: int
) -> None:
    """Up to `limit` events, newest first."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            rows = [_row(each) for each in await _all(services.audit_admin, ctx, wanted, limit)]
        table(("at", "event", "outcome", "actor", "subject", "from", "id"), rows)

    with plain_refusals():
        wanted = search_for(
            actor=actor,
            subject=subject,
            event=event,
            outcome=outcome,
            since=_time("--since", since),
            until=_time("--until", until),
        )
    run(main())


def event(slug: str, word: str) -> None:
    """One event."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            found = await services.audit_admin.get(ctx, parse_id(EVENT, word))
        _print(_whole(found))

    run(main())


def proof(slug: str, word: str) -> None:
    """That one event is in the log."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            shown = await services.audit_admin.inclusion(ctx, parse_id(EVENT, word))
        _print(
            {
                "leaf_index": shown.seq,
                "leaf_hash": shown.leaf_hash.hex(),
                "path": [each.hex() for each in shown.path],
                "head": shown.head.jws,
            }
        )

    run(main())


async def _all(verbs: AuditAdmin, ctx: RequestContext, wanted: Search, limit: int) -> list[Found]:
    found: list[Found] = []
    after: UUID | None = None
    while len(found) < limit and (page := await verbs.search(ctx, wanted, after, min(PAGE, limit - len(found)))):
        found += page
        after = page[-1].record.record_id
    return found


def _row(found: Found) -> tuple[str, ...]:
    record = found.record
    at = f"{record.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    word = format_id(EVENT, record.record_id)
    return at, record.event, record.outcome, record.actor, record.subject, found.origin or "", word


def _whole(found: Found) -> dict[str, Json]:
    record = found.record
    return {
        "id": format_id(EVENT, record.record_id),
        "at": record.at.astimezone(UTC).isoformat(),
        "event": record.event,
        "actor": record.actor,
        "subject": record.subject,
        "outcome": record.outcome,
        "reason": record.reason,
        "request_id": record.request_id,
        "details": loads_object(record.details.encode()),
        "origin": found.origin,
        "personal": None if found.personal is None else dict(found.personal),
    }


def _time(option: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{option} takes a date or a time, as 2026-03-01 or 2026-03-01T12:00:00Z") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _print(value: Json) -> None:
    out.print(dumps(value).decode(), soft_wrap=True)
