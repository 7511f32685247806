"""What the export of a tenant asks of the database beside its rows, and what its import writes beside them."""

from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection, errors

from airside.core.errors import Conflict, InvalidInput, Misconfigured

FIND: Final = "select tenant_id from airside.tenant_address where slug = %s and state = 'here'"
SHREDDING: Final = "select state from airside.tenant_shredding where tenant_id = %s"
TAKEN: Final = """
    select slug = %s as slug, tenant_id = %s as tenant from airside.tenant_address where slug = %s or tenant_id = %s
"""
INSERT: Final = "insert into airside.tenant_address (slug, tenant_id) values (%s, %s)"
ADMIT: Final = "update airside.tenant set state = 'active' where tenant_id = %s"
MAY_STAGE: Final = "select has_database_privilege(current_database(), 'TEMP')"


async def find(connection: AsyncConnection[Any], slug: str) -> UUID | None:
    """The tenant that answers to `slug`."""
    row = await (await connection.execute(FIND, (slug,))).fetchone()
    return None if row is None else UUID(str(row[0]))


async def shredding(connection: AsyncConnection[Any], tenant_id: UUID) -> str | None:
    """How far the shredding of the transaction's tenant is, where somebody asked for it."""
    row = await (await connection.execute(SHREDDING, (tenant_id,))).fetchone()
    return None if row is None else str(row[0])


async def give_address(connection: AsyncConnection[Any], slug: str, tenant_id: UUID) -> None:
    """The tenant answers to `slug`, once the transaction has committed. Whoever wants the same meanwhile waits.

    Raises:
        Conflict: the slug or the tenant is there already, or was and is shredded.
        InvalidInput: not a slug.
    """
    for same_slug, _ in await (await connection.execute(TAKEN, (slug, tenant_id, slug, tenant_id))).fetchall():
        if same_slug:
            raise Conflict(f"there is, or was, a tenant with the slug {slug}: `--slug` gives it another")
        raise Conflict("this very tenant is here, or was and is shredded")
    try:
        await connection.execute(INSERT, (slug, tenant_id))
    except errors.UniqueViolation:
        raise Conflict("a tenant with that slug or that id came meanwhile") from None
    except errors.CheckViolation:
        raise InvalidInput("a slug is of small letters, digits and hyphens", pointer="slug") from None


async def admit(connection: AsyncConnection[Any], tenant_id: UUID) -> None:
    """People are let into the tenant."""
    await connection.execute(ADMIT, (tenant_id,))


async def demand_stage(connection: AsyncConnection[Any]) -> None:
    """Whether the role may make tables of its transaction's own.

    Raises:
        Misconfigured: it may not.
    """
    row = await (await connection.execute(MAY_STAGE)).fetchone()
    if row is None or not row[0]:
        raise Misconfigured("AIRSIDE_DATABASE_OWNER_URL", "is missing: the application role makes no temporary tables")
