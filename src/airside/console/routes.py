"""The hosted pages' routes, ready to be mounted at the root of the application."""

from starlette.routing import Route

from airside.console.assets import asset_routes
from airside.console.context import Context, TenantName
from airside.console.pages import account, signin
from airside.identity import Sessions, Users
from airside.signin import Flows


def routes(*, flows: Flows, sessions: Sessions, users: Users, context: Context, tenant_name: TenantName) -> list[Route]:
    """Sign-in, account and what they look like: paths under `/t/{slug}` and `/static`."""
    return [
        *signin.routes(flows=flows, context=context, tenant_name=tenant_name),
        *account.routes(sessions=sessions, users=users, context=context, tenant_name=tenant_name),
        *asset_routes(),
    ]
