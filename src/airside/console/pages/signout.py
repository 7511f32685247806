"""Signing out on an application's word: its address for applications, the page that asks, and the page after it."""

from dataclasses import replace
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airside.console.context import IssuerOf
from airside.console.farewell import signed_out
from airside.console.language import first_known
from airside.console.pages.saml_logout import gone
from airside.console.refusals import guarded
from airside.console.signed_in import Member, MemberDoors
from airside.console.visit import Doors, Form, Visit, onward
from airside.core.errors import InvalidInput
from airside.federation import SignOuts
from airside.identity import Users
from airside.oauth import Logout, LogoutRequest
from airside.protocols.oauth import parse_form
from airside.vault import KEYLESS

LOGOUT: Final = "/t/{slug}/oauth2/logout"
"""Where applications send their users. It takes posts from other sites, which bring no cookie (`foreign_posts`)."""
PAGE: Final = "/t/{slug}/signout/{request}"
MAX_QUERY: Final = 24 * 1024
"""An ID token of our own fits into a URL, with everything beside it."""


class _Place(NamedTuple):
    word: str
    issuer: str


class SignoutPages:
    """Reads what an application asks for, asks the user where that is due, and ends the session."""

    def __init__(self, *, logout: Logout, users: Users, issuer: IssuerOf, elsewhere: SignOuts) -> None:
        self._logout = logout
        self._users = users
        self._issuer = issuer
        self._elsewhere = elsewhere

    async def begin(self, visit: Visit, parameters: dict[str, str]) -> Response:
        """`GET` or `POST /t/{slug}/oauth2/logout` (RP-Initiated Logout 1.0 §2): on to the page. No cookie is read."""
        word = await self._logout.begin(visit.ctx, await self._issuer(visit.ctx), parameters)
        return onward(f"/t/{visit.slug}/signout/{word}")

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/signout/{request}`: at once where the application's hint names this very session, else the
        user is asked."""
        request, client = await self._logout.look(member.ctx, member.visit.request.path_params["request"])
        member = replace(member, visit=_spoken(member.visit, request))
        if request.session_id == member.session.id:
            return await self._finish(member.visit, member, confirmed=False)
        return member.page(
            "signout.html",
            client=client,
            email=await self._email(member),
        )

    async def confirm(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/signout/{request}`: the user says yes."""
        request, _ = await self._logout.look(member.ctx, member.visit.request.path_params["request"])
        return await self._finish(_spoken(member.visit, request), member, confirmed=True)

    async def nobody(self, visit: Visit) -> Response:
        """`GET /t/{slug}/signout/{request}` in a browser without a session: there is nothing to end."""
        request, _ = await self._logout.look(visit.ctx, visit.request.path_params["request"])
        return await self._finish(_spoken(visit, request), None, confirmed=False)

    async def _email(self, member: Member) -> str:
        """Whom the page asks; empty while nobody can open who that is, and they are asked all the same."""
        try:
            return (await self._users.get(member.ctx, member.session.user_id)).email
        except KEYLESS:
            return ""

    async def _finish(self, visit: Visit, member: Member | None, *, confirmed: bool) -> Response:
        place = _Place(visit.request.path_params["request"], await self._issuer(visit.ctx))
        session = None if member is None else member.session
        done = await self._logout.finish(visit.ctx, place.issuer, place.word, session, confirmed=confirmed)
        if session is None:
            return signed_out(visit, "sessions.out_this", done)
        return await gone(self._elsewhere, visit, session.id, "sessions.out_this", done)


def _spoken(visit: Visit, request: LogoutRequest) -> Visit:
    """In the language that the application says its user speaks, if that is one of ours."""
    return replace(visit, words=first_known(request.ui_locales.split(" ")) or visit.words)


def routes(doors: Doors, members: MemberDoors, pages: SignoutPages) -> list[Route]:
    """The routes of signing out."""

    async def begin(request: Request) -> Response:
        # Parameters that no standard knows are passed over, as everywhere in OAuth; so the pages' own reader won't do.
        if request.method == "POST":
            parameters = parse_form(await request.body())
        elif request.method == "GET":
            parameters = parse_form(request.scope["query_string"], max_bytes=MAX_QUERY)
        else:
            raise InvalidInput("neither GET nor POST")
        return await doors.page(lambda visit: pages.begin(visit, parameters))(request)

    return [
        Route(LOGOUT, guarded(begin), methods=["GET", "POST"]),
        Route(PAGE, members.page(pages.show, away=pages.nobody, ending=True), methods=["GET"]),
        Route(PAGE, members.form(pages.confirm, ending=True), methods=["POST"]),
    ]
