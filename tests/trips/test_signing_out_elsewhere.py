"""Whoever came through a provider signs out, and what is kept of the provider can't be read any more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import pytest

from airside.audit import Event
from airside.federation import ConnectionChange
from airside.federation.records_sessions import seal_hint
from airside.signin import account_cookie
from airside.vault import Seals
from tests.trips.test_login_elsewhere import Journey, journey, relying
from tests.trips.visitor import FORM, ahead_of, csrf_of

__all__ = ["journey", "relying"]

KEPT = "select identity_id, hint_sealed from airside.federated_session where tenant_id = %s"
KEEP = "update airside.federated_session set hint_sealed = %s where tenant_id = %s"
REFUSED = "select reason from airside.audit_record where tenant_id = %s and event = %s and reason like 'sign_out_%%'"

Breaking = Callable[[Journey], Awaitable[None]]


@dataclass(frozen=True)
class _Reason:
    reason: str


@dataclass(frozen=True)
class _Kept:
    identity_id: UUID
    hint_sealed: bytes


async def flipped(journey: Journey) -> None:
    """One bit of the ID token as it is kept."""
    async with journey.here.operator() as ctx:
        (kept,) = await ctx.tx.all(_Kept, KEPT, (ctx.tenant_id,))
        changed = kept.hint_sealed[:-1] + bytes([kept.hint_sealed[-1] ^ 1])
        await ctx.tx.run(KEEP, (changed, ctx.tenant_id))


async def keyless(journey: Journey) -> None:
    """Sealed with a key that the tenant has no more: another's has an id that it never had."""
    other = await journey.here.server.tenant()
    async with other.operator() as ctx:
        seals = Seals(await other.server.services.vault.keyset(ctx), None)
    async with journey.here.operator() as ctx:
        (kept,) = await ctx.tx.all(_Kept, KEPT, (ctx.tenant_id,))
        await ctx.tx.run(KEEP, (seal_hint(seals, kept.identity_id, "x.y.z"), ctx.tenant_id))


async def away(journey: Journey) -> None:
    """Nobody listens where the issuer's discovery document was."""
    gone = ConnectionChange(settings={"issuer": "https://127.0.0.1:1/t/gone"})
    async with journey.here.operator() as ctx:
        await journey.here.server.services.connections.update(ctx, journey.connection.id, gone)


async def untouched(_: Journey) -> None:
    """All is as it was."""


@pytest.mark.parametrize(
    ("broken", "told"),
    [(untouched, None), (flipped, ["sign_out_internal"]), (keyless, ["sign_out_internal"]), (away, [])],
)
async def test_session_here_ends_whatever_becomes_of_what_is_kept_of_the_provider(
    journey: Journey, broken: Breaking, told: list[str] | None
) -> None:
    """RP-Initiated Logout 1.0 §2, N19: telling the provider is on top of it."""
    here = journey.here
    async with here.server.client() as http:
        done = await journey.come_back(http, await journey.leave(http))
        account = await http.get(ahead_of(done))
        assert account.status_code == 200
        await broken(journey)
        held = http.cookies[account_cookie(here.tenant_id)]
        body = urlencode({"csrf_token": csrf_of(account), "everywhere": ""})
        left = await http.post(
            f"{here.issuer}/account/signout", content=body, headers={**FORM, "origin": here.server.url}
        )
        assert left.status_code == 200, left.text
        assert account_cookie(here.tenant_id) not in http.cookies
        http.cookies.set(account_cookie(here.tenant_id), held)
        assert (await http.get(f"{here.issuer}/account")).status_code != 200
    if told is None:
        assert urlsplit(ahead_of(left)).path == urlsplit(f"{journey.there.issuer}/oauth2/logout").path
        return
    assert "Your session in this browser has ended." in left.text
    async with here.operator() as ctx:
        user = await here.server.services.users.find_by_email(ctx, journey.person.email)
        assert user is not None
        assert await here.server.services.sessions.list(ctx, user.id) == []
        rows = await ctx.tx.all(_Reason, REFUSED, (ctx.tenant_id, Event.FEDERATION_REFUSED))
    assert [row.reason for row in rows] == told
