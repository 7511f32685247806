"""The library's protocol with our bounds: filters of a size, cursors under the tenant's keys, faults that are loud."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final, cast
from uuid import UUID

from scim2_models import (
    ExpiredCursorException,
    InvalidCountException,
    InvalidCursorException,
    InvalidFilterException,
    PatchOp,
    Resource,
    ResourceType,
    SCIMException,
    SearchRequest,
    TooManyException,
)
from scim2_server.cursor import Cursors
from scim2_server.service import ScimService
from scim2_server.storage import SearchPage

from airside.core.clock import epoch
from airside.core.strict_json import dumps
from airside.federation.scim.model import MAX_WORK
from airside.protocols.scim import MAX_FILTER, USER
from airside.protocols.scim.description import provider, spoken
from airside.store.context import RequestContext
from airside.vault import Keyset, Place, Unopenable

LISTED: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MAX_CURSOR: Final = 1024
"""Characters of a cursor."""


class TenantCursors(Cursors):
    """Cursors sealed with the tenant's data key for one connection (RFC 9865 §5.2): only where we ended a page does the
    next one begin, for the query it was told of."""

    def __init__(self, ctx: RequestContext, keyset: Keyset, connection_id: UUID) -> None:
        super().__init__(b"")  # its own key is never used
        self._now = int(epoch(ctx.now))
        self._keyset = keyset
        self._place = Place("scim", "cursor", connection_id)

    def seal(self, query: str, count: int | None, position: Any) -> str:
        """As the library's."""
        content = dumps({"q": query, "n": count, "t": self._now, "p": position})
        return urlsafe_b64encode(self._keyset.seal(self._place, content)).rstrip(b"=").decode()

    def open(self, cursor: str, query: str, count: int | None, timeout: int | None) -> Any:
        """As the library's."""
        if len(cursor) > MAX_CURSOR:
            raise InvalidCursorException
        try:
            sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            content: dict[str, Any] = json.loads(self._keyset.open(self._place, sealed))
        except (ValueError, Unopenable):
            raise InvalidCursorException from None
        if content["q"] != query:
            raise InvalidCursorException
        if content["n"] != count:
            raise InvalidCountException
        if timeout is not None and self._now - content["t"] > timeout:
            raise ExpiredCursorException
        return content["p"]


class Service(ScimService):
    """Implements the protocol for one request."""

    def __init__(self, cursors: Cursors) -> None:
        super().__init__(provider(), secret=b"-")
        spoken()
        self._cursors = cursors

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        """As the library's, for filters of at most `MAX_FILTER` characters."""
        if isinstance(payload, dict):
            for key, value in cast("dict[str, Any]", payload).items():
                if key.casefold() == "filter" and isinstance(value, str) and len(value) > MAX_FILTER:
                    raise InvalidFilterException(detail=f"at most {MAX_FILTER} characters")
        return super().read_search(resource_types, payload)

    def apply_patch(self, current: Resource[Any], patch_op: "PatchOp[Any]", conditions: Any) -> Resource[Any] | None:
        """As the library's, where the members looked through are not too many."""
        members = cast("list[object]", getattr(current, "members", None) or ())
        if len(members) * len(patch_op.operations or ()) > MAX_WORK:
            raise TooManyException(detail="fewer operations on a group of this size")
        return super().apply_patch(current, patch_op, conditions)

    def publish(self, base_url: str, resource: Resource[Any]) -> Resource[Any]:
        """As the library's; what the storage hands out is nobody else's, so nothing is copied first."""
        assert resource.meta is not None  # noqa: S101 - the storage fills it
        location = self.resource_location(base_url, self.get_resource_type_of(resource), str(resource.id))
        resource.meta = resource.meta.model_copy(update={"location": location})
        if resource.meta.resource_type != USER or getattr(resource, "groups", None):
            self._publish_references(base_url, resource)
        return resource

    def listed(
        self, resource_type: ResourceType, wanted: SearchRequest[Any], page: SearchPage, resources: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """What `search_response` says, of resources that are JSON already."""
        body: dict[str, Any] = {"schemas": [LISTED], "itemsPerPage": len(resources), "Resources": resources}
        if page.total is not None:
            body["totalResults"] = page.total
        if wanted.cursor is None:
            return body | {"startIndex": wanted.start_index}
        if wanted.count == 0:
            return body
        cursors = {
            name: self._seal([resource_type], wanted, place)
            for name, place in (("nextCursor", page.next), ("previousCursor", page.previous))
        }
        return body | {name: cursor for name, cursor in cursors.items() if cursor is not None}

    def bulk_failure(self, outcome: dict[str, Any], exception: Exception) -> dict[str, Any]:
        """As the library's; what isn't a refusal is a fault, and ends the whole request loudly."""
        if not isinstance(exception, SCIMException):
            raise exception
        return super().bulk_failure(outcome, exception)
