"""Plain makers and the types that fixtures hand out."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from airside.store import Engine, RequestContext


@dataclass(frozen=True)
class Database:
    """Three ways into one database."""

    app: str
    owner: str
    superuser: str


OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
EngineFactory = Callable[[], AbstractAsyncContextManager[Engine]]
MakeTenant = Callable[[], Awaitable[UUID]]
MakeDatabase = Callable[[], AbstractAsyncContextManager[Database]]
FindData = Callable[[str], Path]
