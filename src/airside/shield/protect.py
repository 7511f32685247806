"""One call for both kinds of application."""

from inspect import iscoroutinefunction
from typing import Any, cast, overload

from airside.shield.asgi import App, Shield
from airside.shield.policy import Policy
from airside.shield.wsgi import WsgiApp, WsgiShield


@overload
def protect(app: App, policy: Policy) -> Shield: ...
@overload
def protect(app: WsgiApp, policy: Policy) -> WsgiShield: ...
def protect(app: App | WsgiApp, policy: Policy) -> Shield | WsgiShield:
    """`app` behind `policy`: what is called by `async def` speaks ASGI (3.0), everything else WSGI (PEP 3333).

    Whoever wraps an ASGI application in a plain function says `Shield` or `WsgiShield` themselves.
    """
    calls: Any = app
    if iscoroutinefunction(calls) or iscoroutinefunction(getattr(calls, "__call__", None)):  # noqa: B004 - not whether
        return Shield(cast("App", app), policy)
    return WsgiShield(cast("WsgiApp", app), policy)
