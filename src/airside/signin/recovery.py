"""Recovery: a new password for whoever reads the mail of an address. It proves no second factor, so it signs nobody in.

A request says the same, writes the same rows and takes the same time whether the address is a user's or not (N15): a
link and a mail for nobody are rows like any other, and what sends mails finds nobody to send them to.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent, NotFound
from airside.core.ids import LINK, USER, format_id, uuid7
from airside.core.secret import Secret
from airside.federation import Enforcement
from airside.identity import RECOVERY_LIFETIME, Devices, Factors, Link, Links, Passwords, Sessions, User, Users, masked
from airside.identity.addresses import account_word
from airside.identity.charging import spend
from airside.limits import RECOVERY_ACCOUNT, RECOVERY_ORIGIN, Limiter, origin_key
from airside.store import Outbox, RequestContext
from airside.vault import Vault

RECOVERED: Final = "recovered"


@dataclass(frozen=True, slots=True)
class Recoverable:
    """Who may set a new password. `email` is masked; `second`: their next sign-in asks for a second factor."""

    email: str
    second: bool


class Recovery:
    """Mails links to those who lost their password, and sets the new one."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        limiter: Limiter,
        journal: Journal,
        links: Links,
        users: Users,
        passwords: Passwords,
        sessions: Sessions,
        factors: Factors,
        devices: Devices,
        outbox: Outbox,
        enforcement: Enforcement,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._limiter = limiter
        self._journal = journal
        self._links = links
        self._users = users
        self._passwords = passwords
        self._sessions = sessions
        self._factors = factors
        self._devices = devices
        self._outbox = outbox
        self._enforcement = enforcement

    async def request(self, ctx: RequestContext, email: str) -> None:
        """Mail a link to the active user with this address, if there is one. Nobody learns whether.

        Raises:
            LimitExceeded: too many from this origin or of this address, whether it is a user's or not. What was done
                in `ctx` before is committed with the row that tells of it.
            Unavailable: it can't be counted.
        """
        await self._spend(ctx, account_word(await self._vault.keyset(ctx), email))
        nobody = uuid7(ctx.now, self._entropy)
        person = await self._users.known(ctx, email, active=True) or nobody
        if await self._enforcement.closes(ctx, email, person):
            person = nobody
        link_id = await self._links.create(ctx, "recovery", user_id=person, lifetime=RECOVERY_LIFETIME)
        word = format_id(LINK, link_id)
        await self._outbox.put(ctx, "recovery", subject=person, about={"link": word})
        await self._journal.record(ctx, Event.RECOVERY_REQUESTED, subject=word)

    async def look(self, ctx: RequestContext, token: Secret[str]) -> Recoverable:
        """Whom the link is for. Spends nothing. Raises: NotFound: as `Links.look`."""
        user_id = _person(await self._links.look(ctx, "recovery", token))
        user = await self._open(ctx, user_id)
        return Recoverable(masked(user.email), bool((await self._factors.of(ctx, user_id)).second))

    async def finish(
        self, ctx: RequestContext, token: Secret[str], password: Secret[str], device_id: UUID | None = None
    ) -> UUID:
        """Spend the link and make `password` the user's only one; who that is. Every session and refresh family ends,
        every other link of theirs is dead, every device is new to them, their address is verified. Their factors stay,
        and no session starts; but the device `device_id`, where the mail was read, may sign in whatever strangers have
        done to the account's budget of guesses.

        Raises:
            NotFound: the link isn't open, or their domain signs in elsewhere only.
            InvalidInput: a password that can't be theirs; nothing has been done, and the link stays open.
            Unavailable: no room to hash. Whoever catches it undoes what was done.
        """
        person = _person(await self._links.look(ctx, "recovery", token))
        await self._open(ctx, person)
        chosen = await self._passwords.choose_for(ctx, person, password, refuse_former=True)
        await self._open(ctx, person)  # nothing stood still while it was hashed
        link = await self._links.spend(ctx, "recovery", token)
        user_id = _person(link)
        await self._passwords.give(ctx, user_id, chosen, own=True)
        await self._users.verify_email(ctx, user_id)
        await self._links.revoke_all(ctx, user_id)
        await self._sessions.end_all(ctx, user_id, RECOVERED)
        await self._devices.forget_all(ctx, user_id)
        if device_id is not None:
            await self._devices.admit(ctx, user_id, device_id)
        await self._outbox.put(ctx, "recovery_done", subject=user_id)
        await self._journal.record(
            ctx,
            Event.RECOVERY_FINISHED,
            subject=format_id(USER, user_id),
            details={"link": format_id(LINK, link.id)},
        )
        return user_id

    async def _open(self, ctx: RequestContext, user_id: UUID) -> User:
        user = await self._users.get(ctx, user_id)
        if await self._enforcement.closes(ctx, user.email, user_id):
            raise NotFound("link")
        return user

    async def _spend(self, ctx: RequestContext, account: str) -> None:
        origin = origin_key(ctx.origin.address)
        demands = [(RECOVERY_ACCOUNT, account), (RECOVERY_ORIGIN, origin)]
        await spend(ctx, self._limiter, self._journal, demands, Event.RECOVERY_LIMITED)


def _person(link: Link) -> UUID:
    if link.user_id is None:
        raise Inconsistent("a recovery of nobody")
    return link.user_id
