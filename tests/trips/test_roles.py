"""Roles of the tenant's own, over HTTP: made, given, named in tokens, taken away."""

from dataclasses import dataclass
from typing import Any

import pytest

from airside.core.ids import ROLE, USER, format_id, uuid7
from airside.identity import User
from airside.protocols.jose import peek_claims
from airside.tenancy import PERMISSIONS
from tests.running import Place
from tests.surface import administrator_token
from tests.trips.manager import manage, person_tokens, program_token
from tests.trips.visitor import refresh

RECORDS = "select event, subject from airside.audit_record where tenant_id = %s order by record_id"
SUPPORT: dict[str, Any] = {
    "name": "support",
    "description": "Helps people",
    "permissions": ["users:read", "sessions:write"],
}


@dataclass(frozen=True)
class Told:
    event: str
    subject: str


async def made(place: Place, token: str, body: dict[str, object]) -> str:
    """The id of a new role."""
    answer = await manage(place, token, "POST", "/roles", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def word(user: User) -> str:
    return format_id(USER, user.id)


async def test_role_is_made_found_listed_changed_and_deleted(place: Place) -> None:
    token = await administrator_token(place)
    role = await made(place, token, SUPPORT)
    found = (await manage(place, token, "GET", f"/roles/{role}")).json()
    assert found == SUPPORT | {
        "id": role,
        "permissions": ["sessions:write", "users:read"],
        "created_at": found["created_at"],
        "updated_at": found["created_at"],
    }
    assert (await manage(place, token, "GET", "/roles")).json() == {"roles": [found], "next_cursor": None}
    changed = (await manage(place, token, "PATCH", f"/roles/{role}", {"permissions": []})).json()
    assert changed == found | {"permissions": [], "updated_at": changed["updated_at"]}
    assert (await manage(place, token, "DELETE", f"/roles/{role}")).status_code == 204
    assert (await manage(place, token, "GET", f"/roles/{role}")).status_code == 404
    assert (await manage(place, token, "DELETE", f"/roles/{role}")).status_code == 404


async def test_catalogue_is_told_whole(place: Place) -> None:
    answer = await manage(place, await program_token(place, "roles:read"), "GET", "/roles/permissions")
    assert {each["name"]: each["description"] for each in answer.json()["permissions"]} == {
        each.name: each.description for each in PERMISSIONS.values()
    }


async def test_person_may_what_their_role_may_until_it_is_taken(place: Place) -> None:
    """N19, N21: the token names the role; the right and the token go with it."""
    admin, user, other = await administrator_token(place), await place.user("member"), word(await place.user())
    role = await made(place, admin, SUPPORT)
    at = f"/members/{word(user)}/roles"
    assert (await manage(place, admin, "PUT", f"{at}/{role}")).status_code == 204
    assert (await manage(place, admin, "GET", at)).json()["roles"][0]["id"] == role
    assert (await manage(place, admin, "GET", f"/members?role={role}")).json() == {"subjects": [f"user:{word(user)}"]}

    client, tokens = await person_tokens(place, user, "users:read", "users:write")
    token = tokens["access_token"]
    assert peek_claims(token)["roles"] == ["member", "support"]
    assert (await manage(place, token, "GET", f"/users/{other}")).status_code == 200
    assert (await manage(place, token, "PATCH", f"/users/{other}", {"state": "disabled"})).status_code == 403

    assert (await manage(place, admin, "DELETE", f"{at}/{role}")).status_code == 204
    assert (await manage(place, token, "GET", f"/users/{other}")).status_code == 401
    answer = await refresh(place, client, tokens["refresh_token"])
    assert peek_claims(answer.json()["access_token"])["roles"] == ["member"]
    assert (await manage(place, admin, "GET", at)).json() == {"roles": [], "next_cursor": None}


async def test_deleted_role_ends_tokens_that_name_it(place: Place) -> None:
    """N19: and a role of the same name is another one."""
    admin, user = await administrator_token(place), await place.user()
    role = await made(place, admin, SUPPORT)
    await manage(place, admin, "PUT", f"/members/{word(user)}/roles/{role}")
    client, tokens = await person_tokens(place, user, "users:read")
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 200
    assert (await manage(place, admin, "DELETE", f"/roles/{role}")).status_code == 204
    assert (await manage(place, tokens["access_token"], "GET", "/users")).status_code == 401
    assert await made(place, admin, SUPPORT) != role
    answer = await refresh(place, client, tokens["refresh_token"])
    assert peek_claims(answer.json()["access_token"])["roles"] == []


async def test_roles_are_listed_page_by_page(place: Place) -> None:
    token = await administrator_token(place)
    ids = [await made(place, token, {"name": f"role-{number}"}) for number in range(5)]
    seen, path = list[str](), "/roles?limit=2"
    while path:
        page = (await manage(place, token, "GET", path)).json()
        seen += [role["id"] for role in page["roles"]]
        path = f"/roles?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == ids
    for cursor in ("x", "A" * 44, await users_cursor(place, token)):
        assert (await manage(place, token, "GET", f"/roles?cursor={cursor}")).status_code == 422


async def users_cursor(place: Place, token: str) -> str:
    """A cursor of another list."""
    await place.user()
    return str((await manage(place, token, "GET", "/users?limit=1")).json()["next_cursor"])


@pytest.mark.parametrize(
    "change",
    [
        {"name": "administrator"},
        {"name": "member"},
        {"name": "Support"},
        {"name": 7},
        {"description": "x" * 501},
        {"permissions": ["users:read", "administrator"]},
        {"permissions": ["can_read_users"]},
        {"permissions": ["users:read"] * 101},
        {"permissions": "users:read"},
        {"id": "rol_x"},
        {"role_id": "rol_x"},
        {"tenant_id": "ten_x"},
        {"assignees": ["user:x"]},
        {"built_in": True},
        {"created_at": "2020-01-01T00:00:00Z"},
    ],
    ids=str,
)
async def test_role_that_cannot_be_is_refused(place: Place, change: dict[str, object]) -> None:
    """N21: mass assignment, and words outside the catalogue."""
    token = await administrator_token(place)
    answer = await manage(place, token, "POST", "/roles", SUPPORT | change)
    assert answer.status_code == 422, answer.text
    assert (await manage(place, token, "GET", "/roles")).json()["roles"] == []


@pytest.mark.parametrize(
    "body", [{}, {"name": "other"}, {"permissions": ["*"]}, {"description": 1}, {"id": "x"}], ids=str
)
async def test_change_that_cannot_be_is_refused(place: Place, body: dict[str, object]) -> None:
    token = await administrator_token(place)
    role = await made(place, token, SUPPORT)
    before = (await manage(place, token, "GET", f"/roles/{role}")).json()
    assert (await manage(place, token, "PATCH", f"/roles/{role}", body)).status_code == 422
    assert (await manage(place, token, "GET", f"/roles/{role}")).json() == before


async def test_name_in_use_is_a_conflict(place: Place) -> None:
    token = await administrator_token(place)
    await made(place, token, SUPPORT)
    assert (await manage(place, token, "POST", "/roles", SUPPORT)).status_code == 409


async def test_role_of_another_tenant_is_not_there(place: Place) -> None:
    """N20: the same 404 as one that never was, spelled right or not."""
    services, token, user = place.server.services, await administrator_token(place), word(await place.user())
    elsewhere = await place.server.tenant()
    foreign = await made(elsewhere, await administrator_token(elsewhere), SUPPORT)
    never = format_id(ROLE, uuid7(services.clock.now(), services.entropy))
    for role in (foreign, never, "support", "rol_", "none"):
        for method, path, body in (
            ("GET", f"/roles/{role}", None),
            ("PATCH", f"/roles/{role}", {"description": "mine"}),
            ("DELETE", f"/roles/{role}", None),
            ("PUT", f"/members/{user}/roles/{role}", None),
            ("DELETE", f"/members/{user}/roles/{role}", None),
            ("GET", f"/members?role={role}", None),
        ):
            answer = await manage(place, token, method, path, body)
            misspelt = "?" in path and role not in (foreign, never)
            assert answer.status_code == (422 if misspelt else 404), f"{method} {path}: {answer.text}"


async def test_program_makes_and_gives_no_role_above_itself(place: Place) -> None:
    """N21: each verb, by a program that holds the verb's own permission and less than the role."""
    admin, user = await administrator_token(place), word(await place.user())
    strong, weak = await made(place, admin, SUPPORT), await made(place, admin, {"name": "weak"})
    token = await program_token(place, "roles:write", "members:write", "users:read")
    asked = [
        await manage(place, token, "POST", "/roles", SUPPORT | {"name": "mine"}),
        await manage(place, token, "PATCH", f"/roles/{weak}", {"permissions": ["clients:write"]}),
        await manage(place, token, "PATCH", f"/roles/{strong}", {"permissions": ["users:read"]}),
        await manage(place, token, "PATCH", f"/roles/{strong}", {"description": "harmless"}),
        await manage(place, token, "DELETE", f"/roles/{strong}"),
        await manage(place, token, "PUT", f"/members/{user}/roles/{strong}"),
        await manage(place, token, "DELETE", f"/members/{user}/roles/{strong}"),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)
    assert (await manage(place, admin, "GET", f"/roles/{strong}")).json()["permissions"] == sorted(
        SUPPORT["permissions"]
    )
    assert (await manage(place, token, "PATCH", f"/roles/{weak}", {"permissions": ["users:read"]})).status_code == 200
    assert (await manage(place, token, "PUT", f"/members/{user}/roles/{weak}")).status_code == 204


@pytest.mark.parametrize("scope", ["roles:read", "members:write", "users:write"])
async def test_other_permission_changes_no_role(place: Place, scope: str) -> None:
    """N21, N22: seeing isn't changing, and giving isn't making."""
    role = await made(place, await administrator_token(place), {"name": "empty"})
    token = await program_token(place, scope)
    asked = [
        await manage(place, token, "POST", "/roles", {"name": "mine"}),
        await manage(place, token, "PATCH", f"/roles/{role}", {"description": "mine"}),
        await manage(place, token, "DELETE", f"/roles/{role}"),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)


async def test_what_happens_to_roles_is_journalled(place: Place) -> None:
    admin, user = await administrator_token(place), await place.user()
    role = await made(place, admin, SUPPORT)
    await manage(place, admin, "PATCH", f"/roles/{role}", {"permissions": ["users:read"]})
    await manage(place, admin, "PUT", f"/members/{word(user)}/roles/{role}")
    await manage(place, admin, "DELETE", f"/members/{word(user)}/roles/{role}")
    await manage(place, admin, "PUT", f"/members/{word(user)}/roles/{role}")
    await manage(place, admin, "DELETE", f"/roles/{role}")
    async with place.operator() as ctx:
        found = await ctx.tx.all(Told, RECORDS, (ctx.tenant_id,))
    told = [(each.event, each.subject) for each in found if each.event.startswith("role:")]
    assert told[:5] == [
        ("role:role:created", role),
        ("role:role:updated", role),
        ("role:user:assigned", f"user:{word(user)}"),
        ("role:user:unassigned", f"user:{word(user)}"),
        ("role:user:assigned", f"user:{word(user)}"),
    ]
    assert set(told[5:]) == {("role:user:unassigned", f"user:{word(user)}"), ("role:role:deleted", role)}
