"""Who leaves: deactivated by their directory, brought back by it, or kept out by an administrator."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from airside.core.errors import Conflict
from airside.core.ids import USER, format_id
from airside.federation.scim import ScimUsers, Subjects
from airside.identity import User
from airside.store import RequestContext
from tests.federation.kit import Covered
from tests.federation.scim.directory import Directory, connect, mailbox, person, uuid_of
from tests.running import Place


class Followed:
    """Implements `GroupRoles`: remembers what groups each user was last in."""

    def __init__(self) -> None:
        self.groups: dict[UUID, frozenset[str]] = {}

    async def follow(self, ctx: RequestContext, connection_id: UUID, groups: Mapping[UUID, frozenset[str]]) -> None:
        self.groups |= groups


def _users(place: Place, domains: Covered) -> ScimUsers:
    services = place.server.services
    return ScimUsers(
        vault=services.vault,
        entropy=services.entropy,
        journal=services.journal,
        users=services.users,
        sessions=services.sessions,
        members=services.members,
        domains=domains,
        subjects=Subjects(vault=services.vault, entropy=services.entropy),
        roles=Followed(),
        closing=services.closing,
    )


async def _state(entra: Directory, said: Mapping[str, object]) -> str | None:
    async with entra.place.operator() as ctx:
        return await entra.place.server.services.users.state(ctx, uuid_of(said))


async def _active(entra: Directory, path: str, *, wanted: bool) -> bool:
    answer = await entra.patch(path, {"op": "replace", "path": "active", "value": wanted})
    assert answer.status_code in (200, 204), answer.text
    return (await entra.ask("GET", path)).json()["active"]


async def test_directory_deactivates_and_brings_back(entra: Directory) -> None:
    made = await entra.create("ada")
    path = f"/Users/{made['id']}"
    assert not await _active(entra, path, wanted=False)
    assert await _state(entra, made) == "disabled"
    assert await _active(entra, path, wanted=True)
    assert await _state(entra, made) == "active"


async def test_user_made_inactive_is_disabled_from_the_start(entra: Directory) -> None:
    """N18."""
    made = await entra.create("ada", active=False)
    assert made["active"] is False
    assert await _state(entra, made) == "disabled"
    assert (await entra.ask("GET", f"/Users/{made['id']}")).json()["active"] is False
    assert await _active(entra, f"/Users/{made['id']}", wanted=True)


async def test_whom_an_administrator_disabled_the_directory_does_not_bring_back(entra: Directory) -> None:
    """N21: a directory undoes its own word, never an administrator's."""
    made = await entra.create("ada")
    path = f"/Users/{made['id']}"
    async with entra.place.operator() as ctx:
        await entra.place.server.services.user_admin.set_state(ctx, uuid_of(made), "disabled")
    assert (await entra.ask("GET", path)).json()["active"] is False
    for wanted in (True, False, True):
        assert not await _active(entra, path, wanted=wanted)
    assert (await entra.ask("PUT", path, person("ada"))).json()["active"] is False
    assert await _state(entra, made) == "disabled"


async def _request(entra: Directory, made: Mapping[str, Any]) -> None:
    async with entra.place.operator() as ctx:
        await entra.place.server.services.closing.request(ctx, uuid_of(made))


async def _cancel(entra: Directory, made: Mapping[str, Any]) -> None:
    async with entra.place.operator() as ctx:
        await entra.place.server.services.closing.cancel(ctx, uuid_of(made))


async def test_whose_erasure_waits_the_directory_does_not_bring_back(entra: Directory) -> None:
    """N18: to it they are as they were, whatever it changes; and are so again when it is cancelled."""
    made = await entra.create("ada")
    path = f"/Users/{made['id']}"
    await _request(entra, made)
    assert await _active(entra, path, wanted=True)
    answer = await entra.patch(path, {"op": "replace", "path": "title", "value": "Countess"})
    assert answer.status_code in (200, 204)
    assert (await entra.ask("PUT", path, person("ada"))).json()["active"] is True
    assert await _state(entra, made) == "disabled"
    await _cancel(entra, made)
    assert await _state(entra, made) == "active"
    assert (await entra.ask("GET", path)).json()["active"] is True


async def test_whom_the_directory_deactivated_it_does_not_activate_while_they_wait(entra: Directory) -> None:
    """N18: it is told so."""
    made = await entra.create("ada", active=False)
    path = f"/Users/{made['id']}"
    await _request(entra, made)
    refused = await entra.patch(path, {"op": "replace", "path": "active", "value": True})
    assert refused.status_code == 409
    assert await _state(entra, made) == "disabled"
    await _cancel(entra, made)
    assert await _state(entra, made) == "disabled"
    assert await _active(entra, path, wanted=True)


async def test_whom_the_directory_deactivates_meanwhile_a_cancel_does_not_enable(entra: Directory) -> None:
    """N18: it stays the directory's to bring them back."""
    made = await entra.create("ada")
    path = f"/Users/{made['id']}"
    await _request(entra, made)
    assert not await _active(entra, path, wanted=False)
    await _cancel(entra, made)
    assert await _state(entra, made) == "disabled"
    assert await _active(entra, path, wanted=True)
    assert await _state(entra, made) == "active"


