"""The tenant in an application's own PostgreSQL: set in the transaction, asked by row-level security.

Policies compare a column with a setting, `tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid`; what
stands here sets it, by `SET LOCAL`, so that it ends with the transaction and no pooled connection carries it to another
request. Whoever forgets to set it sees nothing. `isolation.py` proves that the policies are there.
"""

import re
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

from airside.core.errors import Conflict, InvalidInput, Misconfigured

if TYPE_CHECKING:  # an application has one of these drivers, and not the other
    from psycopg import AsyncConnection, Connection
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

SETTING: Final = "app.tenant_id"
_TENANT: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SETTING: Final = re.compile(r"[a-z_][a-z0-9_]{0,30}\.[a-z_][a-z0-9_]{0,30}")
_IDLE: Final = 0  # libpq's PQTRANS_IDLE
_SESSION_TENANT: Final = "airside_tenant"


def tenant_statement(tenant: str, setting: str = SETTING) -> str:
    """`SET LOCAL` for one transaction. It takes no parameters in PostgreSQL, so that `tenant` is held to letters that
    need no quoting: a tenant's id (`token.tenant_id`) or a UUID is.

    Raises:
        InvalidInput: another word.
        Misconfigured: a setting that isn't of the form `app.tenant_id`.
    """
    if not _TENANT.fullmatch(tenant):
        raise InvalidInput("not the id of a tenant")
    if not _SETTING.fullmatch(setting):
        raise Misconfigured("setting", "is of the form app.tenant_id")
    return f"set local {setting} = '{tenant}'"


@contextmanager
def tenant_transaction(
    connection: "Connection[Any]", tenant: str, *, setting: str = SETTING
) -> "Generator[Connection[Any]]":
    """A transaction of psycopg's that is `tenant`'s and ends with the block.

    Raises:
        InvalidInput: as `tenant_statement`.
        Conflict: a transaction is open already. What is set within it would outlive the block, for a savepoint's end
            doesn't take it back.
    """
    statement = tenant_statement(tenant, setting)
    _demand_idle(connection.info.transaction_status)
    with connection.transaction():
        connection.execute(statement.encode())  # sql-lint: allow, tenant_statement holds it to plain words
        yield connection


@asynccontextmanager
async def tenant_transaction_async(
    connection: "AsyncConnection[Any]", tenant: str, *, setting: str = SETTING
) -> "AsyncGenerator[AsyncConnection[Any]]":
    """As `tenant_transaction`."""
    statement = tenant_statement(tenant, setting)
    _demand_idle(connection.info.transaction_status)
    async with connection.transaction():
        await connection.execute(statement.encode())  # sql-lint: allow, tenant_statement holds it to plain words
        yield connection


@contextmanager
def tenant_begin(engine: "Engine", tenant: str, *, setting: str = SETTING) -> "Generator[SqlConnection]":
    """As SQLAlchemy's `engine.begin()`, of `tenant`. Raises: as `tenant_statement`."""
    statement = tenant_statement(tenant, setting)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)  # sql-lint: allow, tenant_statement holds it to plain words
        yield connection


def tenant_session(session: "Session", tenant: str, *, setting: str = SETTING) -> None:
    """From here on each transaction of this SQLAlchemy session is `tenant`'s (of an `AsyncSession`: its
    `sync_session`).

    Raises:
        InvalidInput: as `tenant_statement`.
        Conflict: the session is another tenant's, holds objects, or has begun: what it has read may be of anybody.
    """
    from sqlalchemy import event

    statement = tenant_statement(tenant, setting)
    if session.info.get(_SESSION_TENANT) == (tenant, setting):
        return
    if _SESSION_TENANT in session.info or session.in_transaction() or session.identity_map or session.new:
        raise Conflict("the session is in use already: a session is of one tenant")
    session.info[_SESSION_TENANT] = (tenant, setting)

    def begin(_session: "Session", _transaction: object, connection: "SqlConnection") -> None:
        connection.exec_driver_sql(statement)  # sql-lint: allow, tenant_statement holds it to plain words

    event.listen(session, "after_begin", begin)


def _demand_idle(status: int) -> None:
    if status != _IDLE:
        raise Conflict("a transaction is open already: a transaction is of one tenant")
