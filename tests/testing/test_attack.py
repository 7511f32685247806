"""The attacker on the example application: as it stands nothing is found, and each planted hole is."""

import runpy
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException

from airside.testing import Caller, Report, asgi_sender, attack, operations
from airside.testing.attack import unknown
from tests.sdk.peer import CLIENT_ID, CLIENT_SECRET, STORE, Peer, serve_peer

APP = Path(__file__).resolve().parents[2] / "examples" / "notes" / "app.py"
ANNE = "usr_01jd0000000000000000000001"
BOB = "usr_01jd0000000000000000000009"
BODIES = {
    "POST /notes/{note_id}/shares": {"user": BOB, "relation": "viewer"},
    "PUT /notes/{note_id}": {"text": "taken over"},
}


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    async with serve_peer(tmp_path) as running:
        yield running


class Notes:
    """The application, one note of Anne's, and a stranger of another tenant."""

    def __init__(self, parts: dict[str, Any], peer: Peer) -> None:
        self.app: FastAPI = parts["app"]
        self.notes: dict[tuple[str, str], Any] = parts["notes"]
        self.send = asgi_sender(self.app, host="notes.test")
        self.owner = Caller("Anne", bearer(peer.token(sub=ANNE)))
        tenant = "ten_01jd000000000000000000000x"
        self.stranger = Caller("Bob of another tenant", bearer(peer.token(sub=BOB, tenant_id=tenant)))

    async def attacked(self) -> Report:
        headers = {**self.owner.headers, "content-type": "application/json"}
        made = (await self.send("POST", "/notes", headers, b'{"text": "milk"}')).json
        assert isinstance(made, dict)
        return await attack(
            self.app.openapi(),
            self.send,
            owner=self.owner,
            stranger=self.stranger,
            ids={"note_id": [str(made["id"])]},
            bodies=BODIES,
        )

    def any_note(self, note_id: str) -> Any:
        """A look-up that forgot the tenant."""
        found = [note for (_, name), note in self.notes.items() if name == note_id]
        if not found:
            raise HTTPException(404)
        return found[0]


@pytest.fixture
async def notes(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Notes]:
    for name, value in {
        "AIRSIDE_ISSUER": peer.issuer,
        "AIRSIDE_CLIENT_ID": CLIENT_ID,
        "AIRSIDE_CLIENT_SECRET": CLIENT_SECRET,
        "AIRSIDE_STORE_ID": STORE,
        "AIRSIDE_CA_FILE": str(peer.ca_file),
        "NOTES_HOST": "notes.test",
    }.items():
        monkeypatch.setenv(name, value)
    parts = runpy.run_path(str(APP))
    app: FastAPI = parts["app"]
    async with app.router.lifespan_context(app):
        yield Notes(parts, peer)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_example_application_gives_nothing_away(notes: Notes) -> None:
    report = await notes.attacked()
    assert report.findings == []
    assert report.unproven == []
    assert report.probes >= 8


def leak(notes: Notes) -> None:
    @notes.app.get("/raw/{note_id}")
    async def raw(note_id: str) -> Any:
        return notes.any_note(note_id)


def oracle(notes: Notes) -> None:
    @notes.app.get("/raw/{note_id}")
    async def raw(note_id: str) -> Any:
        note = notes.any_note(note_id)
        if ("ten_01jd0000000000000000000002", note_id) in notes.notes and not raw_is_owners():
            raise HTTPException(403)
        return note

    asked: list[str] = []

    def raw_is_owners() -> bool:
        """The owner asks first."""
        asked.append("")
        return len(asked) == 1


def write(notes: Notes) -> None:
    @notes.app.delete("/raw/{note_id}")
    async def raw(note_id: str) -> Any:
        notes.any_note(note_id).text = "gone"
        raise HTTPException(404)


def fault(notes: Notes) -> None:
    @notes.app.get("/raw/{note_id}")
    async def raw(note_id: str) -> Any:
        if asked:
            raise HTTPException(500)
        asked.append(note_id)
        return notes.any_note(note_id)

    asked: list[str] = []


@pytest.mark.parametrize("hole", [leak, oracle, write, fault], ids=lambda hole: hole.__name__)
async def test_planted_hole_is_found(notes: Notes, hole: Callable[[Notes], None]) -> None:
    hole(notes)
    assert hole.__name__ in {finding.kind for finding in (await notes.attacked()).findings}


async def test_operation_that_nobody_can_try_is_told(notes: Notes) -> None:
    """Silence is no proof."""

    @notes.app.get("/boxes/{box_id}")
    async def box(box_id: str) -> str:
        return box_id

    report = await notes.attacked()
    assert report.unproven == ["GET /boxes/{box_id}: no id for box_id"]


def test_least_body_is_read_from_the_schema() -> None:
    described = {
        "paths": {
            "/a/{id}": {
                "post": {
                    "parameters": [{"name": "q", "in": "query", "required": True}],
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
                }
            }
        },
        "components": {
            "schemas": {
                "A": {
                    "type": "object",
                    "required": ["name", "kind", "inner", "many"],
                    "properties": {
                        "name": {"type": "string", "minLength": 3},
                        "kind": {"enum": ["one", "two"]},
                        "inner": {"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}]},
                        "many": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
                        "optional": {"type": "string"},
                    },
                },
                "B": {"type": "object", "required": ["at"], "properties": {"at": {"type": "string", "format": "date"}}},
            }
        },
    }
    (found,) = operations(described)
    assert (found.name, found.places, found.query) == ("POST /a/{id}", ("id",), ("q",))
    assert found.body == {"name": "xxx", "kind": "one", "inner": {"at": "2027-03-01"}, "many": [1]}


@pytest.mark.parametrize(
    ("value", "other"),
    [("usr_01ad", "usr_56da"), ("7", "2"), ("9f-a0", "4c-d5")],
    ids=["airside", "number", "uuid"],
)
def test_id_that_nobody_has_keeps_its_shape(value: str, other: str) -> None:
    assert unknown(value) == other