async def test_whom_the_directory_removes_meanwhile_is_erased_at_once(entra: Directory) -> None:
    made = await entra.create("ada")
    await _request(entra, made)
    assert (await entra.ask("DELETE", f"/Users/{made['id']}")).status_code == 204
    with pytest.raises(Conflict):
        await _cancel(entra, made)
    async with entra.place.operator() as ctx:
        found = await entra.place.server.services.closing.find(ctx, uuid_of(made))
    assert found is not None
    assert found.state in ("closed", "erased")


async def test_replacement_that_does_not_say_leaves_the_deactivated_so(entra: Directory) -> None:
    made = await entra.create("ada", active=False)
    without = {key: value for key, value in person("ada").items() if key != "active"}
    assert "active" not in (await entra.ask("PUT", f"/Users/{made['id']}", without)).json()
    assert await _state(entra, made) == "disabled"


async def test_address_of_somebody_is_not_taken_over(entra: Directory) -> None:
    """N20: neither at creation nor by a change; whose it is stays as they are."""
    local = await entra.place.user("member")
    answer = await entra.ask("POST", "/Users", person("ada", **mailbox(local.email)))
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    made = await entra.create("ada")
    body = person("ada", **mailbox(local.email))
    assert (await entra.ask("PUT", f"/Users/{made['id']}", body)).status_code == 409
    async with entra.place.operator() as ctx:
        assert (await entra.place.server.services.user_admin.get(ctx, local.id)).email == local.email


async def _created(place: Place, user: User, connection_id: UUID, domains: Covered) -> UUID:
    async with place.operator() as ctx:
        body = person("ada", externalId="ext-1", **mailbox(user.email))
        return (await _users(place, domains).create(ctx, connection_id, body)).id


async def test_user_of_a_proven_domain_becomes_the_directorys(place: Place) -> None:
    """Only of the connection that the domain is bound to; removed again, they are disabled and not erased."""
    domains, connection, user = Covered(), await connect(place), await place.user("member")
    with pytest.raises(Conflict):
        await _created(place, user, connection.id, domains)
    domains.connection_id = connection.id
    assert await _created(place, user, connection.id, domains) == user.id
    users = _users(place, domains)
    async with place.operator() as ctx:
        await users.remove(ctx, connection.id, user.id, 1)
    async with place.operator() as ctx:
        assert (await place.server.services.users.get(ctx, user.id)).email == user.email
        assert await place.server.services.users.state(ctx, user.id) == "disabled"


async def test_user_of_a_proven_domain_who_is_removed_while_they_wait_stays_disabled(place: Place) -> None:
    """N18: a cancel gives them back neither the directory nor access."""
    domains, connection, user = Covered(), await connect(place), await place.user("member")
    domains.connection_id = connection.id
    await _created(place, user, connection.id, domains)
    services = place.server.services
    async with place.operator() as ctx:
        await services.closing.request(ctx, user.id)
    async with place.operator() as ctx:
        await _users(place, domains).remove(ctx, connection.id, user.id, 1)
    async with place.operator() as ctx:
        await services.closing.cancel(ctx, user.id)
        assert await services.users.state(ctx, user.id) == "disabled"


async def test_administrator_is_nobody_elses_even_of_a_proven_domain(place: Place) -> None:
    """N21: a directory's token never reaches above its own rights."""
    domains, connection, chief = Covered(), await connect(place), await place.user("administrator")
    domains.connection_id = connection.id
    with pytest.raises(Conflict):
        await _created(place, chief, connection.id, domains)
    services = place.server.services
    async with place.operator() as ctx:
        await Subjects(vault=services.vault, entropy=services.entropy).link(ctx, connection.id, "ext-1", chief.id)
    with pytest.raises(Conflict):
        await _created(place, chief, connection.id, domains)


async def test_last_administrator_is_not_removed(entra: Directory) -> None:
    made = await entra.create("ada")
    services = entra.place.server.services
    async with entra.place.operator() as ctx:
        await services.member_admin.grant(ctx, uuid_of(made), "administrator")
    answer = await entra.ask("DELETE", f"/Users/{made['id']}")
    assert answer.status_code == 409
    assert await _state(entra, made) == "active"


async def test_removed_user_is_erased_with_their_roles(entra: Directory) -> None:
    made = await entra.create("ada", **mailbox("ada@example.com"))
    services = entra.place.server.services
    async with entra.place.operator() as ctx:
        await services.member_admin.grant(ctx, uuid_of(made), "member")
    assert (await entra.ask("DELETE", f"/Users/{made['id']}")).status_code == 204
    assert await _state(entra, made) == "disabled"
    async with entra.place.operator() as ctx:
        subject = f"user:{format_id(USER, uuid_of(made))}"
        assert subject not in await services.member_admin.list(ctx, "member")
        assert await services.users.find_by_email(ctx, "ada@example.com") is None
