"""Passkeys of the kit's users, in the tests' own authenticators."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from msgspec import structs

from airside.audit import Journal
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.errors import Refusal
from airside.core.ids import uuid7
from airside.core.principal import Origin
from airside.identity import FixedPolicies, IdentityPolicy, Passkey, PasskeyPolicy, Passkeys, Proof, User
from airside.limits import PostgresLimiter
from airside.protocols.webauthn import CeremonyRefused
from airside.vault import Vault
from tests.authenticator import PLAIN, Authenticator, Twist
from tests.identity.kit import HOME, PARTY, Kit


def attempt() -> UUID:
    """An attempt of its own."""
    return uuid7(SystemClock().now(), SystemEntropy())


def demanding(kit: Kit, vault: Vault, policy: IdentityPolicy, roots: Sequence[bytes] = ()) -> Kit:
    """The kit where the tenant demands `policy`."""
    passkeys = Passkeys(
        vault=vault,
        entropy=SystemEntropy(),
        journal=Journal(vault=vault, entropy=SystemEntropy()),
        limiter=PostgresLimiter(vault=vault),
        policies=FixedPolicies(policy),
        party=PARTY,
        roots=roots,
    )
    return replace(kit, passkeys=passkeys)


def models(policy: PasskeyPolicy) -> IdentityPolicy:
    """A policy that differs in what passkeys must be."""
    return structs.replace(IdentityPolicy(), passkeys=policy)


async def register(
    kit: Kit, user: User, device: Authenticator, twist: Twist = PLAIN, name: str = "Laptop"
) -> tuple[Passkey, Proof]:
    """A ceremony from its options to its passkey."""
    attempt_id = attempt()
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        options = await kit.passkeys.begin_registration(ctx, user, attempt_id)
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        return await kit.passkeys.register(ctx, user.id, attempt_id, device.create(options, twist), name)


@dataclass(frozen=True)
class Open:
    """A login at a tenant, whose page has shown its options."""

    kit: Kit
    attempt_id: UUID
    options: str
    user_id: UUID | None

    async def answer(self, response: str, origin: Origin = HOME) -> Proof:
        """The answer to it."""
        async with self.kit.open_ctx(self.kit.tenant_id, origin=origin) as ctx:
            return await self.kit.passkeys.prove(ctx, self.attempt_id, response, user_id=self.user_id)

    async def why(self, response: str, origin: Origin = HOME) -> str:
        """Why it is refused; `proven` if it isn't."""
        try:
            await self.answer(response, origin)
        except CeremonyRefused as refusal:
            return refusal.why.value
        except Refusal as refusal:
            return refusal.code
        return "proven"


async def begin(kit: Kit, user_id: UUID | None = None) -> Open:
    """A login begins; with `user_id`, at its second step."""
    attempt_id = attempt()
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        options = await kit.passkeys.challenge(ctx, attempt_id, user_id=user_id)
    assert options is not None
    return Open(kit, attempt_id, options, user_id)


async def why(kit: Kit, device: Authenticator, twist: Twist = PLAIN, user_id: UUID | None = None) -> str:
    """What comes of a login with `device`: `proven`, or why not."""
    login = await begin(kit, user_id)
    return await login.why(device.get(login.options, twist))
