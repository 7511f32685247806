"""Invitations to set a connection up: somebody outside, such as a customer's IT, does it without an account here.

A mailed link begins it, once, and gives whoever began a secret of its own, good until the invitation's time is over.
All of it stands on the inviter's right: once they are gone or hold it no more, it opens nothing (N18, N21).
"""

from collections.abc import Collection, Sequence
from dataclasses import InitVar, dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final, final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, token
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import LINK, format_id, uuid7
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.federation import records_setup as records
from airside.federation.model import MAX_NAME, MAX_PAGE
from airside.federation.setup_model import KEPT, MAX_LIFETIME, MAX_SETUPS, Setup, SetupDraft
from airside.identity import Links
from airside.identity.email import read
from airside.store import Outbox, RequestContext
from airside.store.queues import queue_for
from airside.tenancy import Inviters
from airside.vault import Vault

INVITING: Final = frozenset({"can_write_connections", "administrator"})
"""What an inviter must hold, from the invitation to the end of it: whoever is invited says whom a connection believes,
and for which domains it speaks, which is an administrator's to say."""
SESSION_CHARACTERS: Final = 43
"""Of the secret: 256 random bits."""

_MINT: Final = Mint("SetupAccess")


@final
@dataclass(frozen=True, slots=True)
class SetupAccess:
    """That somebody holds the secret of an invitation under way, whose inviter still may. Only this module makes
    one."""

    setup: Setup
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


