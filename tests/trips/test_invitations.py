"""Invitations over the management API: asked for, seen, sent again, taken back; and what a request may not say."""

import pytest

from airside.core.ids import INVITATION, LINK, format_id, parse_id, uuid7
from airside.core.secret import Secret
from tests.makers import Database
from tests.running import Place
from tests.signin.entry import GOOD, Stranger
from tests.trips.manager import manage, program_token

SCOPES = ("members:read", "members:write", "users:write")
GUEST = {"email": "Guest@Example.com", "name": "Guest"}


async def test_manager_invites_and_the_guest_becomes_a_member(place: Place, database: Database) -> None:
    token = await program_token(place, *SCOPES)
    made = await manage(place, token, "POST", "/invitations", GUEST)
    assert made.status_code == 201, made.text
    invitation = made.json()
    assert parse_id(INVITATION, invitation["id"])
    assert {name: invitation[name] for name in ("email", "name", "roles", "state", "accepted_by")} == {
        "email": "Guest@example.com",
        "name": "Guest",
        "roles": ["member"],
        "state": "open",
        "accepted_by": None,
    }
    assert invitation["inviter"].startswith("client:cli_")
    stranger = Stranger(place, database.superuser)
    secret = await stranger.token("invitation")
    for text in (made.text, (await manage(place, token, "GET", "/invitations")).text):
        assert secret.reveal() not in text  # who invites reads no mail
        assert LINK not in text
    async with stranger.asking() as ctx:
        user = await stranger.services.acceptance.accept(ctx, secret, "Guest", Secret(GOOD))
    seen = (await manage(place, token, "GET", f"/invitations/{invitation['id']}")).json()
    assert (seen["state"], seen["accepted_by"]) == ("accepted", format_id("usr", user.id))


async def test_invitation_is_sent_again_and_taken_back(place: Place) -> None:
    token = await program_token(place, *SCOPES)
    word = (await manage(place, token, "POST", "/invitations", GUEST)).json()["id"]
    assert (await manage(place, token, "POST", "/invitations", GUEST)).status_code == 409
    assert (await manage(place, token, "POST", f"/invitations/{word}/resend")).status_code == 200
    assert (await manage(place, token, "DELETE", f"/invitations/{word}")).status_code == 204
    assert (await manage(place, token, "DELETE", f"/invitations/{word}")).status_code == 409
    assert (await manage(place, token, "POST", f"/invitations/{word}/resend")).status_code == 409
    assert (await manage(place, token, "GET", f"/invitations/{word}")).json()["state"] == "revoked"
    assert (await manage(place, token, "POST", "/invitations", GUEST)).status_code == 201


async def test_mails_to_one_mailbox_are_limited(place: Place) -> None:
    token = await program_token(place, *SCOPES)
    word = (await manage(place, token, "POST", "/invitations", GUEST)).json()["id"]
    for _ in range(4):
        assert (await manage(place, token, "POST", f"/invitations/{word}/resend")).status_code == 200
    answer = await manage(place, token, "POST", f"/invitations/{word}/resend")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_pages_of_the_list_follow_each_other(place: Place) -> None:
    token = await program_token(place, *SCOPES)
    for number in range(3):
        await manage(place, token, "POST", "/invitations", {"email": f"guest{number}@example.com"})
    first = (await manage(place, token, "GET", "/invitations?limit=2")).json()
    rest = (await manage(place, token, "GET", f"/invitations?limit=2&cursor={first['next_cursor']}")).json()
    emails = [each["email"] for each in first["invitations"] + rest["invitations"]]
    assert emails == [f"guest{number}@example.com" for number in range(3)]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("field", ["state", "inviter", "expires_at", "accepted_by", "link_id", "tenant_id", "id", ""])
async def test_invitation_is_not_made_with_an_undeclared_field(place: Place, field: str) -> None:
    """N21: mass assignment."""
    token = await program_token(place, *SCOPES)
    answer = await manage(place, token, "POST", "/invitations", {**GUEST, field: "x"})
    assert answer.status_code == 422
    assert (await manage(place, token, "GET", "/invitations")).json()["invitations"] == []


@pytest.mark.parametrize(
    "body",
    [{}, {"email": 1}, {"email": "x@example.com", "roles": "member"}, {"email": "x@example.com", "roles": ["king"]}],
)
async def test_body_of_another_shape_is_refused(place: Place, body: dict[str, object]) -> None:
    token = await program_token(place, *SCOPES)
    assert (await manage(place, token, "POST", "/invitations", body)).status_code == 422


async def test_each_right_is_needed(place: Place) -> None:
    """N21, N22: whoever invites makes users and gives roles."""
    for lacking in ("members:write", "users:write"):
        token = await program_token(place, *(scope for scope in SCOPES if scope != lacking))
        assert (await manage(place, token, "POST", "/invitations", GUEST)).status_code == 403
    token = await program_token(place, *SCOPES)
    above = {**GUEST, "roles": ["administrator"]}
    assert (await manage(place, token, "POST", "/invitations", above)).status_code == 403
    writer = await program_token(place, "members:write", "users:write")
    assert (await manage(place, writer, "GET", "/invitations")).status_code == 403


async def test_invitation_of_another_tenant_is_not_there(place: Place) -> None:
    """N20: the same as one that never was."""
    other = await place.server.tenant()
    theirs = (await manage(other, await program_token(other, *SCOPES), "POST", "/invitations", GUEST)).json()["id"]
    services = place.server.services
    absent = format_id(INVITATION, uuid7(services.clock.now(), services.entropy))
    token = await program_token(place, *SCOPES)
    for word in (theirs, absent, "inv_x", "usr_x"):
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/resend")):
            assert (await manage(place, token, method, f"/invitations/{word}{path}")).status_code == 404
