"""Deleting by what tuples have in common: our own operation beside OpenFGA's."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from airside.api.routes.openfga_wire import MAX_BODY, ContextFor, PartialKey, answer, decode, read_body, store_of
from airside.permissions import Filter, Permissions
from airside.permissions.refusals import InvalidQuestion
from airside.permissions.words import check_relation, split_object, split_subject


class DeleteBody(msgspec.Struct, forbid_unknown_fields=True):
    """Either a filter, or an object that goes with everything that names it."""

    filter: PartialKey | None = None
    object: str | None = None


class SweepRoutes:
    """Each handler: read, say one verb, render."""

    def __init__(self, permissions: Permissions, context: ContextFor) -> None:
        self._sweeping = permissions.sweeping
        self._context = context

    async def delete(self, request: Request) -> Response:
        """`POST …/delete`: how many went, and whether it is done or has to be asked again."""
        async with self._context(request, "permissions:write") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_BODY), DeleteBody)
            if body.filter is not None and body.object is None:
                swept = await self._sweeping.delete(ctx, store_id, filter_of(body.filter))
            elif body.object is not None and body.filter is None:
                swept = await self._sweeping.delete_object(ctx, store_id, body.object)
            else:
                raise InvalidQuestion("name either a filter or an object")
        return answer({"deleted": swept.deleted, "done": swept.done}, seen=(store_id, swept.revision))


def filter_of(key: PartialKey) -> Filter:
    """What to delete: any of an object (`doc:1`) or a type of object (`doc:`), a relation, and a user.

    Raises:
        InvalidQuestion: one of them is misspelt. Nothing is guessed at where everything could be deleted.
    """
    type_name, _, object_id = key.object.partition(":")
    if key.object:
        split_object(key.object if object_id else key.object + "id")
    if key.relation:
        check_relation(key.relation)
    return Filter(type_name, object_id, key.relation, split_subject(key.user) if key.user else None)
