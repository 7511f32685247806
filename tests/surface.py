"""Every address that the real application answers, and credentials that reach all of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from airside.access.rights import RELATION_OF_SCOPE
from airside.admin.platform import OPERATOR
from airside.audit import Event
from airside.oauth import ClientDraft
from airside.tenancy import PLATFORM_SLUG
from airside.wiring.app import routes
from tests.running import Place, Running
from tests.trips.visitor import token_request

PLATFORM_SCOPES = frozenset({"tenants:read", "tenants:write"})
FORMS = frozenset(
    {
        *("/oauth2/authorize", "/oauth2/par", "/oauth2/token", "/oauth2/revoke", "/oauth2/introspect"),
        *("/oauth2/device_authorization", "/oauth2/userinfo", "/oauth2/logout"),
        *("/signin", "/signup", "/recover", "/invitation", "/verify", "/account", "/consent", "/device", "/signout"),
        "/setup",
        *("/saml", "/oidc"),
    }
)
"""What begins with these below a tenant takes a form; every other body is JSON."""


@dataclass(frozen=True, order=True)
class Endpoint:
    """One method of one route."""

    method: str
    template: str
    takes_json: bool

    @property
    def is_platform(self) -> bool:
        return self.template.startswith("/platform/")

    @property
    def is_openfga(self) -> bool:
        return self.template == "/stores" or self.template.startswith("/stores/")

    @property
    def is_scim(self) -> bool:
        return self.template.startswith("/t/{slug}/scim/")

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


def endpoints(server: Running) -> list[Endpoint]:
    """Every method of every route, HEAD apart."""
    return sorted(set(_walk(routes(server.services), "")))


def flat(found: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, Route]]:
    """Every route with its whole path. A kind of route that isn't known here is an error, never left out."""
    for route in found:
        inner = getattr(route, "original_router", None)  # FastAPI's included router, which is no Mount
        if isinstance(route, Mount):
            yield from flat(route.routes, prefix + route.path)
        elif isinstance(route, Route):
            yield prefix + route.path, route
        elif inner is not None:
            yield from flat(inner.routes, prefix)
        else:
            raise AssertionError(f"a kind of route that nobody walks: {route!r}")


def _walk(found: Iterable[BaseRoute], prefix: str) -> Iterator[Endpoint]:
    for path, route in flat(found, prefix):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield Endpoint(method, path, _takes_json(method, path, route))


def _takes_json(method: str, path: str, route: Route) -> bool:
    if method not in ("POST", "PUT", "PATCH") or "/{endpoint}" in path:  # SCIM's words for what isn't there
        return False
    if isinstance(route, APIRoute):
        taken = None if route.body_field is None else getattr(route.body_field.field_info, "media_type", None)
        return taken == "application/json"
    below = path.removeprefix("/t/{slug}")
    return below == path or not any(below == form or below.startswith(form + "/") for form in FORMS)


async def administrator_token(place: Place) -> str:
    """A token of a program that may do everything in the tenant."""
    return await _token(place, frozenset(RELATION_OF_SCOPE) - PLATFORM_SCOPES)


async def token_with(place: Place, *scopes: str) -> str:
    """A token of a program that may do what the scopes say, and nothing else."""
    return await _token(place, frozenset(scopes))


async def platform_token(server: Running) -> str:
    """A token of a program that may do everything across tenants."""
    return await _token(Place(server, PLATFORM_SLUG, await _platform(server)), PLATFORM_SCOPES)


async def _platform(server: Running) -> UUID:
    return await server.services.platform.bootstrap()


async def administrator_program(place: Place) -> tuple[str, str]:
    """The client id and secret of a program that may do everything in the tenant."""
    return await _program(place, frozenset(RELATION_OF_SCOPE) - PLATFORM_SCOPES)


async def _program(place: Place, scopes: frozenset[str]) -> tuple[str, str]:
    draft = ClientDraft("Probe", False, frozenset({"client_credentials"}), audiences=(place.issuer,), scopes=scopes)
    async with place.server.services.engine.begin(place.tenant_id, principal=OPERATOR) as ctx:
        client, secret = await place.server.services.client_admin.create(ctx, draft)
    assert secret is not None
    return client.word, secret.reveal()


async def _token(place: Place, scopes: frozenset[str]) -> str:
    form = {"grant_type": "client_credentials"}
    answer = await token_request(place, form, auth=await _program(place, scopes))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def alert_of(place: Place) -> UUID:
    """An alert, raised as the server raises it: whether its own watch comes first makes no difference."""
    services = place.server.services
    async with place.operator() as ctx:
        await services.journal.record(ctx, Event.FAMILY_REUSED, subject="user:usr_01ba2272b0000000000000000a")
    async with place.operator() as ctx:
        await services.sequencer.sequence(ctx)
    async with place.operator() as ctx:
        await services.watch.turn(ctx)
    async with place.operator() as ctx:
        return (await services.alert_admin.list(ctx, rule="refresh_token_reuse"))[0].alert_id
