"""Forms for people who aren't signed in yet (sign-up, recovery, invitation, verification): a cookie of their own binds
each form to its browser, so that no other site can send one in a visitor's name (N11).

The cookie holds nothing but randomness and says nothing about anybody. It is Lax: these pages are opened by links in
mails, and a form that another tab has open must stay good. What changes something is a POST, which no other site's
page can send with it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from starlette.responses import HTMLResponse, Response

from airside.console.forms import read_cookie
from airside.console.refusals import Handler
from airside.console.visit import Doors, Form, Instead, Visit
from airside.core import entropy as random
from airside.core.entropy import Entropy
from airside.core.errors import Forbidden
from airside.core.ids import TENANT, format_id
from airside.core.secret import Secret
from airside.identity.sessions import TOKEN_CHARACTERS
from airside.shield import csrf
from airside.shield.cookies import HostCookie

LIFETIME: Final = timedelta(hours=1)
_BINDING: Final = "entry"


def entry_cookie(tenant_id: UUID) -> str:
    """Lax; binds the forms of those who aren't signed in to their browser."""
    return f"__Host-airside_entry_{format_id(TENANT, tenant_id)}"


@dataclass(frozen=True, slots=True)
class EntryVisit:
    """A visit of somebody who isn't signed in. `secret` is the browser's, old or new."""

    visit: Visit
    secret: Secret[str]
    name: str

    def page(self, template: str, **values: Any) -> HTMLResponse:
        """The page that `template` makes of `values`, whose form this browser alone can send."""
        age = int(LIFETIME.total_seconds())
        cookie = HostCookie(entry_cookie(self.visit.ctx.tenant_id), self.secret.reveal(), "Lax", age)
        token = csrf.issue(self.secret.reveal().encode(), f"{_BINDING} {self.name}")
        return self.visit.page(template, cookies=(cookie,), csrf_token=token, **values)

    def instead(self, page: "EntryPage") -> Instead:
        """To be raised: undo, and answer with `page`."""
        return Instead(lambda visit: page(replace(self, visit=visit)))


EntryPage: TypeAlias = Callable[[EntryVisit], Awaitable[Response]]
EntryFormPage: TypeAlias = Callable[[EntryVisit, Form], Awaitable[Response]]


class EntryDoors:
    """Makes endpoints of entry pages. `name` keeps one page's token from serving another."""

    def __init__(self, *, doors: Doors, entropy: Entropy) -> None:
        self._doors = doors
        self._entropy = entropy

    def page(self, name: str, handler: EntryPage) -> Handler:
        """The endpoint of a page that reads no form."""

        async def entered(visit: Visit) -> Response:
            secret = _secret_of(visit) or Secret(random.token(self._entropy))
            return await handler(EntryVisit(visit, secret, name))

        return self._doors.page(entered)

    def form(self, name: str, handler: EntryFormPage, fields: Sequence[str]) -> Handler:
        """The endpoint of a form that this browser was given. Any other is refused before anything is looked at."""

        async def entered(visit: Visit, form: Form) -> Response:
            secret = _secret_of(visit)
            if secret is None:
                raise Forbidden("form of no browser we know")
            csrf.check(secret.reveal().encode(), f"{_BINDING} {name}", form[csrf.FIELD])
            return await handler(EntryVisit(visit, secret, name), form)

        return self._doors.form(entered, (*fields, csrf.FIELD))


def _secret_of(visit: Visit) -> Secret[str] | None:
    """The browser's secret; what isn't of its shape is as good as none."""
    secret = read_cookie(visit.request, entry_cookie(visit.ctx.tenant_id))
    return secret if secret is not None and len(secret.reveal()) == TOKEN_CHARACTERS else None
