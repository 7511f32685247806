"""`airside connections`, `domains`, `scim`: on a real database, with a provider and a name server that answer."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from airside.admin import OPERATOR
from airside.cli.session import opened
from airside.core.clock import Clock
from airside.core.ids import CONNECTION, IDENTITY, format_id, parse_id, uuid7
from airside.federation import ExternalIdentity
from airside.federation import records_identities as records
from airside.federation.oidc_keys import new_own_key
from airside.store.migrate import migrate, role_of
from airside.wiring.settings import load
from tests.cli.command import airside
from tests.federation.issuer import Issuer, serving
from tests.fetch.name_server import NameServer, name_server
from tests.makers import MakeDatabase
from tests.protocols.saml.test_metadata import idp

CONNECTED = re.compile(r"(con_[0-9a-z]{26})  ")


@dataclass(frozen=True)
class Desk:
    """Where an operator sits: verbs in processes of their own, on a database that holds one tenant, `acme`."""

    folder: Path
    settings: dict[str, str]
    provider: Issuer
    names: NameServer

    async def run(self, *words: str) -> CompletedProcess[str]:
        """One verb, to its end; provider and name server answer meanwhile."""
        return await asyncio.to_thread(airside, *words, cwd=self.folder, **self.settings)

    async def says(self, *words: str) -> str:
        """What a verb prints that does what it is told."""
        done = await self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def file(self, name: str, text: str) -> str:
        """A file with `text`; its path."""
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    async def connect(self, *words: str) -> str:
        """A new connection's id."""
        found = CONNECTED.match(await self.says("connections", *words))
        assert found is not None
        return found[1]

    async def known_by(self, email: str, connection: str) -> str:
        """Make the user somebody at the connection; the identity's id."""
        environ = {f"AIRSIDE_{name.upper()}": value for name, value in self.settings.items()}
        async with opened(load(environ, mode="development", public_url="https://localhost")) as services:
            tenant_id = await services.platform.find("acme")
            async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
                user = await services.users.find_by_email(ctx, email)
                assert user is not None
                own = ExternalIdentity(
                    uuid7(ctx.now, services.entropy), parse_id(CONNECTION, connection), user.id, "s-1", ctx.now, ctx.now
                )
                seals = await services.vault.persons.seals(ctx, user.id)
                await records.insert(ctx, await services.vault.keyset(ctx), seals, own)
        return format_id(IDENTITY, own.id)


@pytest.fixture(scope="module")
async def desk(
    blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory, clock: Clock
) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    async with blank_database() as database, serving(clock) as provider, name_server() as names:
        await migrate(database.owner, role_of(database.app))
        settings = {
            "data": str(folder / "data"),
            "database_url": database.app,
            "dns_server": names.place,
            "fetch_exceptions": provider.place,
        }
        desk = Desk(folder, settings, provider, names)
        await desk.says("tenant", "create", "acme", "Acme")
        yield desk


async def test_saml_provider_is_connected_by_its_file_and_its_certificate_is_shown(desk: Desk) -> None:
    word = await desk.connect("create-saml", "acme", "From a file", desk.file("metadata.xml", idp()))
    assert [word, "saml", "active", "From", "a", "file"] in [
        line.split() for line in (await desk.says("connections", "list", "acme")).splitlines()
    ]
    shown = await desk.says("connections", "show", "acme", word)
    assert "https://idp.example/slo/answer" in shown
    assert re.search(r"certificate [0-9a-f]{16} until \d{4}-\d\d-\d\d", shown)
    assert "new key" in await desk.says("connections", "renew-keys", "acme", word)


async def test_saml_provider_is_connected_by_its_address_and_followed(desk: Desk) -> None:
    kind = "Content-Type: text/xml"
    desk.provider.answers["/saml"] = ("200 OK", kind, idp().encode())
    word = await desk.connect("create-saml", "acme", "From its address", f"{desk.provider.url}/saml")
    moved = idp().replace("https://idp.example/sso", "https://idp.example/moved")
    desk.provider.answers["/saml"] = ("200 OK", kind, moved.encode())
    assert "as its provider's metadata says" in await desk.says("connections", "refresh", "acme", word)
    assert "https://idp.example/moved" in await desk.says("connections", "show", "acme", word)


async def test_issuer_is_connected_disabled_enabled_mapped_and_deleted(desk: Desk) -> None:
    said = {"issuer": "https://idp.example.com", "client_id": "airside"}
    secret = desk.file("secret.txt", "hush\n")
    settings = desk.file("settings.json", json.dumps(said))
    word = await desk.connect("create-oidc", "acme", "Issuer", settings, "--secret", secret, "--creates-users")
    for verb, state in (("disable", "disabled"), ("enable", "active")):
        assert state in await desk.says("connections", verb, "acme", word)
        assert f"oidc  {state}" in await desk.says("connections", "show", "acme", word)
    assert "another client secret" in await desk.says("connections", "secret", "acme", word, secret)
    rules = desk.file("rules.json", '{"groups": "groups", "roles": [{"group": "admins", "role": "administrator"}]}')
    saved = await desk.says("connections", "mapping", "acme", word, rules)
    assert json.loads(saved)["roles"] == [{"group": "admins", "role": "administrator"}]
    assert await desk.says("connections", "mapping", "acme", word) == saved
    assert "deleted" in await desk.says("connections", "delete", "acme", word)
    gone = await desk.run("connections", "show", "acme", word)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "`airside connections list acme`" in gone.stderr


