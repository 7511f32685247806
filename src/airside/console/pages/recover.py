"""Recovery: an address, a mail, and a link whose page takes a new password. It signs nobody in."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.console.entry import EntryDoors, EntryVisit
from airside.console.pages import mailed
from airside.console.problems import problems_of
from airside.console.visit import Form, Instead
from airside.core.errors import InvalidInput, LimitExceeded, NotFound
from airside.core.secret import Secret
from airside.identity import Policies
from airside.identity.email import MAX_EMAIL
from airside.signin import Recovery

FIELDS: Final = ("email",)
FINISHED: Final = (mailed.TOKEN, "password")


class RecoveryPages:
    """Sends links to those who lost their password."""

    def __init__(self, *, recovery: Recovery, policies: Policies) -> None:
        self._recovery = recovery
        self._policies = policies

    async def show(self, entry: EntryVisit) -> Response:
        """`GET /t/{slug}/recover`: the form; with a token, the page of its link."""
        token = mailed.token_of(entry.visit)
        if token is not None:
            return await self._finish_page(entry, token, {})
        return entry.page("recover.html", email="", **mailed.outcome({}))

    async def submit(self, entry: EntryVisit, form: Form) -> Response:
        """`POST /t/{slug}/recover`: the same answer whether the address has an account or not (N15)."""
        visit, email = entry.visit, form["email"].strip()[:MAX_EMAIL]
        if "@" not in email:
            problems = {"email": visit.words("problem.email")}
            return entry.page("recover.html", email=email, **mailed.outcome(problems))
        try:
            await self._recovery.request(visit.ctx, email)
        except LimitExceeded as refusal:
            return entry.page("recover.html", email=email, **mailed.outcome({}, refusal))
        text = visit.words("recover.sent", email=email)
        return visit.page("sent.html", text=text, again=f"/t/{visit.slug}/recover")

    async def finish(self, entry: EntryVisit, form: Form) -> Response:
        """`POST /t/{slug}/recover/confirm`: spends the link and sets the password."""
        visit, token = entry.visit, Secret(form[mailed.TOKEN])
        try:
            await self._recovery.finish(visit.ctx, token, Secret(form["password"]))
        except InvalidInput as refusal:
            problems = problems_of(visit.words, refusal)
            raise entry.instead(lambda again: self._finish_page(again, token, problems)) from None
        except NotFound:
            raise Instead(mailed.over) from None
        return mailed.done(visit, visit.words("recover.done_title"), visit.words("recover.done"))

    async def _finish_page(self, entry: EntryVisit, token: Secret[str], problems: dict[str, str]) -> Response:
        visit = entry.visit
        try:
            person = await self._recovery.look(visit.ctx, token)
        except NotFound:
            return await mailed.over(visit)
        policy = await self._policies.identity(visit.ctx)
        return mailed.ask(
            entry,
            token,
            title=visit.words("recover.confirm_title"),
            lead=visit.words("recover.confirm_lead", email=person.email),
            text=visit.words("recover.warning_second" if person.second else "recover.warning"),
            submit=visit.words("recover.submit_new"),
            action="recover/confirm",
            fields=("password",),
            password_label=visit.words("field.new_password"),
            least=policy.password.min_length,
            problems=problems,
        )


def routes(doors: EntryDoors, pages: RecoveryPages) -> list[Route]:
    """The routes of recovery."""
    name = "recover"
    return [
        Route("/t/{slug}/recover", doors.page(name, pages.show), methods=["GET"]),
        Route("/t/{slug}/recover", doors.form(name, pages.submit, FIELDS), methods=["POST"]),
        Route("/t/{slug}/recover/confirm", doors.form(name, pages.finish, FINISHED), methods=["POST"]),
    ]
