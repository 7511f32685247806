"""A client's own https site with its metadata, and what our server makes of it."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from airside.access import Issuers
from airside.audit import Journal
from airside.core.principal import Origin
from airside.core.strict_json import Json
from airside.fetch import Fetcher
from airside.oauth import (
    Client,
    ClientDocuments,
    Scopes,
)
from airside.store import Engine, Lookup
from airside.tenancy import parse_policy, render_policy
from airside.vault import Vault
from tests.fetch.conftest import Names, Server, Tls, answer, run, tls
from tests.oauth.provider import Provider

__all__ = ["tls"]
API = "https://api.example.test"


@dataclass
class Site:
    """The client's own site, and what our server makes of it."""

    provider: Provider
    server: Server
    documents: ClientDocuments

    @property
    def place(self) -> str:
        return f"fetch.example:{self.server.port}"

    @property
    def address(self) -> str:
        return f"https://{self.place}/client.json"

    def document(self, **changes: Any) -> dict[str, Any]:
        """A lawful document, changed; None takes a member away."""
        made: dict[str, Any] = {
            "client_id": self.address,
            "client_name": "Agent",
            "redirect_uris": ["http://127.0.0.1/callback", "https://fetch.example/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }
        return {name: value for name, value in (made | changes).items() if value is not None}

    def serve(self, body: bytes | None = None, *headers: str, status: str = "200 OK", **changes: Any) -> None:
        """What stands at the address from now on."""
        text = json.dumps(self.document(**changes)).encode() if body is None else body
        typed = any(line.lower().startswith("content-type") for line in headers)
        kind = () if typed else ("Content-Type: application/json",)
        self.server.answers["/client.json"] = answer(text, status, *kind, *headers)

    async def find(
        self, address: str | None = None, *, later: timedelta = timedelta(), source: str = ""
    ) -> Client | None:
        """The client at the address."""
        origin = Origin(source or "192.0.2.77", "test")
        async with self.provider.ctx(later=later, origin=origin) as ctx:
            return await self.documents.find(ctx, address or self.address)


@pytest.fixture
async def clients_server(tls: Tls) -> AsyncGenerator[Server]:
    async for one in run(tls.context):
        yield one


@asynccontextmanager
async def site_of(
    provider: Provider, server: Server, tls: Tls, vault: Vault, engine: Engine, *, allow: bool = True
) -> AsyncGenerator[Site]:
    """A site that resolves to loopback, which the fetcher takes only with `allow`."""
    place = f"fetch.example:{server.port}"
    names = Names(fetch_example=[["127.0.0.1"]])
    journal = Journal(vault=vault, entropy=provider.entropy)
    async with Fetcher(allow=frozenset({place} if allow else ()), trust=tls.ca, resolver=names) as fetcher:
        documents = ClientDocuments(
            fetcher=fetcher,
            clock=provider.clock,
            limiter=provider.limiter,
            journal=journal,
            policies=provider.kit.policies,
            lookup=Lookup(engine),
            issuers=Issuers("https://id.example.test"),
            clients=provider.clients,
            scopes=Scopes(journal=journal),
        )
        made = Site(provider, server, documents)
        await admit(provider, place)
        yield made


async def admit(provider: Provider, *places: str) -> None:
    """From which hosts the tenant takes clients."""
    async with provider.ctx() as ctx:
        stored = await provider.kit.policies.stored(ctx)
        clients: Json = {"document_hosts": [*places], "audiences": [API]}
        policy = parse_policy(render_policy(stored.policy) | {"clients": clients})
        await provider.kit.policies.change(ctx, stored.version, policy)


@pytest.fixture
async def site(
    provider: Provider, clients_server: Server, tls: Tls, vault: Vault, engine: Engine
) -> AsyncGenerator[Site]:
    async with site_of(provider, clients_server, tls, vault, engine) as made:
        made.serve()
        yield made
