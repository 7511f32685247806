"""A customer's own IT proves its domain and lets its directory in, alone: a TXT record, a token that is shown once."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, NotFound
from airside.federation import DomainChange
from airside.vault.kms.local import LocalKek
from tests.federation.certificates import pem_of
from tests.fetch.name_server import NameServer, name_server
from tests.makers import Database
from tests.running import Place, Running, running
from tests.trips.guest import DRAFT, Guest

IDP = "https://idp.example.com"


@pytest.fixture(scope="module")
async def dns() -> AsyncIterator[NameServer]:
    async with name_server() as server:
        yield server


@pytest.fixture(scope="module")
async def asking(
    database: Database,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
    dns: NameServer,
) -> AsyncIterator[Running]:
    """A server that asks that name server."""
    folder: Path = tmp_path_factory.mktemp("asking")
    async with running(database.app, folder, kek=kek, clock=clock, entropy=entropy, dns_server=dns.place) as started:
        yield started


@pytest.fixture
async def guest(asking: Running) -> AsyncIterator[Guest]:
    async with asking.client() as http:
        yield Guest(await asking.tenant(), http)


async def configure(guest: Guest) -> None:
    page = await guest.post(await guest.get("setup/provider"), provider="okta", kind="saml")
    done = await guest.post(page, entity_id=IDP, sso_url=f"{IDP}/sso", certificates=pem_of("idp.example.com"))
    assert str(done.url).endswith("/setup/steps"), done.text


async def add(guest: Guest, name: str) -> tuple[str, str, str]:
    """The domain's id, and the record that it wants."""
    page = await guest.post(await guest.get("setup/domains"), "setup/domains", domain=name)
    assert page.status_code == 200, page.text
    _, record, value = re.findall(r"<dd><code>([^<]+)</code></dd>", page.text)[-3:]
    return re.findall(r'name="domain" value="(dom_\w+)"', page.text)[-1], record, value


async def check(guest: Guest, domain: str) -> httpx2.Response:
    return await guest.post(await guest.get("setup/domains"), "setup/domains/check", domain=domain)


async def test_domain_is_proven_and_leads_to_the_connection_once_all_is_finished(guest: Guest, dns: NameServer) -> None:
    services, place = guest.here.server.services, guest.here
    await guest.begin()
    domain, record, value = await add(guest, "Contoso.Example")
    assert record == "_airside-challenge.contoso.example"
    missing = await check(guest, domain)
    assert missing.status_code == 422
    assert f"isn’t there yet at {record}" in missing.text
    dns.records[record] = [value]
    assert "Proven. It leads to your identity provider once you finish." in (await check(guest, domain)).text
    await configure(guest)
    async with place.operator() as ctx:
        assert await services.domains.discover(ctx, "ada@contoso.example") is None
    finished = await guest.post(await guest.get("setup/steps"), "setup/finish")
    assert "The setup is finished" in finished.text
    async with place.operator() as ctx:
        (proven,) = await services.domains.list(ctx)
        assert (proven.connection_id, proven.enforced) == ((await guest.now()).connection_id, False)
        assert await services.domains.discover(ctx, "ada@contoso.example") == proven.connection_id


async def test_domain_that_is_not_proven_is_bound_to_nothing(guest: Guest) -> None:
    """N17: nobody speaks for mailboxes of a domain by saying so."""
    await guest.begin()
    await add(guest, "unproven.example")
    await configure(guest)
    overview = await guest.get("setup/steps")
    assert "A domain isn’t proven yet" in overview.text
    await guest.post(overview, "setup/finish")
    async with guest.here.operator() as ctx:
        (domain,) = await guest.here.server.services.domains.list(ctx)
    assert (domain.verified, domain.connection_id) == (False, None)


async def test_domain_of_somebody_else_is_neither_seen_checked_nor_removed(guest: Guest) -> None:
    """N20, N22: only what this very invitation added."""
    services, place = guest.here.server.services, guest.here
    await guest.begin()
    async with place.operator() as ctx:
        theirs = await services.domains.add(ctx, "theirs.example")
    page = await guest.get("setup/domains")
    assert "theirs.example" not in page.text
    for verb in ("check", "remove"):
        for word in (theirs.word, "dom_x", "", "usr_01jd3v8e5x7m2k9q4w6r8t0y1z"):
            answer = await guest.post(page, f"setup/domains/{verb}", domain=word)
            assert "theirs.example" not in answer.text
    taken = await guest.post(page, "setup/domains", domain="theirs.example")
    assert taken.status_code == 422
    async with place.operator() as ctx:
        assert await services.domains.get(ctx, theirs.id) == theirs


