"""A user's own page: who they are here, and the way to everything that keeps their account."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.console.signed_in import Member, MemberDoors
from airside.console.visit import Form, Visit
from airside.identity import Factors, Sessions, Users
from airside.shield.cookies import HostCookie, expired
from airside.signin import account_cookie, signin_path, sso_cookie

FIELDS: Final = ("everywhere",)


class AccountPages:
    """Shows the account; signs out."""

    def __init__(self, *, sessions: Sessions, users: Users, factors: Factors) -> None:
        self._sessions = sessions
        self._users = users
        self._factors = factors

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
            return signed_out(member.visit, "sessions.out_everywhere")
        await self._sessions.end(member.ctx, member.session.id, of=member.session.user_id)
        return signed_out(member.visit, "sessions.out_this")


def signed_out(visit: Visit, key: str) -> Response:
    """The page after a session's end: the browser forgets both of its cookies."""
    return visit.message(
        visit.words("sessions.out_title"),
        visit.words(key),
        onward=signin_path(visit.slug),
        onward_words=visit.words("sessions.out_again"),
        cookies=forget(visit),
    )


def forget(visit: Visit) -> tuple[HostCookie, ...]:
    """What makes a browser forget its session."""
    tenant_id = visit.ctx.tenant_id
    return expired(sso_cookie(tenant_id), "Lax"), expired(account_cookie(tenant_id), "Strict")


def routes(doors: MemberDoors, pages: AccountPages) -> list[Route]:
    """The account page's routes."""
    return [
        Route("/t/{slug}/account", doors.page(pages.show), methods=["GET"]),
        Route("/t/{slug}/account/signout", doors.form(pages.sign_out, FIELDS), methods=["POST"]),
    ]
