"""The authorization endpoint's own cookie. `__Host-`, so its name ends in its tenant's id."""

from typing import Final
from uuid import UUID

from airside.core.ids import TENANT, format_id
from airside.oauth.model import REQUEST_LIFETIME

BINDING_SECONDS: Final = int(REQUEST_LIFETIME.total_seconds())


def binding_cookie(tenant_id: UUID) -> str:
    """Binds waiting authorization requests to the browser that brought them. Lax; read by this endpoint,
    and by the page that asks for consent."""
    return f"__Host-airside_request_{format_id(TENANT, tenant_id)}"
