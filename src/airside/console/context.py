"""What the pages need from rooms that `wiring` fills in."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from starlette.requests import Request

from airside.store.context import RequestContext


class Context(Protocol):
    """Opens the context of the tenant in the path, for nobody yet."""

    def __call__(self, request: Request) -> AbstractAsyncContextManager[RequestContext]:
        """Raises `NotFound` where there is no such tenant."""
        ...


class TenantName(Protocol):
    """What a tenant calls itself on its pages."""

    async def __call__(self, ctx: RequestContext) -> str:
        """The display name of the context's tenant."""
        ...
