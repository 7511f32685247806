"""Whose house a page is: the tenant's name, logo, colour and language."""

from binascii import a2b_base64
from dataclasses import dataclass
from hashlib import sha256

from airside.console.language import ENGLISH
from airside.store.context import RequestContext
from airside.tenancy import TenantPolicies, Tenants
from airside.tenancy.policy import LOGO_PREFIX


@dataclass(frozen=True, slots=True)
class Brand:
    """How a tenant shows itself. `colour` is `#rrggbb` or empty for Airside's own; `logo` a PNG's bytes or empty;
    `language` what people are spoken to in whose browser asks for none that there is; `open_signup` whether people
    may make their own account."""

    name: str
    colour: str = ""
    logo: bytes = b""
    language: str = ENGLISH.code
    open_signup: bool = False

    @property
    def style_version(self) -> str:
        """Which version of the style sheet; empty where there is none."""
        return _version(self.colour.encode()) if self.colour else ""

    @property
    def logo_version(self) -> str:
        """Which version of the logo; empty where there is none."""
        return _version(self.logo) if self.logo else ""


NOBODY = Brand("")
"""The pages of no tenant, such as those that say that there is none."""


class TenantBrands:
    """Implements `Brands` from what tenants say of themselves."""

    def __init__(self, *, tenants: Tenants, policies: TenantPolicies) -> None:
        self._tenants = tenants
        self._policies = policies

    async def __call__(self, ctx: RequestContext) -> Brand:
        """The brand of the context's tenant. Raises: NotFound."""
        policy = await self._policies.current(ctx)
        logo = (policy.branding.logo or "").removeprefix(LOGO_PREFIX)
        return Brand(
            await self._tenants.name(ctx),
            policy.branding.colour or "",
            a2b_base64(logo),
            policy.language,
            policy.signup == "open",
        )


def _version(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]
