"""Sessions in the application's own PostgreSQL, so that all of its processes share them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final

from airside.sdk.sessions import Stored

if TYPE_CHECKING:
    from psycopg import AsyncConnection

TABLES: Final = (
    """
    create table if not exists airside_session (
        key bytea primary key,
        sealed bytea not null,
        subject text not null,
        session text not null,
        version int not null,
        claimed_until double precision not null default 0,
        expires_at double precision not null
    )
    """,
    "create index if not exists airside_session_subject on airside_session (subject)",
    "create index if not exists airside_session_end on airside_session (expires_at)",
    """
    create table if not exists airside_session_spent (
        word text primary key,
        until double precision not null
    )
    """,
)
"""For the application's own migrations. The application's role needs select, insert, update and delete on both."""

_OVER: Final = "delete from airside_session where expires_at <= %s"
_PUT: Final = """
    insert into airside_session (key, sealed, subject, session, version, expires_at) values (%s, %s, %s, %s, %s, %s)
"""
_GET: Final = """
    select sealed, subject, session, version, expires_at from airside_session where key = %s and expires_at > %s
"""
_CLAIM: Final = """
    update airside_session set claimed_until = %s
     where key = %s and version = %s and claimed_until <= %s returning version
"""
_RENEW: Final = """
    update airside_session set sealed = %s, version = version + 1, claimed_until = 0
     where key = %s and version = %s returning version
"""
_END: Final = "delete from airside_session where key = %s"
_END_OF: Final = """
    delete from airside_session
     where (%(subject)s::text is not null or %(session)s::text is not null)
       and (%(subject)s::text is null or subject = %(subject)s)
       and (%(session)s::text is null or session = %(session)s)
    returning version
"""
_FORGET: Final = "delete from airside_session_spent where until <= %s"
_SPEND: Final = """
    insert into airside_session_spent (word, until) values (%s, %s) on conflict (word) do nothing returning word
"""


class DatabaseSessions:
    """`connection` lends one of psycopg's connections for a transaction, as a pool's method of that name does."""

    def __init__(self, connection: "Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]") -> None:
        self._connection = connection

    async def put(self, key: bytes, stored: Stored, now: float) -> None:
        await self._run(_OVER, (now,))
        about = (stored.sealed, stored.subject, stored.session, stored.version, stored.expires_at)
        await self._run(_PUT, (key, *about))

    async def get(self, key: bytes, now: float) -> Stored | None:
        rows = await self._rows(_GET, (key, now))
        return Stored(bytes(rows[0][0]), *rows[0][1:]) if rows else None

    async def claim(self, key: bytes, version: int, now: float, until: float) -> bool:
        return bool(await self._rows(_CLAIM, (until, key, version, now)))

    async def renew(self, key: bytes, version: int, sealed: bytes) -> bool:
        return bool(await self._rows(_RENEW, (sealed, key, version)))

    async def end(self, key: bytes) -> None:
        await self._run(_END, (key,))

    async def end_of(self, subject: str | None, session: str | None) -> int:
        return len(await self._rows(_END_OF, {"subject": subject, "session": session}))

    async def spend(self, word: str, until: float, now: float) -> bool:
        await self._run(_FORGET, (now,))
        return bool(await self._rows(_SPEND, (word, until)))

    async def _run(self, statement: str, given: tuple[object, ...]) -> None:
        async with self._connection() as connection:
            await connection.execute(statement.encode(), given)

    async def _rows(self, statement: str, given: tuple[object, ...] | dict[str, object]) -> list[tuple[Any, ...]]:
        async with self._connection() as connection:
            return await (await connection.execute(statement.encode(), given)).fetchall()
