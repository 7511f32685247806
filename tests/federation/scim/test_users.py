"""Users that a directory makes, finds, changes and removes."""

import asyncio
from typing import Any

import pytest

from tests.federation.scim.directory import ENTERPRISE, USER_SCHEMA, Directory, directory, mailbox, person, uuid_of


async def test_user_is_made_and_read_back_whole(entra: Directory) -> None:
    """RFC 7644 §3.3, §3.4.1; RFC 7643 §4.3: the enterprise extension is kept."""
    extension = {"employeeNumber": "701984", "department": "Engines", "manager": {"value": "m-1"}}
    made = await entra.create(
        "ada@example.com",
        externalId="ext-1",
        **mailbox("ada@example.com"),
        **{ENTERPRISE: extension, "schemas": [USER_SCHEMA, ENTERPRISE]},
    )
    assert made["meta"]["location"] == f"{entra.base}/Users/{made['id']}"
    answer = await entra.ask("GET", f"/Users/{made['id']}")
    assert answer.status_code == 200
    assert answer.headers["etag"] == made["meta"]["version"]
    read = answer.json()
    assert read == made
    assert read[ENTERPRISE] == extension
    assert read["externalId"] == "ext-1"
    assert read["active"] is True


async def test_scim_user_is_a_user_of_the_tenant(entra: Directory) -> None:
    made = await entra.create("ada", displayName="Ada Byron", **mailbox("Ada@Example.com"))
    async with entra.place.operator() as ctx:
        user = await entra.place.server.services.user_admin.get(ctx, uuid_of(made))
    assert (user.email, user.name, user.state) == ("Ada@example.com", "Ada Byron", "active")
    assert not user.email_verified


async def test_user_without_a_mailbox_is_made_and_nothing_is_mailed(entra: Directory) -> None:
    made = await entra.create("ada")
    async with entra.place.operator() as ctx:
        user = await entra.place.server.services.user_admin.get(ctx, uuid_of(made))
    assert user.email.endswith("@no-mailbox.invalid")
    assert (await entra.ask("DELETE", f"/Users/{made['id']}")).status_code == 204
    services = entra.place.server.services
    assert services.mailbox is not None
    async with asyncio.timeout(10):
        while True:
            await services.delivery.deliver(entra.place.tenant_id)
            async with entra.place.operator() as ctx:
                if not await services.outbox.waits(ctx, "account_deleted", uuid_of(made)):
                    break
    assert all(letter.to != user.email for letter in services.mailbox.letters())


async def test_name_is_one_users_whatever_its_case(entra: Directory) -> None:
    """RFC 7643 §4.1.1: userName is unique, without case; RFC 7644 §3.12: `uniqueness`."""
    await entra.create("ada@example.com")
    answer = await entra.ask("POST", "/Users", person("ADA@example.com"))
    assert answer.status_code == 409
    assert answer.json()["scimType"] == "uniqueness"


async def test_name_is_free_in_another_connection(entra: Directory) -> None:
    await entra.create("ada", **mailbox("ada@example.com"))
    async with directory(entra.place) as other:
        await other.create("ada", **mailbox("ada@example.org"))


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "ADA@example.com"',
        'externalId eq "ext-1"',
        'emails.value eq "Ada@work.example.com"',
        'emails[type eq "work"].value eq "ada@work.example.com"',
        'emails[type eq "work" and value eq "ada@work.example.com"]',
        'userName eq "nobody" or externalId eq "ext-1"',
        'title eq "Countess" and active eq true',
        'name.familyName sw "Lov"',
        'not (userName eq "bob@example.com")',
        f'{ENTERPRISE}:department eq "engines"',
    ],
)
async def test_filter_finds_whom_it_describes(entra: Directory, text: str) -> None:
    """RFC 7644 §3.4.2.2."""
    made = await entra.create(
        "ada@example.com",
        externalId="ext-1",
        title="Countess",
        **mailbox("ada@work.example.com"),
        **{
            "schemas": [USER_SCHEMA, ENTERPRISE],
            "name": {"familyName": "Lovelace"},
            ENTERPRISE: {"department": "Engines"},
        },
    )
    await entra.create("bob@example.com")
    assert await entra.found("Users", text) == [made["id"]]


async def test_filter_finds_nobody_of_another_connection(entra: Directory) -> None:
    made = await entra.create("ada@example.com")
    async with directory(entra.place) as other:
        assert await other.found("Users", 'userName eq "ada@example.com"') == []
        assert (await other.ask("GET", f"/Users/{made['id']}")).status_code == 404
        assert (await other.ask("DELETE", f"/Users/{made['id']}")).status_code == 404
        assert (await other.patch(f"/Users/{made['id']}", {"op": "remove", "path": "title"})).status_code == 404


async def test_patch_changes_what_it_names(entra: Directory) -> None:
    """RFC 7644 §3.5.2: by path, by filter, and without either; what it changes has another version."""
    made = await entra.create("ada@example.com", title="Miss", **mailbox("ada@example.com"))
    path = f"/Users/{made['id']}"
    answer = await entra.patch(
        path,
        {"op": "Replace", "path": "title", "value": "Countess"},
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "lovelace@example.com"},
        {"op": "add", "value": {"nickName": "Enchantress"}},
        {"op": "remove", "path": "name.givenName"},
    )
    assert answer.status_code in (200, 204), answer.text
    read = (await entra.ask("GET", path)).json()
    assert (read["title"], read["nickName"]) == ("Countess", "Enchantress")
    assert read["emails"][0]["value"] == "lovelace@example.com"
    assert read["meta"]["version"] != made["meta"]["version"]
    assert await entra.found("Users", 'emails.value eq "lovelace@example.com"') == [made["id"]]
    assert await entra.found("Users", 'emails.value eq "ada@example.com"') == []
    async with entra.place.operator() as ctx:
        user = await entra.place.server.services.user_admin.get(ctx, uuid_of(made))
    assert user.email == "lovelace@example.com"


