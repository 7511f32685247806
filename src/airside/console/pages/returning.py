"""Pages of the way back to an application: where the authorization endpoint can't answer with a redirect."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from airside.console.context import Brands, Context
from airside.console.visit import Doors, Visit
from airside.oauth import FormPost
from airside.shield import STRICT, passage


class ReturningPages:
    """Implements the authorization endpoint's `BrowserPages` in the tenant's look and the reader's language."""

    def __init__(self, *, context: Context, brands: Brands) -> None:
        self._doors = Doors(context=context, brands=brands)

    async def post(self, request: Request, reply: FormPost) -> Response:
        """The answer that a browser posts to the client (OAuth 2.0 Form Post Response Mode §2): a page with one form.

        It works without script, by its button; a script of our own presses at once. This answer alone may send a form
        elsewhere: to the client's origin, and nowhere but there.
        """
        to = urlsplit(reply.action)

        async def page(visit: Visit) -> Response:
            passage(request.scope).csp = STRICT.adding("form-action", f"{to.scheme}://{to.netloc}")
            return visit.page("form_post.html", action=reply.action, fields=reply.fields)

        return await self._doors.page(page)(request)

    async def refuse(self, request: Request, status: int) -> Response:
        """The page of a request that can't be trusted: nothing of it is shown."""

        async def page(visit: Visit) -> Response:
            words = visit.words
            return visit.message(words("returning.refused_title"), words("returning.refused"), status=status)

        return await self._doors.page(page)(request)
