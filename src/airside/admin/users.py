"""Managing the tenant's people."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.admin.above import Above
from airside.admin.verb import Verbs, requires
from airside.core.errors import NotFound
from airside.core.secret import Secret
from airside.identity import DomainPage, Passwords, PersonErasure, Sessions, User, Users, UserState
from airside.signin import Closing
from airside.store import RequestContext

READ: Final = Right("users:read", "can_read_users")
WRITE: Final = Right("users:write", "can_write_users")


class UserAdmin(Verbs):
    """Create, find, disable, enable and erase users; set a password. Nobody does anything to who may more than they
    may: whoever sets somebody's password can be them (N21)."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        users: Users,
        passwords: Passwords,
        sessions: Sessions,
        above: Above,
        closing: Closing,
    ) -> None:
        super().__init__(authorise)
        self._closing = closing
        self._above = above
        self._users = users
        self._passwords = passwords
        self._sessions = sessions

    @requires(WRITE)
    async def create(self, ctx: RequestContext, email: str, name: str, password: Secret[str] | None = None) -> User:
        """A new user of the tenant; without a password they can't sign in with one.

        Raises:
            InvalidInput: an e-mail address, name or password that can't be one.
            Conflict: the address has a user already.
        """
        if password is None:
            return await self._users.create(ctx, email, name)
        chosen = await self._passwords.choose(ctx, password, (email, name))
        await self.authorise.exactly(ctx, [WRITE])  # nothing stood still while it was hashed
        user = await self._users.create(ctx, email, name)
        await self._passwords.give(ctx, user.id, chosen)
        return user

    @requires(READ)
    async def get(self, ctx: RequestContext, user_id: UUID) -> User:
        """Raises: NotFound."""
        return await self._users.get(ctx, user_id)

    @requires(READ)
    async def find(self, ctx: RequestContext, email: str) -> User:
        """The user with that e-mail address. Raises: NotFound."""
        user = await self._users.find_by_email(ctx, email)
        if user is None:
            raise NotFound("user")
        return user

    @requires(READ)
    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = 50) -> list[User]:
        """Up to `limit` users in order of creation, after the one named."""
        return await self._users.list(ctx, after=after, limit=limit)

    @requires(READ)
    async def at_domain(
        self, ctx: RequestContext, domain: str, after: UUID | None = None, limit: int = 50
    ) -> DomainPage:
        """Up to `limit` users whose e-mail address is at `domain`, in order of creation, after the one named.

        Raises:
            InvalidInput: no domain.
        """
        return await self._users.at_domain(ctx, domain, after=after, limit=limit)

    @requires(WRITE)
    async def set_state(self, ctx: RequestContext, user_id: UUID, state: UserState) -> User:
        """Disable or enable; disabling ends every session and what hangs on it.

        Raises:
            NotFound, Forbidden.
            Conflict: whose erasure waits isn't enabled; cancelling it brings them back.
        """
        await self._users.get(ctx, user_id)
        await self._above.refuse(ctx, WRITE, user_id)
        await self._users.set_state(ctx, user_id, state)
        if state == "disabled":
            await self._sessions.end_all(ctx, user_id, "user_disabled")
        return await self._users.get(ctx, user_id)

    @requires(WRITE)
    async def set_password(self, ctx: RequestContext, user_id: UUID, password: Secret[str]) -> None:
        """A new password; every session ends. Raises: NotFound, Forbidden, InvalidInput."""
        await self._users.get(ctx, user_id)
        await self._above.refuse(ctx, WRITE, user_id)
        chosen = await self._passwords.choose_for(ctx, user_id, password)
        await self._above.refuse(ctx, WRITE, user_id)  # nothing stood still while it was hashed
        await self._passwords.give(ctx, user_id, chosen)
        await self._sessions.end_all(ctx, user_id, "password_set")

    @requires(WRITE)
    async def erase(self, ctx: RequestContext, user_id: UUID, days: int | None = None) -> PersonErasure:
        """Take the account out of use, and erase the user when that many days have passed: as many as the tenant's
        policy says where it is None, at once where it is 0.

        Raises:
            NotFound, Forbidden.
            InvalidInput: days out of range.
            Conflict: they are to be erased already, or the last administrator who can sign in.
        """
        await self._users.get(ctx, user_id)
        await self._above.refuse(ctx, WRITE, user_id)
        return await self._closing.request(ctx, user_id, None if days is None else timedelta(days=days))

    @requires(WRITE)
    async def cancel_erasure(self, ctx: RequestContext, user_id: UUID) -> None:
        """The user stays, as active or disabled as they were.

        Raises:
            NotFound, Forbidden.
            Conflict: it is due.
        """
        await self._above.refuse(ctx, WRITE, user_id)
        await self._closing.cancel(ctx, user_id)

    @requires(READ)
    async def erasure_of(self, ctx: RequestContext, user_id: UUID) -> PersonErasure:
        """Where it stands with the erasure of a user, who may be gone. Raises: NotFound: they aren't to be erased."""
        found = await self._closing.find(ctx, user_id)
        if found is None:
            raise NotFound("erasure")
        return found
