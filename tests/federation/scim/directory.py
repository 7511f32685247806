"""A customer's directory: a program that speaks SCIM to the running server with a token of its connection."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2

from airside.core.ids import USER, parse_id
from airside.federation import Connection, ConnectionDraft, OidcSettings
from tests.running import Place

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
MEDIA = "application/scim+json"
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Directory:
    """One connection's."""

    place: Place
    connection: Connection
    token: str = field(repr=False)
    token_id: UUID
    http: httpx2.AsyncClient

    @property
    def base(self) -> str:
        return f"{self.place.issuer}/scim/v2"

    async def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None, /, **query: str
    ) -> httpx2.Response:
        """The answer to a request with this directory's token."""
        said = {"authorization": f"Bearer {self.token}", **({} if body is None else {"content-type": MEDIA})}
        return await self.http.request(
            method, self.base + path, json=body, headers={**said, **(headers or {})}, params=query
        )

    async def insist(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """As `ask`, and again as long as the server has no connection to spare (503)."""
        while (answer := await self.ask(method, path, body, headers)).status_code == 503:
            pass
        return answer

    async def create(self, name: str, /, **attributes: Any) -> dict[str, Any]:
        """A user, as the answer says."""
        answer = await self.ask("POST", "/Users", person(name, **attributes))
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def group(self, name: str, *members: str) -> dict[str, Any]:
        """A group, as the answer says."""
        body = {"schemas": [GROUP_SCHEMA], "displayName": name, "members": [{"value": word} for word in members]}
        answer = await self.ask("POST", "/Groups", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def patch(self, path: str, *operations: Mapping[str, Any]) -> httpx2.Response:
        """The answer to a PATCH."""
        return await self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    async def found(self, kind: str, text: str) -> list[str]:
        """The ids of what matches a filter."""
        answer = await self.ask("GET", f"/{kind}", filter=text)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["Resources"]]


def person(name: str, /, **attributes: Any) -> dict[str, Any]:
    """A user as a directory describes them."""
    return {
        "schemas": [USER_SCHEMA],
        "userName": name,
        "name": {"givenName": "Ada", "familyName": "Byron"},
        "active": True,
        **attributes,
    }


def mailbox(address: str) -> dict[str, Any]:
    """The attribute that says a work address."""
    return {"emails": [{"value": address, "type": "work", "primary": True}]}


def uuid_of(said: Mapping[str, Any]) -> UUID:
    """The user that a resource is."""
    return parse_id(USER, str(said["id"]))


async def connect(place: Place) -> Connection:
    """A connection of the tenant."""
    settings = OidcSettings(issuer="https://idp.example.com", client_id="airside")
    async with place.operator() as ctx:
        return await place.server.services.connections.create(ctx, ConnectionDraft("Example", settings))


@asynccontextmanager
async def directory(place: Place, connection: Connection | None = None) -> AsyncGenerator[Directory]:
    """A directory with a token of a connection of its own, or of that one."""
    own = connection or await connect(place)
    async with place.operator() as ctx:
        made, secret = await place.server.services.scim_tokens.create(ctx, own.id, lifetime=MONTH)
    async with place.server.client() as http:
        yield Directory(place, own, secret.reveal(), made.token_id, http)
