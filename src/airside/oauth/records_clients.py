"""Rows of clients that change."""

from typing import Final
from uuid import UUID

import msgspec

from airside.oauth.model import Client
from airside.oauth.records import CLIENT_DELETE_REQUESTS, secret_columns
from airside.store import RequestContext

CLIENT_UPDATE: Final = """
update airside.oauth_client set name = %s, redirect_uris = %s, grants = %s, scopes = %s, audiences = %s,
    secret_hashes = %s, secrets_created_at = %s, secrets_expire_at = %s, settings = %s
where tenant_id = %s and client_id = %s
"""

CLIENT_DELETE_UNSPENT_CODES: Final = """
delete from airside.authorization_code where tenant_id = %s and client_id = %s and spent_at is null
"""


async def update_client(ctx: RequestContext, client: Client) -> None:
    """Write everything that may change of a client that is there, but its state."""
    await ctx.tx.run(
        CLIENT_UPDATE,
        (
            client.name,
            list(client.redirect_uris),
            sorted(client.grants),
            sorted(client.scopes),
            list(client.audiences),
            *secret_columns(client.secrets),
            msgspec.json.encode(client.settings).decode(),
            ctx.tenant_id,
            client.client_id,
        ),
    )


async def delete_waiting(ctx: RequestContext, client_id: UUID) -> None:
    """Take away the client's waiting requests, and codes that nobody has spent."""
    place = (ctx.tenant_id, client_id)
    await ctx.tx.run_many([(CLIENT_DELETE_REQUESTS, place), (CLIENT_DELETE_UNSPENT_CODES, place)])