class Setups:
    """Makes, shows, begins and ends invitations to set a connection up."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        links: Links,
        outbox: Outbox,
        inviters: Inviters,
        inviting: Collection[str] = INVITING,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._links = links
        self._outbox = outbox
        self._inviters = inviters
        self._inviting = frozenset(inviting)

    async def create(self, ctx: RequestContext, draft: SetupDraft, inviter: str) -> Setup:
        """A new invitation, and its mail.

        Raises:
            InvalidInput: no e-mail address, a name that can't be one, or a time out of range; `pointer` names it.
            Conflict: the tenant has `MAX_SETUPS` open.
        """
        name, mailbox = draft.name.strip(), read(draft.email)
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            raise InvalidInput("a name is 1 to 200 printable characters", pointer="name")
        if not timedelta() < draft.lifetime <= MAX_LIFETIME:
            raise InvalidInput(f"at most {MAX_LIFETIME.days} days are expected", pointer="days")
        await queue_for(ctx, "setup")
        if await records.count(ctx) >= MAX_SETUPS:
            raise Conflict("too many open invitations", max_open=MAX_SETUPS)
        setup_id = uuid7(ctx.now, self._entropy)
        link_id = await self._links.create(ctx, "setup", payload=setup_id.bytes, lifetime=draft.lifetime)
        setup = Setup(
            id=setup_id,
            link_id=link_id,
            name=name,
            email=mailbox.address,
            inviter=inviter,
            creates_users=draft.creates_users,
            provisions=draft.provisions,
            state="open",
            provider=None,
            kind=None,
            connection_id=None,
            domain_ids=(),
            test=None,
            created_at=ctx.now,
            expires_at=ctx.now + draft.lifetime,
        )
        await records.insert(ctx, await self._vault.keyset(ctx), setup)
        await self._outbox.put(ctx, "setup", subject=None, about={"link": format_id(LINK, link_id)})
        given = {"creates_users": setup.creates_users, "provisions": setup.provisions}
        await self._record(ctx, Event.SETUP_INVITED, setup, **given)
        return setup

    async def token(self, ctx: RequestContext, setup: Setup) -> Secret[str]:
        """What the mailed link carries, for whoever hands it over by another way.

        Raises:
            NotFound: it has been used, or its time is over.
        """
        return await self._links.token(ctx, setup.link_id)

    async def get(self, ctx: RequestContext, setup_id: UUID) -> Setup:
        """The invitation in whatever state. Raises: NotFound: not there, or not this tenant's."""
        found = await records.find(ctx, await self._vault.keyset(ctx), setup_id)
        if found is None:
            raise NotFound("setup")
        return found

    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE) -> list[Setup]:
        """At most `limit` (and `MAX_PAGE`) by age, after the one named; settled ones too."""
        return await records.page(ctx, await self._vault.keyset(ctx), after, max(1, min(limit, MAX_PAGE)))

    async def of_connection(self, ctx: RequestContext, connection_id: UUID) -> Setup | None:
        """The last by which a connection was set up."""
        return await records.of_connection(ctx, await self._vault.keyset(ctx), connection_id)

    async def revoke(self, ctx: RequestContext, setup_id: UUID) -> Setup:
        """It opens nothing any more, also for who has begun. The invitation as it was left: what was set up by it is
        `SetupEndings`' to clear away.

        Raises:
            NotFound: not there, or not this tenant's.
            Conflict: it is finished or revoked already.
        """
        setup = await self.get(ctx, setup_id)
        if not await records.revoke(ctx, setup_id):
            raise Conflict("invitation is settled")
        await self._links.revoke(ctx, setup.link_id)
        await self._record(ctx, Event.SETUP_REVOKED, setup)
        return await self.get(ctx, setup_id)  # whoever was at it may have been quicker

    async def look(self, ctx: RequestContext, presented: Secret[str]) -> Setup:
        """The open invitation of the link. Spends nothing. Raises: NotFound: as `start`."""
        link = await self._links.look(ctx, "setup", presented)
        setup = await self.get(ctx, UUID(bytes=link.payload))
        if setup.state != "open" or setup.link_id != link.id:
            raise NotFound("setup")
        return await self._allowed(ctx, setup)

    async def start(self, ctx: RequestContext, presented: Secret[str]) -> Secret[str]:
        """Spend the link. The secret that opens the invitation from here on, shown this once.

        Raises:
            NotFound: the link isn't open; all but one of those who spend it at once; or the inviter may no longer.
                What was done in `ctx` before is committed with the row that tells of it.
        """
        setup = await self.look(ctx, presented)
        await self._links.spend(ctx, "setup", presented)
        secret = Secret(token(self._entropy))
        if not await records.start(ctx, setup, _hash(secret)):
            raise NotFound("setup")
        await self._record(ctx, Event.SETUP_STARTED, setup)
        return secret

    async def enter(self, ctx: RequestContext, secret: Secret[str]) -> SetupAccess:
        """The invitation under way that `secret` opens; nobody else changes it before this transaction ends.

        Raises:
            NotFound: of none, finished, revoked, expired, or the inviter may no longer: never told apart.
        """
        text = secret.reveal()
        if len(text) != SESSION_CHARACTERS or not text.isascii():
            raise NotFound("setup")
        found = await records.of_session(ctx, await self._vault.keyset(ctx), _hash(secret))
        if found is None:
            raise NotFound("setup")
        return SetupAccess(await self._allowed(ctx, found), _MINT)

    async def renewed(self, ctx: RequestContext, access: SetupAccess) -> SetupAccess:
        """The same, as it is after a change of this transaction's."""
        return SetupAccess(await self.get(ctx, access.setup.id), _MINT)

    async def finish(self, ctx: RequestContext, access: SetupAccess) -> None:
        """The secret opens nothing any more. Raises: Conflict: it is finished or revoked already."""
        if not await records.finish(ctx, access.setup.id):
            raise Conflict("invitation is settled")
        await self._record(ctx, Event.SETUP_FINISHED, access.setup)

    async def expire(self, ctx: RequestContext) -> Sequence[Setup]:
        """End those that were begun and whose time is over; as they were left."""
        keyset = await self._vault.keyset(ctx)
        return [each for each in await records.over(ctx, keyset, MAX_SETUPS) if await records.expire(ctx, each.id)]

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget the tenant's invitations whose time was over `KEPT` ago, for a timer; how many."""
        return await records.sweep(ctx, ctx.now - KEPT)

    async def _allowed(self, ctx: RequestContext, setup: Setup) -> Setup:
        if not await self._inviters.hold(ctx, setup.inviter, self._inviting):
            await self._journal.refused(ctx, Event.SETUP_REFUSED, reason="inviter_may_not")
            await ctx.tx.checkpoint()
            raise NotFound("setup")
        return setup

    async def _record(self, ctx: RequestContext, event: Event, setup: Setup, **more: bool) -> None:
        await self._journal.record(ctx, event, subject=setup.word, details={"inviter": setup.inviter, **more})


def _hash(secret: Secret[str]) -> bytes:
    """How it is stored. 256 random bits need no slow hash."""
    return sha256(secret.reveal().encode()).digest()
