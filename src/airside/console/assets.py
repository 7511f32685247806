"""Static files of the pages, addressed by their content: a changed file has a changed address."""

from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

YEAR: Final = 365 * 24 * 3600
_TYPES: Final = {
    "airside.css": "text/css; charset=utf-8",
    "airside.svg": "image/svg+xml",
    "form-post.js": "text/javascript; charset=utf-8",
    "passkey.js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: what it holds and which version that is."""

    name: str
    content: bytes
    version: str

    @property
    def address(self) -> str:
        """Where this very version is served."""
        return f"/static/{self.name}?v={self.version}"


def _load(name: str) -> Asset:
    content = (resources.files("airside.console") / "static" / name).read_bytes()
    return Asset(name, content, sha256(content).hexdigest()[:16])


ASSETS: Final = {name: _load(name) for name in _TYPES}


async def _serve(request: Request) -> Response:
    asset = ASSETS[request.url.path.rpartition("/")[2]]
    tag = f'"{asset.version}"'
    current = request.query_params.get("v") == asset.version
    caching = f"public, max-age={YEAR}, immutable" if current else "no-cache"
    headers = {"cache-control": caching, "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, headers=headers, media_type=_TYPES[asset.name])


def asset_routes() -> list[Route]:
    """One route a file: no path of a request is ever looked up on disk."""
    return [Route(f"/static/{name}", _serve, methods=["GET"]) for name in ASSETS]
