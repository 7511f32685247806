"""A user's own page: who they are here, and where they are signed in."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from airside.console.context import Context, TenantName
from airside.console.forms import read_cookie, read_form
from airside.console.refusals import guarded
from airside.console.render import page
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import SESSION, format_id, parse_id
from airside.core.secret import Secret
from airside.identity import Session, Sessions, Users
from airside.shield import csrf
from airside.shield.cookies import expired
from airside.signin import account_cookie, account_path, signin_path, sso_cookie
from airside.store.context import RequestContext

FIELDS: Final = (csrf.FIELD, "everywhere")


class AccountPages:
    """Shows the account; ends sessions. Everything here needs the Strict cookie."""

    def __init__(self, *, sessions: Sessions, users: Users, context: Context, tenant_name: TenantName) -> None:
        self._sessions = sessions
        self._users = users
        self._context = context
        self._tenant_name = tenant_name

    async def show(self, request: Request) -> Response:
        """`GET /t/{slug}/account`."""
        slug = request.path_params["slug"]
        async with self._context(request) as ctx:
            found = await self._find(request, ctx)
            brand = await self._tenant_name(ctx)
            if found is None:
                return _elsewhere(request, slug, brand)
            secret, session = found
            return page(
                "account.html",
                brand=brand,
                user=await self._users.get(ctx, session.user_id),
                sessions=await self._sessions.list(ctx, session.user_id),
                current=session.id,
                now=ctx.now,
                slug=slug,
                csrf_token=_token(secret, session),
            )

    async def sign_out(self, request: Request) -> Response:
        """`POST /t/{slug}/account/signout`: this session, or with `everywhere` all of the user's."""
        form = await read_form(request, FIELDS)
        slug = request.path_params["slug"]
        async with self._context(request) as ctx:
            found = await self._find(request, ctx)
            if found is None:
                return _to_signin(slug)
            secret, session = found
            _check(secret, session, form[csrf.FIELD])
            if form["everywhere"]:
                await self._sessions.end_all(ctx, session.user_id)
            else:
                await self._sessions.end(ctx, session.id, of=session.user_id)
            return await self._signed_out(ctx, slug, everywhere=bool(form["everywhere"]))

    async def end(self, request: Request) -> Response:
        """`POST /t/{slug}/account/sessions/{id}/end`: one of the user's own sessions."""
        form = await read_form(request, FIELDS)
        slug = request.path_params["slug"]
        async with self._context(request) as ctx:
            found = await self._find(request, ctx)
            if found is None:
                return _to_signin(slug)
            secret, session = found
            _check(secret, session, form[csrf.FIELD])
            ended = _session_id(request)
            await self._sessions.end(ctx, ended, of=session.user_id)
            if ended == session.id:
                return await self._signed_out(ctx, slug)
        return RedirectResponse(account_path(slug), 303, {"cache-control": "no-store"})

    async def _find(self, request: Request, ctx: RequestContext) -> tuple[Secret[str], Session] | None:
        secret = read_cookie(request, account_cookie(ctx.tenant_id))
        session = None if secret is None else await self._sessions.find(ctx, secret, "account")
        return None if secret is None or session is None else (secret, session)

    async def _signed_out(self, ctx: RequestContext, slug: str, *, everywhere: bool = False) -> Response:
        return page(
            "signed_out.html",
            cookies=(
                expired(sso_cookie(ctx.tenant_id), "Lax"),
                expired(account_cookie(ctx.tenant_id), "Strict"),
            ),
            brand=await self._tenant_name(ctx),
            everywhere=everywhere,
            again=signin_path(slug),
        )


def routes(*, sessions: Sessions, users: Users, context: Context, tenant_name: TenantName) -> list[Route]:
    """The account page's routes."""
    pages = AccountPages(sessions=sessions, users=users, context=context, tenant_name=tenant_name)
    return [
        Route("/t/{slug}/account", guarded(pages.show), methods=["GET"]),
        Route("/t/{slug}/account/signout", guarded(pages.sign_out), methods=["POST"]),
        Route("/t/{slug}/account/sessions/{session}/end", guarded(pages.end), methods=["POST"]),
    ]


def _elsewhere(request: Request, slug: str, brand: str) -> Response:
    # Coming from another site, the browser withheld the Strict cookie: a page of our own that leads here brings it.
    if request.headers.get("sec-fetch-site") == "cross-site":
        return page("continue.html", brand=brand, title="One moment", target=account_path(slug))
    return _to_signin(slug)


def _to_signin(slug: str) -> Response:
    return RedirectResponse(signin_path(slug), 303, {"cache-control": "no-store"})


def _token(secret: Secret[str], session: Session) -> str:
    return csrf.issue(secret.reveal().encode(), format_id(SESSION, session.id))


def _check(secret: Secret[str], session: Session, token: str) -> None:
    csrf.check(secret.reveal().encode(), format_id(SESSION, session.id), token)


def _session_id(request: Request) -> UUID:
    try:
        return parse_id(SESSION, request.path_params["session"])
    except InvalidInput:
        raise NotFound("session") from None
