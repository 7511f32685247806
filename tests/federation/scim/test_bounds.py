"""What is too much, too deep or too clever is refused in SCIM's own words, and costs little (N30, N36)."""

import asyncio
from typing import Any

import pytest

from airside.federation.scim.bounds import MAX_LARGE_VALUES, MAX_PATH_CHARACTERS
from airside.federation.scim.model import MAX_MEMBERS
from airside.protocols.scim import MAX_FILTER, MAX_OPERATIONS, MAX_PATHS
from tests.federation.scim.directory import BULK, GROUP_SCHEMA, PATCH, USER_SCHEMA, Directory, person


@pytest.mark.parametrize(
    "text",
    [
        "' or 1=1 --",
        'userName eq "a"; drop table airside.scim_user',
        'userName eq "a" or userName',
        "(" * 40 + "title pr" + ")" * 39,
        "not (" * 40 + "title pr" + ")" * 40,
        'userName eq "' + "a" * MAX_FILTER + '"',
        "unheard eq 1",
        'active gt "x"',
        "",
    ],
)
async def test_filter_that_cannot_be_one_is_refused(entra: Directory, text: str) -> None:
    """N30: `invalidFilter`, and nothing of it reached the database."""
    answer = await entra.ask("GET", "/Users", filter=text)
    assert answer.status_code == 400, answer.text
    assert answer.json()["scimType"] in ("invalidFilter", "invalidPath", "invalidValue")


@pytest.mark.parametrize("value", ["a' or '1'='1", "%", "_", "*", "\\\\", "ada\\u0000", 'a\\"b'])
async def test_value_of_a_filter_is_only_a_value(entra: Directory, value: str) -> None:
    """N30."""
    await entra.create("ada")
    assert await entra.found("Users", f'userName eq "{value}"') == []


