"""Invitations: a link whose page asks for a name and a password, and makes an account. It signs nobody in."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.console.entry import EntryDoors, EntryVisit
from airside.console.pages import mailed
from airside.console.problems import problems_of
from airside.console.visit import Form, Instead, Visit
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.secret import Secret
from airside.identity import Policies
from airside.signin import Acceptance

FIELDS: Final = (mailed.TOKEN, "name", "password")


class InvitationPages:
    """Shows an invitation and takes its acceptance."""

    def __init__(self, *, acceptance: Acceptance, policies: Policies) -> None:
        self._acceptance = acceptance
        self._policies = policies

    async def show(self, entry: EntryVisit) -> Response:
        """`GET /t/{slug}/invitation?token=…`."""
        token = mailed.token_of(entry.visit)
        return await mailed.over(entry.visit) if token is None else await self._page(entry, token, None, {})

    async def accept(self, entry: EntryVisit, form: Form) -> Response:
        """`POST /t/{slug}/invitation`: spends the link."""
        visit, token = entry.visit, Secret(form[mailed.TOKEN])
        try:
            await self._acceptance.accept(visit.ctx, token, form["name"], Secret(form["password"]))
        except InvalidInput as refusal:
            problems = problems_of(visit.words, refusal)
            raise entry.instead(lambda again: self._page(again, token, form["name"], problems)) from None
        except Conflict:
            raise Instead(_known) from None
        except NotFound:
            raise Instead(mailed.over) from None
        return mailed.done(visit, visit.words("invitation.done_title"), visit.words("invitation.done"))

    async def _page(
        self, entry: EntryVisit, token: Secret[str], name: str | None, problems: dict[str, str]
    ) -> Response:
        visit = entry.visit
        try:
            invitation = await self._acceptance.look(visit.ctx, token)
        except NotFound:
            return await mailed.over(visit)
        policy = await self._policies.identity(visit.ctx)
        return mailed.ask(
            entry,
            token,
            title=visit.words("invitation.title"),
            lead=visit.words("invitation.lead", brand=visit.brand.name, email=invitation.email),
            submit=visit.words("invitation.submit"),
            action="invitation",
            fields=("name", "password"),
            email=invitation.email,
            name=invitation.name if name is None else name,
            password_label=visit.words("field.password"),
            least=policy.password.min_length,
            problems=problems,
        )


def routes(doors: EntryDoors, pages: InvitationPages) -> list[Route]:
    """The routes of invitations."""
    name = "invitation"
    return [
        Route("/t/{slug}/invitation", doors.page(name, pages.show), methods=["GET"]),
        Route("/t/{slug}/invitation", doors.form(name, pages.accept, FIELDS), methods=["POST"]),
    ]


async def _known(visit: Visit) -> Response:
    return mailed.done(visit, visit.words("invitation.title"), visit.words("invitation.known"))