async def test_put_replaces_the_whole(entra: Directory) -> None:
    """RFC 7644 §3.5.1."""
    made = await entra.create("ada@example.com", title="Countess")
    answer = await entra.ask("PUT", f"/Users/{made['id']}", person("lovelace@example.com"))
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["userName"] == "lovelace@example.com"
    assert "title" not in said
    assert await entra.found("Users", 'userName eq "ada@example.com"') == []


async def test_change_of_another_version_is_refused(entra: Directory) -> None:
    """RFC 7644 §3.14: If-Match."""
    made = await entra.create("ada@example.com")
    path, old = f"/Users/{made['id']}", made["meta"]["version"]
    assert (await entra.patch(path, {"op": "add", "path": "title", "value": "A"})).status_code in (200, 204)
    for method, body in (("PUT", person("ada@example.com", title="B")), ("DELETE", None)):
        answer = await entra.ask(method, path, body, {"if-match": old})
        assert answer.status_code == 412, answer.text
    assert (await entra.ask("GET", path, None, {"if-none-match": old})).status_code == 200
    current = (await entra.ask("GET", path)).headers["etag"]
    assert (await entra.ask("GET", path, None, {"if-none-match": current})).status_code == 304


async def test_pages_by_index_hold_everybody_once(entra: Directory) -> None:
    """RFC 7644 §3.4.2.4."""
    made = [(await entra.create(f"u{number}"))["id"] for number in range(7)]
    seen: list[str] = []
    for start in (1, 4, 7):
        page = (await entra.ask("GET", "/Users", startIndex=str(start), count="3")).json()
        assert page["totalResults"] == 7
        assert page["itemsPerPage"] == len(page["Resources"])
        seen += [one["id"] for one in page["Resources"]]
    assert seen == sorted(made)
    empty = (await entra.ask("GET", "/Users", count="0")).json()
    assert (empty["totalResults"], empty.get("Resources", [])) == (7, [])


@pytest.mark.parametrize("query", [{}, {"filter": "userName pr"}, {"attributes": "userName"}])
async def test_pages_by_cursor_hold_everybody_once(entra: Directory, query: dict[str, str]) -> None:
    """RFC 9865 §2: forth, and back again."""
    made = [(await entra.create(f"u{number}"))["id"] for number in range(5)]
    pages: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await entra.ask("GET", "/Users", None, None, count="2", cursor=cursor, **query)).json()
        pages.append(page)
        cursor = page.get("nextCursor")
    assert [one["id"] for page in pages for one in page["Resources"]] == sorted(made)
    back = (await entra.ask("GET", "/Users", None, None, count="2", cursor=pages[-1]["previousCursor"], **query)).json()
    assert [one["id"] for one in back["Resources"]] == sorted(made)[2:4]


async def test_cursor_of_another_connection_or_query_is_refused(entra: Directory) -> None:
    """N30: a cursor is good where it was given, for what was asked."""
    for number in range(3):
        await entra.create(f"u{number}")
    cursor = (await entra.ask("GET", "/Users", count="1", cursor="")).json()["nextCursor"]
    async with directory(entra.place) as other:
        assert (await other.ask("GET", "/Users", count="1", cursor=cursor)).status_code == 400
    for altered in (cursor[:-2] + "AA", "AAAA", cursor * 20):
        answer = await entra.ask("GET", "/Users", count="1", cursor=altered)
        assert answer.status_code == 400, answer.text
        assert answer.json()["scimType"] == "invalidCursor"
    other_query = await entra.ask("GET", "/Users", count="1", cursor=cursor, filter='userName eq "u1"')
    assert other_query.status_code == 400


async def test_order_is_by_what_was_asked(entra: Directory) -> None:
    """RFC 7644 §3.4.2.3."""
    for name in ("bob", "carol", "ada"):
        await entra.create(name)
    answer = await entra.ask("GET", "/Users", sortBy="userName", sortOrder="descending")
    assert [one["userName"] for one in answer.json()["Resources"]] == ["carol", "bob", "ada"]


async def test_only_the_attributes_asked_for_are_answered(entra: Directory) -> None:
    """RFC 7644 §3.9."""
    made = await entra.create("ada", title="Countess")
    read = (await entra.ask("GET", f"/Users/{made['id']}", attributes="title")).json()
    assert set(read) - {"schemas", "meta"} == {"id", "title"}
    listed = (await entra.ask("GET", "/Users", excludedAttributes="title")).json()["Resources"][0]
    assert "title" not in listed


async def test_removed_user_is_gone_and_their_name_and_address_free(entra: Directory) -> None:
    """RFC 7644 §3.6: 404 from then on, and no conflict with whoever comes next."""
    made = await entra.create("ada@example.com", **mailbox("ada@example.com"))
    path = f"/Users/{made['id']}"
    assert (await entra.ask("DELETE", path)).status_code == 204
    assert (await entra.ask("GET", path)).status_code == 404
    assert (await entra.ask("DELETE", path)).status_code == 404
    assert await entra.found("Users", 'userName eq "ada@example.com"') == []
    again = await entra.create("ada@example.com", **mailbox("ada@example.com"))
    assert again["id"] != made["id"]
