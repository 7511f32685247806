"""Sign-up: a form, a mail, and a link whose page asks for the password once more."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from airside.console.entry import EntryDoors, EntryVisit
from airside.console.pages import mailed
from airside.console.problems import problems_of
from airside.console.visit import Form, Instead
from airside.core.errors import Conflict, InvalidInput, LimitExceeded, NotFound, Unauthenticated
from airside.core.secret import Secret
from airside.identity import Policies
from airside.identity.email import MAX_EMAIL
from airside.signin import Registration

FIELDS: Final = ("email", "name", "password")
EMPTY: Final = "?"
"""Stands for an address that wasn't typed: it is none either."""
CONFIRMED: Final = (mailed.TOKEN, "password")


class SignupPages:
    """Takes sign-ups where the tenant lets people make their own account."""

    def __init__(self, *, registration: Registration, policies: Policies) -> None:
        self._registration = registration
        self._policies = policies

    async def show(self, entry: EntryVisit) -> Response:
        """`GET /t/{slug}/signup`: the form; with a token, the page of its link. Raises: NotFound: sign-up is closed."""
        token = mailed.token_of(entry.visit)
        if token is not None:
            return await self._confirm_page(entry, token)
        if not entry.visit.brand.open_signup:
            raise NotFound("sign-up")
        return await self._form(entry, "", "", {})

    async def submit(self, entry: EntryVisit, form: Form) -> Response:
        """`POST /t/{slug}/signup`: the same answer whether the address has an account or not (N15)."""
        visit = entry.visit
        email, name = form["email"].strip(), form["name"]
        try:
            await self._registration.request(visit.ctx, email, name, Secret(form["password"]))
        except InvalidInput as refusal:
            return await self._form(entry, email, name, problems_of(visit.words, refusal, email=email or EMPTY))
        except LimitExceeded as refusal:
            return await self._form(entry, email, name, {}, refusal)
        text = visit.words("signup.sent", email=email[:MAX_EMAIL])
        return visit.page("sent.html", text=text, again=f"/t/{visit.slug}/signup")

    async def confirm(self, entry: EntryVisit, form: Form) -> Response:
        """`POST /t/{slug}/signup/confirm`: spends the link."""
        visit, token = entry.visit, Secret(form[mailed.TOKEN])
        try:
            await self._registration.confirm(visit.ctx, token, Secret(form["password"]))
        except Unauthenticated:
            return await self._confirm_page(entry, token, wrong=True)
        except LimitExceeded as refusal:
            return await self._confirm_page(entry, token, limited=refusal)
        except (NotFound, Conflict):
            raise Instead(mailed.over) from None
        return mailed.done(visit, visit.words("signup.done_title"), visit.words("signup.done"))

    async def _form(
        self, entry: EntryVisit, email: str, name: str, problems: dict[str, str], limited: LimitExceeded | None = None
    ) -> Response:
        policy = await self._policies.identity(entry.visit.ctx)
        how = mailed.outcome(problems, limited)
        return entry.page("signup.html", email=email, name=name, least=policy.password.min_length, **how)

    async def _confirm_page(
        self, entry: EntryVisit, token: Secret[str], *, wrong: bool = False, limited: LimitExceeded | None = None
    ) -> Response:
        visit = entry.visit
        try:
            applicant = await self._registration.look(visit.ctx, token)
        except NotFound:
            return await mailed.over(visit)
        return mailed.ask(
            entry,
            token,
            title=visit.words("signup.confirm_title"),
            lead=visit.words("signup.confirm_lead", email=applicant.email),
            submit=visit.words("signup.confirm"),
            action="signup/confirm",
            fields=("password",),
            email=applicant.email,
            password_label=visit.words("signup.password"),
            problems={"password": visit.words("signup.other_password")} if wrong else None,
            status=401,
            limited=limited,
        )


def routes(doors: EntryDoors, pages: SignupPages) -> list[Route]:
    """The routes of sign-up."""
    name = "signup"
    return [
        Route("/t/{slug}/signup", doors.page(name, pages.show), methods=["GET"]),
        Route("/t/{slug}/signup", doors.form(name, pages.submit, FIELDS), methods=["POST"]),
        Route("/t/{slug}/signup/confirm", doors.form(name, pages.confirm, CONFIRMED), methods=["POST"]),
    ]
