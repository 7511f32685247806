"""A user's own page: who they are here, and the way to everything that keeps their account."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.console.context import IssuerOf
from airside.console.farewell import NOWHERE
from airside.console.pages.saml_logout import gone
from airside.console.signed_in import Member, MemberDoors
from airside.console.visit import Form
from airside.federation import SignOuts
from airside.identity import Factors, Sessions, Users
from airside.oauth import Logout, SignedOut

FIELDS: Final = ("everywhere",)


class AccountPages:
    """Shows the account; signs out."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        users: Users,
        factors: Factors,
        logout: Logout,
        issuer: IssuerOf,
        elsewhere: SignOuts,
    ) -> None:
        self._sessions = sessions
        self._logout = logout
        self._issuer = issuer
        self._users = users
        self._factors = factors
        self._elsewhere = elsewhere

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/account`."""
        user_id = member.session.user_id
        return member.page(
            "account.html",
            user=await self._users.get(member.ctx, user_id),
            enrolled=await self._factors.of(member.ctx, user_id),
            sessions=len(await self._sessions.list(member.ctx, user_id)),
        )

    async def sign_out(self, member: Member, form: Form) -> Response:
        """`POST /t/{slug}/account/signout`: this session, or with `everywhere` all of the user's."""
        if form["everywhere"]:
            await self._sessions.end_all(member.ctx, member.session.user_id)
            return await gone(self._elsewhere, member.visit, member.session.id, "sessions.out_everywhere", NOWHERE)
        frames = await self._logout.end(member.ctx, await self._issuer(member.ctx), member.session)
        done = SignedOut(None, None, False, frames)
        return await gone(self._elsewhere, member.visit, member.session.id, "sessions.out_this", done)


def routes(doors: MemberDoors, pages: AccountPages) -> list[Route]:
    """The account page's routes."""
    return [
        Route("/t/{slug}/account", doors.page(pages.show), methods=["GET"]),
        Route("/t/{slug}/account/signout", doors.form(pages.sign_out, FIELDS, ending=True), methods=["POST"]),
    ]
