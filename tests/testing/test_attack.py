"""The attacker on the example application: as it stands nothing is found, and each planted hole is."""

import asyncio
import runpy
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from airside.testing import Answer, Caller, Report, Send, asgi_sender, attack, operations
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
    [
        pytest.param("usr_01ad", "usr_56da", id="airside"),
        pytest.param("7", "1900000007", id="number"),
        pytest.param("0042", "1900000042", id="padded number"),
        pytest.param("1900000007", "8900000000000000007", id="large number"),
        pytest.param("9f-a0", "4c-d5", id="uuid"),
        pytest.param("growth", "rgimjs", id="small letters"),
        pytest.param("ABC-Zo", "DEF-Qi", id="both cases"),
        pytest.param("ä-²", None, id="nothing to turn"),
    ],
)
def test_id_that_nobody_has_keeps_its_shape(value: str, other: str | None) -> None:
    assert unknown(value) == other


def test_id_that_somebody_has_is_drawn_again() -> None:
    for value in ("7", "ad", "note_x9"):
        first = unknown(value)
        assert first is not None
        second = unknown(value, {first})
        assert second not in (None, first, value)
    assert unknown("i", set("ilou")) is None


class Held:
    """An application that tells a stranger what is there: 403, and 404 for what isn't."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        name = target.rpartition("/")[2]
        return Answer(404 if name not in self.ids else 200 if headers["who"] == "anne" else 403, b"{}")


async def attacked(send: Send, *ids: str) -> Report:
    described: dict[str, Any] = {"paths": {"/notes/{note_id}": {"get": {}}}}
    anne, bob = Caller("Anne", {"who": "anne"}), Caller("Bob", {"who": "bob"})
    return await attack(described, send, owner=anne, stranger=bob, ids={"note_id": ids})


@pytest.mark.parametrize("ids", [("1", "6"), ("growth",), ("GROWTH", "RGIMJS"), ("1", "1900000001")], ids=str)
async def test_oracle_is_found_whatever_ids_look_like(ids: tuple[str, ...]) -> None:
    report = await attacked(Held(*ids).send, *ids)
    assert {finding.kind for finding in report.findings} == {"oracle"}
    assert report.unproven == []


async def test_where_every_id_of_its_shape_is_somebodys_nothing_is_proven() -> None:
    report = await attacked(Held(*"ilou").send, *"ilou")
    assert report.findings == []
    assert report.unproven[0] == "GET /notes/{note_id}: no note_id like i that nobody has"


async def streamed(request: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0)
            yield b"secret "
        while "endless" in request.url.path:
            await asyncio.sleep(0)
            yield b""

    return StreamingResponse(parts())


async def broken(request: Request) -> PlainTextResponse:
    if request.headers["who"] == "bob":
        raise KeyError("notes")
    return PlainTextResponse("fine")


STARLETTE = asgi_sender(
    Starlette(
        routes=[Route("/streamed", streamed), Route("/endless", streamed), Route("/notes/{note_id}", broken)],
    ),
    host="notes.test",
)


async def test_answer_that_comes_in_pieces_is_whole() -> None:
    assert await STARLETTE("GET", "/streamed", {}, b"") == Answer(200, b"secret " * 3)


async def test_stream_without_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airside.testing.asgi.PATIENCE", 0.01)
    assert (await STARLETTE("GET", "/endless", {}, b"")).status == 200


async def test_application_that_raises_is_a_fault_and_the_attack_goes_on() -> None:
    report = await attacked(STARLETTE, "1", "2")
    assert [(each.kind, each.detail) for each in report.findings] == [("fault", "answers 500")] * 2


async def test_what_an_application_without_a_framework_raises_is_an_answer() -> None:
    async def raising(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/begun":
            await send({"type": "http.response.start", "status": 404, "headers": []})
        raise ExceptionGroup("all at once", [ValueError("of one")])

    send = asgi_sender(raising, host="notes.test")
    assert [(await send("GET", path, {}, b"")).status for path in ("/begun", "/")] == [404, 500]
