"""The inside of this server as a frozen value, for the checklist to judge: what is so, not whether it is good."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from airside.apikeys import MAX_PAGE
from airside.assurance import Aged, Posture
from airside.audit import verify_tenant
from airside.core.ids import USER, format_id, parse_id
from airside.custody.records_backup import connected, unguarded
from airside.store import RequestContext, paced
from airside.wiring.build import Services
from airside.wiring.settings import Settings
from airside.wiring.weak_settings import refuse_weak


@dataclass
class _Seen:
    signing_keys: list[Aged] = field(default_factory=list[Aged])
    data_keys: list[Aged] = field(default_factory=list[Aged])
    administrators: list[str] = field(default_factory=list[str])
    stale_keys: list[Aged] = field(default_factory=list[Aged])
    waiting: list[Aged] = field(default_factory=list[Aged])
    problems: list[str] = field(default_factory=list[str])


async def posture(services: Services, settings: Settings, dsn: str) -> Posture:
    """Look at every tenant, the settings, the tables at `dsn` and the backups. Reads, and changes nothing.

    Raises:
        Unavailable: the database, a key service or the place of the backups is away: half a view is none.
    """
    weak: list[str] = []
    refuse_weak(settings, lambda name, remedy: weak.append(f"AIRSIDE_{name} {remedy}"))
    seen = _Seen()
    addresses = {address.tenant_id: address.slug for address in await services.lookup.all()}
    async for tenant_id in paced(addresses, services.clock):
        async with services.engine.begin(tenant_id) as ctx:
            await _look(services, ctx, addresses[tenant_id], seen)
    async with connected(dsn) as connection:
        open_tables = await unguarded(connection)
    newest = None if services.backups is None else await services.backups.newest()
    now = services.clock.now()
    return Posture(
        at=now,
        weak_settings=tuple(weak),
        signing_keys=tuple(seen.signing_keys),
        data_keys=tuple(seen.data_keys),
        weak_administrators=tuple(seen.administrators),
        stale_keys=tuple(seen.stale_keys),
        open_tables=tuple(open_tables),
        backups=services.backups is not None,
        backup_age=None if newest is None else now - newest.at,
        waiting_records=tuple(seen.waiting),
        audit_problems=tuple(seen.problems),
    )


async def _look(services: Services, ctx: RequestContext, slug: str, seen: _Seen) -> None:
    data = [key.created_at for key in await services.vault.keys(ctx) if key.purpose == "data" and key.state == "active"]
    seen.signing_keys += _aged(ctx, slug, await services.keys.oldest(ctx))
    seen.data_keys += _aged(ctx, slug, *data)
    backlog = await services.sequencer.backlog(ctx)
    seen.waiting += _aged(ctx, slug, backlog.unplaced_since, backlog.unsigned_since)
    report = await verify_tenant(ctx)
    seen.problems += [f"{slug}: {problem.kind} {problem.where}: {problem.what}" for problem in report.problems]
    for subject in await services.members.list(ctx, "administrator"):
        word = subject.removeprefix("user:")
        if word.startswith(f"{USER}_"):
            await _look_at_administrator(services, ctx, slug, parse_id(USER, word), seen)
    after: UUID | None = None
    while keys := await services.api_keys.list(ctx, after, MAX_PAGE):
        for key in keys:
            if key.state(ctx.now) in ("active", "rotated"):
                seen.stale_keys += _aged(ctx, f"{slug} {key.word}", key.last_used_at or key.created_at)
        after = keys[-1].key_id


async def _look_at_administrator(
    services: Services, ctx: RequestContext, slug: str, user_id: UUID, seen: _Seen
) -> None:
    if not (await services.factors.of(ctx, user_id)).second:
        seen.administrators.append(f"{slug} {format_id(USER, user_id)}")


def _aged(ctx: RequestContext, name: str, *moments: datetime | None) -> list[Aged]:
    """The oldest of `moments`, if there is one."""
    oldest = min((moment for moment in moments if moment is not None), default=None)
    return [] if oldest is None else [Aged(name, ctx.now - oldest)]
