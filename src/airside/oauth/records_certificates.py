"""Rows of clients that prove themselves by certificates of their own making."""

from dataclasses import dataclass
from typing import Final

import msgspec

from airside.core.errors import Inconsistent
from airside.oauth.client_certificates import registered_certificates
from airside.oauth.settings import ClientSettings
from airside.store import RequestContext

# The same words as in the index: it holds these clients alone.
SELF_SIGNED: Final = """
select settings from airside.oauth_client
where tenant_id = %s and state = 'active' and position('self_signed_tls_client_auth' in settings) > 0
"""


@dataclass(frozen=True, slots=True)
class _Row:
    settings: str


async def self_signed_certificates(ctx: RequestContext) -> frozenset[bytes]:
    """The registered certificates (DER) of the tenant's active clients of `self_signed_tls_client_auth`.

    Raises:
        Inconsistent: settings of another build.
    """
    found: set[bytes] = set()
    for row in await ctx.tx.all(_Row, SELF_SIGNED, (ctx.tenant_id,)):
        try:
            settings = msgspec.json.decode(row.settings, type=ClientSettings)
        except msgspec.DecodeError:
            raise Inconsistent("a client with settings of another build") from None
        if settings.token_endpoint_auth_method == "self_signed_tls_client_auth":
            found.update(registered_certificates(settings))
    return frozenset(found)
