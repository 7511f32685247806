"""Rows of `signin_flow`: one login of one browser each."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.core.principal import Assurance
from airside.identity import Authenticator, Proof, Recollecting, Session
from airside.identity.proofs import Contribution, remembered
from airside.signin.model import MAX_PROOFS, Flow, StepUp
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.signin_flow (
    tenant_id, flow_id, browser_hash, continue_sealed, proofs, created_at, expires_at, device_id, minimum, session_id,
    held_since, login_hint_sealed)
values (%s, %s, %s, %s, '[]', %s, %s, %s, %s, %s, %s, %s)
"""

OPEN: Final = """
select flow_id, continue_sealed, proofs, expires_at, device_id, minimum, session_id, held_since,
    login_hint_sealed
from airside.signin_flow
where tenant_id = %s and flow_id = %s and browser_hash = %s and spent_at is null and expires_at > %s
"""

ADD_PROOF: Final = """
update airside.signin_flow
set proofs = proofs || %s::jsonb
where tenant_id = %s and flow_id = %s and browser_hash = %s and spent_at is null and expires_at > %s
  and jsonb_array_length(proofs) < %s
"""

SPEND: Final = """
update airside.signin_flow
set spent_at = %s
where tenant_id = %s and flow_id = %s and browser_hash = %s and spent_at is null and expires_at > %s
"""

SWEEP: Final = """
delete from airside.signin_flow
where tenant_id = %s and expires_at < %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    flow_id: UUID
    continue_sealed: bytes
    proofs: list[Any]
    expires_at: datetime
    device_id: UUID | None
    minimum: Assurance
    session_id: UUID | None
    held_since: datetime | None
    login_hint_sealed: bytes | None


async def insert(ctx: RequestContext, keyset: Keyset, flow: Flow, browser_hash: bytes) -> None:
    sealed = keyset.seal(Place("signin_flow", "continue_sealed", flow.flow_id), flow.continue_to.encode())
    of = (None, None) if flow.step_up is None else (flow.step_up.session.id, flow.step_up.since)
    row = (ctx.tenant_id, flow.flow_id, browser_hash, sealed, ctx.now, flow.expires_at)
    hint = keyset.seal(_hint_place(flow.flow_id), flow.login_hint.encode()) if flow.login_hint else None
    await ctx.tx.run(INSERT, (*row, flow.device_id, flow.minimum, *of, hint))


async def open_flow(
    ctx: RequestContext,
    keyset: Keyset,
    flow_id: UUID,
    browser_hash: bytes,
    authenticators: Mapping[str, Authenticator],
    live: Callable[[RequestContext, UUID], Awaitable[Session | None]],
) -> Flow | None:
    """The flow, if it is open and this browser's; its proofs made again by their authenticators. One that strengthens
    a session is over once that session is not `live` any more."""
    row = await ctx.tx.one(_Row, OPEN, (ctx.tenant_id, flow_id, browser_hash, ctx.now))
    if row is None:
        return None
    target = keyset.open(Place("signin_flow", "continue_sealed", flow_id), row.continue_sealed)
    proofs = tuple(_proof(stored, authenticators) for stored in row.proofs)
    step_up = None
    if row.session_id is not None and row.held_since is not None:
        session = await live(ctx, row.session_id)
        if session is None:
            return None
        step_up = StepUp(session, row.held_since)
    sealed = row.login_hint_sealed
    hint = "" if sealed is None else keyset.open(_hint_place(flow_id), sealed).decode()
    return Flow(row.flow_id, target.decode(), proofs, row.expires_at, row.device_id, row.minimum, step_up, hint)


async def add_proof(ctx: RequestContext, flow_id: UUID, browser_hash: bytes, proof: Proof) -> bool:
    """False where the flow was spent meanwhile, or holds `MAX_PROOFS`."""
    text = json.dumps([remembered(proof)])
    params = (text, ctx.tenant_id, flow_id, browser_hash, ctx.now, MAX_PROOFS)
    return await ctx.tx.run(ADD_PROOF, params) == 1


async def spend(ctx: RequestContext, flow_id: UUID, browser_hash: bytes) -> bool:
    """True for exactly one caller."""
    return await ctx.tx.run(SPEND, (ctx.now, ctx.tenant_id, flow_id, browser_hash, ctx.now)) == 1


async def sweep(ctx: RequestContext) -> int:
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))


def _hint_place(flow_id: UUID) -> Place:
    return Place("signin_flow", "login_hint_sealed", flow_id)


def _proof(stored: Mapping[str, Any], authenticators: Mapping[str, Authenticator]) -> Proof:
    try:
        authenticator = authenticators[stored["kind"]]
        contribution = cast("Contribution", stored["contribution"])  # the authenticator refuses any but its own
        user_id, at = UUID(stored["user_id"]), datetime.fromisoformat(stored["at"])
        if isinstance(authenticator, Recollecting):
            return authenticator.recollect(user_id, at, contribution, stored["memory"])
        return authenticator.recall(user_id, at, contribution)
    except (KeyError, TypeError, ValueError):
        raise Inconsistent("stored proof that no authenticator gave") from None
