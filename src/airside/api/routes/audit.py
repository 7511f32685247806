"""The management API's audit log: events, heads, proofs, export."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from airside.admin import AuditAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, path_id
from airside.audit import Found, Head, Position, Search, search_for, write_cef, write_entry, write_ocsf
from airside.audit.canonical import covered
from airside.core.clock import epoch
from airside.core.errors import InvalidInput
from airside.core.ids import EVENT, format_id
from airside.core.strict_json import dumps, loads_object
from airside.store import RequestContext

NDJSON: Final = "application/x-ndjson"
TEXT: Final = "text/plain; charset=utf-8"
NEXT: Final = "airside-next-cursor"
"""The header that names where an export's next page begins; without it there is none."""
GOOD_FOR: Final = 3600
"""Seconds for which a cursor goes on with a search that was recorded once; after that it is another search."""
MAX_SIZE: Final = 2**63 - 1

Format = Literal["ndjson", "cef", "ocsf"]
Size = Annotated[int, Query(ge=1, le=MAX_SIZE)]


class EventAnswer(Answer):
    """`origin` and `personal` are null where the caller may not see the tenant's people, or the person is erased."""

    id: str
    at: datetime
    event: str
    actor: str
    subject: str
    outcome: str
    reason: str
    request_id: str
    details: dict[str, Any]
    origin: str | None
    personal: dict[str, str] | None


class EventPage(Answer):
    events: list[EventAnswer]
    next_cursor: str | None = None


class WholeEventAnswer(EventAnswer):
    """With its `leaf`: the bytes that its place in the tree is the hash of, as text."""

    leaf: str


class HeadAnswer(Answer):
    """`root` in hexadecimal; `jws` is the signed form."""

    tree_size: int
    root: str
    at: datetime
    jws: str


class HeadPage(Answer):
    heads: list[HeadAnswer]
    next_cursor: str | None = None


class KeysAnswer(Answer):
    keys: list[dict[str, Any]]


class InclusionAnswer(Answer):
    """RFC 9162 §2.1.3; hashes in hexadecimal."""

    leaf_index: int
    leaf_hash: str
    path: list[str]
    head: HeadAnswer


class ConsistencyAnswer(Answer):
    """RFC 9162 §2.1.4; hashes in hexadecimal."""

    first: int
    second: int
    path: list[str]


def add(routes: APIRouter, caller: Any, verbs: AuditAdmin, cursors: Cursors) -> None:
    """Every route of the log."""
    _event_routes(routes, caller, verbs, cursors)
    _head_routes(routes, caller, verbs, cursors)
    _proof_routes(routes, caller, verbs)
    _export_route(routes, caller, verbs, cursors)


