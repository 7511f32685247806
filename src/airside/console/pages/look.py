"""A tenant's colour and logo as files of their own: the policy of the pages forbids inline style."""

from starlette.responses import Response
from starlette.routing import Route

from airside.console import colours
from airside.console.assets import YEAR
from airside.console.visit import Doors, Visit
from airside.core.errors import NotFound


async def style(visit: Visit) -> Response:
    """`GET /t/{slug}/style.css`. Raises: NotFound: the tenant has no colour of its own."""
    if not visit.brand.colour:
        raise NotFound("style")
    text = colours.style(visit.brand.colour)
    return Response(text, headers=_caching(visit, visit.brand.style_version), media_type="text/css; charset=utf-8")


async def logo(visit: Visit) -> Response:
    """`GET /t/{slug}/logo`: a PNG and nothing else. Raises: NotFound: the tenant has none."""
    if not visit.brand.logo:
        raise NotFound("logo")
    return Response(visit.brand.logo, headers=_caching(visit, visit.brand.logo_version), media_type="image/png")


def _caching(visit: Visit, version: str) -> dict[str, str]:
    current = visit.request.query_params.get("v") == version
    return {"cache-control": f"public, max-age={YEAR}, immutable" if current else "no-cache"}


def routes(doors: Doors) -> list[Route]:
    """What a tenant's pages look like."""
    return [
        Route("/t/{slug}/style.css", doors.page(style), methods=["GET"]),
        Route("/t/{slug}/logo", doors.page(logo), methods=["GET"]),
    ]
