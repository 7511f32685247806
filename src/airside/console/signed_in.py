"""Pages of somebody who is signed in: the Strict cookie names the session, and every form carries its token."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import HTMLResponse, Response

from airside.console.forms import read_cookie
from airside.console.refusals import Handler
from airside.console.visit import Doors, Form, Page, Visit, onward
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import SESSION, format_id, parse_id
from airside.core.secret import Secret
from airside.identity import Session, Sessions
from airside.shield import csrf
from airside.signin import account_cookie, account_path, signin_path
from airside.store.context import RequestContext

CARRIED: Final = ("user_code",)
"""What an address may say besides its path and take through a login (RFC 8628 §3.3.1). Anything else in it, such as a
secret that somebody put there, goes no further."""


@dataclass(frozen=True, slots=True)
class Member:
    """A visit of a session's holder."""

    visit: Visit
    secret: Secret[str]
    session: Session

    @property
    def ctx(self) -> RequestContext:
        """The context of the request."""
        return self.visit.ctx

    def words(self, key: str, **values: str | int) -> str:
        """A sentence in the reader's language."""
        return self.visit.words(key, **values)

    def page(self, template: str, **values: Any) -> HTMLResponse:
        """The page that `template` makes of `values`, with the token that its forms need."""
        token = csrf.issue(self.secret.reveal().encode(), _binding(self.session))
        return self.visit.page(template, csrf_token=token, **values)


MemberPage: TypeAlias = Callable[[Member], Awaitable[Response]]
MemberForm: TypeAlias = Callable[[Member, Form], Awaitable[Response]]


class MemberDoors:
    """Makes endpoints of pages that need a session."""

    def __init__(self, *, doors: Doors, sessions: Sessions) -> None:
        self._doors = doors
        self._sessions = sessions

    def page(self, handler: MemberPage, *, away: Page | None = None, ending: bool = False) -> Handler:
        """The endpoint of a page that reads no form. Whoever isn't signed in is led to the sign-in, and back; or where
        `away` says. `ending`: it ends the session, and isn't told where that began."""

        async def entered(visit: Visit) -> Response:
            member = await self._find(visit, ending)
            if member is not None:
                return await handler(member)
            return await _elsewhere(visit, away or _to_signin)

        return self._doors.page(entered)

    def form(self, handler: MemberForm, fields: Sequence[str] = (), *, ending: bool = False) -> Handler:
        """The endpoint of a form that was made for this very session; `ending` as for `page`."""

        async def entered(visit: Visit, form: Form) -> Response:
            member = await self._find(visit, ending)
            if member is None:
                return onward(signin_path(visit.slug))
            csrf.check(member.secret.reveal().encode(), _binding(member.session), form[csrf.FIELD])
            return await handler(member, form)

        return self._doors.form(entered, (*fields, csrf.FIELD))

    async def _find(self, visit: Visit, ending: bool) -> Member | None:
        secret = read_cookie(visit.request, account_cookie(visit.ctx.tenant_id))
        find = self._sessions.find_to_end if ending else self._sessions.find
        session = None if secret is None else await find(visit.ctx, secret, "account")
        if session is not None and not session.counts and not ending:
            session = None  # its person proves themself anew, as whoever has none
        return None if secret is None or session is None else Member(visit, secret, session)


def id_in_path(member: Member, kind: str, name: str) -> UUID:
    """The id of `kind` in the path's part `name`. Raises: NotFound: it is none."""
    try:
        return parse_id(kind, member.visit.request.path_params[name])
    except InvalidInput:
        raise NotFound(name) from None


def _binding(session: Session) -> str:
    return format_id(SESSION, session.id)


def _here(visit: Visit) -> str:
    path, query = visit.request.url.path, visit.request.query_params
    carried = {name: query[name] for name in CARRIED if name in query}
    return f"{path}?{urlencode(carried)}" if carried else path


async def _to_signin(visit: Visit) -> Response:
    """And back to this very address; the account is where a login leads anyway."""
    signin, here = signin_path(visit.slug), _here(visit)
    return onward(signin if here == account_path(visit.slug) else f"{signin}?{urlencode({'continue': here})}")


async def _elsewhere(visit: Visit, away: Page) -> Response:
    # Coming from another site, the browser withheld the Strict cookie: a page of our own that leads here brings it.
    if visit.request.headers.get("sec-fetch-site") == "cross-site":
        return visit.page("continue.html", title=visit.words("page.moment"), target=_here(visit))
    return await away(visit)
