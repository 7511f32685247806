"""Whoever calls the management API: a person who signed in, or a program with its own credentials."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2

from airside.identity import User
from airside.limits import Limit, Limiter
from airside.oauth import Client, ClientDraft
from tests.running import Place
from tests.trips.generator import generator
from tests.trips.visitor import NATIVE, code_for, redeem, token_request, visitor


async def program(place: Place, *scopes: str) -> tuple[Client, tuple[str, str]]:
    """A client that acts by itself with these scopes, and what it authenticates with."""
    draft = ClientDraft(
        name="Program",
        public=False,
        grants=frozenset({"client_credentials"}),
        audiences=(place.issuer,),
        scopes=frozenset(scopes),
    )
    client, secret = await place.client(draft)
    assert secret is not None
    return client, (client.word, secret.reveal())


async def program_token(place: Place, *scopes: str) -> str:
    """The access token of such a program."""
    _, auth = await program(place, *scopes)
    answer = await token_request(place, {"grant_type": "client_credentials"}, auth=auth)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def person_tokens(place: Place, user: User, *scopes: str) -> tuple[Client, dict[str, Any]]:
    """What `user` gets by signing in, by two factors, to an application made for the management API; and that
    application."""
    app = await generator(place, user)
    client, _ = await place.client(replace(NATIVE, audiences=(place.issuer,), scopes=frozenset({"openid", *scopes})))
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser, app, scope=" ".join(["openid", *scopes]))
    answer = await redeem(place, client, code)
    assert answer.status_code == 200, answer.text
    return client, answer.json()


async def manage(
    place: Place, token: str, method: str, path: str, body: Mapping[str, object] | None = None
) -> httpx2.Response:
    """One request to the tenant's management API."""
    async with place.server.client() as http:
        return await http.request(
            method,
            f"{place.issuer}/api/v1{path}",
            json=None if body is None else dict(body),
            headers={"authorization": f"Bearer {token}"},
        )


async def use_up(place: Place, pace: Limiter, limit: Limit, counter: str) -> None:
    """As if all of it had been used half a minute from now: what comes back meanwhile is not enough."""
    services = place.server.services
    async with services.engine.begin(place.tenant_id, now=services.clock.now() + timedelta(seconds=30)) as ctx:
        await pace.spend(ctx, [(limit, counter)], cost=limit.rate.count)