def _event_routes(routes: APIRouter, caller: Any, verbs: AuditAdmin, cursors: Cursors) -> None:
    @routes.get("/audit/events", tags=["audit"])
    async def search_events(
        actor: str = "",
        subject: str = "",
        event: str = "",
        outcome: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> EventPage:
        wanted = search_for(actor=actor, subject=subject, event=event, outcome=outcome, since=since, until=until)
        listing = _listing(ctx, wanted)
        after = None if cursor is None else _position(ctx, await cursors.verify(ctx, listing, cursor))
        found = await verbs.search(ctx, wanted, after, limit)
        last = None
        if len(found) == limit:
            last = await cursors.sign(ctx, listing, found[-1].record.record_id.bytes + epoch(ctx.now).to_bytes(8))
        return EventPage(events=[EventAnswer(**_event(each)) for each in found], next_cursor=last)

    @routes.get("/audit/events/{event_id}", tags=["audit"])
    async def get_event(event_id: str, ctx: RequestContext = caller) -> WholeEventAnswer:
        found = await verbs.get(ctx, path_id(EVENT, event_id))
        return WholeEventAnswer(**_event(found), leaf=covered(found.record).decode())


def _head_routes(routes: APIRouter, caller: Any, verbs: AuditAdmin, cursors: Cursors) -> None:
    @routes.get("/audit/heads", tags=["audit"])
    async def list_heads(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> HeadPage:
        before = None if cursor is None else int.from_bytes(await cursors.verify(ctx, "audit heads", cursor))
        found = await verbs.heads(ctx, before, limit)
        more = len(found) == limit
        last = await cursors.sign(ctx, "audit heads", found[-1].tree_size.to_bytes(8)) if more else None
        return HeadPage(heads=[_head(each) for each in found], next_cursor=last)

    @routes.post("/audit/heads", status_code=201, tags=["audit"])
    async def sign_head(ctx: RequestContext = caller) -> HeadAnswer:
        return _head(await verbs.sign(ctx))

    # Before the next one: no size is spelled like this.
    @routes.get("/audit/heads/latest", tags=["audit"])
    async def get_latest_head(ctx: RequestContext = caller) -> HeadAnswer:
        return _head(await verbs.head(ctx))

    @routes.get("/audit/heads/{tree_size}", tags=["audit"])
    async def get_head(tree_size: int, ctx: RequestContext = caller) -> HeadAnswer:
        return _head(await verbs.head(ctx, tree_size))

    @routes.get("/audit/keys", tags=["audit"])
    async def list_audit_keys(ctx: RequestContext = caller) -> KeysAnswer:
        return KeysAnswer(keys=[loads_object(jwk.encode()) for jwk in await verbs.keys(ctx)])


def _proof_routes(routes: APIRouter, caller: Any, verbs: AuditAdmin) -> None:
    @routes.get("/audit/events/{event_id}/proof", tags=["audit"])
    async def prove_event(event_id: str, ctx: RequestContext = caller) -> InclusionAnswer:
        proof = await verbs.inclusion(ctx, path_id(EVENT, event_id))
        return InclusionAnswer(
            leaf_index=proof.seq,
            leaf_hash=proof.leaf_hash.hex(),
            path=[each.hex() for each in proof.path],
            head=_head(proof.head),
        )

    @routes.get("/audit/consistency", tags=["audit"])
    async def prove_consistency(first: Size, second: Size, ctx: RequestContext = caller) -> ConsistencyAnswer:
        proof = await verbs.consistency(ctx, first, second)
        return ConsistencyAnswer(first=proof.first, second=proof.second, path=[each.hex() for each in proof.path])


def _export_route(routes: APIRouter, caller: Any, verbs: AuditAdmin, cursors: Cursors) -> None:
    @routes.get("/audit/export", tags=["audit"], response_class=Response)
    async def export_audit(
        format: Format = "ndjson",
        cursor: str | None = None,
        ctx: RequestContext = caller,
    ) -> Response:
        listing = f"audit export of {ctx.principal.subject} as {format}"
        position = None if cursor is None else Position.unpack(await cursors.verify(ctx, listing, cursor))
        if format == "ndjson":
            entries, following = await verbs.export(ctx, position)
            lines = map(write_entry, entries)
        else:
            found, following = await verbs.export_events(ctx, position)
            lines = map(write_cef if format == "cef" else write_ocsf, found)
        headers = {} if following is None else {NEXT: await cursors.sign(ctx, listing, following.pack())}
        return Response(b"".join(lines), media_type=TEXT if format == "cef" else NDJSON, headers=headers)


def _listing(ctx: RequestContext, wanted: Search) -> str:
    """The name of one caller's search: no cursor of it goes on with another."""
    asked = [wanted.actor, wanted.subject, wanted.pattern, wanted.outcome]
    times = [None if at is None else at.isoformat() for at in (wanted.since, wanted.until)]
    return "audit " + hashlib.sha256(dumps([ctx.principal.subject, *asked, *times])).hexdigest()


def _position(ctx: RequestContext, data: bytes) -> UUID:
    """
    Raises:
        InvalidInput: the cursor is too old.
    """
    if epoch(ctx.now) - int.from_bytes(data[16:]) > GOOD_FOR:
        raise InvalidInput("too old: begin the search anew", pointer="cursor")
    return UUID(bytes=data[:16])


def _event(found: Found) -> dict[str, Any]:
    record = found.record
    return {
        "id": format_id(EVENT, record.record_id),
        "at": record.at,
        "event": record.event,
        "actor": record.actor,
        "subject": record.subject,
        "outcome": record.outcome,
        "reason": record.reason,
        "request_id": record.request_id,
        "details": loads_object(record.details.encode()),
        "origin": found.origin,
        "personal": None if found.personal is None else dict(found.personal),
    }


def _head(head: Head) -> HeadAnswer:
    return HeadAnswer(tree_size=head.tree_size, root=head.root.hex(), at=head.at, jws=head.jws)
