"""The example application against the real server: people sign in by the form, the application asks and obeys."""

import asyncio
import runpy
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import USER, format_id
from airside.store.migrate import migrate, role_of
from airside.vault import Aead
from tests.examples.notes import FRONT, NOTES, NotesTenant, notes_tenant
from tests.makers import MakeDatabase
from tests.running import Place, running
from tests.sdk.peer import serve
from tests.trips.visitor import token_request


@dataclass(frozen=True)
class Scene:
    """A tenant, and the application over HTTP."""

    tenant: NotesTenant
    http: httpx2.AsyncClient

    @property
    def place(self) -> Place:
        return self.tenant.place


@pytest.fixture
async def scene(
    blank_database: MakeDatabase,
    tmp_path: Path,
    kek: Aead,
    clock: Clock,
    entropy: Entropy,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Scene]:
    """Server, tenant, store, clients and application, each real."""
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        async with running(database.app, tmp_path, kek=kek, clock=clock, entropy=entropy) as server:
            tenant = await notes_tenant(server, "notes.test")
            for name, value in tenant.environment.items():
                monkeypatch.setenv(name, value)
            app = runpy.run_path(str(NOTES / "app.py"))["app"]
            async with (
                serve(app, lifespan="on") as port,
                httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"host": "notes.test"}) as http,
            ):
                yield Scene(tenant, http)


async def test_people_share_a_note_and_a_revoked_token_is_refused_within_a_second(scene: Scene, clock: Clock) -> None:
    """N19: the token was verified, and is remembered, before it is revoked."""
    anne, bob = await scene.place.user("member"), await scene.place.user("member")
    annes, bobs = await scene.tenant.bearer(anne), await scene.tenant.bearer(bob)

    # 1. Anne writes a note; nobody and Bob can't read it.
    made = await scene.http.post("/notes", json={"text": "milk"}, headers=annes)
    assert made.status_code == 201, made.text
    note = f"/notes/{made.json()['id']}"
    assert (await scene.http.get(note)).status_code == 401
    assert (await scene.http.get(note, headers=bobs)).status_code == 403

    # 2. She lets him see it: now he can, but not change it.
    share = {"user": format_id(USER, bob.id), "relation": "viewer"}
    assert (await scene.http.post(f"{note}/shares", json=share, headers=annes)).status_code == 204
    assert (await scene.http.get(note, headers=bobs)).json()["text"] == "milk"
    assert (await scene.http.put(note, json={"text": "beer"}, headers=bobs)).status_code == 403
    again = await scene.http.post(f"{note}/shares", json=share, headers=annes)
    assert again.status_code == 409

    # 3. His token is revoked, and refused within a second.
    form = {"token": bobs["authorization"].removeprefix("Bearer "), "client_id": scene.tenant.front.word}
    assert (await token_request(scene.place, form, path="revoke")).status_code == 200
    since = clock.monotonic()
    while (await scene.http.get(note, headers=bobs)).status_code == 200:
        assert clock.monotonic() - since < 1
        await asyncio.sleep(0.01)
    assert (await scene.http.get(note, headers=bobs)).status_code == 401
    assert (await scene.http.get(note, headers=annes)).status_code == 200


async def test_token_of_another_tenant_is_refused(scene: Scene) -> None:
    """N20: another issuer, another key."""
    other = await scene.place.server.tenant()
    front, _ = await other.client(FRONT)
    stranger = await NotesTenant(other, front, {}).bearer(await other.user("member"))
    assert (await scene.http.get("/me", headers=stranger)).status_code == 401
