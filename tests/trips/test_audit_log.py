"""The audit log over HTTP: found by whoever may, proven to whoever asks, and its readers recorded."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from airside.audit import verify_file
from airside.audit.heads import read_checkpoint, verification_key, verified_claims
from airside.audit.tree import hash_leaf, verify_consistency, verify_inclusion
from airside.core.ids import EVENT, USER, format_id, uuid7
from airside.core.strict_json import dumps
from airside.protocols.jose import KeySet
from tests.running import Place
from tests.trips.manager import manage, program_token

READER = ("audit:read", "users:read")


async def found(place: Place, token: str, query: str = "") -> list[dict[str, Any]]:
    """The first page of a search."""
    answer = await manage(place, token, "GET", f"/audit/events{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["events"])


async def get(place: Place, token: str, path: str) -> dict[str, Any]:
    answer = await manage(place, token, "GET", path)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_events_are_found_by_who_what_and_to_whom(place: Place) -> None:
    user = format_id(USER, (await place.user("member")).id)
    token = await program_token(place, *READER)
    made = await found(place, token, f"?event=user:user:created&subject={user}")
    assert [(each["subject"], each["outcome"]) for each in made] == [(user, "success")]
    assert made[0]["id"].startswith("evt_")
    assert made[0]["personal"]
    assert await found(place, token, f"?event=user:user:created&subject={user}&outcome=failure") == []


async def test_only_who_may_reads_the_log_and_only_who_sees_people_sees_them_there(place: Place) -> None:
    user = format_id(USER, (await place.user("member")).id)
    path = f"/audit/events?event=user:user:created&subject={user}"
    assert (await manage(place, await program_token(place, "users:read"), "GET", path)).status_code == 403
    (shut,) = (await get(place, await program_token(place, "audit:read"), path))["events"]
    assert (shut["origin"], shut["personal"]) == (None, None)


async def test_personal_fields_are_null_once_their_person_is_erased(place: Place) -> None:
    user = await place.user("member")
    word, token = format_id(USER, user.id), await program_token(place, *READER)
    path = f"?event=user:user:created&subject={word}"
    assert (await found(place, token, path))[0]["personal"]
    async with place.operator() as ctx:
        await place.server.services.vault.persons.destroy(ctx, user.id)
    (after,) = await found(place, token, path)
    assert (after["subject"], after["personal"]) == (word, None)


async def test_reading_is_recorded_once_and_going_on_is_not(place: Place) -> None:
    token = await program_token(place, *READER)
    for _ in range(4):
        await place.user()
    first = await get(place, token, "/audit/events?event=user:*:*&limit=2")
    pages = [first]
    while (cursor := pages[-1]["next_cursor"]) is not None:
        pages.append(await get(place, token, f"/audit/events?event=user:*:*&limit=2&cursor={cursor}"))
    ids = [each["id"] for page in pages for each in page["events"]]
    assert len(ids) == len(set(ids)) > 3
    await get(place, token, f"/audit/events/{ids[0]}")
    reads = await found(place, token, "?event=audit:*:*")
    assert Counter(each["event"] for each in reads) == {"audit:log:searched": 1, "audit:event:read": 1}
    assert reads[0]["subject"] == ids[0]
    assert reads[1]["details"] == {"event": "user:*:*"}


async def test_names_that_are_searched_for_do_not_come_to_stand_in_the_log(place: Place) -> None:
    token = await program_token(place, *READER)
    await found(place, token, "?subject=ada@example.com")
    (read,) = await found(place, token, "?event=audit:log:searched")
    assert read["details"] == {"subject": "another word"}


@pytest.mark.parametrize("other", ["?event=role:*:*&limit=1", "?event=user:*:*&limit=1&outcome=success"])
async def test_cursor_goes_on_with_its_own_search_alone(place: Place, other: str) -> None:
    """N30: nor for another caller, nor after it was changed."""
    token = await program_token(place, *READER)
    await place.user("member")
    cursor = (await get(place, token, "/audit/events?event=user:*:*&limit=1"))["next_cursor"]
    mine = f"/audit/events?event=user:*:*&limit=1&cursor={cursor}"
    assert (await manage(place, token, "GET", mine)).status_code == 200
    for caller, path in (
        (token, f"/audit/events{other}&cursor={cursor}"),
        (await program_token(place, *READER), mine),
        (token, mine[:-4] + "AAA="),
    ):
        answer = await manage(place, caller, "GET", path)
        assert (answer.status_code, "cursor" in answer.json()["detail"]) == (422, True), answer.text


@pytest.mark.parametrize(
    "query", ["?event=none", "?outcome=maybe", "?since=yesterday", "?limit=0", "?limit=201", "?actor=a%0Ab"]
)
async def test_search_that_cannot_be_is_refused(place: Place, query: str) -> None:
    token = await program_token(place, *READER)
    assert (await manage(place, token, "GET", f"/audit/events{query}")).status_code == 422


async def test_event_is_proven_under_a_head_signed_on_demand(place: Place) -> None:
    token = await program_token(place, *READER)
    await place.user("member")
    signed = await manage(place, token, "POST", "/audit/heads")
    assert signed.status_code == 201, signed.text
    event = (await found(place, token, "?event=user:user:created"))[0]["id"]
    whole = await get(place, token, f"/audit/events/{event}")
    proof = await get(place, token, f"/audit/events/{event}/proof")
    head = proof["head"]
    assert head["tree_size"] >= signed.json()["tree_size"]
    assert hash_leaf(whole["leaf"].encode()).hex() == proof["leaf_hash"]
    assert verify_inclusion(
        leaf=bytes.fromhex(proof["leaf_hash"]),
        index=proof["leaf_index"],
        size=head["tree_size"],
        path=[bytes.fromhex(each) for each in proof["path"]],
        root=bytes.fromhex(head["root"]),
    )
    keys = [verification_key(dumps(each).decode()) for each in (await get(place, token, "/audit/keys"))["keys"]]
    claims = verified_claims(head["jws"], KeySet([key for key in keys if key is not None]))
    assert claims is not None
    assert (claims.tree_size, claims.root) == (head["tree_size"], head["root"])


async def test_heads_are_listed_and_proven_to_be_one_history(place: Place) -> None:
    token = await program_token(place, *READER)
    for _ in range(3):
        await place.user("member")
        await manage(place, token, "POST", "/audit/heads")
    listed = await get(place, token, "/audit/heads?limit=2")
    rest = await get(place, token, f"/audit/heads?limit=2&cursor={listed['next_cursor']}")
    heads = [*listed["heads"], *rest["heads"]]
    sizes = [head["tree_size"] for head in heads]
    assert len(sizes) >= 3
    assert sizes == sorted(set(sizes), reverse=True)
    new, old = heads[0], heads[-1]
    assert await get(place, token, f"/audit/heads/{old['tree_size']}") == old
    assert read_checkpoint(new["jws"]).head.root.hex() == new["root"]
    proof = await get(place, token, f"/audit/consistency?first={old['tree_size']}&second={new['tree_size']}")
    assert verify_consistency(
        first=proof["first"],
        second=proof["second"],
        first_root=bytes.fromhex(old["root"]),
        second_root=bytes.fromhex(new["root"]),
        path=[bytes.fromhex(each) for each in proof["path"]],
    )


async def test_what_is_not_there_is_404(place: Place) -> None:
    token = await program_token(place, *READER)
    services = place.server.services
    nothing = format_id(EVENT, uuid7(services.clock.now(), services.entropy))
    for path in (
        f"/audit/events/{nothing}",
        f"/audit/events/{nothing}/proof",
        "/audit/events/usr_x",
        "/audit/heads/0",
        f"/audit/heads/{2**70}",
        f"/audit/consistency?first=1&second={2**40}",
    ):
        assert (await manage(place, token, "GET", path)).status_code == 404, path
    assert (await manage(place, token, "GET", "/audit/consistency?first=2&second=1")).status_code == 422


async def test_exported_pages_together_are_verified_offline_and_recorded_once(place: Place, tmp_path: Path) -> None:
    token = await program_token(place, *READER)
    await place.user("member")
    head = (await manage(place, token, "POST", "/audit/heads")).json()["jws"]
    file, cursor, pages = tmp_path / "log.ndjson", "", 0
    with file.open("wb") as written:
        while pages == 0 or cursor:
            answer = await manage(place, token, "GET", "/audit/export" + (f"?cursor={cursor}" if cursor else ""))
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
            written.write(answer.content)
            cursor, pages = answer.headers.get("airside-next-cursor", ""), pages + 1
    report = verify_file(file, head)
    assert report.problems == ()
    assert report.proven > 0
    assert len(await found(place, token, "?event=audit:log:exported")) == 1


@pytest.mark.parametrize(("form", "media"), [("cef", "text/plain; charset=utf-8"), ("ocsf", "application/x-ndjson")])
async def test_events_are_exported_in_other_systems_words(place: Place, form: str, media: str) -> None:
    user = format_id(USER, (await place.user("member")).id)
    path = f"/audit/export?format={form}"
    opened = await manage(place, await program_token(place, *READER), "GET", path)
    assert (opened.status_code, opened.headers["content-type"]) == (200, media)
    lines = [line for line in opened.text.splitlines() if user in line and "user:user:created" in line]
    assert len(lines) == 1
    assert "@example.com" in lines[0]
    shut = await manage(place, await program_token(place, "audit:read"), "GET", path)
    assert "@example.com" not in shut.text
    assert user in shut.text


async def test_export_in_no_known_form_is_refused(place: Place) -> None:
    token = await program_token(place, *READER)
    assert (await manage(place, token, "GET", "/audit/export?format=xml")).status_code == 422
