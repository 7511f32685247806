"""Passkeys (WebAuthn): several a user, each made and used with its user verified.

All tenants of a host share one relying party id, since that is the host. What keeps them apart: a credential is looked
up within its tenant, and names an account by a handle that only this tenant's keys make.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha512
from hmac import digest
from typing import ClassVar, Final, final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, Forbidden, Inconsistent, InvalidInput, NotFound
from airside.core.ids import PASSKEY, USER, format_id, uuid7
from airside.core.proof import Mint
from airside.identity import records as people
from airside.identity import records_factors
from airside.identity import records_passkeys as records
from airside.identity.model import Passkey, User
from airside.identity.policy import IdentityPolicy, Policies
from airside.identity.proofs import Answer, Attempt, Contribution, Proof, demand_contribution
from airside.identity.records_passkeys import Stored
from airside.identity.recovery_codes import remove_orphaned
from airside.limits import PASSKEY_ORIGIN, Limiter, origin_key
from airside.protocols.webauthn import (
    MAX_RESPONSE,
    Account,
    CeremonyRefused,
    Descriptor,
    KnownCredential,
    Reason,
    RelyingParty,
    creation_options,
    read_assertion,
    request_options,
    verify_assertion,
    verify_registration,
)
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault

MAX_PASSKEYS: Final = 20
"""Most passkeys of one user."""
MAX_PASSKEY_NAME: Final = 100
"""Characters."""
CHALLENGE_BYTES: Final = 32

_MINT: Final = Mint("PasskeyProof")
_NOBODY: Final = UUID(int=0)
# P-256's own generator: what the response of a credential that isn't here is verified with, for the time it takes.
_NOBODYS_KEY: Final = bytes.fromhex(
    "a5010203262001"
    "2158206b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "2258204fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


@final
@dataclass(frozen=True, slots=True)
class PasskeyProof(Proof):
    """That somebody held a passkey of `user_id`, and was verified by its authenticator. Only this module makes one."""

    kind: ClassVar[str] = "passkey"
    amr: ClassVar[tuple[str, ...]] = ("swk", "user")
    contribution: ClassVar[Contribution] = "multi"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@final
@dataclass(frozen=True, slots=True)
class AttestedPasskeyProof(Proof):
    """As `PasskeyProof`, by hardware that its maker vouches for and that the passkey can't leave."""

    kind: ClassVar[str] = "passkey"
    amr: ClassVar[tuple[str, ...]] = ("hwk", "user")
    contribution: ClassVar[Contribution] = "hardware"

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


class NotAccepted(InvalidInput):
    """The response makes no passkey; `why` it doesn't stands in the data, for the log."""

    def __init__(self, why: Reason) -> None:
        super().__init__("passkey not accepted", pointer="response", why=why.value)


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    """What a page's script brought: the credential's response as JSON."""

    kind: ClassVar[str] = "passkey"

    response: str


