"""`airside respond`: the response to an attack, as the local operator."""

from datetime import timedelta
from uuid import UUID

from airside.cli.manage import operating, user_of
from airside.cli.session import out, run, table
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import BAN, INCIDENT, parse_id
from airside.store import RequestContext
from airside.wiring.build import Services


def end_sessions(slug: str, person: str, part: str, *, everybody: bool) -> None:
    """Of a user, or of everybody."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user_id = await _whose(services, ctx, slug, person, everybody=everybody)
            ended = await services.response_admin.end_sessions(ctx, user_id, incident_id=_part(part))
        out.print(f"{slug}: {ended} sessions ended, with their tokens")

    run(main())


def reauthenticate(slug: str, person: str, part: str, *, everybody: bool) -> None:
    """A user, or everybody."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            user_id = await _whose(services, ctx, slug, person, everybody=everybody)
            outdated = await services.response_admin.reauthenticate(ctx, user_id, incident_id=_part(part))
        out.print(f"{slug}: {outdated} sessions have to be proven anew; their tokens ended")

    run(main())


def lock(slug: str, part: str) -> None:
    """Nothing is changed any more."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            await services.response_admin.lock(ctx, incident_id=_part(part))
        out.print(f"{slug} is locked: `airside respond unlock {slug}`")

    run(main())


def unlock(slug: str, part: str) -> None:
    """As it was."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            await services.response_admin.unlock(ctx, incident_id=_part(part))
        out.print(f"{slug} is unlocked")

    run(main())


def revoke_keys(slug: str, owner: str, part: str) -> None:
    """Every key of an owner."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            try:
                revoked = await services.response_admin.revoke_keys(ctx, owner, incident_id=_part(part))
            except NotFound:
                raise NotFound(f"{slug} has no user, service account or connection {owner}") from None
        out.print(f"{owner}: {revoked} keys revoked")

    run(main())


def rotate_keys(slug: str, part: str, *, withdraw: bool) -> None:
    """Every signing key."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            names = await services.response_admin.rotate_keys(ctx, withdraw=withdraw, incident_id=_part(part))
        for name in names:
            out.print(f"{slug}: key {name} " + ("signs now; all others are revoked" if withdraw else "is published"))

    run(main())


def ban(slug: str, network: str, minutes: int, part: str, *, force: bool) -> None:
    """A network, for a time."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            made = await services.response_admin.ban(
                ctx, network, timedelta(minutes=minutes), force=force, incident_id=_part(part)
            )
        out.print(f"{made.word}  {made.network} is banned until {made.expires_at:%Y-%m-%d %H:%M} UTC")

    run(main())


def bans(slug: str) -> None:
    """What is shut."""

    async def main() -> None:
        async with operating(slug) as (services, ctx):
            lockdown = await services.response_admin.lockdown(ctx)
        if lockdown.lock is not None:
            out.print(f"{slug} is locked, since {lockdown.lock.locked_at:%Y-%m-%d %H:%M} UTC")
        rows = [
            (each.word, str(each.network), f"{each.expires_at:%Y-%m-%d %H:%M}", each.banned_by)
            for each in lockdown.bans
        ]
        table(("id", "network", "until (UTC)", "by"), rows)

    run(main())


def lift(slug: str, word: str, part: str) -> None:
    """Before its end."""

    async def main() -> None:
        try:
            ban_id = parse_id(BAN, word)
        except InvalidInput:
            raise _no_ban(slug, word) from None
        async with operating(slug) as (services, ctx):
            try:
                await services.response_admin.lift(ctx, ban_id, incident_id=_part(part))
            except NotFound:
                raise _no_ban(slug, word) from None
        out.print(f"{word} is lifted")

    run(main())


async def _whose(services: Services, ctx: RequestContext, slug: str, person: str, *, everybody: bool) -> UUID | None:
    if everybody is bool(person):
        raise InvalidInput("either a user or --everybody")
    return None if everybody else (await user_of(services, ctx, slug, person)).id


def _part(word: str) -> UUID | None:
    if not word:
        return None
    try:
        return parse_id(INCIDENT, word)
    except InvalidInput:
        raise InvalidInput(f"--incident {word}: an incident's id is inc_…") from None


def _no_ban(slug: str, word: str) -> NotFound:
    return NotFound(f"{slug} has no ban {word}: `airside respond bans {slug}`")
