"""Where the parts of a letter come from: ids in, what they stand for out, read when the letter is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from airside.core.errors import Inconsistent, InvalidInput, NotFound
from airside.core.ids import parse_id
from airside.core.secret import Secret
from airside.identity import Users
from airside.identity.email import is_reachable
from airside.notify.kinds import Kind
from airside.notify.model import Ending, Language, Occasion, Parts
from airside.store import Item, RequestContext


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: what the tenant calls itself, its language, and the paths of its pages."""

    tenant: str
    language: Language
    signin: str
    account: str


class Letterheads(Protocol):
    """Where that is kept."""

    async def is_open(self, ctx: RequestContext) -> bool:
        """Whether the context's tenant is there, and not suspended."""
        ...

    async def letterhead(self, ctx: RequestContext) -> Letterhead:
        """The context's tenant's. Raises: NotFound: there is no such tenant any more."""
        ...


@dataclass(frozen=True, slots=True)
class MailedLink:
    """An open single-use link, or another page that a letter leads to. `path` leads there on this server, with the
    token of a link. `address` is whom it is for where that is no user yet."""

    path: Secret[str]
    address: str | None = field(default=None, repr=False)
    ending: Ending | None = None


class MailedLinks(Protocol):
    """Where links are kept, by what the outbox's item says of one."""

    async def link(self, ctx: RequestContext, kind: str, about: Mapping[str, str]) -> MailedLink:
        """The link of a letter of `kind`. Raises: NotFound: it isn't open any more."""
        ...


class MailedCodes(Protocol):
    """Where codes are kept."""

    async def code(self, ctx: RequestContext, code_id: UUID) -> Secret[str]:
        """The code of that id. Raises: NotFound: it isn't open any more."""
        ...


class Occasions(Protocol):
    """Where it is kept how sessions began."""

    async def occasion(self, ctx: RequestContext, session_id: UUID) -> Occasion:
        """How that session began, also if it has ended. Raises: NotFound."""
        ...


class RoomSources:
    """Implements `Sources` on identity's users and four ports."""

    def __init__(
        self,
        *,
        users: Users,
        letterheads: Letterheads,
        links: MailedLinks,
        codes: MailedCodes,
        occasions: Occasions,
    ) -> None:
        self._users = users
        self._letterheads = letterheads
        self._links = links
        self._codes = codes
        self._occasions = occasions

    async def is_open(self, ctx: RequestContext) -> bool:
        """As `Sources`."""
        return await self._letterheads.is_open(ctx)

    async def parts(self, ctx: RequestContext, kind: Kind, item: Item) -> Parts | None:
        """As `Sources`.

        Raises:
            Inconsistent: an item that leads to nobody, or an id in it that is none.
        """
        try:
            return await self._parts(ctx, kind, item)
        except NotFound:
            return None
        except InvalidInput:
            raise Inconsistent("an outbox item with a malformed id", kind=item.kind) from None

    async def _parts(self, ctx: RequestContext, kind: Kind, item: Item) -> Parts:
        about = item.about
        head = await self._letterheads.letterhead(ctx)
        link = await self._links.link(ctx, item.kind, about) if kind.button == "link" else None
        address, name, ending = link.address if link else None, "", link.ending if link else None
        if address is None:
            if item.subject is None:
                raise Inconsistent("an outbox item that leads to nobody", kind=item.kind)
            user = await self._users.get(ctx, item.subject)
            due_at = await self._users.leaving(ctx, user.id) if kind.leaving else None
            ready = due_at is not None if kind.leaving else kind.last or user.state == "active"
            if not ready or not is_reachable(user.email):
                raise NotFound
            ending = ending if due_at is None else Ending(due_at)
            address, name = user.email, user.name
        return Parts(
            address=address,
            name=name,
            tenant=head.tenant,
            language=head.language,
            ending=ending,
            target=link.path if link else _page(head, kind),
            code=await self._codes.code(ctx, _id(about["code"])) if kind.code else None,
            factor=about["factor"] if "factor" in kind.about else "",
            occasion=await self._occasions.occasion(ctx, _id(about["session"])) if "session" in kind.about else None,
        )


def _page(head: Letterhead, kind: Kind) -> Secret[str] | None:
    if kind.button is None:
        return None
    return Secret(head.signin if kind.button == "signin" else head.account)


def _id(text: str) -> UUID:
    return parse_id(text.partition("_")[0], text)