class Passkeys:
    """Registers, proves and keeps passkeys. `roots` are certificates (PEM) of makers who vouch for authenticators."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        limiter: Limiter,
        policies: Policies,
        party: RelyingParty,
        roots: Sequence[bytes] = (),
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._limiter = limiter
        self._policies = policies
        self._party = party
        self._roots = tuple(roots)

    async def begin_registration(
        self, ctx: RequestContext, user: User, attempt_id: UUID, *, tenant_name: str = ""
    ) -> str:
        """Options (JSON) for a new passkey of `user`, with a challenge that lasts five minutes and replaces an earlier
        one of this attempt. `tenant_name` helps people of several tenants to tell their passkeys apart.

        Raises:
            Forbidden: the tenant takes no passkeys.
            Conflict: the user has `MAX_PASSKEYS`.
        """
        policy = await self._demand_allowed(ctx)
        keyset = await self._vault.keyset(ctx)
        held = await records.of_user(ctx, await self._vault.persons.seals(ctx, user.id), user.id)
        if len(held) >= MAX_PASSKEYS:
            raise Conflict("passkeys over their cap", max=MAX_PASSKEYS)
        challenge = self._entropy.bytes(CHALLENGE_BYTES)
        await records.replace_challenge(ctx, "register", attempt_id, challenge, user.id)
        shown = user.name or user.email
        bare = policy.passkeys.attestation == "none" and not policy.passkeys.aaguids
        return creation_options(
            replace(self._party, name=tenant_name or self._party.name),
            Account(_handle(keyset, user.id), user.email, f"{shown} · {tenant_name}" if tenant_name else shown),
            challenge=challenge,
            exclude=_descriptors(held),
            attestation="none" if bare else "direct",
        )

    async def register(
        self, ctx: RequestContext, user_id: UUID, attempt_id: UUID, response: str, name: str
    ) -> tuple[Passkey, Proof]:
        """A new passkey of the user, by the response to `begin_registration`'s options, and the proof that lies in
        having made it. That the session may add a factor at all (fresh, and as strong as those the user has) is the
        caller's to demand beforehand. The challenge is spent and committed whatever follows.

        Raises:
            Forbidden: the tenant takes no passkeys.
            NotAccepted: the response proves nothing, its challenge is not open, the authenticator isn't one that the
                tenant takes, or the credential is registered already.
            InvalidInput: the name is empty, over its cap or no text.
            Conflict: the user has `MAX_PASSKEYS`.
            NotFound: no such active user.
        """
        name = _name(name)
        policy = await self._demand_allowed(ctx)
        challenge = await records.spend_challenge(ctx, "register", attempt_id, user_id)
        await ctx.tx.checkpoint()
        if challenge is None:
            raise NotAccepted(Reason.CHALLENGE)
        try:
            made = verify_registration(_bytes(response), challenge=challenge, party=self._party, roots=self._roots)
        except CeremonyRefused as refusal:
            raise NotAccepted(refusal.why) from None
        passkey = Passkey(
            id=uuid7(ctx.now, self._entropy),
            user_id=user_id,
            name=name,
            aaguid=made.aaguid,
            transports=made.transports,
            attested=made.attested,
            backup_eligible=made.backup_eligible,
            backed_up=made.backed_up,
            created_at=ctx.now,
            last_used_at=None,
        )
        if not is_accepted(policy, passkey):
            raise NotAccepted(Reason.ATTESTATION)
        keyset = await self._vault.indexing(ctx)
        if not await records.take_user(ctx, user_id):
            raise NotFound
        if await records.count(ctx, user_id) >= MAX_PASSKEYS:
            raise Conflict("passkeys over their cap", max=MAX_PASSKEYS)
        seals = await self._vault.persons.seals(ctx, user_id)
        if not await records.insert(ctx, keyset, seals, passkey, made):
            raise NotAccepted(Reason.CREDENTIAL)
        await self._record(ctx, Event.PASSKEY_ADDED, passkey.user_id, passkey.id)
        return passkey, _proof(passkey, ctx.now)

    async def challenge(self, ctx: RequestContext, attempt_id: UUID, *, user_id: UUID | None = None) -> str | None:
        """Options (JSON) for a proof, with a challenge that lasts five minutes and replaces an earlier one of this
        attempt; None where the tenant takes no passkeys. Without `user_id` they name no credential, so they tell
        nobody who is registered (N15)."""
        policy = await self._policies.identity(ctx)
        if "passkey" not in policy.factors:
            return None
        held: list[Stored] = []
        if user_id is not None:
            stored = await records.of_user(ctx, await self._vault.persons.seals(ctx, user_id), user_id)
            held = [each for each in stored if is_accepted(policy, each.passkey)]
        challenge = self._entropy.bytes(CHALLENGE_BYTES)
        await records.replace_challenge(ctx, "prove", attempt_id, challenge)
        return request_options(self._party, challenge=challenge, allow=_descriptors(held))

    async def prove(
        self, ctx: RequestContext, attempt_id: UUID, response: str, *, user_id: UUID | None = None
    ) -> PasskeyProof | AttestedPasskeyProof:
        """The proof by a response to `challenge`'s options; with `user_id` it has to be that user's.

        The limit and the challenge are spent and committed before anything is looked at; a success gives the limit's
        unit back. A counter that has not risen is a sign of a copied key (WebAuthn §6.1.1): refused, and journalled.

        Raises:
            LimitExceeded: too many failures. Nothing was looked at.
            Unauthenticated: it proves nothing; an unknown credential, another's, another tenant's, a disabled user's
                and one that the tenant no longer takes are refused alike.
            Unavailable: no room to count.
        """
        demands = [(PASSKEY_ORIGIN, origin_key(ctx.origin.address))]
        await self._limiter.spend(ctx, demands)
        challenge = await records.spend_challenge(ctx, "prove", attempt_id)
        await ctx.tx.checkpoint()
        if challenge is None:
            raise CeremonyRefused(Reason.CHALLENGE)
        assertion = read_assertion(_bytes(response))
        keyset = await self._vault.keyset(ctx)
        policy = await self._policies.identity(ctx)
        found = await records.by_credential(ctx, self._vault, assertion.credential_id)
        discovered = user_id is None
        try:
            verified = verify_assertion(
                assertion,
                _known(keyset, assertion.credential_id, found),
                challenge=challenge,
                party=self._party,
                discovered=discovered,
            )
        except CeremonyRefused as refusal:
            if refusal.why is Reason.COUNTER and found is not None:
                await self._suspect(ctx, found.passkey)
            raise
        if found is None or user_id not in (None, found.passkey.user_id) or not is_accepted(policy, found.passkey):
            raise CeremonyRefused(Reason.CREDENTIAL)
        if not await records.used(ctx, found.passkey.id, verified):
            raise CeremonyRefused(Reason.COUNTER)
        await self._limiter.refund(ctx, demands)
        return _proof(found.passkey, ctx.now)

    async def list(self, ctx: RequestContext, user_id: UUID) -> list[Passkey]:
        """The user's passkeys, oldest first; at most `MAX_PASSKEYS`."""
        stored = await records.of_user(ctx, await self._vault.persons.seals(ctx, user_id), user_id)
        return [each.passkey for each in stored]

    async def rename(self, ctx: RequestContext, user_id: UUID, passkey_id: UUID, name: str) -> None:
        """Give the user's passkey another name.

        Raises:
            InvalidInput: the name is over its cap.
            NotFound: the user has no such passkey.
        """
        seals = await self._vault.persons.seals(ctx, user_id)
        if not await records.rename(ctx, seals, user_id, passkey_id, _name(name)):
            raise NotFound
        await self._record(ctx, Event.PASSKEY_RENAMED, user_id, passkey_id)

    async def remove(self, ctx: RequestContext, user_id: UUID, passkey_id: UUID) -> None:
        """Forget the user's passkey: from now on it proves nothing. Recovery codes go with the last factor that they
        stand in for. Whether it was the last way in, and what becomes of sessions, is the caller's to say.

        Raises:
            NotFound: the user has no such passkey.
        """
        if not await people.take_user(ctx, user_id) or not await records.remove(ctx, user_id, passkey_id):
            raise NotFound
        last = not await records_factors.has_second(ctx, user_id)
        await self._record(ctx, Event.PASSKEY_REMOVED, user_id, passkey_id, last=last)
        await remove_orphaned(ctx, self._journal, user_id)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget the tenant's challenges that have run out, for a timer; how many."""
        return await records.sweep_challenges(ctx)

    async def _demand_allowed(self, ctx: RequestContext) -> IdentityPolicy:
        policy = await self._policies.identity(ctx)
        if "passkey" not in policy.factors:
            raise Forbidden("the tenant takes no passkeys")
        return policy

    async def _suspect(self, ctx: RequestContext, passkey: Passkey) -> None:
        await self._record(ctx, Event.PASSKEY_SUSPECTED, passkey.user_id, passkey.id, refused=True)
        await ctx.tx.checkpoint()

    async def _record(
        self,
        ctx: RequestContext,
        event: Event,
        user_id: UUID,
        passkey_id: UUID,
        *,
        refused: bool = False,
        **more: bool,
    ) -> None:
        await self._journal.record(
            ctx,
            event,
            subject=format_id(USER, user_id),
            outcome="refused" if refused else "success",
            reason=Reason.COUNTER.value if refused else "",
            details={"passkey": format_id(PASSKEY, passkey_id), **more},
        )


