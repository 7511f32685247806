"""The sign-in page: a plain form over the login flow."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from airside.console.context import Context, TenantName
from airside.console.forms import read_cookie, read_form
from airside.console.refusals import guarded
from airside.console.render import page, retry_header
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import FLOW, format_id, parse_id
from airside.core.secret import Secret
from airside.identity import PasswordAnswer
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
    Refused,
    Step,
    account_cookie,
    account_path,
    flow_cookie,
    flow_path,
    sso_cookie,
)
from airside.signin.model import LIFETIME
from airside.store.context import RequestContext

FIELDS: Final = ("email", "password", csrf.FIELD)
REFUSED: Final = "This sign-in can't go on here. Please ask your administrator."


class SigninPages:
    """Begins a login, shows where it stands, takes its answers."""

    def __init__(self, *, flows: Flows, context: Context, tenant_name: TenantName) -> None:
        self._flows = flows
        self._context = context
        self._tenant_name = tenant_name

    async def begin(self, request: Request) -> Response:
        """`GET /t/{slug}/signin?continue=…`: a new flow, bound to this browser."""
        slug = request.path_params["slug"]
        async with self._context(request) as ctx:
            started = await self._flows.start(ctx, _target(request, slug))
            cookie = HostCookie(
                flow_cookie(ctx.tenant_id), started.browser.reveal(), "Lax", int(LIFETIME.total_seconds())
            )
        response = RedirectResponse(flow_path(slug, started.flow_id), 303, {"cache-control": "no-store"})
        response.headers.append("set-cookie", cookie.render())
        return response

    async def show(self, request: Request) -> Response:
        """`GET /t/{slug}/signin/{flow}`: the form."""
        async with self._context(request) as ctx:
            flow_id, browser = _bound(request, ctx)
            await self._flows.load(ctx, flow_id, browser)
            return await self._form(ctx, flow_id, browser, Ask("first", ("password",)), "")

    async def submit(self, request: Request) -> Response:
        """`POST /t/{slug}/signin/{flow}`: one answer, one step."""
        form = await read_form(request, FIELDS)
        async with self._context(request) as ctx:
            flow_id, browser = _bound(request, ctx)
            csrf.check(browser.reveal().encode(), format_id(FLOW, flow_id), form[csrf.FIELD])
            answer = PasswordAnswer(form["email"], Secret(form["password"]))
            step = await self._flows.submit(ctx, flow_id, browser, answer)
            if isinstance(step, Done):
                return await self._done(ctx, step)
            return await self._form(ctx, flow_id, browser, step, form["email"][:MAX_EMAIL])

    async def _form(self, ctx: RequestContext, flow_id: UUID, browser: Secret[str], step: Step, email: str) -> Response:
        status, headers = _status(step)
        return page(
            "signin.html",
            status=status,
            headers=headers,
            brand=await self._tenant_name(ctx),
            email=email,
            failed=isinstance(step, Ask) and step.failed,
            retry_after=step.retry_after if isinstance(step, Limited) else None,
            refused=REFUSED if isinstance(step, Refused) else "",
            csrf_token=csrf.issue(browser.reveal().encode(), format_id(FLOW, flow_id)),
        )

    async def _done(self, ctx: RequestContext, step: Done) -> Response:
        # 200 with meta refresh: browsers apply `form-action` to redirects after a form post, and withhold Strict
        # cookies from them.
        return page(
            "continue.html",
            cookies=(
                HostCookie(sso_cookie(ctx.tenant_id), step.session.sso.reveal(), "Lax"),
                HostCookie(account_cookie(ctx.tenant_id), step.session.account.reveal(), "Strict"),
                expired(flow_cookie(ctx.tenant_id), "Lax"),
            ),
            brand=await self._tenant_name(ctx),
            title="Signed in",
            target=step.continue_to,
        )


def routes(*, flows: Flows, context: Context, tenant_name: TenantName) -> list[Route]:
    """The sign-in page's routes."""
    pages = SigninPages(flows=flows, context=context, tenant_name=tenant_name)
    return [
        Route("/t/{slug}/signin", guarded(pages.begin), methods=["GET"]),
        Route("/t/{slug}/signin/{flow}", guarded(pages.show), methods=["GET"]),
        Route("/t/{slug}/signin/{flow}", guarded(pages.submit), methods=["POST"]),
    ]


def _bound(request: Request, ctx: RequestContext) -> tuple[UUID, Secret[str]]:
    browser = read_cookie(request, flow_cookie(ctx.tenant_id))
    if browser is None or len(browser.reveal()) != TOKEN_CHARACTERS:
        raise NotFound("flow")
    try:
        return parse_id(FLOW, request.path_params["flow"]), browser
    except InvalidInput:
        raise NotFound("flow") from None


def _target(request: Request, slug: str) -> str:
    """Where to go on: within the tenant, or else its account page. What leads elsewhere is as good as missing."""
    wanted = request.query_params.getlist("continue")
    if len(wanted) == 1 and wanted[0].startswith(f"/t/{slug}/"):
        try:
            return safe_local_path(wanted[0])
        except InvalidInput:
            pass
    return account_path(slug)


def _status(step: Step) -> tuple[int, dict[str, str]]:
    if isinstance(step, Limited):
        return 429, retry_header(step.retry_after)
    if isinstance(step, Refused):
        return 403, {}
    if isinstance(step, Ask) and step.failed:
        return 401, {"www-authenticate": "Form"}
    return 200, {}
