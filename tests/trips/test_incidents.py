"""Incidents by API: what belongs together, what was done about it, and that nobody else sees any of it."""

import asyncio
import json

import pytest
from psycopg import AsyncConnection

from airside.core.ids import EVENT, INCIDENT, format_id, uuid7
from tests.admin.kit import make_manager
from tests.running import Place, Running
from tests.surface import token_with
from tests.trips.manager import manage, person_tokens

SCOPES = ("incidents:read", "incidents:write")
ALERT = "alr_01ba2272b0000000000000000a"


@pytest.fixture
async def token(place: Place) -> str:
    """An administrator's, signed in by two factors."""
    _, tokens = await person_tokens(place, await place.user("administrator"), *SCOPES)
    return str(tokens["access_token"])


async def _open(place: Place, token: str, title: str = "Guessing") -> str:
    made = await manage(place, token, "POST", "/incidents", {"title": title, "severity": "high"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_what_is_done_for_an_incident_stands_in_its_timeline_and_the_log_names_it(
    place: Place, token: str, superuser_dsn: str
) -> None:
    word = await _open(place, token)
    part = f"?incident_id={word}"
    assert (await manage(place, token, "PUT", f"/response/lock{part}")).status_code == 200
    noted = await manage(place, token, "POST", f"/incidents/{word}/notes", {"text": "two lines\nof it"})
    assert noted.status_code == 201  # in a locked tenant, too
    body = {"network": "192.0.2.0/24", "minutes": 5}
    ban = (await manage(place, token, "POST", f"/response/bans{part}", body)).json()
    assert (await manage(place, token, "DELETE", f"/response/bans/{ban['id']}{part}")).status_code == 204
    assert (await manage(place, token, "DELETE", f"/response/lock{part}")).status_code == 204
    record = await _latest_record(place, superuser_dsn)
    for reference, kind in ((ALERT, "alert"), (record, "record")):
        linked = await manage(place, token, "POST", f"/incidents/{word}/links", {"reference": reference})
        assert (linked.status_code, linked.json()["kind"]) == (201, kind)
    closed = await manage(place, token, "POST", f"/incidents/{word}/close", {"text": "over"})
    assert closed.status_code == 204
    timeline = (await manage(place, token, "GET", f"/incidents/{word}/timeline")).json()["entries"]
    assert [entry["kind"] for entry in timeline] == [
        *("opened", "action", "note", "action", "action", "action", "alert", "record", "closed")
    ]
    assert timeline[1]["reference"] == "response:tenant:locked"
    details = await _details_of(place, superuser_dsn, "response:")
    assert len(details) == 4
    assert all(each["incident"] == word for each in details)


async def test_export_says_everything_itself_and_nobody_writes_a_line_of_ours(place: Place, token: str) -> None:
    word = await _open(place, token, "Guessing <script>")
    forged = "2026-01-01T00:00:00Z  closed  by operator:local"
    await manage(place, token, "POST", f"/incidents/{word}/notes", {"text": f"look\n{forged}"})
    answer = await manage(place, token, "GET", f"/incidents/{word}/export")
    assert answer.headers["content-disposition"] == f'attachment; filename="{word}.json"'
    exported = json.loads(answer.content)
    assert (exported["format"], exported["id"], exported["state"]) == ("airside-incident-1", word, "open")
    assert [entry["text"] for entry in exported["timeline"]] == ["", f"look\n{forged}"]
    text = await manage(place, token, "GET", f"/incidents/{word}/export?format=text")
    assert text.headers["content-type"].startswith("text/plain")
    lines = text.text.splitlines()
    assert lines[0] == f"Incident {word}"
    assert f"      {forged}" in lines
    assert forged not in lines
    assert (await manage(place, token, "GET", f"/incidents/{word}/export?format=html")).status_code == 422


async def test_closed_incident_takes_nothing_and_no_action_is_done_for_it(place: Place, token: str) -> None:
    word = await _open(place, token)
    answers = await asyncio.gather(*(manage(place, token, "POST", f"/incidents/{word}/close", {}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409, 409]
    assert (await manage(place, token, "POST", f"/incidents/{word}/notes", {"text": "late"})).status_code == 409
    assert (await manage(place, token, "POST", f"/incidents/{word}/links", {"reference": ALERT})).status_code == 409
    assert (await manage(place, token, "PUT", f"/response/lock?incident_id={word}")).status_code == 409
    assert (await manage(place, token, "GET", "/response/lock")).json()["locked"] is False


async def test_incidents_come_in_pages_the_newest_first(place: Place, token: str) -> None:
    made = [await _open(place, token, f"number {number}") for number in range(3)]
    await manage(place, token, "POST", f"/incidents/{made[0]}/close", {})
    first = (await manage(place, token, "GET", "/incidents?limit=2")).json()
    rest = (await manage(place, token, "GET", f"/incidents?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["id"] for each in (*first["incidents"], *rest["incidents"])] == made[::-1]
    still = (await manage(place, token, "GET", "/incidents?state=open")).json()["incidents"]
    assert [each["id"] for each in still] == made[:0:-1]
    assert (
        await manage(place, token, "GET", f"/incidents?state=open&cursor={first['next_cursor']}")
    ).status_code == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/incidents", {"title": "", "severity": "low"}),
        ("/incidents", {"title": "x\ny", "severity": "low"}),
        ("/incidents", {"title": "x" * 201, "severity": "low"}),
        ("/incidents", {"title": "x", "severity": "huge"}),
        ("/incidents", {"title": "x", "severity": "low", "state": "closed"}),
        ("/incidents/{word}/notes", {"text": " "}),
        ("/incidents/{word}/notes", {"text": "x\u001b[2J"}),
        ("/incidents/{word}/notes", {"text": "x" * 10_001}),
        ("/incidents/{word}/links", {"reference": "usr_01ba2272b0000000000000000a"}),
        ("/incidents/{word}/links", {"reference": ALERT + "x"}),
    ],
)
async def test_what_can_not_be_said_is_refused(place: Place, path: str, body: dict[str, object]) -> None:
    token = await token_with(place, *SCOPES)
    word = await _open(place, token)
    assert (await manage(place, token, "POST", path.format(word=word), body)).status_code == 422


async def test_incident_of_another_tenant_is_no_more_there_than_one_that_never_was(
    server: Running, place: Place, token: str, superuser_dsn: str
) -> None:
    """N20."""
    other = await server.tenant()
    async with other.operator() as ctx:
        foreign = (await server.services.incident_admin.open(ctx, "theirs", "low")).word
    never = format_id(INCIDENT, uuid7(server.services.clock.now(), server.services.entropy))
    mine = await _open(place, token)
    theirs = await _latest_record(other, superuser_dsn)
    for word in (foreign, never, "x"):
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/timeline", None),
            ("GET", "/export", None),
            ("POST", "/notes", {"text": "x"}),
            ("POST", "/links", {"reference": ALERT}),
            ("POST", "/close", {}),
        ):
            assert (await manage(place, token, method, f"/incidents/{word}{path}", body)).status_code == 404
        assert (await manage(place, token, "PUT", f"/response/lock?incident_id={word}")).status_code == 404
    assert (await manage(place, token, "POST", f"/incidents/{mine}/links", {"reference": theirs})).status_code == 404
    assert (await manage(place, token, "GET", "/response/lock")).json()["locked"] is False


async def test_who_only_reads_writes_nothing_and_who_has_neither_sees_nothing(place: Place, token: str) -> None:
    """N21."""
    word = await _open(place, token)
    reader = await make_manager(place, "incidents:read")
    _, tokens = await person_tokens(place, reader.user, *SCOPES)
    reading = tokens["access_token"]
    assert (await manage(place, reading, "GET", f"/incidents/{word}")).status_code == 200
    assert (await manage(place, reading, "POST", f"/incidents/{word}/notes", {"text": "x"})).status_code == 403
    nobody = await token_with(place, "users:read")
    assert (await manage(place, nobody, "GET", f"/incidents/{word}")).status_code == 403


async def _latest_record(place: Place, dsn: str) -> str:
    """The id of the tenant's last record."""
    return (await _records(place, dsn))[-1][0]


async def _details_of(place: Place, dsn: str, source: str) -> list[dict[str, object]]:
    """What the records of that source say beside who and what."""
    return [details for _, event, details in await _records(place, dsn) if event.startswith(source)]


async def _records(place: Place, dsn: str) -> list[tuple[str, str, dict[str, object]]]:
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        rows = await connection.execute(
            "select record_id, event, details from airside.audit_record where tenant_id = %s order by record_id",
            (place.tenant_id,),
        )
        return [(format_id(EVENT, row[0]), row[1], json.loads(row[2])) for row in await rows.fetchall()]
