"""Acceptance of invitations: nobody gets more by one than whoever invited may give at that moment."""

from collections.abc import Awaitable, Callable

import pytest

from airside.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from airside.core.principal import Principal
from airside.core.secret import Secret
from airside.identity import INVITATION_LIFETIME, User
from airside.oauth import ClientDraft
from airside.tenancy import Invitation, RoleChange
from airside.tenancy.invitations import KEPT
from tests.admin.kit import EVERY, Manager, make_manager, make_role, permissions_of
from tests.signin.entry import GOOD, Stranger, winners

EMAIL = "Grace@Example.com"
INVITER = ("members:write", "users:write", "members:read")


async def _invite(manager: Manager, *roles: str, email: str = EMAIL) -> Invitation:
    async with manager.acting() as ctx:
        return await manager.place.server.services.invitation_admin.create(ctx, email, "Grace", roles)


async def _accept(stranger: Stranger, token: Secret[str], password: str = GOOD) -> User:
    async with stranger.asking() as ctx:
        return await stranger.services.acceptance.accept(ctx, token, "Grace Hopper", Secret(password))


async def _refused(stranger: Stranger, token: Secret[str]) -> None:
    with pytest.raises(NotFound):
        await _accept(stranger, token)
    assert await stranger.user_of(EMAIL) is None


async def test_who_accepts_is_a_user_with_the_roles_and_a_verified_address(stranger: Stranger) -> None:
    place = stranger.place
    role = await make_role(place, "support", "sessions:read")
    manager = await make_manager(place, *INVITER, "sessions:read")
    invitation = await _invite(manager, "member", role.word)
    (mail,) = await stranger.mails()
    assert (mail.kind, mail.subject, set(mail.about)) == ("invitation", None, {"link"})
    user = await _accept(stranger, await stranger.token("invitation"))
    assert (user.email, user.name) == ("Grace@example.com", "Grace Hopper")
    assert user.email_verified
    assert await permissions_of(place, user) == {"sessions:read"}
    assert await stranger.can_sign_in(EMAIL, GOOD)
    async with place.operator() as ctx:
        services = stranger.services
        assert await services.member_admin.roles(ctx, user.id) == ["member", "support"]
        assert await services.sessions.list(ctx, user.id) == []  # the link signs nobody in
        settled = await services.invitation_admin.get(ctx, invitation.invitation_id)
    assert (settled.state, settled.accepted_by) == ("accepted", user.id)
    assert "invitation:invitation:accepted" in await stranger.events()


async def test_looking_spends_nothing(stranger: Stranger) -> None:
    """N14: a mail scanner's GET."""
    await _invite(await make_manager(stranger.place, *INVITER), "member")
    token = await stranger.token("invitation")
    for _ in range(5):
        async with stranger.asking() as ctx:
            seen = await stranger.services.acceptance.look(ctx, token)
        assert (seen.email, seen.name) == ("Grace@example.com", "Grace")
    await _accept(stranger, token)


async def test_link_is_good_once(stranger: Stranger) -> None:
    """N14."""
    await _invite(await make_manager(stranger.place, *INVITER), "member")
    token = await stranger.token("invitation")
    assert await winners(lambda: _accept(stranger, token), 30) == (1, {NotFound})
    with pytest.raises(NotFound):
        await _accept(stranger, token)


async def test_invitation_of_somebody_disabled_gives_nothing(stranger: Stranger) -> None:
    """N18."""
    manager = await make_manager(stranger.place, *INVITER)
    await _invite(manager, "member")
    async with stranger.place.operator() as ctx:
        await stranger.services.user_admin.set_state(ctx, manager.user.id, "disabled")
    await _refused(stranger, await stranger.token("invitation"))
    assert "invitation:invitation:refused" in await stranger.events()


async def _role_taken(stranger: Stranger, manager: Manager) -> None:
    async with stranger.place.operator() as ctx:
        for role in await stranger.services.role_admin.of(ctx, manager.user.id):
            await stranger.services.role_admin.unassign(ctx, manager.user.id, role.role_id)


async def _right_of_role_taken(stranger: Stranger, manager: Manager) -> None:
    async with stranger.place.operator() as ctx:
        for role in await stranger.services.role_admin.of(ctx, manager.user.id):
            change = RoleChange(permissions=role.permissions - {"sessions:write"})
            await stranger.services.role_admin.change(ctx, role.role_id, change)


async def _given_role_grew(stranger: Stranger, manager: Manager) -> None:
    async with stranger.place.operator() as ctx:
        for role in await stranger.services.role_admin.list(ctx):
            if role.name == "support":
                change = RoleChange(permissions=role.permissions | {"clients:write"})
                await stranger.services.role_admin.change(ctx, role.role_id, change)


