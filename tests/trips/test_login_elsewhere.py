"""People of one tenant who sign in through another tenant's provider: two real servers, and every redirect between
them."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode, urljoin

import httpx2
import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.federation import Connection, ConnectionChange, ConnectionDraft, OidcSettings
from airside.identity import User
from airside.oauth import ClientDraft
from airside.signin import account_cookie
from airside.tenancy import TenantPolicy
from airside.vault.kms.local import LocalKek
from tests.makers import Database
from tests.running import PASSWORD, Place, Running, running
from tests.trips.visitor import FORM, ahead_of, csrf_of

APPLICATION = ClientDraft(
    name="Elsewhere",
    public=False,
    grants=frozenset({"authorization_code"}),
    audiences=("https://api.example.test",),
    redirect_uris=("https://nowhere.example/callback",),
    scopes=frozenset({"openid", "email", "profile"}),
)


@dataclass(frozen=True)
class Journey:
    """A tenant that has a connection to another one, and somebody with an account there."""

    here: Place
    there: Place
    connection: Connection
    person: User

    async def leave(self, http: httpx2.AsyncClient, start: str = "") -> httpx2.Response:
        """Choose the connection on the sign-in page, and go where its page leads."""
        page = await _get(http, start or f"{self.here.issuer}/signin")
        fields = {"csrf_token": csrf_of(page), "connection": self.connection.word}
        left = await _post(http, page, fields)
        assert left.status_code == 200, left.text
        return await _get(http, ahead_of(left))

    async def come_back(self, http: httpx2.AsyncClient, asked: httpx2.Response) -> httpx2.Response:
        """Sign in there, and be led back up to the page that says what came of it."""
        fields = {"email": self.person.email, "password": PASSWORD, "csrf_token": csrf_of(asked)}
        done = await _post(http, asked, fields)
        assert done.status_code == 200, done.text
        return await _get(http, ahead_of(done))

    async def demand(self, policy: TenantPolicy) -> None:
        async with self.here.operator() as ctx:
            version = (await self.here.server.services.policies.stored(ctx)).version
            await self.here.server.services.policies.change(ctx, version, policy)


async def _get(http: httpx2.AsyncClient, url: str) -> httpx2.Response:
    answer = await http.get(url)
    while answer.is_redirect:
        answer = await http.get(urljoin(str(answer.url), answer.headers["location"]))
    return answer


async def _post(http: httpx2.AsyncClient, page: httpx2.Response, fields: dict[str, str]) -> httpx2.Response:
    where = page.url
    headers = {**FORM, "origin": f"{where.scheme}://{where.netloc.decode()}"}
    return await http.post(str(where), content=urlencode(fields), headers=headers)


@pytest.fixture(scope="module")
async def relying(
    server: Running, database: Database, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncIterator[Running]:
    """Another server, which may fetch from the first and trusts its authority."""
    ca: Path = server.certificates.ca
    before, os.environ["SSL_CERT_FILE"] = os.environ.get("SSL_CERT_FILE"), str(ca)
    allowed = (server.url.removeprefix("https://"),)
    try:
        async with running(
            database.app, ca.parent, kek=kek, clock=clock, entropy=entropy, fetch_exceptions=allowed
        ) as started:
            yield started
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


@pytest.fixture
async def journey(relying: Running, place: Place) -> Journey:
    here = await relying.tenant()
    services = relying.services
    async with here.operator() as ctx:
        settings = OidcSettings(issuer=place.issuer, client_id="unregistered", scopes=("openid", "email", "profile"))
        draft = ConnectionDraft("Provider & Sons", settings, creates_users=True)
        connection = await services.connections.create(ctx, draft)
    callback = f"{here.issuer}/oidc/{connection.word}/callback"
    client, secret = await place.client(replace(APPLICATION, redirect_uris=(callback,)))
    assert secret is not None
    async with here.operator() as ctx:
        change = ConnectionChange(settings={"client_id": client.word})
        connection = await services.connections.update(ctx, connection.id, change)
        await services.connections.set_client_secret(ctx, connection.id, Secret(secret.reveal()))
    person = await place.user()
    async with place.operator() as ctx:
        await place.server.services.users.verify_email(ctx, person.id)
    return Journey(here, place, connection, person)


async def test_person_of_another_tenant_signs_in_and_is_the_same_one_the_next_time(journey: Journey) -> None:
    """RFC 6749 §4.1 and OpenID Connect Core §3.1, with ourselves at both ends."""
    found = list[str]()
    for _ in range(2):
        async with journey.here.server.client() as http:
            done = await journey.come_back(http, await journey.leave(http))
            assert done.status_code == 200, done.text
            account = await _get(http, ahead_of(done))
            assert journey.person.email in account.text
            async with journey.here.operator() as ctx:
                services = journey.here.server.services
                user = await services.users.find_by_email(ctx, journey.person.email)
                assert user is not None
                found.append(str(user.id))
                assert await services.members.roles(ctx, user.id) == ["member"]
                assert len(await services.sessions.list(ctx, user.id)) == len(found)
    assert len(set(found)) == 1


async def test_session_here_dies_with_the_connection(journey: Journey) -> None:
    """N18, N19: at the next request."""
    async with journey.here.server.client() as http:
        done = await journey.come_back(http, await journey.leave(http))
        assert (await _get(http, ahead_of(done))).status_code == 200
        async with journey.here.operator() as ctx:
            await journey.here.server.services.connections.disable(ctx, journey.connection.id)
        assert "/signin/" in str((await _get(http, f"{journey.here.issuer}/account")).url)


async def test_connection_disabled_while_somebody_is_away_takes_nobody_back(journey: Journey) -> None:
    """N18."""
    async with journey.here.server.client() as http:
        asked = await journey.leave(http)
        async with journey.here.operator() as ctx:
            await journey.here.server.services.connections.disable(ctx, journey.connection.id)
        back = await journey.come_back(http, asked)
    assert back.status_code == 404
    assert account_cookie(journey.here.tenant_id) not in http.cookies


async def test_mapping_that_says_no_more_leaves_the_second_factor_to_be_enrolled(journey: Journey) -> None:
    """N12: the tenant demands `aal2`, and its provider's word alone is `aal1`."""
    await journey.demand(TenantPolicy(minimum_assurance="aal2"))
    async with journey.here.server.client() as http:
        step = await journey.come_back(http, await journey.leave(http))
    assert "enrol" in step.text
    assert account_cookie(journey.here.tenant_id) not in http.cookies
