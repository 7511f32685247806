"""Rows of `airside.tenant_policy` ↔ `StoredPolicy`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from airside.core import strict_json
from airside.core.errors import Inconsistent
from airside.core.strict_json import Json
from airside.store import RequestContext
from airside.tenancy.policy import TenantPolicy

MAX_BYTES: Final = 256 * 1024

SELECT: Final = "select version, policy, changed_at, changed_by from airside.tenant_policy where tenant_id = %s"
INSERT: Final = """
insert into airside.tenant_policy (tenant_id, version, policy, changed_at, changed_by)
values (%s, 1, %s, %s, %s)
on conflict (tenant_id) do nothing
"""
UPDATE: Final = """
update airside.tenant_policy
set version = version + 1, policy = %s, changed_at = %s, changed_by = %s
where tenant_id = %s and version = %s
"""


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy and which one it is: `version` 0 has never been changed, by nobody.

    `whole` is False where a younger build wrote it and says more than this build understands.
    """

    version: int
    policy: TenantPolicy
    changed_at: datetime | None
    changed_by: str
    whole: bool = True
    size: int = 0
    """Characters of its row."""


UNCHANGED: Final = StoredPolicy(0, TenantPolicy(), None, "")


@dataclass(frozen=True, slots=True)
class _Row:
    version: int
    policy: str
    changed_at: datetime
    changed_by: str


async def find(ctx: RequestContext) -> StoredPolicy:
    """What the context's tenant demands; `UNCHANGED` where it never said.

    Raises:
        Inconsistent: a row that this build can't read. It isn't guessed at: a demand that is overlooked is none.
    """
    row = await ctx.tx.one(_Row, SELECT, (ctx.tenant_id,))
    if row is None:
        return UNCHANGED
    policy, whole = _read(row.policy)
    return StoredPolicy(row.version, policy, row.changed_at, row.changed_by, whole, len(row.policy))


async def store(ctx: RequestContext, expected_version: int, policy: TenantPolicy, by: str) -> bool:
    """Whether it took the place of version `expected_version`, and of no other."""
    text = msgspec.json.encode(policy, order="sorted").decode()
    if expected_version == 0:
        return await ctx.tx.run(INSERT, (ctx.tenant_id, text, ctx.now, by)) == 1
    return await ctx.tx.run(UPDATE, (text, ctx.now, by, ctx.tenant_id, expected_version)) == 1


def _read(text: str) -> tuple[TenantPolicy, bool]:
    value = strict_json.loads_object(text.encode(), max_bytes=MAX_BYTES)
    try:
        return msgspec.convert(value, TenantPolicy), True
    except msgspec.ValidationError:
        pass
    # A younger build's, while both serve: what it says beyond this build is that build's to keep.
    try:
        return msgspec.convert(_known(value, TenantPolicy), TenantPolicy), False
    except msgspec.ValidationError as error:
        raise Inconsistent("tenant policy") from error


def _known(value: dict[str, Json], kind: type[msgspec.Struct]) -> dict[str, Json]:
    """`value` without the fields that `kind` hasn't, and without the members that its sets can't hold."""
    known: dict[str, Json] = {}
    for field in msgspec.structs.fields(kind):
        inner = value.get(field.name, msgspec.UNSET)
        if inner is msgspec.UNSET:
            continue
        if isinstance(inner, dict) and isinstance(field.default, msgspec.Struct):
            inner = _known(inner, type(field.default))
        elif isinstance(inner, list) and isinstance(field.default, frozenset):
            inner = [each for each in inner if _fits([each], field.type)]
        known[field.name] = inner
    return known


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
