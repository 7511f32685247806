"""Rows of `user_account` by the domain of their address. Domains share indexes: what is found is compared."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from airside.identity.email import domain_of
from airside.identity.model import User
from airside.identity.records import UserRow, opened
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault

USERS_BY_DOMAIN: Final = """
select u.user_id, u.email_sealed, u.name_sealed, u.state, u.created_at, u.email_verified_at, k.wrapped
from airside.user_account u
left join airside.person_key k on k.tenant_id = u.tenant_id and k.user_id = u.user_id
where u.tenant_id = %s and u.email_domain_index = %s and (%s::uuid is null or u.user_id > %s::uuid)
order by u.user_id
limit %s
"""


def domain_index(keyset: Keyset, domain: str) -> bytes:
    """The index of `domain`, as `email.read_domain` or `email.domain_of` gave it."""
    return keyset.blind_index("user_account", "email_domain_index", domain.encode())


async def users(
    ctx: RequestContext, vault: Vault, domain: str, after: UUID | None, limit: int
) -> tuple[Sequence[User], UUID | None]:
    """Who of the next `limit` rows with the domain's index is at the domain, and the last row read where there may be
    more behind it."""
    keyset = await vault.keyset(ctx)
    params = (ctx.tenant_id, domain_index(keyset, domain), after, after, limit)
    rows = await ctx.tx.all(UserRow, USERS_BY_DOMAIN, params)
    read = [opened(ctx, vault, keyset, row) for row in rows]
    return [user for user in read if domain_of(user.email) == domain], rows[-1].user_id if len(rows) == limit else None