async def test_domain_that_an_administrator_uses_stays_as_they_left_it(guest: Guest, dns: NameServer) -> None:
    """N21: what they bound elsewhere is neither taken away nor bound anew by finishing."""
    services, place = guest.here.server.services, guest.here
    await guest.begin()
    domain, record, value = await add(guest, "kept.example")
    dns.records[record] = [value]
    await check(guest, domain)
    await configure(guest)
    async with place.server.client() as http:
        other = Guest(place, http)
        await other.begin()
        await configure(other)
        theirs = (await other.now()).connection_id
    async with place.operator() as ctx:
        (found,) = await services.domains.list(ctx)
        await services.domain_admin.update(ctx, found.id, DomainChange(connection_id=theirs, enforced=True))
    removed = await guest.post(await guest.get("setup/domains"), "setup/domains/remove", domain=domain)
    assert removed.status_code == 422
    await guest.post(await guest.get("setup/steps"), "setup/finish")
    async with place.operator() as ctx:
        (after,) = await services.domains.list(ctx)
    assert (after.connection_id, after.enforced) == (theirs, True)


async def test_connection_that_a_domain_signs_in_only_by_is_not_taken_away(guest: Guest, dns: NameServer) -> None:
    """N21: a change of protocol is a deletion, and asks what every deletion asks."""
    services, place = guest.here.server.services, guest.here
    await guest.begin()
    await configure(guest)
    domain, record, value = await add(guest, "only.example")
    dns.records[record] = [value]
    await check(guest, domain)
    connection_id = (await guest.now()).connection_id
    async with place.operator() as ctx:
        (found,) = await services.domains.list(ctx)
        await services.domain_admin.update(ctx, found.id, DomainChange(connection_id=connection_id, enforced=True))
    refused = await guest.post(await guest.get("setup/provider"), provider="okta", kind="oidc")
    assert refused.status_code == 422
    async with place.operator() as ctx:
        await services.domain_admin.update(ctx, found.id, DomainChange(enforced=False))
    changed = await guest.post(await guest.get("setup/provider"), provider="okta", kind="oidc")
    assert changed.status_code == 200
    async with place.operator() as ctx:
        assert (await services.domains.get(ctx, found.id)).connection_id is None


async def test_domains_have_a_cap_and_forms_take_no_nonsense(guest: Guest) -> None:
    await guest.begin()
    page = await guest.get("setup/domains")
    for wrong in ("", "com", "co.uk", "x" * 300, "<b>", "ada@contoso.example x", "127.0.0.1"):
        answer = await guest.post(page, "setup/domains", domain=wrong)
        assert answer.status_code == 422, wrong
    for number in range(5):
        await add(guest, f"cap{number}.example")
    page = await guest.get("setup/domains")
    assert 'id="domain"' not in page.text
    assert (await guest.post(page, "setup/domains", domain="cap6.example")).status_code == 422


async def test_directory_token_is_shown_once_and_opens_scim(guest: Guest) -> None:
    """N22, N31: the answer that makes it shows it, and no other page or row does."""
    place = guest.here
    await guest.begin()
    assert str((await guest.get("setup/directory")).url).endswith("/setup/steps")
    await configure(guest)
    page = await guest.get("setup/directory")
    assert f"{place.issuer}/scim/v2" in page.text
    made = await guest.post(page, "setup/directory")
    (token,) = set(re.findall(r"scim_[\w-]{43}", made.text))
    assert made.headers["cache-control"] == "no-store"
    assert token not in (await guest.get("setup/directory")).text
    headers = {"authorization": f"Bearer {token}"}
    async with place.server.client() as http:
        assert (await http.get(f"{place.issuer}/scim/v2/Users", headers=headers)).status_code == 200
        (word,) = set(re.findall(r'name="token" value="(tok_\w+)"', made.text))
        await guest.post(await guest.get("setup/directory"), "setup/directory/revoke", token=word)
        assert (await http.get(f"{place.issuer}/scim/v2/Users", headers=headers)).status_code == 401


