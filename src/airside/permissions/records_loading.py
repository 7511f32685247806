"""Every row of a store's tuples, in the form that a graph is loaded from."""

from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final

from airside.permissions.model import Grant, Terms, TupleKey
from airside.store.context import RequestContext

PAGE: Final = 50_000
"""Rows read at a time."""

PLAIN: Final = """
select relation, kind, string_agg(object, e'\\x1f') as objects, string_agg(subject, e'\\x1f') as subjects
from (
    select object_type || '#' || relation as relation, object_type || ':' || object_id as object,
        subject_type || case when subject_relation <> '' then '#' || subject_relation when subject_id = '*' then ':*'
            else '' end as kind,
        subject_type || ':' || subject_id || case subject_relation when '' then '' else '#' || subject_relation end
            as subject,
        condition_name = '' and expires_at is null as holds_always
    from airside.permission_tuple as t
    where tenant_id = %s and store_id = %s
        and (object_type, object_id, relation, subject_type, subject_id, subject_relation) > (%s, %s, %s, %s, %s, %s)
    order by object_type, object_id, t.relation, subject_type, subject_id, subject_relation
    limit %s
) as words
where holds_always
group by relation, kind
"""

LAST: Final = """
select object_type, object_id, relation, subject_type, subject_id, subject_relation
from airside.permission_tuple
where tenant_id = %s and store_id = %s
    and (object_type, object_id, relation, subject_type, subject_id, subject_relation) > (%s, %s, %s, %s, %s, %s)
order by object_type, object_id, relation, subject_type, subject_id, subject_relation
offset %s limit 1
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
class Place:
    """Where a reader of all tuples stands: the last key read, before the first if it is empty."""

    object_type: str = ""
    object_id: str = ""
    relation: str = ""
    subject_type: str = ""
    subject_id: str = ""
    subject_relation: str = ""


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


async def pieces(
    ctx: RequestContext, store_id: str, after: Place, *, size: int = PAGE
) -> tuple[list[Piece], Place | None]:
    """Those of the next `size` tuples that hold always, and where they end; None if there are no more."""
    start = (ctx.tenant_id, store_id, *astuple(after))
    found, last = await ctx.tx.two((Piece, PLAIN, (*start, size)), (Place, LAST, (*start, size - 1)))
    return found, last[0] if last else None


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
