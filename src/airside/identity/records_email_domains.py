"""Rows of `user_account` by the domain of their address. Domains share indexes: what is found is compared."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from airside.identity import records_profiles as profiles
from airside.identity.email import domain_of
from airside.identity.model import User
from airside.identity.records_profiles import UserRow
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault

USERS_BY_DOMAIN: Final = """
select u.user_id, u.profile_sealed, u.state, u.created_at, u.email_verified_at
from airside.user_account u
where u.tenant_id = %s and u.email_domain_index = any(%s) and (%s::uuid is null or u.user_id > %s::uuid)
order by u.user_id
limit %s
"""


def domain_index(keyset: Keyset, domain: str) -> bytes:
    """The index of `domain`, as `email.read_domain` or `email.domain_of` gave it."""
    return keyset.blind_index("user_account", "email_domain_index", domain.encode())


def domain_indexes(keyset: Keyset, domain: str) -> list[bytes]:
    """Those that it may have while the index key is rotated."""
    return keyset.blind_indexes("user_account", "email_domain_index", domain.encode())


async def users(
    ctx: RequestContext, vault: Vault, domain: str, after: UUID | None, limit: int
) -> tuple[Sequence[User], UUID | None]:
    """Who of the next `limit` rows with the domain's index is at the domain, and the last row read where there may be
    more behind it."""
    keyset = await vault.keyset(ctx)
    params = (ctx.tenant_id, domain_indexes(keyset, domain), after, after, limit)
    rows = await ctx.tx.all(UserRow, USERS_BY_DOMAIN, params)
    read = await profiles.several(ctx, vault, rows)
    return [user for user in read if domain_of(user.email) == domain], rows[-1].user_id if len(rows) == limit else None
