"""Single logout with SAML providers: where their browsers come, and where ours go after a session's end."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from airside.console.farewell import forget, signed_out
from airside.console.pages.arriving import connection_in_path, posted
from airside.console.pages.leaving import leaving
from airside.console.visit import Doors, Visit
from airside.core.errors import InvalidInput
from airside.federation import SamlLogouts, SignOuts
from airside.oauth import SignedOut
from airside.protocols.saml import Arrived, SamlRefused, read_post, read_redirect
from airside.protocols.saml.bindings import MessageField
from airside.signin import signin_path

SLO: Final = "/t/{slug}/saml/{connection}/slo"
"""It takes posts from other sites, which bring no cookie (`foreign_posts`); no cookie is read there either way."""


class SamlLogoutPages:
    """Takes providers' logout messages, by redirect and by POST."""

    def __init__(self, *, logouts: SamlLogouts) -> None:
        self._logouts = logouts

    async def slo(self, visit: Visit) -> Response:
        """`GET` or `POST /t/{slug}/saml/{connection}/slo` (Profiles §4.4): on to the provider with our answer, or,
        where this was its answer to us, the end of the way."""
        arrived = await _arrived(visit.request)
        departure = await self._logouts.accept(visit.ctx, connection_in_path(visit), arrived)
        if departure is None:
            words = visit.words
            onward, onward_words = signin_path(visit.slug), words("sessions.out_again")
            return visit.message(
                words("sessions.out_title"), words("sessions.out_this"), onward=onward, onward_words=onward_words
            )
        if departure.fields is None:  # from a form of theirs, or none: no policy of ours stands in the way
            return RedirectResponse(departure.url, 303, {"cache-control": "no-store"})
        return leaving(visit, departure)


async def gone(elsewhere: SignOuts, visit: Visit, session_id: UUID, key: str, done: SignedOut) -> Response:
    """The page after the end of this browser's own session: on to the provider that it was proven by, if that is to
    hear of it and no application waits for its user. Applications that are told by frames are told first; a provider
    that wants a form is left out then, for that page has none."""
    departure = await elsewhere.begin(visit.ctx, session_id) if done.onward is None else None
    if departure is None:
        return signed_out(visit, key, done)
    if not done.frames:
        return leaving(visit, departure, cookies=forget(visit))
    return signed_out(visit, key, done, departure.url if departure.fields is None else None)


def routes(doors: Doors, pages: SamlLogoutPages) -> list[Route]:
    """The route of single logout."""
    return [Route(SLO, doors.page(pages.slo), methods=["GET", "POST"])]


async def _arrived(request: Request) -> Arrived:
    try:
        if request.method != "POST":
            return read_redirect(request.scope["query_string"].decode("latin-1"))
        form = await posted(request)
        names: list[MessageField] = [name for name in ("SAMLRequest", "SAMLResponse") if name in form]
        if len(names) != 1:
            raise InvalidInput("one message")
        return read_post(names[0], form[names[0]], form.get("RelayState"))
    except SamlRefused:
        raise InvalidInput("not a SAML message") from None
