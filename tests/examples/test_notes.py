"""The example application, over HTTP, against the peer."""

import runpy
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.sdk.peer import CLIENT_ID, CLIENT_SECRET, STORE, Peer, serve, serve_peer

APP = Path(__file__).resolve().parents[2] / "examples" / "notes" / "app.py"
ANNE = "usr_01jd0000000000000000000001"
BOB = "usr_01jd0000000000000000000009"


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    async with serve_peer(tmp_path) as running:
        yield running


@pytest.fixture
async def notes(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    """The application as it starts in production: its settings come from the environment."""
    for name, value in {
        "AIRSIDE_ISSUER": peer.issuer,
        "AIRSIDE_CLIENT_ID": CLIENT_ID,
        "AIRSIDE_CLIENT_SECRET": CLIENT_SECRET,
        "AIRSIDE_STORE_ID": STORE,
        "AIRSIDE_CA_FILE": str(peer.ca_file),
        "NOTES_HOST": "notes.test",
    }.items():
        monkeypatch.setenv(name, value)
    app = runpy.run_path(str(APP))["app"]
    async with (
        serve(app, lifespan="on") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"host": "notes.test"}) as client,
    ):
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_note_is_written_read_changed_and_shared(notes: httpx2.AsyncClient, peer: Peer) -> None:
    anne, bob = bearer(peer.token(sub=ANNE)), bearer(peer.token(sub=BOB))
    made = await notes.post("/notes", json={"text": "milk"}, headers=anne)
    assert made.status_code == 201
    place = f"/notes/{made.json()['id']}"
    assert (await notes.get(place, headers=anne)).json() == made.json()
    assert (await notes.get(place, headers=bob)).status_code == 403
    shared = await notes.post(f"{place}/shares", json={"user": BOB, "relation": "viewer"}, headers=anne)
    assert shared.status_code == 204
    assert (await notes.get(place, headers=bob)).json()["text"] == "milk"
    assert (await notes.put(place, json={"text": "beer"}, headers=bob)).status_code == 403
    assert (
        await notes.post(f"{place}/shares", json={"user": BOB, "relation": "editor"}, headers=bob)
    ).status_code == 403
    assert (await notes.put(place, json={"text": "bread"}, headers=anne)).json()["text"] == "bread"


async def test_note_of_another_tenant_is_not_there(notes: httpx2.AsyncClient, peer: Peer) -> None:
    """N20: even if a permission were there."""
    made = await notes.post("/notes", json={"text": "milk"}, headers=bearer(peer.token(sub=ANNE)))
    stranger = bearer(peer.token(sub=ANNE, tenant_id="ten_01jd000000000000000000000x"))
    assert (await notes.get(f"/notes/{made.json()['id']}", headers=stranger)).status_code == 404


async def test_missing_note_and_foreign_note_answer_alike(notes: httpx2.AsyncClient, peer: Peer) -> None:
    """N40: no existence oracle."""
    made = await notes.post("/notes", json={"text": "milk"}, headers=bearer(peer.token(sub=ANNE)))
    bob = bearer(peer.token(sub=BOB))
    foreign = await notes.get(f"/notes/{made.json()['id']}", headers=bob)
    missing = await notes.get("/notes/never-was", headers=bob)
    assert (foreign.status_code, missing.status_code) == (403, 403)
    assert foreign.json() | {"request_id": ""} == missing.json() | {"request_id": ""}


async def test_nobody_and_wrong_scope_are_told_apart(notes: httpx2.AsyncClient, peer: Peer) -> None:
    assert (await notes.get("/me")).status_code == 401
    assert (await notes.get("/me", headers=bearer(peer.token()))).json()["subject"] == ANNE
    reader = bearer(peer.token(scope="notes:read"))
    assert (await notes.post("/notes", json={"text": "x"}, headers=reader)).status_code == 403


def test_application_is_small() -> None:
    assert len(APP.read_text("utf-8").splitlines()) < 100