async def _given_role_gone(stranger: Stranger, manager: Manager) -> None:
    async with stranger.place.operator() as ctx:
        for role in await stranger.services.role_admin.list(ctx):
            if role.name == "support":
                await stranger.services.role_admin.delete(ctx, role.role_id)


@pytest.mark.parametrize("happens", [_role_taken, _right_of_role_taken, _given_role_grew, _given_role_gone])
async def test_invitation_gives_no_more_than_its_inviter_may_now(
    stranger: Stranger, happens: Callable[[Stranger, Manager], Awaitable[None]]
) -> None:
    """N19, N21: asked again at acceptance, of what the role has become."""
    role = await make_role(stranger.place, "support", "sessions:write")
    manager = await make_manager(stranger.place, *INVITER, "sessions:write")
    await _invite(manager, role.word)
    await happens(stranger, manager)
    await _refused(stranger, await stranger.token("invitation"))


async def test_administrator_who_is_none_any_more_makes_none(stranger: Stranger) -> None:
    """N21."""
    place = stranger.place
    manager = Manager(place, await place.user("administrator"))
    await _invite(manager, "administrator")
    async with place.operator() as ctx:
        await stranger.services.member_admin.revoke(ctx, manager.user.id, "administrator")
    await _refused(stranger, await stranger.token("invitation"))


async def test_program_that_was_disabled_invites_nobody(stranger: Stranger) -> None:
    """N18: its relations are still there."""
    place, services = stranger.place, stranger.services
    scopes = frozenset({"members:write", "users:write"})
    client, _ = await place.client(
        ClientDraft("hr", False, frozenset({"client_credentials"}), audiences=(place.issuer,), scopes=scopes)
    )
    principal = Principal("client", f"client:{client.word}", scopes, client_id=client.word)
    async with services.engine.begin(place.tenant_id, principal=principal) as ctx:
        await services.invitation_admin.create(ctx, EMAIL, "", ["member"])
    token = await stranger.token("invitation")
    async with place.operator() as ctx:
        await services.client_admin.disable(ctx, client.client_id)
    await _refused(stranger, token)


async def test_nobody_invites_to_more_than_they_hold(stranger: Stranger) -> None:
    """N21: neither as an administrator nor to a role above their own, by relation or by scope."""
    place = stranger.place
    role = await make_role(place, "above", "clients:write")
    manager = await make_manager(place, *INVITER)
    for roles in (["administrator"], [role.word], ["member", role.word]):
        with pytest.raises(Forbidden):
            await _invite(manager, *roles)
    holder = await make_manager(place, *INVITER, "clients:write", scopes=INVITER)
    with pytest.raises(Forbidden):
        await _invite(holder, role.word)
    for lacking in ("members:write", "users:write"):
        rest = [name for name in INVITER if name != lacking]
        with pytest.raises(Forbidden):
            await _invite(await make_manager(place, *rest), "member")
        with pytest.raises(Forbidden):
            await _invite(await make_manager(place, *INVITER, scopes=EVERY - {lacking}), "member")
    assert await stranger.mails() == []


async def test_nobody_touches_an_invitation_above_them(stranger: Stranger) -> None:
    """N21: upwards is upwards: who can send it again could have it sent to themselves as its inviter."""
    place = stranger.place
    invitation = await _invite(Manager(place, await place.user("administrator")), "administrator")
    manager = await make_manager(place, *INVITER)
    async with manager.acting() as ctx:
        admin = stranger.services.invitation_admin
        with pytest.raises(Forbidden):
            await admin.resend(ctx, invitation.invitation_id)
        with pytest.raises(Forbidden):
            await admin.revoke(ctx, invitation.invitation_id)
        assert (await admin.get(ctx, invitation.invitation_id)).state == "open"


async def test_address_with_an_account_gets_nothing_by_a_link(stranger: Stranger) -> None:
    """N17: roles of somebody who is there are given to them by name."""
    place = stranger.place
    manager = await make_manager(place, *INVITER)
    await _invite(manager, "member")
    token = await stranger.token("invitation")
    async with place.operator() as ctx:
        there = await stranger.services.user_admin.create(ctx, EMAIL.lower(), "Grace", Secret("another good phrase 7"))
    with pytest.raises(Conflict):
        await _accept(stranger, token)
    assert await stranger.can_sign_in(EMAIL, "another good phrase 7")
    async with place.operator() as ctx:
        assert await stranger.services.member_admin.roles(ctx, there.id) == []
    with pytest.raises(Conflict):
        await _invite(manager, "member")


