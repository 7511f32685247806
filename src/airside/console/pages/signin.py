"""The sign-in pages: plain forms over the login flow, one for each thing that it may ask for."""

from dataclasses import replace
from typing import Final, NamedTuple
from uuid import UUID

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from airside.console.answers import FIELDS, read_answer
from airside.console.forms import read_cookie
from airside.console.pages.leaving import leaving
from airside.console.pages.signin_steps import DISCOVER, PASSWORD, Asked, StepPages
from airside.console.problems import problems_of
from airside.console.visit import Doors, Form, Visit
from airside.core import ids
from airside.core.errors import InvalidInput, LimitExceeded, NotFound
from airside.core.ids import FLOW, format_id, parse_id
from airside.federation import Discovery, FederatedWays
from airside.identity import Devices, EmailCodeAnswer, EmailCodes, Policies, StartedSession
from airside.identity.email import MAX_EMAIL
from airside.identity.sessions import TOKEN_CHARACTERS
from airside.shield import csrf
from airside.shield.cookies import HostCookie, expired
from airside.shield.redirects import safe_local_path
from airside.signin import (
    Ask,
    Done,
    Flows,
    Limited,
    account_cookie,
    account_path,
    device_cookie,
    flow_cookie,
    flow_path,
    sso_cookie,
)
from airside.signin.model import LIFETIME, StartedFlow
from airside.signin.names import DEVICE_SECONDS

SEND: Final = "send"
"""The field of the form that asks for another code by mail."""
CONNECTION: Final = "connection"
"""The field of the form that chooses a connection."""


TAKEN: Final = (*FIELDS, SEND, CONNECTION, csrf.FIELD)


class SigninPages:
    """Begins a login, shows where it stands, takes its answers."""

    def __init__(
        self,
        *,
        flows: Flows,
        policies: Policies,
        devices: Devices,
        email_codes: EmailCodes,
        ways: FederatedWays,
        discovery: Discovery,
    ) -> None:
        self._flows = flows
        self._devices = devices
        self._email_codes = email_codes
        self._discovery = discovery
        self._steps = StepPages(flows=flows, policies=policies, ways=ways, discovery=discovery)

    async def begin(self, visit: Visit) -> Response:
        """`GET /t/{slug}/signin?continue=…`: a new flow, bound to this browser."""
        device = await device_of(visit, self._devices)
        flow = await self._flows.start(visit.ctx, _target(visit), device_id=device.id)
        return started(visit, flow, device)

    async def show(self, visit: Visit) -> Response:
        """`GET /t/{slug}/signin/{flow}?with=…`: what is asked for now, to be answered in the way that is wanted."""
        bound = bound_flow(visit)
        step = await self._flows.submit(visit.ctx, bound.flow_id, bound.browser, None)
        if isinstance(step, Done):
            return done(visit, step)
        told = visit.request.query_params.get("told", "")
        asked = Asked(
            visit.request.query_params.get("with", ""),
            problems={"form": visit.words("problem.elsewhere")} if told == "refused" else {},
        )
        if isinstance(step, Ask) and step.stage == "first":
            flow = await self._flows.load(visit.ctx, bound.flow_id, bound.browser)
            asked = replace(asked, email=flow.login_hint[:MAX_EMAIL])
        return await self._steps.show(visit, bound, step, asked)

    async def submit(self, visit: Visit, form: Form) -> Response:
        """`POST /t/{slug}/signin/{flow}`: one answer, one step."""
        bound = bound_flow(visit)
        csrf.check(bound.browser.reveal().encode(), format_id(FLOW, bound.flow_id), form[csrf.FIELD])
        if form[SEND]:
            return await self._send_again(visit, bound)
        if form[CONNECTION]:
            return await self._leave(visit, bound, _connection(form[CONNECTION]))
        if form["kind"] == DISCOVER:
            return await self._discover(visit, bound, form["email"][:MAX_EMAIL])
        problems: dict[str, str] = {}
        try:
            step = await self._flows.submit(visit.ctx, bound.flow_id, bound.browser, read_answer(form))
        except InvalidInput as refusal:
            problems = self._problems(visit, refusal)
            step = await self._flows.submit(visit.ctx, bound.flow_id, bound.browser, None)
        if isinstance(step, Done):
            return done(visit, step)
        asked = Asked(form["kind"], form["email"][:MAX_EMAIL], problems=problems)
        return await self._steps.show(visit, bound, step, asked)

    async def _leave(self, visit: Visit, bound: StartedFlow, connection_id: UUID) -> Response:
        """To the provider of that connection, and back."""
        return leaving(visit, await self._flows.lead(visit.ctx, bound.flow_id, bound.browser, connection_id))

    async def _discover(self, visit: Visit, bound: StartedFlow, email: str) -> Response:
        """Where people of that address's domain sign in: elsewhere, or here. Nobody is looked up by it (N15)."""
        connection_id = await self._discovery.discover(visit.ctx, email)
        if connection_id is not None:
            return await self._leave(visit, bound, connection_id)
        step = await self._flows.submit(visit.ctx, bound.flow_id, bound.browser, None)
        if isinstance(step, Done):
            return done(visit, step)
        return await self._steps.show(visit, bound, step, Asked(PASSWORD, email))

    async def _send_again(self, visit: Visit, bound: StartedFlow) -> Response:
        """Another code by mail, where one is asked for; the one before is worth nothing."""
        ctx = visit.ctx
        await self._flows.challenge(ctx, bound.flow_id, bound.browser, EmailCodeAnswer.kind)
        flow = await self._flows.load(ctx, bound.flow_id, bound.browser)
        step = await self._flows.submit(ctx, bound.flow_id, bound.browser, None)
        if flow.user_id is None or not isinstance(step, Ask):
            raise NotFound("flow")
        try:
            await self._email_codes.send(ctx, flow.flow_id, flow.user_id, flow.device_id)
        except LimitExceeded as refusal:
            return await self._steps.show(visit, bound, Limited(refusal.retry_after, step), Asked())
        return await self._steps.show(visit, bound, step, Asked(sent=True))

    def _problems(self, visit: Visit, refusal: InvalidInput) -> dict[str, str]:
        """Why what was to be set (a password, a passkey) isn't taken."""
        if "weakness" in refusal.data:
            return problems_of(visit.words, refusal)
        return {"form": visit.words("problem.passkey")}


