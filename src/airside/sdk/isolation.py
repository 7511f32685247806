"""Whether PostgreSQL keeps an application's tenants apart, whatever the application forgets: proven from its catalogue.

The connection is the application's own, for what is judged is what *its* role can reach. The proof is strict: a policy
counts where it compares the tenant's column with the setting, alone or beside other conditions, and nothing else does.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airside.sdk.database import SETTING
from airside.sdk.records_catalogue import Facts, PolicyRow, Relation, Role, read_facts, read_facts_async

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection

COLUMN: Final = "tenant_id"
_TABLES: Final = ("r", "p")
_KINDS: Final = {"m": "a materialised view", "f": "a foreign table"}


@dataclass(frozen=True, slots=True)
class Hole:
    """One way past the tenant. `where` is the role, table, view or function."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the application means to be so. `shared` are tables and views of all tenants, `trusted` functions that may
    run as their owner; each as `schema.name`."""

    column: str = COLUMN
    setting: str = SETTING
    shared: Collection[str] = frozenset()
    trusted: Collection[str] = frozenset()


def prove(connection: "Connection[Any]", bounds: Bounds | None = None) -> tuple[Hole, ...]:
    """Every hole that the role of `connection` could reach through; none is the proof."""
    bounds = bounds or Bounds()
    return judge(read_facts(connection, column=bounds.column, setting=bounds.setting), bounds)


async def prove_async(connection: "AsyncConnection[Any]", bounds: Bounds | None = None) -> tuple[Hole, ...]:
    """As `prove`."""
    bounds = bounds or Bounds()
    return judge(await read_facts_async(connection, column=bounds.column, setting=bounds.setting), bounds)


def judge(facts: Facts, bounds: Bounds) -> tuple[Hole, ...]:
    """The holes in what the catalogue says. Pure."""
    found = [*_role(facts.role)]
    tenants = {each.oid: each for each in facts.relations if each.name not in bounds.shared}
    for relation in tenants.values():
        applying = [policy for policy in facts.policies if policy.table == relation.oid]
        found += [Hole(relation.name, why) for why in _relation(relation, applying, bounds)]
    for key in facts.foreign_keys:
        if not key.with_tenant and _of_tenant(tenants.get(key.table)) and _of_tenant(tenants.get(key.target)):
            found.append(Hole(tenants[key.table].name, f"{key.name} may point at another tenant's row"))
    found += [
        Hole(name, "runs as its owner, whom no policy holds") for name in facts.definers if name not in bounds.trusted
    ]
    found += [Hole(place, f"{bounds.setting} is set beforehand: for everybody") for place in facts.preset]
    return tuple(found)


def _role(role: Role) -> Iterator[Hole]:
    for holds, why in (
        (role.superuser, "is a superuser"),
        (role.bypasses, "has BYPASSRLS"),
        (role.makes_roles, "has CREATEROLE and may give itself others"),
        (role.replicates, "has REPLICATION and may read every row from the log"),
    ):
        if holds:
            yield Hole(role.name, why)
    if not role.superuser:
        yield from (Hole(role.name, f"can become {name}, whom no policy holds") for name in role.can_become)


def _relation(relation: Relation, policies: list[PolicyRow], bounds: Bounds) -> Iterator[str]:
    if relation.owned:
        yield "belongs to a role that the application has: it could take the policies away"
    if relation.kind == "v":
        if not relation.as_invoker:
            yield "a view that reads as its owner: give it security_invoker"
        return
    if relation.kind not in _TABLES:
        yield f"{_KINDS[relation.kind]} has no policies"
        return
    if relation.beyond:
        yield f"the role may {', '.join(relation.beyond)}, which no policy narrows"
    if relation.column is None:
        yield f"has no {bounds.column} and isn't named as shared"
        return
    if not relation.not_null:
        yield f"{bounds.column} may be null"
    if not relation.secured:
        yield "row-level security isn't enabled"
    if not relation.forced:
        yield "row-level security isn't forced"
    for policy in policies:
        if policy.permissive and not _is_bound(policy, relation.column, bounds.setting):
            narrowed = any(
                not other.permissive
                and other.command in (policy.command, "*")
                and policy.roles <= other.roles
                and _is_bound(other, relation.column, bounds.setting)
                for other in policies
            )
            if not narrowed:
                yield f"policy {policy.name} lets rows through without comparing {bounds.column} with {bounds.setting}"


def _of_tenant(relation: Relation | None) -> bool:
    return relation is not None and relation.column is not None


def _is_bound(policy: PolicyRow, column: str, setting: str) -> bool:
    """Whether each expression of the policy holds the tenant's column to the setting."""
    match policy.command:
        case "a":
            expressions = [policy.check]
        case "r" | "d":
            expressions = [policy.using]
        case _:
            # Without an expression of its own, what is written is held to the one for what is read.
            expressions = [policy.using, policy.using if policy.check is None else policy.check]
    wanted = re.compile(
        rf"{re.escape(column)}(::text)?=(NULLIF)?current_setting'{re.escape(setting)}'::text"
        r"(,true|,false)?(,''::text)?(::[a-z]+)?"
    )
    return all(
        text is not None and any(wanted.fullmatch(re.sub(r"[()\s]", "", part)) for part in conjuncts(text))
        for text in expressions
    )


def conjuncts(expression: str) -> list[str]:
    """The parts of an expression that all have to hold: PostgreSQL writes `((a) AND (b))`. One that joins its parts
    otherwise is a single part."""
    inner = expression.strip()
    while (parts := _top_level(inner)) == [inner] and _is_wrapped(inner):
        inner = inner[1:-1].strip()
    return [each for part in parts for each in conjuncts(part)] if len(parts) > 1 else [inner]


def _is_wrapped(text: str) -> bool:
    """Whether the first bracket is closed by the last."""
    if not text.startswith("("):
        return False
    return next((place for place, depth in _depths(text) if depth == 0), -1) == len(text) - 1


def _top_level(text: str) -> list[str]:
    """Split at each `AND` outside of brackets and quotes."""
    outside = {place for place, depth in _depths(text) if depth == 0}
    cuts = [found.start() for found in re.finditer(r" AND ", text) if found.start() in outside]
    starts, ends = [0, *(cut + 5 for cut in cuts)], [*cuts, len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Each place outside of quotes, and how many brackets are open after it."""
    depth, quote = 0, ""
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
            continue
        if letter in "'\"":
            quote = letter
            continue
        depth += (letter == "(") - (letter == ")")
        yield place, depth