async def test_third_token_is_refused_with_a_reason(guest: Guest) -> None:
    await guest.begin()
    await configure(guest)
    for _ in range(2):
        assert (await guest.post(await guest.get("setup/directory"), "setup/directory")).status_code == 200
    third = await guest.post(await guest.get("setup/directory"), "setup/directory")
    assert third.status_code == 409
    assert "There are two tokens already" in third.text
    assert not re.search(r"scim_[\w-]{43}", third.text)


async def test_who_was_not_given_the_directory_makes_no_token(guest: Guest) -> None:
    """N21: that is the inviter's to say."""
    place = guest.here
    await guest.begin(replace(DRAFT, provisions=False))
    await configure(guest)
    steps = await guest.get("setup/steps")
    assert "/setup/directory" not in steps.text
    made = await guest.post(steps, "setup/directory")
    assert "scim_" not in made.text
    connection_id = (await guest.now()).connection_id
    assert connection_id is not None
    async with place.operator() as ctx:
        assert await place.server.services.scim_tokens.list(ctx, connection_id) == []


async def test_token_of_another_connection_is_not_revoked(guest: Guest) -> None:
    """N20."""
    place, services = guest.here, guest.here.server.services
    await guest.begin()
    await configure(guest)
    async with place.server.client() as http:
        other = Guest(place, http)
        await other.begin()
        await configure(other)
        theirs = (await other.now()).connection_id
        assert theirs is not None
    async with place.operator() as ctx:
        token, _ = await services.scim_tokens.create(ctx, theirs, lifetime=timedelta(days=1))
    await guest.post(await guest.get("setup/directory"), "setup/directory/revoke", token=token.word)
    async with place.operator() as ctx:
        assert [each.token_id for each in await services.scim_tokens.list(ctx, theirs)] == [token.token_id]


async def test_token_of_an_administrator_is_neither_seen_nor_revoked(guest: Guest) -> None:
    """N21: only what this very invitation made, though both are of its connection."""
    place, services = guest.here, guest.here.server.services
    await guest.begin()
    await configure(guest)
    connection_id = (await guest.now()).connection_id
    assert connection_id is not None
    async with place.operator() as ctx:
        theirs, _ = await services.scim_tokens.create(ctx, connection_id, lifetime=timedelta(days=1))
    page = await guest.post(await guest.get("setup/directory"), "setup/directory")
    assert len(set(re.findall(r'name="token" value="(tok_\w+)"', page.text)) - {theirs.word}) == 1
    assert theirs.word not in page.text
    await guest.post(page, "setup/directory/revoke", token=theirs.word)
    async with place.operator() as ctx:
        live = {each.token_id: each.setup_id for each in await services.scim_tokens.list(ctx, connection_id)}
    assert live.pop(theirs.token_id) is None
    assert list(live.values()) == [(await guest.now()).id]


async def test_fifty_domains_at_once_are_five(guest: Guest) -> None:
    """Fifty at once: no race adds more than one invitation may."""
    place, services = guest.here, guest.here.server.services
    async with place.operator() as ctx:
        setup = await services.setups.create(ctx, DRAFT, ctx.principal.subject)
        secret = await services.setups.start(ctx, await services.setups.token(ctx, setup))
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> bool:
        async with gate, place.operator() as ctx:
            try:
                access = await services.setups.enter(ctx, secret)
                await services.setup_domains.add(ctx, access, f"race{number}.example")
            except (Conflict, NotFound):
                return False
        return True

    assert sum(await asyncio.gather(*(one(number) for number in range(50)))) == 5
    async with place.operator() as ctx:
        assert len(await services.domains.list(ctx)) == 5


async def test_revoked_invitation_changes_no_domain_and_makes_no_token(guest: Guest) -> None:
    """N18: in the midst of it."""
    place: Place = guest.here
    await guest.begin()
    await configure(guest)
    page = await guest.get("setup/domains")
    setup = await guest.now()
    async with place.operator() as ctx:
        await place.server.services.setup_admin.revoke(ctx, setup.id)
    for path, fields in (("setup/domains", {"domain": "late.example"}), ("setup/directory", {})):
        assert (await guest.post(page, path, **fields)).status_code == 404
    async with place.operator() as ctx:
        assert await place.server.services.domains.list(ctx) == []
