"""Verification of an e-mail address: a link whose page asks, and a form that spends it."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.console.entry import EntryDoors, EntryVisit
from airside.console.pages import mailed
from airside.console.visit import Form, Instead
from airside.core.errors import NotFound
from airside.core.secret import Secret
from airside.signin import Verification

FIELDS: Final = (mailed.TOKEN,)


class VerifyPages:
    """Shows which address is to be verified, and takes the answer."""

    def __init__(self, *, verification: Verification) -> None:
        self._verification = verification

    async def show(self, entry: EntryVisit) -> Response:
        """`GET /t/{slug}/verify?token=…`."""
        visit = entry.visit
        token = mailed.token_of(visit)
        if token is None:
            return await mailed.over(visit)
        try:
            email = await self._verification.look(visit.ctx, token)
        except NotFound:
            return await mailed.over(visit)
        return mailed.ask(
            entry,
            token,
            title=visit.words("verify.title"),
            lead=visit.words("verify.lead", email=email),
            submit=visit.words("verify.submit"),
            action="verify",
        )

    async def confirm(self, entry: EntryVisit, form: Form) -> Response:
        """`POST /t/{slug}/verify`: spends the link."""
        visit = entry.visit
        try:
            await self._verification.confirm(visit.ctx, Secret(form[mailed.TOKEN]))
        except NotFound:
            raise Instead(mailed.over) from None
        return mailed.done(visit, visit.words("verify.done_title"), visit.words("verify.done"))


def routes(doors: EntryDoors, pages: VerifyPages) -> list[Route]:
    """The routes of verification."""
    name = "verify"
    return [
        Route("/t/{slug}/verify", doors.page(name, pages.show), methods=["GET"]),
        Route("/t/{slug}/verify", doors.form(name, pages.confirm, FIELDS), methods=["POST"]),
    ]
