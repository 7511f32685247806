"""Names that doors of the login share: its cookies and its addresses.

`__Host-` cookies have `Path=/`, so every name ends in its tenant's id.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from airside.core.ids import FLOW, TENANT, format_id

_LINK_PAGES: Final[Mapping[str, str]] = {
    "signup": "signup",
    "invitation": "invitation",
    "verify_email": "verify",
    "recovery": "recover",
    "setup": "setup",
}

DEVICE_SECONDS: Final = 400 * 24 * 3600
"""How long a browser keeps the name of its device: as long as browsers keep any cookie."""


def sso_cookie(tenant_id: UUID) -> str:
    """Lax; read by the authorization endpoint only."""
    return f"__Host-airside_sso_{format_id(TENANT, tenant_id)}"


def account_cookie(tenant_id: UUID) -> str:
    """Strict; everything that changes state in account and console."""
    return f"__Host-airside_account_{format_id(TENANT, tenant_id)}"


def language_cookie(tenant_id: UUID) -> str:
    """Lax; the language that an application asked the pages of its login to be in. Opens nothing."""
    return f"__Host-airside_language_{format_id(TENANT, tenant_id)}"


def flow_cookie(tenant_id: UUID) -> str:
    """Lax; binds a login under way to its browser."""
    return f"__Host-airside_flow_{format_id(TENANT, tenant_id)}"


def device_cookie(tenant_id: UUID) -> str:
    """Lax; names the browser, opens nothing. Outlives every session."""
    return f"__Host-airside_device_{format_id(TENANT, tenant_id)}"


def setup_cookie(tenant_id: UUID) -> str:
    """Lax; opens the setup of a connection that its holder was invited to: a provider leads back to its pages."""
    return f"__Host-airside_setup_{format_id(TENANT, tenant_id)}"


def signin_path(slug: str) -> str:
    """Where a login begins."""
    return f"/t/{slug}/signin"


def flow_path(slug: str, flow_id: UUID) -> str:
    """The page of a login under way."""
    return f"/t/{slug}/signin/{format_id(FLOW, flow_id)}"


def account_path(slug: str) -> str:
    """A user's own page, where a login leads that was asked for by nobody else."""
    return f"/t/{slug}/account"


def link_path(slug: str, kind: str) -> str:
    """The page of a mailed link of that kind.

    Raises:
        KeyError: no kind of link.
    """
    return f"/t/{slug}/{_LINK_PAGES[kind]}"