class PasskeyAuthenticator:
    """Implements `Authenticator` by a passkey, as the first step or beside another."""

    kind: ClassVar[str] = PasskeyProof.kind

    def __init__(self, passkeys: Passkeys) -> None:
        self._passkeys = passkeys

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:
        """`options`, for the page's script; empty where the tenant takes no passkeys."""
        options = await self._passkeys.challenge(ctx, attempt.flow_id, user_id=attempt.user_id)
        return {} if options is None else {"options": options}

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> Proof:
        if not isinstance(answer, PasskeyAnswer):
            raise Inconsistent("answer of another kind", kind=answer.kind)
        return await self._passkeys.prove(ctx, attempt.flow_id, answer.response, user_id=attempt.user_id)

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> Proof:
        if contribution == AttestedPasskeyProof.contribution:
            return AttestedPasskeyProof(user_id, at, _MINT)
        demand_contribution(PasskeyProof, contribution)
        return PasskeyProof(user_id, at, _MINT)


def is_accepted(policy: IdentityPolicy, passkey: Passkey) -> bool:
    """Whether the tenant takes `passkey` as things stand: it may have come to demand more since it was made."""
    rules = policy.passkeys
    if "passkey" not in policy.factors or (rules.attestation == "required" and not passkey.attested):
        return False
    return not rules.aaguids or str(passkey.aaguid) in {each.lower() for each in rules.aaguids}


