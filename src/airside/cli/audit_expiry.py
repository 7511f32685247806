"""`airside audit expire`: the operator lets records go whose time is over."""

from airside.admin import OPERATOR
from airside.audit.model import Cut
from airside.cli.session import busy, opened, out, run, settings_for_people
from airside.core.errors import Misconfigured, NotFound
from airside.store.connection import Connection
from airside.store.lookup import Address
from airside.wiring.build import Services


def expire(slug: str) -> None:
    """One tenant's, or every tenant's that has a policy of it."""

    async def main() -> None:
        settings = settings_for_people()
        if settings.database_owner_url is None:
            raise Misconfigured(
                "AIRSIDE_DATABASE_OWNER_URL", "is missing: the server's own role adds to the log, and deletes nothing"
            )
        async with (
            opened(settings) as services,
            await Connection.connect(settings.database_owner_url.reveal(), autocommit=True) as owner,
        ):
            found = [each for each in await services.lookup.all() if slug in ("", each.slug)]
            if not found and slug:
                raise NotFound(f"no tenant has the slug {slug}: `airside tenant list` shows them")
            for address in found:
                cut = await _cut(services, address)
                if cut is not None:
                    gone = await _let_go(services, owner, address, cut)
                    out.print(f"{address.slug}: {gone} records from before {cut.before:%Y-%m-%d} deleted")

    run(main())


async def _cut(services: Services, address: Address) -> Cut | None:
    async with services.engine.begin(address.tenant_id, principal=OPERATOR) as ctx:
        policy = await services.policies.current(ctx)
        months = policy.audit.retention_months
        return None if months is None else await services.expiry.cut(ctx, months)


async def _let_go(services: Services, owner: Connection, address: Address, cut: Cut) -> int:
    async with services.engine.begin(address.tenant_id, principal=OPERATOR) as ctx:
        await services.sequencer.sign(ctx)  # what says that they expired stands under a head before they go
        remaining = await services.expiry.remaining(ctx, cut)
    gone = 0
    with busy(f"deleting what expired of {address.slug}"):
        for start in remaining:
            async with services.engine.join(owner, address.tenant_id, principal=OPERATOR) as ctx:
                gone += await services.expiry.let_go(ctx, cut, start)
    return gone
