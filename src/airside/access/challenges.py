"""Challenges that say where a client learns how to get a token (RFC 9728 §5.1)."""

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from airside.access.problems import refusal_response
from airside.core.errors import Refusal

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_OF_TENANT: Final = re.compile(r"(/t/[a-z0-9-]{1,63})/")
_CHALLENGE: Final = "www-authenticate"


class Challenges:
    """Starlette's handler for `Refusal`, that knows this server's own address."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    async def refused(self, request: Request, error: Refusal) -> Response:
        """The problem of `error`. Where it is a challenge below a tenant's address, it names the metadata of that
        tenant's interfaces."""
        answer = await refusal_response(request, error)
        found = _OF_TENANT.match(request.scope["path"])
        if _CHALLENGE in answer.headers and found is not None:
            said = answer.headers[_CHALLENGE]
            metadata = f'resource_metadata="{metadata_address(self._origin + found[1])}"'
            answer.headers[_CHALLENGE] = f"{said}{', ' if '=' in said else ' '}{metadata}"
        return answer


def metadata_address(resource: str) -> str:
    """Where the metadata of `resource` stands: the well-known words go between host and path (RFC 9728 §3.1)."""
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path}"
