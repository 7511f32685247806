"""Receivers of security events: programs with a stream each, who believe what another library verifies."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import KeySet

from airside.core.ids import SIGNAL, format_id, uuid7
from airside.notify import Receipt
from airside.oauth import ClientDraft
from airside.oauth.signals import StreamDraft, records_events
from airside.oauth.signals.model import Telling
from airside.protocols.secevent import EVENTS, POLL, VERIFICATION
from airside.store import Item
from tests.running import Place
from tests.trips.visitor import token_request

SCOPES = frozenset({"ssf.read", "ssf.manage"})
USUAL = ClientDraft("Receiver", False, frozenset({"client_credentials"}), audiences=())


@dataclass(frozen=True)
class Program:
    """A client of the tenant with a token of its own."""

    place: Place
    http: httpx2.AsyncClient
    client_id: str
    secret: str

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> httpx2.Response:
        """Something below `{issuer}/ssf`."""
        return await self.http.request(method, f"{self.place.issuer}/ssf{path}", json=body, params=query)

    async def stream(self, **more: Any) -> dict[str, Any]:
        """A new one, of everything, for polls."""
        body = {"delivery": {"method": POLL}, "events_requested": list(EVENTS)} | more
        answer = await self.call("POST", "/streams", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def poll(self, stream: Mapping[str, Any], **body: Any) -> dict[str, dict[str, Any]]:
        """What it is told, verified by joserfc, by token."""
        answer = await self.http.post(stream["delivery"]["endpoint_url"], json={"returnImmediately": True} | body)
        assert answer.status_code == 200, answer.text
        jwks = (await self.http.get(f"{self.place.issuer}/oauth2/jwks")).json()
        return {jti: self.claims(token, jwks) for jti, token in answer.json()["sets"].items()}

    def claims(self, token: str, jwks: Any) -> dict[str, Any]:
        """What a token says, if it is one."""
        found = jwt.decode(token, KeySet.import_key_set(jwks), algorithms=["RS256"])
        assert found.header["typ"] == "secevent+jwt"
        assert (found.claims["iss"], found.claims["aud"]) == (self.place.issuer, self.client_id)
        return dict(found.claims)


async def pushed(place: Place, url: str) -> Receipt:
    """A verification pushed to `url` by hand: what the outbox holds is the server's own to send."""
    services = place.server.services
    draft = ClientDraft("X", False, frozenset({"client_credentials"}), audiences=(place.issuer,))
    client, _ = await place.client(draft)
    signal_id = uuid7(services.clock.now(), services.entropy)
    async with place.operator() as ctx:
        stream = await services.signal_streams.create(ctx, client.client_id, StreamDraft("push", url))
        records_events.insert(ctx, stream.stream_id, signal_id, Telling(VERIFICATION, stream.word, "", "{}", ""))
    now, about = services.clock.now(), {"stream": stream.word, "event": format_id(SIGNAL, signal_id)}
    item = Item(signal_id, "signal", None, about, 0, created_at=now, claimed_until=now)
    return await services.signal_sending.carry(place.tenant_id, item)


@asynccontextmanager
async def program(
    place: Place, scopes: frozenset[str] = SCOPES, *, draft: ClientDraft = USUAL
) -> AsyncGenerator[Program]:
    """A new client."""
    client, secret = await place.client(replace(draft, audiences=(place.issuer,), scopes=scopes))
    assert secret is not None
    form = {"grant_type": "client_credentials"}
    answer = await token_request(place, form, auth=(client.word, secret.reveal()))
    async with place.server.client() as http:
        http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        yield Program(place, http, client.word, secret.reveal())
