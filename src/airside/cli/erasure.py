"""`airside user erase`, `certificate`."""

from pathlib import Path
from typing import Final

from airside.cli.manage import operating, user_of
from airside.cli.session import out, plain_refusals, run
from airside.core.entropy import equal
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import TENANT, USER, format_id, parse_id
from airside.custody import VerifiedPerson, read_person_certificate
from airside.identity import PersonErasure, User
from airside.store import RequestContext
from airside.wiring.build import Services

MAX_FILE: Final = 256 * 1024


def erase(slug: str, person: str, days: int | None) -> None:
    """Out of use now, erased later; with no days left, closed here and now."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user = await user_of(services, ctx, slug, person)
            try:
                wanted = await services.user_admin.erase(ctx, user.id, days)
            except Conflict:
                raise Conflict(await _why_not(services, ctx, slug, user)) from None
        out.print(f"{person} ({format_id(USER, user.id)}): {_when(wanted)}")
        if wanted.state == "waiting":
            out.print(f"`airside user erase {slug} {person} --cancel` brings them back until then")

    run(main())


def cancel(slug: str, person: str) -> None:
    """Bring them back."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user = await user_of(services, ctx, slug, person)
            await services.user_admin.cancel_erasure(ctx, user.id)
            state = await services.users.state(ctx, user.id)
        out.print(f"{person} stays, and is {state}")

    run(main())


def certificate(target: str, user: str, key: str) -> None:
    """Print it, or verify it from a file, without a server and without a database."""

    async def main() -> None:
        async with operating(target) as (services, ctx):
            found = await services.user_admin.erasure_of(ctx, parse_id(USER, user))
        if found.certificate is None:
            raise NotFound(f"{user} isn't erased yet: {_when(found)}")
        out.print(found.certificate, soft_wrap=True)

    with plain_refusals():
        if not user:
            if not Path(target).is_file():
                raise NotFound(f"there is no file {target}; with a tenant's slug, name the user's id too")
            _show(read_person_certificate(Path(target).read_text("ascii", "replace")[: MAX_FILE + 1].strip()), key)
            return
    run(main())


async def _why_not(services: Services, ctx: RequestContext, slug: str, user: User) -> str:
    try:
        found = await services.user_admin.erasure_of(ctx, user.id)
    except NotFound:
        return f"{user.email} is the last administrator of {slug} who can sign in: make another one first"
    return f"{user.email} is to be erased already: {_when(found)}"


def _when(found: PersonErasure) -> str:
    if found.state == "waiting":
        return f"out of use, and erased after {found.due_at:%Y-%m-%d %H:%M:%S} UTC"
    return "closed, and erased by the server when a mail has told them"


def _show(verified: VerifiedPerson, key: str) -> None:
    if key and not equal(key.encode(), verified.thumbprint.encode()):
        raise InvalidInput(f"signed by another key: {verified.thumbprint}")
    found = verified.certificate
    out.print(f"tenant      {format_id(TENANT, found.tenant_id)}")
    out.print(f"user        {format_id(USER, found.user_id)}")
    out.print(f"requested   {found.requested_at:%Y-%m-%d %H:%M:%S} UTC")
    out.print(f"destroyed   {found.destroyed_at:%Y-%m-%d %H:%M:%S} UTC")
    out.print(f"key         {found.key_id or 'none of their own'}")
    out.print(f"signed by   {verified.thumbprint}{'' if key else ' (compare it with the tenant: --key)'}")
