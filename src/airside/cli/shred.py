"""`airside tenant shred`, `certificate`."""

from pathlib import Path
from typing import Final

from airside.cli.manage import operating
from airside.cli.session import busy, out, plain_refusals, run
from airside.core.entropy import equal
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import TENANT, format_id
from airside.custody import Verified, read_certificate
from airside.tenancy import PLATFORM_SLUG

MAX_FILE: Final = 256 * 1024


def shred(slug: str, days: int) -> None:
    """Suspend it; with no days left, shred it here and now."""

    async def main() -> None:
        async with operating(PLATFORM_SLUG) as (services, ctx):
            tenant_id = await services.platform.find(slug)
            wanted = await services.platform.shred_tenant(ctx, slug, days)
            await ctx.tx.checkpoint()
            if days == 0:
                with busy("shredding"):
                    await services.shredder.turn(tenant_id, ctx.tenant_id)
                done = await services.platform.shredding_of(ctx, slug)
                out.print(done.certificate or "", soft_wrap=True)
                return
        out.print(f"{slug} is suspended, and shredded after {wanted.due_at:%Y-%m-%d %H:%M:%S} UTC")
        out.print(f"`airside tenant shred {slug} --cancel` brings it back until then")

    run(main())


def cancel(slug: str) -> None:
    """Bring it back."""

    async def main() -> None:
        async with operating(PLATFORM_SLUG) as (services, ctx):
            await services.platform.cancel_shredding(ctx, slug)
        out.print(f"{slug} stays")

    run(main())


def certificate(target: str, key: str) -> None:
    """Print it, or verify it from a file, without a server and without a database."""

    async def main() -> None:
        async with operating(PLATFORM_SLUG) as (services, ctx):
            found = await services.platform.shredding_of(ctx, target)
        if found.certificate is None:
            raise NotFound(f"{target} isn't shredded yet: its keys are destroyed after {found.due_at:%Y-%m-%d %H:%M}")
        out.print(found.certificate, soft_wrap=True)

    with plain_refusals():
        if Path(target).is_file():
            _show(read_certificate(Path(target).read_text("ascii", "replace")[: MAX_FILE + 1].strip()), key)
            return
        if set(target) & set("./"):
            raise NotFound(f"there is no file {target}, and no tenant has such a slug")
    run(main())


def _show(verified: Verified, key: str) -> None:
    if key and not equal(key.encode(), verified.thumbprint.encode()):
        raise InvalidInput(f"signed by another key: {verified.thumbprint}")
    found = verified.certificate
    out.print(f"tenant      {found.slug}, {format_id(TENANT, found.tenant_id)}")
    out.print(f"requested   {found.requested_at:%Y-%m-%d %H:%M:%S} UTC")
    out.print(f"destroyed   {found.destroyed_at:%Y-%m-%d %H:%M:%S} UTC")
    for lost in found.keys:
        out.print(f"key         {lost.key_id} ({lost.purpose})")
    out.print(f"people      {found.people} keys of their own")
    out.print(f"audit log   {found.tree_size} records, root {found.root.hex()}")
    out.print(f"signed by   {verified.thumbprint}{'' if key else ' (compare it with the operators: --key)'}")