async def test_bulk_makes_users_and_a_group_of_them(entra: Directory) -> None:
    """RFC 7644 §3.7: references by bulkId; what fails takes nothing else with it."""
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "ada", "data": person("ada")},
        {"method": "POST", "path": "/Users", "bulkId": "again", "data": person("ADA")},
        {"method": "POST", "path": "/Users", "bulkId": "bob", "data": person("bob")},
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "staff",
            "data": {
                "schemas": [GROUP_SCHEMA],
                "displayName": "Staff",
                "members": [{"value": "bulkId:ada"}, {"value": "bulkId:bob"}],
            },
        },
    ]
    answer = await entra.ask("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})
    assert answer.status_code == 200, answer.text
    assert [int(one["status"]) for one in answer.json()["Operations"]] == [201, 409, 201, 201]
    group = (await entra.ask("GET", "/Groups")).json()["Resources"][0]
    assert len(group["members"]) == 2
    assert (await entra.ask("GET", "/Users")).json()["totalResults"] == 2


async def test_bulk_of_too_many_operations_does_nothing(entra: Directory) -> None:
    """RFC 7644 §3.7.4: 413."""
    operations = [{"method": "POST", "path": "/Users", "data": person(f"u{n}")} for n in range(MAX_OPERATIONS + 1)]
    answer = await entra.ask("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})
    assert answer.status_code == 413
    assert (await entra.ask("GET", "/Users")).json()["totalResults"] == 0


@pytest.mark.parametrize(
    "attributes",
    [
        {"externalId": "x" * 600},
        {"title": "x" * 40_000},
        {"emails": [{"value": f"u{number}@example.com"} for number in range(21)]},
        {"emails": [{"value": "no address"}]},
        {"displayName": "a\u0007b"},
        {"title": "a\u0000b", "userName": ""},
    ],
)
async def test_more_than_is_kept_of_one_user_is_refused(entra: Directory, attributes: dict[str, Any]) -> None:
    answer = await entra.ask("POST", "/Users", person("ada") | attributes)
    assert answer.status_code == 400, answer.text
    assert answer.json()["scimType"] in ("invalidValue", "invalidSyntax")


async def test_patch_of_too_many_operations_is_refused(entra: Directory) -> None:
    made = await entra.create("ada")
    operations = [{"op": "replace", "path": "title", "value": str(number)} for number in range(MAX_PATHS + 1)]
    answer = await entra.ask("PATCH", f"/Users/{made['id']}", {"schemas": [PATCH], "Operations": operations})
    assert answer.status_code == 400
    assert answer.json()["scimType"] == "tooMany"


@pytest.mark.parametrize("name", ["path", "Path"])
async def test_paths_that_are_long_together_are_refused_before_they_are_read(entra: Directory, name: str) -> None:
    """N36: the library reads them sign by sign."""
    made = await entra.create("ada")
    long = 'emails[value eq "' + "a" * 500 + '"]'
    operations = [{"op": "remove", name: long}] * (MAX_PATH_CHARACTERS // len(long) + 1)
    answer = await entra.ask("PATCH", f"/Users/{made['id']}", {"schemas": [PATCH], "Operations": operations})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidPath")


@pytest.mark.parametrize(
    ("path", "name", "status"), [("/Users", "emails", 413), ("/Groups", "members", 413), ("/Bulk", "Operations", 413)]
)
async def test_values_by_the_thousand_are_refused_before_they_are_read(
    entra: Directory, path: str, name: str, status: int
) -> None:
    """N36."""
    answer = await entra.ask("POST", path, {"schemas": [USER_SCHEMA], name: [0] * (MAX_LARGE_VALUES + 1)})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("member", [0, "usr_1", {"value": 0}, {"value": "x", "since": "x"}], ids=str)
async def test_members_that_are_none_are_refused_before_they_are_read(entra: Directory, member: Any) -> None:
    """N36: the library complains of each of thousands."""
    group = {"schemas": [GROUP_SCHEMA], "displayName": "g", "members": [{"value": "usr_1", "display": None}, member]}
    answer = await entra.ask("POST", "/Groups", group)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert "$ref" in answer.json()["detail"]


async def test_patch_of_too_many_operations_within_a_bulk_is_refused(entra: Directory) -> None:
    made = await entra.create("ada")
    many = {"schemas": [PATCH], "operations": [{"op": "remove", "path": "title"}] * (MAX_PATHS + 1)}
    one = {"method": "PATCH", "path": f"/Users/{made['id']}", "data": many}
    answer = await entra.ask("POST", "/Bulk", {"schemas": [BULK], "Operations": [one]})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "tooMany")


async def test_group_of_as_many_members_as_there_may_be_is_read(entra: Directory) -> None:
    """What the bounds let through: the members are nobody, which is told only by somebody who has read them."""
    said = {"type": "User", "display": "Ada", "$ref": "x"}
    members = [{"value": f"usr_{each:026d}", **said} for each in range(MAX_MEMBERS)]
    answer = await entra.ask("POST", "/Groups", {"schemas": [GROUP_SCHEMA], "displayName": "g", "members": members})
    assert answer.status_code == 400, answer.text


async def test_parameter_given_twice_is_refused(entra: Directory) -> None:
    address = f"{entra.base}/Users?count=1&count=2"
    answer = await entra.http.get(address, headers={"authorization": f"Bearer {entra.token}"})
    assert answer.status_code == 400


async def test_unknown_attributes_are_kept_nowhere(entra: Directory) -> None:
    """N25: what isn't described binds to nothing: no role, no state, no password."""
    made = await entra.create("ada", password="a long enough password", roles=[{"value": "administrator"}], state="x")
    assert not {"password", "roles", "state"} & set(made)
    read = (await entra.ask("GET", f"/Users/{made['id']}")).json()
    assert not {"password", "roles", "state"} & set(read)
    async with entra.place.operator() as ctx:
        assert f"user:{made['id']}" not in await entra.place.server.services.member_admin.list(ctx, "administrator")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_me_is_nobody(entra: Directory, method: str) -> None:
    """RFC 7644 §3.11: a directory's token is no person's."""
    body = None if method in ("GET", "DELETE") else person("ada")
    assert (await entra.ask(method, "/Me", body)).status_code == 501


async def test_fifty_at_once_make_one_user(entra: Directory) -> None:
    """A name is taken by one INSERT."""
    answers = await asyncio.gather(*(entra.insist("POST", "/Users", person("ada")) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    assert (await entra.ask("GET", "/Users")).json()["totalResults"] == 1


async def test_change_of_one_version_is_made_once(entra: Directory) -> None:
    """RFC 7644 §3.14: of those that saw the same version one wins."""
    made = await entra.create("ada")
    tag = {"if-match": made["meta"]["version"]}
    answers = await asyncio.gather(
        *(entra.insist("PUT", f"/Users/{made['id']}", person("ada", title=f"T{n}"), tag) for n in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
