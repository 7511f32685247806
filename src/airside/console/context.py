"""What the pages need from rooms that `wiring` fills in."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from starlette.requests import Request

from airside.audit import Activity
from airside.console.brand import Brand
from airside.core.entropy import Entropy
from airside.federation import (
    Answers,
    Connections,
    Discovery,
    FederatedWays,
    Identities,
    SamlLogouts,
    SetupDirectory,
    SetupDomains,
    SetupPortal,
    Setups,
    SetupTrials,
    SignOuts,
)
from airside.identity import (
    Devices,
    EmailCodes,
    Factors,
    Passkeys,
    Passwords,
    RecoveryCodes,
    Sessions,
    Totp,
    Users,
)
from airside.oauth import Consents, DeviceAuthorizations, Logout, Scopes
from airside.signin import Acceptance, Closing, Flows, Recovery, Registration, Verification
from airside.store.context import RequestContext
from airside.tenancy import Members, TenantPolicies


class Context(Protocol):
    """Opens the context of the tenant in the path, for nobody yet."""

    def __call__(self, request: Request) -> AbstractAsyncContextManager[RequestContext]:
        """Raises `NotFound` where there is no such tenant."""
        ...


class IssuerOf(Protocol):
    """What the context's tenant is called by those who trust its tokens."""

    async def __call__(self, ctx: RequestContext) -> str:
        """Raises `NotFound` where there is no such tenant."""
        ...


class Brands(Protocol):
    """How tenants show themselves on their pages."""

    async def __call__(self, ctx: RequestContext) -> Brand:
        """The brand of the context's tenant."""
        ...


class Verbs(Protocol):
    """The services whose verbs the pages say; wiring's `Services` holds them."""

    @property
    def entropy(self) -> Entropy: ...
    @property
    def flows(self) -> Flows: ...
    @property
    def policies(self) -> TenantPolicies: ...
    @property
    def users(self) -> Users: ...
    @property
    def members(self) -> Members: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def passwords(self) -> Passwords: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def totp(self) -> Totp: ...
    @property
    def recovery_codes(self) -> RecoveryCodes: ...
    @property
    def email_codes(self) -> EmailCodes: ...
    @property
    def factors(self) -> Factors: ...
    @property
    def registration(self) -> Registration: ...
    @property
    def recovery(self) -> Recovery: ...
    @property
    def acceptance(self) -> Acceptance: ...
    @property
    def verification(self) -> Verification: ...
    @property
    def activity(self) -> Activity: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def scopes(self) -> Scopes: ...
    @property
    def logout(self) -> Logout: ...
    @property
    def device_authorizations(self) -> DeviceAuthorizations: ...
    @property
    def closing(self) -> Closing: ...
    @property
    def setups(self) -> Setups: ...
    @property
    def setup_portal(self) -> SetupPortal: ...
    @property
    def setup_domains(self) -> SetupDomains: ...
    @property
    def setup_directory(self) -> SetupDirectory: ...
    @property
    def setup_trials(self) -> SetupTrials: ...
    @property
    def connections(self) -> Connections: ...
    @property
    def federation_answers(self) -> Answers: ...
    @property
    def saml_logouts(self) -> SamlLogouts: ...
    @property
    def sign_outs(self) -> SignOuts: ...
    @property
    def federated_ways(self) -> FederatedWays: ...
    @property
    def discovery(self) -> Discovery: ...
    @property
    def identities(self) -> Identities: ...

    async def issuer(self, ctx: RequestContext) -> str: ...
