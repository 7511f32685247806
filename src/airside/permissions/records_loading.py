"""Every row of a store's tuples, in the form that a graph is loaded from."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from airside.permissions.model import Grant, Terms, TupleKey
from airside.store.context import RequestContext

CHUNK: Final = 20_000
"""Tuples in one piece."""

PLAIN: Final = """
select relation, kind, string_agg(object, e'\\x1f') as objects, string_agg(subject, e'\\x1f') as subjects
from (
    select object_type || '#' || relation as relation, object_type || ':' || object_id as object,
        subject_type || case when subject_relation <> '' then '#' || subject_relation when subject_id = '*' then ':*'
            else '' end as kind,
        subject_type || ':' || subject_id || case subject_relation when '' then '' else '#' || subject_relation end
            as subject,
        (row_number() over ()) / %s as piece
    from airside.permission_tuple
    where tenant_id = %s and store_id = %s and condition_name = '' and expires_at is null
) as words
group by relation, kind, piece
"""

TERMED: Final = """
select object_type || ':' || object_id as object, relation,
    subject_type || ':' || subject_id || case subject_relation when '' then '' else '#' || subject_relation end
        as subject,
    condition_name, condition_context, expires_at
from airside.permission_tuple
where tenant_id = %s and store_id = %s and (condition_name <> '' or expires_at is not null)
limit %s
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """Tuples of one `type#relation` and one kind of subject: two columns of words, joined by `SEPARATOR`."""

    relation: str
    kind: str
    objects: str
    subjects: str


@dataclass(frozen=True, slots=True)
class _TermedRow:
    object: str
    relation: str
    subject: str
    condition_name: str
    condition_context: str
    expires_at: datetime | None


def pieces(ctx: RequestContext, store_id: str) -> AsyncGenerator[Piece]:
    """Tuples that hold always."""
    return ctx.tx.stream(Piece, PLAIN, (CHUNK, ctx.tenant_id, store_id))


async def termed(ctx: RequestContext, store_id: str, *, limit: int) -> list[Grant]:
    """Tuples under terms, expired ones too: until they are swept, the change log hasn't told of their end."""
    rows = await ctx.tx.all(_TermedRow, TERMED, (ctx.tenant_id, store_id, limit))
    return [
        Grant(
            TupleKey(row.subject, row.relation, row.object),
            Terms(row.condition_name, row.condition_context.encode(), row.expires_at),
        )
        for row in rows
    ]
