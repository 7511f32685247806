"""What of the vault is given by name: `vault_key:notes#decrypter@client:cli_…` in the tenant's system store."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from airside.audit import Event, Journal
from airside.core.errors import InvalidInput
from airside.core.ids import CLIENT, ROLE, parse_id
from airside.permissions import Filter, TupleKey
from airside.store import RequestContext
from airside.tenancy.grants import Grants

NamedKind = Literal["vault_key", "vault_path"]
NamedRelation = Literal["encrypter", "decrypter", "reader", "writer"]

RELATIONS_OF: Final[dict[NamedKind, tuple[NamedRelation, ...]]] = {
    "vault_key": ("encrypter", "decrypter"),
    "vault_path": ("reader", "writer"),
}
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._/-]{0,198}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class NamedGrant:
    """`subject` (`client:cli_…`, or `role:rol_…` for everybody who has it) may do `relation` with `name`."""

    subject: str
    relation: NamedRelation
    kind: NamedKind
    name: str


class NamedGrants:
    """Who may use which key, and which secrets below which path."""

    def __init__(self, *, grants: Grants, journal: Journal) -> None:
        self._grants = grants
        self._journal = journal

    async def holds(
        self, ctx: RequestContext, subject: str, relation: NamedRelation, kind: NamedKind, names: Iterable[str]
    ) -> bool:
        """Whether our own engine says that `subject` has `relation` to one of `names`."""
        for name in names:
            if _NAME.fullmatch(name) and await self._grants.holds_on(ctx, subject, relation, f"{kind}:{name}"):
                return True
        return False

    async def give(self, ctx: RequestContext, grant: NamedGrant) -> None:
        """From now on they may; doing it twice is once.

        Raises:
            InvalidInput: no such relation, name or kind of subject.
        """
        await self._grants.write(ctx, writes=(_tuple(grant),))
        await self._journal.record(ctx, Event.VAULT_GRANTED, subject=grant.subject, details=_details(grant))

    async def take(self, ctx: RequestContext, grant: NamedGrant) -> None:
        """From now on they may not. Tokens say nothing of it, so none has to end. Raises: InvalidInput."""
        await self._grants.write(ctx, deletes=(_tuple(grant),))
        await self._journal.record(ctx, Event.VAULT_REVOKED, subject=grant.subject, details=_details(grant))

    async def list(self, ctx: RequestContext) -> list[NamedGrant]:
        """Everything that is given by name."""
        return [
            NamedGrant(key.user.removesuffix("#assignee"), relation, kind, key.object.partition(":")[2])
            for kind, relations in RELATIONS_OF.items()
            for relation in relations
            for key in await self._grants.read(ctx, Filter(object_type=kind, relation=relation))
        ]


def _tuple(grant: NamedGrant) -> TupleKey:
    if grant.relation not in RELATIONS_OF.get(grant.kind, ()):
        raise InvalidInput("a key has encrypters and decrypters, a path readers and writers", pointer="relation")
    if not _NAME.fullmatch(grant.name):
        raise InvalidInput("the name of a key or the beginning of a path is expected", pointer="name")
    kind, _, word = grant.subject.partition(":")
    prefix = {"client": CLIENT, "role": ROLE}.get(kind)
    try:
        if prefix is None:
            raise InvalidInput("client:… or role:… is expected", pointer="subject")
        parse_id(prefix, word)
    except InvalidInput:
        raise InvalidInput("client:… or role:… is expected", pointer="subject") from None
    user = f"role:{word}#assignee" if kind == "role" else grant.subject
    return TupleKey(user, grant.relation, f"{grant.kind}:{grant.name}")


def _details(grant: NamedGrant) -> dict[str, str]:
    return {"relation": grant.relation, "on": f"{grant.kind}:{grant.name}"}
