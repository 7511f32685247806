"""One SCIM request: whose token it is, then the library's protocol over our storage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, cast

from scim2_models import InvalidSyntaxException, SCIMException
from scim2_server.cursor import Cursors
from scim2_server.errors import UnsupportedMediaTypeException
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation
from scim2_server.service import is_json_media_type
from scim2_server.storage import SearchPage

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json, dumps, loads
from airside.federation.scim.bounds import MAX_MARKS, demand_bounded
from airside.federation.scim.groups import ScimGroups
from airside.federation.scim.model import Stored
from airside.federation.scim.problems import retry_after, told
from airside.federation.scim.search import Search
from airside.federation.scim.service import Service, TenantCursors
from airside.federation.scim.storage import Begin, ConnectionStorage, document_of
from airside.federation.scim.tokens import ScimTokens
from airside.federation.scim.users import ScimUsers
from airside.protocols.scim import MAX_BULK_BYTES
from airside.store.context import RequestContext
from airside.vault import Vault

ENDPOINTS: Final = {"User": "Users", "Group": "Groups"}


@dataclass(frozen=True, slots=True)
class ScimCall:
    """A request as it came. `base_url` is where the tenant's service begins; `path` is below it."""

    method: str
    base_url: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    authorization: Sequence[str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ScimAnswer:
    """What is answered."""

    status: int
    body: bytes | None = field(repr=False)
    headers: Mapping[str, str]


class Scim:
    """Answers SCIM requests of the context's tenant."""

    def __init__(self, *, vault: Vault, tokens: ScimTokens, users: ScimUsers, groups: ScimGroups) -> None:
        self._vault = vault
        self._tokens = tokens
        self._users = users
        self._groups = groups
        self._search = Search(vault=vault)

    async def answer(self, begin: Begin, call: ScimCall) -> ScimAnswer:
        """What `call` is answered. `begin` opens contexts of the tenant.

        Raises:
            Refusal: what no caller is told of.
        """
        try:
            with told():
                async with begin() as ctx:
                    return await self._answer(ctx, begin, call)
        except SCIMException as error:
            return refused(error)

    async def _answer(self, ctx: RequestContext, begin: Begin, call: ScimCall) -> ScimAnswer:
        source = await self._tokens.authenticate(ctx, call.authorization)
        ctx = ctx.known_as(source.principal)
        keyset = await self._vault.keyset(ctx)
        storage = ConnectionStorage(
            ctx=ctx, source=source, users=self._users, groups=self._groups, search=self._search, begin=begin
        )
        service = Service(TenantCursors(ctx, keyset, source.connection_id))
        request = ScimRequest(call.method, call.base_url, call.path, _once(call.query), call.headers, call.body)
        service.match(request)  # what isn't there, or not so, is told before a body is looked at
        if call.body or call.method in ("POST", "PUT", "PATCH"):
            demand_bounded(call.path, _strict(call.headers.get("content-type"), call.body))
        answered = await Handler(service, storage).handle(request)
        body = None if answered.body is None else dumps(answered.body)
        return ScimAnswer(int(answered.status), body, answered.headers)


class Handler(AsyncScimHandler):
    """The library's handler over a connection's storage. Whole users and groups as they are kept are answered as they
    are kept: they went through the library's model when they came."""

    service: Service
    storage: ConnectionStorage

    async def create(self, request: ScimRequest) -> ScimResponse:
        """RFC 7644 §3.3."""
        with self.service.provider:
            target = self.service.route(request, Operation.create)
            resource_type = self.service.resource_type_at(str(target.endpoint))
            resource = self.service.read_creation(resource_type, request.body, request.header("Content-Type"))
            with told():
                stored = await self.storage.add(str(resource_type.name), document_of(resource))
        body = rendered(stored, request.base_url)
        location = str(body["meta"]["location"])
        headers = {"Location": location, "Content-Location": location, "ETag": stored.etag}
        return ScimResponse(HTTPStatus.CREATED, body, headers)

    async def search(self, request: ScimRequest) -> ScimResponse:
        """RFC 7644 §3.4.2."""
        if "attributes" in request.query or "excludedAttributes" in request.query:
            return await super().search(request)
        with self.service.provider:
            target = self.service.route(request, Operation.search)
            if target.endpoint is None:
                return await super().search(request)
            resource_type = self.service.resource_type_at(target.endpoint)
            wanted, position = self.service.read_search_query([resource_type], request.query)
            with told():
                total, stored, before, after = await self.storage.pages(str(resource_type.name), wanted, position)
            resources = [rendered(one, request.base_url) for one in stored]
            page = SearchPage(total, [], after, before)
            return ScimResponse(HTTPStatus.OK, self.service.listed(resource_type, wanted, page, resources))

    async def bulk(self, request: ScimRequest) -> ScimResponse:
        """RFC 7644 §3.7. What every operation does stands by itself; what the request did before them stands first."""
        await self.storage.separate()
        return await super().bulk(request)


def rendered(stored: Stored, base_url: str) -> dict[str, Any]:
    """A resource as it is answered, its references as addresses."""
    document = stored.document(f"{base_url}/{ENDPOINTS[stored.kind]}/{stored.word}")
    for name in ("groups", "members"):
        for one in cast("list[dict[str, Any]]", document.get(name) or ()):
            one["$ref"] = f"{base_url}/{one['$ref']}"
    return document


def refused(error: SCIMException) -> ScimAnswer:
    """The answer that tells of `error`."""
    answered = Service(Cursors(b"")).error_response(error)
    headers = {**answered.headers, **retry_after(error.__cause__)}
    return ScimAnswer(int(answered.status), dumps(answered.body), headers)


def _once(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Raises:
    InvalidInput: a parameter twice: two readers could take different ones.
    """
    query = dict(pairs)
    if len(query) != len(pairs):
        raise InvalidInput("a parameter twice")
    return query


def _strict(media: str | None, body: bytes) -> Json:
    """What the body says: what two readers could read differently is refused before the library reads it (G25), and
    nothing is guessed (N39).

    Raises:
        UnsupportedMediaTypeException: a body that doesn't say that it is JSON.
        InvalidSyntaxException: it isn't strict JSON.
    """
    if not is_json_media_type(media):
        raise UnsupportedMediaTypeException(detail="application/scim+json or application/json is expected")
    try:
        return loads(body, max_bytes=MAX_BULK_BYTES, max_marks=MAX_MARKS)
    except InvalidInput as refusal:
        raise InvalidSyntaxException(detail=refusal.reason) from refusal
