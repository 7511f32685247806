"""Pages of somebody who sets a connection up by invitation: the Lax cookie holds its secret, and every form carries its
token. Lax, for a test sign-in comes back from the provider's site; what changes something is a POST with the token."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from starlette.responses import HTMLResponse, Response

from airside.console.forms import MAX_FORM, read_cookie
from airside.console.pages import mailed
from airside.console.refusals import Handler
from airside.console.visit import Doors, Form, Visit
from airside.core.errors import NotFound
from airside.core.secret import Secret
from airside.federation import Setup, SetupAccess, Setups
from airside.shield import csrf
from airside.signin import setup_cookie
from airside.store.context import RequestContext

_BINDING: Final = "setup"
NAMES: Final = {
    "entra": "Microsoft Entra ID",
    "okta": "Okta",
    "google": "Google Workspace",
    "saml": "SAML 2.0",
    "oidc": "OpenID Connect",
}
"""What providers and protocols are called, in every language."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A visit of whoever holds the secret of an invitation under way."""

    visit: Visit
    secret: Secret[str]
    access: SetupAccess

    @property
    def ctx(self) -> RequestContext:
        """The context of the request."""
        return self.visit.ctx

    @property
    def setup(self) -> Setup:
        """The invitation."""
        return self.access.setup

    def words(self, key: str, **values: str | int) -> str:
        """A sentence in the reader's language."""
        return self.visit.words(key, **values)

    def page(self, template: str, **values: Any) -> HTMLResponse:
        """The page that `template` makes of `values`, with the token that its forms need."""
        token = csrf.issue(self.secret.reveal().encode(), _binding(self.setup))
        names = {**NAMES, "other": self.words("setup.other_provider")}
        return self.visit.page(template, csrf_token=token, setup=self.setup, names=names, **values)


GuestPage: TypeAlias = Callable[[Guest], Awaitable[Response]]
GuestForm: TypeAlias = Callable[[Guest, Form], Awaitable[Response]]


class SetupDoors:
    """Makes endpoints of pages that need the secret. Without it there is nothing to see: the same as a used link."""

    def __init__(self, *, doors: Doors, setups: Setups) -> None:
        self._doors = doors
        self._setups = setups

    def page(self, handler: GuestPage) -> Handler:
        """The endpoint of a page that reads no form."""

        async def entered(visit: Visit) -> Response:
            guest = await self._find(visit)
            return await mailed.over(visit) if guest is None else await handler(guest)

        return self._doors.page(entered)

    def form(self, handler: GuestForm, fields: Sequence[str] = (), max_bytes: int = MAX_FORM) -> Handler:
        """The endpoint of a form that was made for this very invitation."""

        async def entered(visit: Visit, form: Form) -> Response:
            guest = await self._find(visit)
            if guest is None:
                return await mailed.over(visit)
            csrf.check(guest.secret.reveal().encode(), _binding(guest.setup), form[csrf.FIELD])
            return await handler(guest, form)

        return self._doors.form(entered, (*fields, csrf.FIELD), max_bytes)

    async def again(self, guest: Guest) -> Guest:
        """The same visit, proven anew: after a checkpoint, or a change. Raises: NotFound: the invitation is over."""
        return Guest(guest.visit, guest.secret, await self._setups.enter(guest.ctx, guest.secret))

    async def _find(self, visit: Visit) -> Guest | None:
        secret = read_cookie(visit.request, setup_cookie(visit.ctx.tenant_id))
        if secret is None:
            return None
        try:
            return Guest(visit, secret, await self._setups.enter(visit.ctx, secret))
        except NotFound:
            return None


def _binding(setup: Setup) -> str:
    return f"{_BINDING} {setup.word}"