async def test_well_known_providers_are_connected_by_what_they_are_asked_for(desk: Desk) -> None:
    secret = desk.file("secret.txt", "hush")
    tenant = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    entra = await desk.connect(
        "create-preset", "acme", "Entra", "entra", "client", "--input", f"tenant={tenant}", "--secret", secret
    )
    assert f'"tid":"{tenant}"' in await desk.says("connections", "show", "acme", entra)
    inputs = ("--input", "team_id=TEAM", "--input", "key_id=KEY")
    keys = desk.file("apple.p8", new_own_key().reveal())
    apple = await desk.connect("create-preset", "acme", "Apple", "apple", "client", *inputs, "--keys", keys)
    assert '"key_id":"KEY"' in await desk.says("connections", "show", "acme", apple)
    renewed = await desk.run("connections", "renew-keys", "acme", apple)
    assert renewed.returncode == 1, "Apple's key is Apple's to renew"
    for words, told in ((("entra", "client"), "--input tenant=…"), (("nobody", "client"), "google, entra")):
        refused = await desk.run("connections", "create-preset", "acme", "No", *words)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert told in refused.stderr


async def test_who_somebody_is_elsewhere_is_listed_and_taken(desk: Desk) -> None:
    email = "linked@acme.example"
    await desk.says("user", "create", "acme", email)
    settings = desk.file("linked.json", '{"issuer": "https://idp.example.com", "client_id": "airside"}')
    connection = await desk.connect("create-oidc", "acme", "Linking", settings)
    identity = await desk.known_by(email, connection)
    listed = (await desk.says("connections", "identities", "acme", email)).split()
    assert [identity, connection] == listed[5:7]
    assert "nobody by" in await desk.says("connections", "unlink", "acme", email, identity)
    assert identity not in await desk.says("connections", "identities", "acme", email)
    again = await desk.run("connections", "unlink", "acme", email, identity)
    assert (again.returncode, again.stdout) == (1, "")
    assert f"`airside connections identities acme {email}`" in again.stderr


async def test_domain_is_proven_bound_enforced_and_deleted(desk: Desk) -> None:
    settings = desk.file("domain.json", '{"issuer": "https://idp.example.com", "client_id": "airside"}')
    connection = await desk.connect("create-oidc", "acme", "Domains", settings)
    record, _, value = (await desk.says("domains", "add", "acme", "example.com")).splitlines()[1].partition("  ")
    unproven = await desk.run("domains", "verify", "acme", "example.com")
    assert (unproven.returncode, value in unproven.stdout) == (1, True)
    desk.names.records[record] = [value]
    assert "is proven" in await desk.says("domains", "verify", "acme", "example.com")
    refused = await desk.run("domains", "enforce", "acme", "example.com")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "are led to Domains" in await desk.says("domains", "bind", "acme", "example.com", connection)
    assert "only through" in await desk.says("domains", "enforce", "acme", "example.com")
    listed = (await desk.says("domains", "list", "acme")).splitlines()[1]
    assert listed.split() == ["example.com", "proven", connection, "enforced"]
    kept = await desk.run("connections", "delete", "acme", connection)
    assert (kept.returncode, kept.stdout) == (1, "")
    assert "as they like" in await desk.says("domains", "enforce", "acme", "example.com", "--off")
    assert "is deleted" in await desk.says("domains", "delete", "acme", "example.com")
    assert "`airside domains list acme`" in (await desk.run("domains", "verify", "acme", "example.com")).stderr


async def test_break_glass_administrator_is_named_listed_and_stopped(desk: Desk) -> None:
    await desk.says("user", "create", "acme", "glass@acme.example")
    assert "own means" in await desk.says("domains", "break-glass", "acme", "glass@acme.example")
    assert len((await desk.says("domains", "break-glass", "acme")).splitlines()) == 2
    assert "no way" in await desk.says("domains", "break-glass", "acme", "glass@acme.example", "--off")
    assert len((await desk.says("domains", "break-glass", "acme")).splitlines()) == 1
    again = await desk.run("domains", "break-glass", "acme", "glass@acme.example", "--off")
    assert again.returncode == 1


async def test_scim_token_is_made_listed_and_revoked(desk: Desk) -> None:
    settings = desk.file("scim.json", '{"issuer": "https://idp.example.com", "client_id": "airside"}')
    connection = await desk.connect("create-oidc", "acme", "Directory", settings)
    made = (await desk.says("scim", "create", "acme", connection, "--days", "7")).split()[0]
    assert made in await desk.says("scim", "list", "acme", connection)
    assert "is revoked" in await desk.says("scim", "revoke", "acme", connection, made)
    assert made not in await desk.says("scim", "list", "acme", connection)
