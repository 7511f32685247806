"""How sessions began, read from their rows whatever became of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.principal import Origin
from airside.identity.model import Beginning
from airside.store.context import RequestContext
from airside.vault import Place, Vault

BEGINNING: Final = """
select session_id, user_id, created_at, origin_sealed, agent_sealed
from airside.user_session
where tenant_id = %s and session_id = %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    session_id: UUID
    user_id: UUID
    created_at: datetime
    origin_sealed: bytes
    agent_sealed: bytes


async def find(ctx: RequestContext, vault: Vault, session_id: UUID) -> Beginning | None:
    """How the session began, live or ended."""
    row = await ctx.tx.one(_Row, BEGINNING, (ctx.tenant_id, session_id))
    if row is None:
        return None
    seals = await vault.persons.seals(ctx, row.user_id)
    address = seals.open(Place("user_session", "origin_sealed", session_id), row.origin_sealed)
    agent = seals.open(Place("user_session", "agent_sealed", session_id), row.agent_sealed)
    return Beginning(row.user_id, row.created_at, Origin(address.decode(), agent.decode()))
