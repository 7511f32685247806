"""Initial access tokens (RFC 7591 §1.2): an administrator lets somebody register so many clients, until then."""

from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, token
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.oauth import records_registrations
from airside.oauth.records_registrations import RegistrationToken
from airside.store import RequestContext
from airside.store.queues import queue_for

MAX_USES: Final = 1_000
MAX_LIFETIME: Final = timedelta(days=90)
MAX_TOKENS: Final = 100
MAX_NAME: Final = 100


def token_hash(text: str) -> bytes:
    """How these tokens are stored. 256 random bits need no slow hash."""
    return sha256(text.encode("utf-8", "replace")).digest()


class RegistrationTokens:
    """The registration tokens of the context's tenant."""

    def __init__(self, *, entropy: Entropy, journal: Journal) -> None:
        self._entropy = entropy
        self._journal = journal

    async def create(
        self, ctx: RequestContext, name: str, *, uses: int, lifetime: timedelta
    ) -> tuple[RegistrationToken, Secret[str]]:
        """A new token, shown this once.

        Raises:
            InvalidInput: no name, or more uses or days than a token has; `pointer` names the field.
            Conflict: the tenant has as many as it can have.
        """
        if not 0 < len(name.strip()) <= MAX_NAME or not name.isprintable():
            raise InvalidInput(f"a name is 1 to {MAX_NAME} printable characters", pointer="name")
        if not 0 < uses <= MAX_USES:
            raise InvalidInput(f"1 to {MAX_USES} uses are expected", pointer="uses")
        if not timedelta() < lifetime <= MAX_LIFETIME:
            raise InvalidInput(f"at most {MAX_LIFETIME.days} days are expected", pointer="days")
        await queue_for(ctx, "registration token")
        if await records_registrations.count_tokens(ctx) >= MAX_TOKENS:
            raise Conflict(f"a tenant has at most {MAX_TOKENS} registration tokens")
        secret = Secret(token(self._entropy))
        made = RegistrationToken(uuid7(ctx.now, self._entropy), name.strip(), uses, ctx.now, ctx.now + lifetime)
        await records_registrations.insert_token(ctx, made, token_hash(secret.reveal()))
        await self._journal.record(
            ctx, Event.REGISTRATION_TOKEN_CREATED, subject=made.word, details={"uses": uses, "days": lifetime.days}
        )
        return made, secret

    async def list(self, ctx: RequestContext) -> list[RegistrationToken]:
        """Those that are good for anything, oldest first."""
        return await records_registrations.list_tokens(ctx)

    async def revoke(self, ctx: RequestContext, token_id: UUID) -> None:
        """It is good for nothing any more; what was registered with it stays.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        if not await records_registrations.delete_token(ctx, token_id):
            raise NotFound("registration token")
        await self._journal.record(
            ctx, Event.REGISTRATION_TOKEN_REVOKED, subject=RegistrationToken(token_id, "", 0, ctx.now, ctx.now).word
        )

    async def spend(self, ctx: RequestContext, presented: str) -> bool:
        """Whether `presented` was good for one more registration: this one."""
        return await records_registrations.spend_token(ctx, token_hash(presented))

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget those that are good for nothing; how many."""
        return await records_registrations.sweep_tokens(ctx)
