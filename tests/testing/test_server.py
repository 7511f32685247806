"""The kit's server is the real one: what it gives is good, for whom it was given and no longer."""

import asyncio
from pathlib import Path

import pytest

from airside.core.clock import SystemClock
from airside.core.errors import Unauthenticated
from airside.core.ids import USER, parse_id
from airside.core.secret import Secret
from airside.sdk import Permissions, ServiceClient, VerifiedToken, Verifier, connect, host_of
from airside.testing.browsing import TurnedAway
from airside.testing.server import Server
from airside.testing.tenants import Application, Person, Tenant

NOTES = "https://notes.example"
SCOPES = ("notes:read", "notes:write")
MODEL = """model
  schema 1.1

type user

type note
  relations
    define viewer: [user]
"""


async def _verified(tenant: Tenant, token: str, audience: str = NOTES) -> VerifiedToken:
    async with connect(tenant.issuer, ca_file=tenant.home.ca_file) as fetcher:
        verifier = Verifier(tenant.issuer, audience, fetcher=fetcher, clock=SystemClock())
        try:
            return await verifier.verify(token)
        finally:
            await verifier.stop()


async def test_token_of_a_person_is_good_for_the_application_and_its_tenant_alone(
    kit_server: Server, tenant: Tenant
) -> None:
    notes, ada = tenant.application(NOTES, scopes=SCOPES), tenant.user("ada")
    token = ada.token(notes, "notes:read")
    verified = await _verified(tenant, token)
    assert (verified.subject, set(verified.scopes)) == (ada.id, {"notes:read"})
    with pytest.raises(Unauthenticated):
        await _verified(tenant, token, "https://other.example")
    with pytest.raises(Unauthenticated):
        await _verified(kit_server.tenant(), token)


async def test_passkey_counts_for_more_than_a_password(tenant: Tenant) -> None:
    notes = tenant.application(NOTES, scopes=SCOPES)
    ada, bob = tenant.user("ada"), tenant.user("bob", password="a long enough password for tests")
    assert [(await _verified(tenant, each.token(notes))).assurance for each in (ada, bob)] == ["aal2", "aal1"]


async def test_second_token_comes_from_the_open_session(tenant: Tenant) -> None:
    notes, ada = tenant.application(NOTES, scopes=SCOPES), tenant.user("ada")
    first, second = [await _verified(tenant, ada.token(notes)) for _ in range(2)]
    assert first.session_id == second.session_id
    assert first.token_id != second.token_id


async def test_program_has_a_token_of_its_own(tenant: Tenant) -> None:
    notes = tenant.application(NOTES, scopes=SCOPES)
    verified = await _verified(tenant, notes.token("notes:read"))
    assert verified.subject == notes.front.client.word


def _disable(tenant: Tenant, person: Person) -> None:
    async def disable() -> None:
        async with tenant.operating() as ctx:
            await tenant.home.services.user_admin.set_state(ctx, parse_id(USER, person.id), "disabled")

    tenant.home.run(disable())


def test_who_is_disabled_gets_no_token(tenant: Tenant) -> None:
    notes, ada = tenant.application(NOTES, scopes=SCOPES), tenant.user("ada")
    ada.token(notes)
    _disable(tenant, ada)
    with pytest.raises(TurnedAway):
        ada.token(notes)


def test_scope_that_the_application_has_not_is_refused(tenant: Tenant) -> None:
    notes, ada = tenant.application(NOTES, scopes=SCOPES), tenant.user("ada")
    with pytest.raises(TurnedAway, match="invalid_scope"):
        ada.token(notes, "notes:delete")
    with pytest.raises(TurnedAway, match="invalid_scope"):
        notes.token("notes:delete")


async def _sees(notes: Application, person: Person) -> bool:
    told, tenant = notes.environment, notes.tenant
    async with connect(tenant.issuer, ca_file=Path(told["AIRSIDE_CA_FILE"])) as fetcher:
        secret = Secret(told["AIRSIDE_CLIENT_SECRET"])
        client = ServiceClient(tenant.issuer, told["AIRSIDE_CLIENT_ID"], secret, fetcher=fetcher, clock=SystemClock())
        permissions = Permissions(host_of(tenant.issuer), told["AIRSIDE_STORE_ID"], client, fetcher=fetcher)
        return await permissions.check(person.word, "viewer", "note:1")


async def test_relation_holds_from_the_next_line_to_its_end(tenant: Tenant) -> None:
    notes, ada = tenant.application(NOTES, scopes=SCOPES), tenant.user("ada")
    tenant.model(MODEL)
    assert not await _sees(notes, ada)
    tenant.relate(ada, "viewer", "note:1")
    assert await _sees(notes, ada)
    tenant.part(ada, "viewer", "note:1")
    assert not await _sees(notes, ada)


async def test_loop_of_the_test_is_not_the_servers(tenant: Tenant) -> None:
    """Whoever awaits and whoever doesn't may ask alike."""
    notes = tenant.application(NOTES, scopes=SCOPES)
    ada = await asyncio.to_thread(tenant.user, "ada")
    assert await asyncio.to_thread(ada.token, notes)


def test_client_that_trusts_the_kit_trusts_this_server(kit_server: Server) -> None:
    assert kit_server.trust.get_ca_certs()
    assert kit_server.url.startswith("https://localhost:")
