"""The second factors over real parts, for the tests of identity and the gauntlet."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.core.entropy import Entropy
from airside.core.ids import FACTOR, parse_id, uuid7
from airside.core.secret import Secret
from airside.identity import (
    EmailCodes,
    Factors,
    FixedPolicies,
    Guesses,
    IdentityPolicy,
    RecoveryCodes,
    Totp,
    TotpProof,
)
from airside.limits import Limiter, PostgresLimiter
from airside.protocols import otp
from airside.store import Outbox
from airside.store.outbox import Item
from airside.vault import Place, Vault
from tests.identity.kit import HOME, Kit

_PASSKEY = """
insert into airside.passkey (
    tenant_id, passkey_id, user_id, credential_index, credential_sealed, key_sealed, name_sealed, sign_count, aaguid,
    transports, attested, backup_eligible, backed_up, created_at)
values (%s, %s, %s, %s, %s, %s, %s, 0, %s, '{}', false, false, false, %s)
"""


@dataclass(frozen=True)
class Second:
    """Everything beyond the password."""

    kit: Kit
    totp: Totp
    recovery_codes: RecoveryCodes
    email_codes: EmailCodes
    factors: Factors
    outbox: Outbox
    vault: Vault
    entropy: Entropy

    async def enrol(self, user_id: UUID, now: datetime | None = None) -> tuple[UUID, bytes]:
        """A confirmed generator and its secret; the step before the present one is spent."""
        async with self.kit.open_ctx(self.kit.tenant_id, now=now) as ctx:
            begun = await self.totp.begin(ctx, user_id, "ada@example.com", "Acme")
            secret = secret_of(begun.secret)
            code = otp.code_at(secret, otp.step_at(ctx.now) - 1)
            await self.totp.confirm(ctx, user_id, begun.factor_id, Secret(code))
        return begun.factor_id, secret

    async def prove(
        self, user_id: UUID, code: str, now: datetime | None = None, device_id: UUID | None = None
    ) -> TotpProof:
        """A code of a generator, tried in a request of its own."""
        async with self.kit.open_ctx(self.kit.tenant_id, now=now, origin=HOME) as ctx:
            return await self.totp.prove(ctx, user_id, Secret(code), device_id)

    async def known_device(self, user_id: UUID) -> UUID:
        """A device that the person is known by."""
        async with self.kit.open_ctx(self.kit.tenant_id, origin=HOME) as ctx:
            device_id = uuid7(ctx.now, self.entropy)
            await self.kit.devices.remember(ctx, user_id, device_id)
        return device_id

    async def passkey(self, user_id: UUID) -> UUID:
        """A row of a passkey of the person, as registering one leaves it."""
        async with self.kit.open_ctx(self.kit.tenant_id) as ctx:
            passkey_id, keyset = uuid7(ctx.now, self.entropy), await self.vault.keyset(ctx)
            sealed = [
                keyset.seal(Place("passkey", column, passkey_id), content)
                for column, content in (
                    ("credential_sealed", passkey_id.bytes),
                    ("key_sealed", user_id.bytes + b"key"),
                    ("name_sealed", b"Laptop"),
                )
            ]
            index = keyset.blind_index("passkey", "credential_index", passkey_id.bytes)
            row = (ctx.tenant_id, passkey_id, user_id, index, *sealed, UUID(int=0), ctx.now)
            await ctx.tx.run(_PASSKEY, row)
        return passkey_id

    async def mails(self, now: datetime | None = None) -> Sequence[Item]:
        """What is to be sent and wasn't taken before."""
        async with self.kit.open_ctx(self.kit.tenant_id, now=now) as ctx:
            return await self.outbox.take(ctx, limit=50, lease=timedelta(days=1))

    async def mailed_code(self, now: datetime | None = None) -> str:
        """The code of the only mail that is to be sent."""
        (item,) = await self.mails(now)
        async with self.kit.open_ctx(self.kit.tenant_id, now=now) as ctx:
            return (await self.email_codes.code(ctx, parse_id(FACTOR, item.about["code"]))).reveal()


def secret_of(shown: Secret[str]) -> bytes:
    """What an app makes of the secret that is typed into it."""
    return base64.b32decode(shown.reveal())


def make_second(
    kit: Kit, vault: Vault, entropy: Entropy, *, policy: IdentityPolicy | None = None, limiter: Limiter | None = None
) -> Second:
    """Second factors over `kit`, under a policy and a limiter of their own."""
    journal, policies = Journal(vault=vault, entropy=entropy), FixedPolicies(policy)
    outbox = Outbox(entropy=entropy)
    guesses = Guesses(limiter=limiter or PostgresLimiter(vault=vault), devices=kit.devices)
    recovery_codes = RecoveryCodes(vault=vault, entropy=entropy, journal=journal, guesses=guesses, policies=policies)
    totp = Totp(
        vault=vault,
        entropy=entropy,
        journal=journal,
        guesses=guesses,
        policies=policies,
    )
    email_codes = EmailCodes(
        vault=vault, entropy=entropy, journal=journal, guesses=guesses, outbox=outbox, policies=policies
    )
    factors = Factors(vault=vault, journal=journal)
    return Second(kit, totp, recovery_codes, email_codes, factors, outbox, vault, entropy)


@pytest.fixture
def second(kit: Kit, vault: Vault, entropy: Entropy) -> Second:
    return make_second(kit, vault, entropy)