def _proof(passkey: Passkey, at: datetime) -> PasskeyProof | AttestedPasskeyProof:
    kind = AttestedPasskeyProof if passkey.is_hardware else PasskeyProof
    return kind(passkey.user_id, at, _MINT)


def _handle(keyset: Keyset, user_id: UUID) -> bytes:
    """64 bytes that name the user to authenticators and tell nothing (WebAuthn §14.6.1): another tenant's user, or a
    guess at an id, gives others."""
    return digest(keyset.derive("passkey-user"), user_id.bytes, sha512)


def _known(keyset: Keyset, credential_id: bytes, found: Stored | None) -> KnownCredential:
    if found is None:
        return KnownCredential(credential_id, _NOBODYS_KEY, 0, False, _handle(keyset, _NOBODY))
    handle = _handle(keyset, found.passkey.user_id)
    return KnownCredential(
        found.credential_id, found.public_key, found.sign_count, found.passkey.backup_eligible, handle
    )


def _descriptors(stored: Sequence[Stored]) -> list[Descriptor]:
    return [Descriptor(each.credential_id, each.passkey.transports) for each in stored]


def _bytes(response: str) -> bytes:
    # What is cut here is over the cap in bytes too, and refused as such.
    return response[: MAX_RESPONSE + 1].encode("utf-8", "replace")


def _name(name: str) -> str:
    text = unicodedata.normalize("NFC", name.strip())
    if not text or len(text) > MAX_PASSKEY_NAME:
        raise InvalidInput("name empty or over its cap", pointer="name", max_length=MAX_PASSKEY_NAME)
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise InvalidInput("name with control characters", pointer="name")
    return text
