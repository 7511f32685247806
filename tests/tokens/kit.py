"""The room's services over real parts."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.revocation import Revocations
from airside.store import Listener, RequestContext
from airside.tokens import AccessGrant, RefreshFamilies, SigningKeys, TokenIssuer, TokenVerifier
from airside.vault import Vault
from tests.conftest import OpenContext

ISSUER = "https://id.example/t/acme"
API = "https://api.example"
CLIENT = "cli_one"
GRANT = AccessGrant(
    subject="usr_ada",
    client_id=CLIENT,
    audience=(API,),
    scope=frozenset({"openid", "notes:read"}),
    roles=("administrator",),
    acr="aal1",
    amr=("pwd",),
    session_id="ses_one",
    family_id="fam_one",
)


@dataclass(frozen=True)
class Kit:
    """Everything between a grant and a verified token, and a moment that a test may move."""

    open_ctx: OpenContext
    tenant_id: UUID
    start: datetime
    keys: SigningKeys
    issuer: TokenIssuer
    verifier: TokenVerifier
    families: RefreshFamilies
    revocations: Revocations

    def at(self, seconds: float = 0.0) -> AbstractAsyncContextManager[RequestContext]:
        """A context so many seconds after the start."""
        return self.open_ctx(self.tenant_id, now=self.start + timedelta(seconds=seconds))

    async def access_token(self, seconds: float = 0.0, grant: AccessGrant = GRANT) -> str:
        async with self.at(seconds) as ctx:
            issued = await self.issuer.access_token(ctx, replace(grant, auth_time=ctx.now), issuer=ISSUER)
        return issued.token.reveal()

    async def family(self, grant: AccessGrant = GRANT) -> str:
        """The first refresh token of a new family."""
        async with self.at() as ctx:
            return (await self.families.start(ctx, replace(grant, auth_time=ctx.now))).token.reveal()

    async def rotate(self, token: str, seconds: float = 0.0, client: str = CLIENT, *, public: bool = False) -> str:
        async with self.at(seconds) as ctx:
            return (await self.families.rotate(ctx, token, client, public=public)).token.reveal()


@pytest.fixture(scope="session")
async def revocations(make_listener: Callable[[], Listener], entropy: Entropy) -> AsyncIterator[Revocations]:
    listener = make_listener()
    service = Revocations(listener=listener, entropy=entropy)
    await listener.start()
    yield service
    await listener.stop()


@pytest.fixture
def kit(
    open_ctx: OpenContext, tenant_id: UUID, clock: Clock, vault: Vault, entropy: Entropy, revocations: Revocations
) -> Kit:
    journal = Journal(vault=vault, entropy=entropy)
    keys = SigningKeys(vault=vault, entropy=entropy, journal=journal)
    return Kit(
        open_ctx,
        tenant_id,
        clock.now().replace(microsecond=0),
        keys,
        TokenIssuer(keys=keys, entropy=entropy),
        TokenVerifier(keys=keys, revocations=revocations),
        RefreshFamilies(entropy=entropy, revocations=revocations, journal=journal),
        revocations,
    )


@pytest.fixture
async def keyed(kit: Kit) -> Kit:
    """A kit whose tenant can sign. EdDSA and ES256 only: RSA keys take a while to make."""
    async with kit.at() as ctx:
        await kit.keys.create(ctx, ("ES256", "EdDSA"))
    return kit