async def test_revoked_invitation_gives_nothing(stranger: Stranger) -> None:
    """N18."""
    manager = await make_manager(stranger.place, *INVITER)
    invitation = await _invite(manager, "member")
    token = await stranger.token("invitation")
    async with manager.acting() as ctx:
        await stranger.services.invitation_admin.revoke(ctx, invitation.invitation_id)
    await _refused(stranger, token)
    async with manager.acting() as ctx:
        with pytest.raises(Conflict):
            await stranger.services.invitation_admin.resend(ctx, invitation.invitation_id)


async def test_invitation_sent_again_has_another_link(stranger: Stranger) -> None:
    """N14: the old one is dead."""
    manager = await make_manager(stranger.place, *INVITER)
    invitation = await _invite(manager, "member")
    old = await stranger.token("invitation")
    async with manager.acting() as ctx:
        again = await stranger.services.invitation_admin.resend(ctx, invitation.invitation_id)
    assert again.word == invitation.word
    await _refused(stranger, old)
    await _accept(stranger, await stranger.token("invitation"))


async def test_invitation_ends_after_a_week(stranger: Stranger) -> None:
    manager = await make_manager(stranger.place, *INVITER)
    invitation = await _invite(manager, "member")
    token = await stranger.token("invitation")
    services = stranger.services
    late = services.clock.now() + INVITATION_LIFETIME
    async with services.engine.begin(stranger.place.tenant_id, now=late) as ctx:
        with pytest.raises(NotFound):
            await services.acceptance.accept(ctx, token, "", Secret(GOOD))
        assert (await services.invitations.get(ctx, invitation.invitation_id)).state == "expired"


async def test_weak_password_leaves_the_link_open(stranger: Stranger) -> None:
    await _invite(await make_manager(stranger.place, *INVITER), "member")
    token = await stranger.token("invitation")
    for name, password in (("", "short"), ("", "password1"), ("", "grace@example.com"), ("a\nb", GOOD)):
        async with stranger.asking() as ctx:  # which commits: a page that says what is wrong
            with pytest.raises(InvalidInput):
                await stranger.services.acceptance.accept(ctx, token, name, Secret(password))
    assert await stranger.user_of(EMAIL) is None
    await _accept(stranger, token)


async def test_tokens_of_other_purposes_accept_nothing(stranger: Stranger) -> None:
    """N06."""
    user = await stranger.place.user()
    async with stranger.asking() as ctx:
        await stranger.services.recovery.request(ctx, user.email)
    await _refused(stranger, await stranger.token("recovery"))


@pytest.mark.parametrize(
    "roles", [[], ["owner"], ["member", "member"], ["rol_x"], ["ADMINISTRATOR"], ["member"] + ["rol_" + "0" * 26] * 2]
)
async def test_roles_that_are_none_are_refused(stranger: Stranger, roles: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        await _invite(await make_manager(stranger.place, *INVITER), *roles)
    assert refused.value.data["pointer"] == "roles"


async def test_address_is_invited_once_at_a_time(stranger: Stranger) -> None:
    manager = await make_manager(stranger.place, *INVITER)
    await _invite(manager, "member")
    with pytest.raises(Conflict):
        await _invite(manager, "member", email=EMAIL.upper())


async def test_invitations_are_listed_by_age_with_their_states(stranger: Stranger) -> None:
    manager = await make_manager(stranger.place, *INVITER)
    made = [await _invite(manager, "member", email=f"guest{number}@example.com") for number in range(3)]
    async with manager.acting() as ctx:
        admin = stranger.services.invitation_admin
        await admin.revoke(ctx, made[1].invitation_id)
        listed = await admin.list(ctx)
        assert [each.state for each in listed] == ["open", "revoked", "open"]
        assert [each.email for each in listed] == [each.email for each in made]
        assert await admin.list(ctx, made[0].invitation_id, 1) == listed[1:2]
        with pytest.raises(InvalidInput):
            await admin.list(ctx, limit=0)


async def test_settled_long_ago_is_forgotten(stranger: Stranger) -> None:
    manager = await make_manager(stranger.place, *INVITER)
    await _invite(manager, "member")
    services = stranger.services
    async with stranger.place.operator() as ctx:
        assert await services.invitations.sweep(ctx) == 0
    late = services.clock.now() + INVITATION_LIFETIME + 2 * KEPT
    async with services.engine.begin(stranger.place.tenant_id, now=late) as ctx:
        assert await services.invitations.sweep(ctx) == 1
