"""A user's password: changed by whoever knows the old one, set by whoever has none and has proven otherwise who they
are."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.console.fresh import Fresh
from airside.console.pages.mailed import outcome
from airside.console.problems import problems_of
from airside.console.signed_in import Member, MemberDoors
from airside.console.visit import Form
from airside.core.errors import InvalidInput, LimitExceeded, Unauthenticated
from airside.core.secret import Secret
from airside.identity import Factors, Passwords, Policies, Sessions, Users

FIELDS: Final = ("email", "current", "password")


class PasswordPages:
    """Changes and sets a password."""

    def __init__(
        self,
        *,
        users: Users,
        passwords: Passwords,
        factors: Factors,
        sessions: Sessions,
        policies: Policies,
        fresh: Fresh,
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._factors = factors
        self._sessions = sessions
        self._policies = policies
        self._fresh = fresh

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/account/password`."""
        return await self._page(member, {})

    async def change(self, member: Member, form: Form) -> Response:
        """`POST /t/{slug}/account/password`: their other sessions end with the old password."""
        user_id, new = member.session.user_id, Secret(form["password"])
        words = (member.visit.brand.name,)
        enrolled = await self._factors.of(member.ctx, user_id)
        if not enrolled.password:
            away = await self._fresh.demand(member, f"/t/{member.visit.slug}/account/password")
            if away is not None:
                return away
        try:
            if enrolled.password:
                await self._passwords.change(member.ctx, user_id, Secret(form["current"]), new, words=words)
            else:
                await self._passwords.set(member.ctx, user_id, new, words=words)
        except Unauthenticated:
            return await self._page(member, {"current": member.words("problem.current_password")}, status=401)
        except InvalidInput as refusal:
            return await self._page(member, problems_of(member.visit.words, refusal))
        except LimitExceeded as refusal:
            return await self._page(member, {}, limited=refusal)
        await self._end_others(member)
        done = member.words("changepassword.done" if enrolled.password else "changepassword.done_set")
        return await self._page(member, {}, done=done)

    async def _end_others(self, member: Member) -> None:
        for session in await self._sessions.list(member.ctx, member.session.user_id):
            if session.id != member.session.id:
                await self._sessions.end(member.ctx, session.id, of=session.user_id)

    async def _page(
        self,
        member: Member,
        problems: dict[str, str],
        *,
        status: int = 422,
        limited: LimitExceeded | None = None,
        done: str = "",
    ) -> Response:
        user_id = member.session.user_id
        policy = await self._policies.identity(member.ctx)
        return member.page(
            "account_password.html",
            **outcome(problems, limited, status),
            user=await self._users.get(member.ctx, user_id),
            enrolled=await self._factors.of(member.ctx, user_id),
            least=policy.password.min_length,
            done=done,
        )


def routes(doors: MemberDoors, pages: PasswordPages) -> list[Route]:
    """The routes of the password."""
    return [
        Route("/t/{slug}/account/password", doors.page(pages.show), methods=["GET"]),
        Route("/t/{slug}/account/password", doors.form(pages.change, FIELDS), methods=["POST"]),
    ]