class Device(NamedTuple):
    """A browser: its id, and the cookie that makes it known again, where it has none yet."""

    id: UUID
    cookie: HostCookie | None = None


async def device_of(visit: Visit, devices: Devices) -> Device:
    """The browser that asks; one without its cookie is given one. Who is known by it is another question."""
    name = device_cookie(visit.ctx.tenant_id)
    known = await devices.recognise(visit.ctx, read_cookie(visit.request, name))
    if known is not None:
        return Device(known)
    minted, secret = await devices.mint(visit.ctx)
    return Device(minted, HostCookie(name, secret.reveal(), "Lax", DEVICE_SECONDS))


def started(visit: Visit, flow: StartedFlow, device: Device) -> Response:
    """To the page of a login that has just begun; its cookie binds it to this browser."""
    age = int(LIFETIME.total_seconds())
    response = RedirectResponse(flow_path(visit.slug, flow.flow_id), 303, {"cache-control": "no-store"})
    for cookie in (
        HostCookie(flow_cookie(visit.ctx.tenant_id), flow.browser.reveal(), "Lax", age),
        *([device.cookie] if device.cookie else []),
    ):
        response.headers.append("set-cookie", cookie.render())
    return response


def routes(doors: Doors, pages: SigninPages) -> list[Route]:
    """The sign-in pages' routes."""
    return [
        Route("/t/{slug}/signin", doors.page(pages.begin), methods=["GET"]),
        Route("/t/{slug}/signin/{flow}", doors.page(pages.show), methods=["GET"]),
        Route(
            "/t/{slug}/signin/{flow}",
            doors.form(pages.submit, (*FIELDS, SEND, CONNECTION, csrf.FIELD)),
            methods=["POST"],
        ),
    ]


def session_cookies(visit: Visit, started: StartedSession) -> tuple[HostCookie, ...]:
    """The two cookies of a session."""
    tenant_id = visit.ctx.tenant_id
    return (
        HostCookie(sso_cookie(tenant_id), started.sso.reveal(), "Lax"),
        HostCookie(account_cookie(tenant_id), started.account.reveal(), "Strict"),
    )


def done(visit: Visit, step: Done) -> Response:
    """On from a login that is over, with its session's cookies."""
    # 200 with meta refresh: browsers apply `form-action` to redirects after a form post, and withhold Strict
    # cookies from them.
    return visit.page(
        "continue.html",
        cookies=(
            *session_cookies(visit, step.session),
            expired(flow_cookie(visit.ctx.tenant_id), "Lax"),
        ),
        title=visit.words("signin.done"),
        target=step.continue_to,
    )


def bound_flow(visit: Visit) -> StartedFlow:
    """The login in the path, with the secret that this browser has of one.

    Raises:
        NotFound: it has none, or that is no login's name.
    """
    browser = read_cookie(visit.request, flow_cookie(visit.ctx.tenant_id))
    if browser is None or len(browser.reveal()) != TOKEN_CHARACTERS:
        raise NotFound("flow")
    try:
        return StartedFlow(parse_id(FLOW, visit.request.path_params["flow"]), browser)
    except InvalidInput:
        raise NotFound("flow") from None


def _connection(word: str) -> UUID:
    try:
        return parse_id(ids.CONNECTION, word)
    except InvalidInput:
        raise NotFound("connection") from None


def _target(visit: Visit) -> str:
    """Where to go on: within the tenant, or else its account page. What leads elsewhere is as good as missing."""
    wanted = visit.request.query_params.getlist("continue")
    if len(wanted) == 1 and wanted[0].startswith(f"/t/{visit.slug}/"):
        try:
            return safe_local_path(wanted[0])
        except InvalidInput:
            pass
    return account_path(visit.slug)
