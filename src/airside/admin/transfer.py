"""Bringing users in from elsewhere, and taking them along."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.rights import ADMINISTRATOR
from airside.admin import members
from airside.admin.exports import Exports
from airside.admin.userline import MAX_LINES, UserLine, read_line
from airside.admin.users import READ, WRITE
from airside.admin.verb import Verbs, requires
from airside.audit import Event, Journal
from airside.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refusal, TooLarge
from airside.core.ids import USER, format_id
from airside.identity import Passwords, User, Users
from airside.store import RequestContext
from airside.tenancy import ROLES, Members, Roles, relation_of

Give = Callable[[UUID], Awaitable[None]]

EXPORT_PAGE: Final = 200
"""Users of one page of an export."""


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of one line: a user, or a problem."""

    line: int
    user_id: UUID | None
    problem: str = ""


class TransferAdmin(Verbs):
    """Import and export users, without who they are elsewhere: an external identity is a subject of a connection, and
    another tenant has other connections. An import gives nobody a role that the caller couldn't give by hand (N21), and
    changes nobody who is there already."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        users: Users,
        passwords: Passwords,
        members: Members,
        roles: Roles,
        journal: Journal,
        exports: Exports,
    ) -> None:
        super().__init__(authorise)
        self._users = users
        self._passwords = passwords
        self._members = members
        self._roles = roles
        self._journal = journal
        self.exports = exports

    @requires(WRITE)
    async def import_users(self, ctx: RequestContext, lines: Sequence[bytes]) -> list[LineResult]:
        """What becomes of each of `lines`, in order: a line that can't be a user, whose address is taken, or whose
        roles the caller may not give, leaves nothing behind and hinders no other.

        Raises:
            InvalidInput: more than `MAX_LINES`.
            Unavailable: a needed part is away; then nothing of the batch has happened.
        """
        if len(lines) > MAX_LINES:
            raise InvalidInput(f"at most {MAX_LINES} lines at once", max_lines=MAX_LINES)
        giving = _Giving(self.authorise, self._members, self._roles)
        results = [await self._one(ctx, giving, number, line) for number, line in enumerate(lines, 1)]
        made = sum(result.user_id is not None for result in results)
        await self._journal.record(
            ctx, Event.USERS_IMPORTED, details={"imported": made, "refused": len(results) - made}
        )
        return results

    @requires(READ)
    async def export_users(
        self, ctx: RequestContext, after: UUID | None = None, limit: int = EXPORT_PAGE, *, hashes: bool = False
    ) -> list[tuple[UUID, UserLine]]:
        """Up to `limit` users in order of creation, after the one named, as an import takes them. With `hashes`, those
        of their passwords too: whoever has them can guess at leisure, so only an administrator gets them, and the
        journal says so in a word of its own.

        Raises:
            Forbidden: the caller doesn't see who has which role, or asks for hashes and is no administrator.
            InvalidInput: a limit out of range.
            LimitExceeded: the tenant has exported as much as it may for now.
        """
        await self.authorise(ctx, members.READ)
        if hashes:
            await self.authorise.exactly(ctx, (Right(READ.scope, ADMINISTRATOR),))
        await self.exports.charge(ctx, limit)
        found = await self._users.list(ctx, after, limit)
        lines = [(user.id, await self._line(ctx, user, hashes=hashes)) for user in found]
        event = Event.PASSWORD_HASHES_EXPORTED if hashes else Event.USERS_EXPORTED
        await self._journal.record(ctx, event, details={"users": len(lines)})
        return lines

    async def _one(self, ctx: RequestContext, giving: "_Giving", number: int, line: bytes) -> LineResult:
        # Whatever can be refused is refused before the first row is written: there is no half a user.
        try:
            user = read_line(line)
            give = await giving.all(ctx, user.roles)
            made = await self._users.create(ctx, user.email, user.name, verified=user.email_verified)
        except (InvalidInput, TooLarge, Conflict, Forbidden, NotFound) as refusal:
            return LineResult(number, None, _words(refusal))
        if user.state != "active":
            await self._users.set_state(ctx, made.id, user.state)
        if user.password_hash is not None:
            await self._passwords.import_hash(ctx, made.id, user.password_hash)
        for each in give:
            await each(made.id)
        return LineResult(number, made.id)

    async def _line(self, ctx: RequestContext, user: User, *, hashes: bool) -> UserLine:
        kept = await self._passwords.export_hash(ctx, user.id) if hashes else None
        return UserLine(
            email=user.email,
            name=user.name,
            email_verified=user.email_verified,
            state=user.state,
            password_hash=None if kept is None else kept.reveal(),
            roles=tuple(await self._members.roles(ctx, user.id)),
            id=format_id(USER, user.id),
            created_at=user.created_at,
        )


class _Giving:
    """The roles that one batch names: each is asked for once, under the grants' lock, and given as often as named."""

    def __init__(self, authorise: Authorise, members: Members, roles: Roles) -> None:
        self._authorise = authorise
        self._members = members
        self._roles = roles
        self._known: dict[str, Callable[[RequestContext, UUID], Awaitable[None]] | Refusal] = {}
        self._own: dict[str, UUID] | None = None

    async def all(self, ctx: RequestContext, names: Sequence[str]) -> list[Give]:
        """What gives each of `names`.

        Raises:
            NotFound: no such role. Forbidden: the caller may not give it.
        """
        found: list[Give] = []
        for name in dict.fromkeys(names):
            give = await self._give(ctx, name)
            found.append(lambda user_id, give=give: give(ctx, user_id))
        return found

    async def _give(self, ctx: RequestContext, name: str) -> Callable[[RequestContext, UUID], Awaitable[None]]:
        if name not in self._known:
            try:
                self._known[name] = await (self._built_in(ctx, name) if name in ROLES else self._tenants(ctx, name))
            except (NotFound, Forbidden) as refusal:
                self._known[name] = refusal
        known = self._known[name]
        if isinstance(known, Refusal):
            raise known
        return known

    async def _built_in(self, ctx: RequestContext, name: str) -> Callable[[RequestContext, UUID], Awaitable[None]]:
        above = (Right(members.WRITE.scope, ADMINISTRATOR),) if name == ADMINISTRATOR else ()
        await self._authorise.exactly(ctx, (members.WRITE, *above))

        async def give(ctx: RequestContext, user_id: UUID) -> None:
            await self._members.grant(ctx, f"user:{format_id(USER, user_id)}", name)

        return give

    async def _tenants(self, ctx: RequestContext, name: str) -> Callable[[RequestContext, UUID], Awaitable[None]]:
        await self._authorise.exactly(ctx, (members.WRITE,))
        if self._own is None:
            self._own = {role.name: role.role_id for role in await self._roles.list(ctx)}
        if name not in self._own:
            raise NotFound("role")
        role = await self._roles.take(ctx, self._own[name])
        rights = [Right(each, relation_of(each)) for each in sorted(role.permissions)]
        await self._authorise.exactly(ctx, [members.WRITE, *rights])

        async def give(ctx: RequestContext, user_id: UUID) -> None:
            await self._roles.assign(ctx, role, user_id)

        return give


def _words(refusal: Refusal) -> str:
    """What the caller may be told of a line that was refused: it is theirs to mend."""
    if isinstance(refusal, InvalidInput | TooLarge):
        pointer = refusal.data.get("pointer")
        return f"{pointer}: {refusal.reason}" if pointer else refusal.reason
    if isinstance(refusal, Conflict):
        return "email: there is a user with this address"
    if isinstance(refusal, NotFound):
        return "roles: there is no role of this name"
    return "roles: not yours to give"
