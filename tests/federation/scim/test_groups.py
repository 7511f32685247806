"""Groups that a directory keeps, and what follows from them."""

import pytest

from airside.core.ids import USER, format_id
from tests.federation.scim.directory import GROUP_SCHEMA, Directory, directory


async def test_group_is_made_with_its_members_and_they_know_it(entra: Directory) -> None:
    """RFC 7643 §4.2, §4.1.2: members of a group, groups of a user."""
    ada = await entra.create("ada")
    group = await entra.group("Staff", ada["id"])
    read = (await entra.ask("GET", f"/Groups/{group['id']}")).json()
    assert read["members"] == [{"value": ada["id"], "$ref": f"{entra.base}/Users/{ada['id']}", "type": "User"}]
    user = (await entra.ask("GET", f"/Users/{ada['id']}")).json()
    assert [(one["value"], one["display"]) for one in user["groups"]] == [(group["id"], "Staff")]
    assert user["groups"][0]["$ref"] == f"{entra.base}/Groups/{group['id']}"
    listed = (await entra.ask("GET", "/Users")).json()["Resources"]
    assert listed == [user]


async def test_members_come_and_go_by_patch(entra: Directory) -> None:
    """RFC 7644 §3.5.2: as Entra and Okta say it."""
    ada, bob, eve = [(await entra.create(name))["id"] for name in ("ada", "bob", "eve")]
    group = await entra.group("Staff", ada)
    path = f"/Groups/{group['id']}"
    operations = [
        {"op": "Add", "path": "members", "value": [{"value": bob}, {"value": eve}]},
        {"op": "remove", "path": f'members[value eq "{ada}"]'},
        {"op": "Remove", "path": "members", "value": [{"value": eve}]},
        {"op": "replace", "value": {"displayName": "People"}},
    ]
    for operation in operations:
        answer = await entra.patch(path, operation)
        assert answer.status_code in (200, 204), answer.text
    read = (await entra.ask("GET", path)).json()
    assert [one["value"] for one in read["members"]] == [bob]
    assert read["displayName"] == "People"
    without = (await entra.ask("GET", path, excludedAttributes="members")).json()
    assert "members" not in without


@pytest.mark.parametrize("text", ['displayName eq "STAFF"', 'members[value eq "{ada}"]', 'members.value eq "{ada}"'])
async def test_filter_finds_the_group(entra: Directory, text: str) -> None:
    ada = (await entra.create("ada"))["id"]
    group = await entra.group("Staff", ada)
    await entra.group("Others")
    assert await entra.found("Groups", text.replace("{ada}", ada)) == [group["id"]]


async def test_member_of_another_connection_or_none_is_refused(entra: Directory) -> None:
    """N20: nobody reaches into what another directory keeps."""
    local = await entra.place.user("member")
    async with directory(entra.place) as other:
        foreign = (await other.create("eve"))["id"]
    for word in (foreign, format_id(USER, local.id), "usr_nobody", "x"):
        body = {"schemas": [GROUP_SCHEMA], "displayName": "Staff", "members": [{"value": word}]}
        answer = await entra.ask("POST", "/Groups", body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["scimType"] == "invalidValue"
    assert (await entra.ask("GET", "/Groups")).json()["totalResults"] == 0


async def test_removed_group_and_removed_user_leave_each_other(entra: Directory) -> None:
    ada, bob = [(await entra.create(name))["id"] for name in ("ada", "bob")]
    staff, people = await entra.group("Staff", ada, bob), await entra.group("People", ada, bob)
    assert (await entra.ask("DELETE", f"/Groups/{staff['id']}")).status_code == 204
    assert (await entra.ask("DELETE", f"/Users/{bob}")).status_code == 204
    read = (await entra.ask("GET", f"/Groups/{people['id']}")).json()
    assert [one["value"] for one in read["members"]] == [ada]
    user = (await entra.ask("GET", f"/Users/{ada}")).json()
    assert [one["value"] for one in user["groups"]] == [people["id"]]
    assert (await entra.ask("GET", f"/Groups/{staff['id']}")).status_code == 404


async def test_pages_by_cursor_hold_every_group_once(entra: Directory) -> None:
    made = [(await entra.group(f"g{number}"))["id"] for number in range(3)]
    first = (await entra.ask("GET", "/Groups", count="2", cursor="")).json()
    second = (await entra.ask("GET", "/Groups", count="2", cursor=first["nextCursor"])).json()
    assert [one["id"] for page in (first, second) for one in page["Resources"]] == sorted(made)
    assert "nextCursor" not in second
