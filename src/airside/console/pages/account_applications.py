"""Which applications of others a user has let in, and the end of that."""

from starlette.responses import Response
from starlette.routing import Route

from airside.console.signed_in import Member, MemberDoors, id_in_path
from airside.console.visit import Form, onward
from airside.core.ids import CLIENT, format_id
from airside.identity import Users
from airside.oauth import Consents, Scopes


class ApplicationPages:
    """Lists what was allowed, and takes it back."""

    def __init__(self, *, consents: Consents, scopes: Scopes, users: Users) -> None:
        self._consents = consents
        self._scopes = scopes
        self._users = users

    async def show(self, member: Member) -> Response:
        """`GET /t/{slug}/account/applications`."""
        ctx, user_id = member.ctx, member.session.user_id
        language = member.visit.words.code
        applications = [
            (format_id(CLIENT, each.client_id), each, await self._scopes.describe(ctx, each.scopes, language))
            for each in await self._consents.list(ctx, user_id)
        ]
        user = await self._users.get(ctx, user_id)
        return member.page("account_applications.html", user=user, applications=applications)

    async def revoke(self, member: Member, _form: Form) -> Response:
        """`POST /t/{slug}/account/applications/{client}/revoke`: its tokens end with it."""
        await self._consents.revoke(member.ctx, member.session.user_id, id_in_path(member, CLIENT, "client"))
        return onward(f"/t/{member.visit.slug}/account/applications")


def routes(doors: MemberDoors, pages: ApplicationPages) -> list[Route]:
    """The routes of applications."""
    path = "/t/{slug}/account/applications"
    return [
        Route(path, doors.page(pages.show), methods=["GET"]),
        Route(f"{path}/{{client}}/revoke", doors.form(pages.revoke), methods=["POST"]),
    ]
