"""A passkey made on the way in proves who made it, and only whom the login is of may make one."""

import json

import pytest

from airside.core.errors import Inconsistent, InvalidInput, Refusal, Unauthenticated
from airside.identity import PasskeyAnswer
from airside.identity.enrol_passkey import EnrolPasskeyAnswer, EnrolPasskeyAuthenticator
from airside.store.context import RequestContext
from tests.authenticator import PLAIN, UP, Authenticator, Twist
from tests.identity.attempts import Login
from tests.identity.kit import HOME, Kit
from tests.identity.passkeys_kit import attempt, why


class _Acme:
    async def name(self, ctx: RequestContext) -> str:
        return "Acme"


async def test_passkey_made_on_the_way_in_is_a_proof_and_a_way_in_from_then_on(kit: Kit) -> None:
    user = await kit.user()
    door = EnrolPasskeyAuthenticator(kit.passkeys, kit.users, _Acme())
    login = Login(attempt(), user.id)
    device = Authenticator()
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        shown = await door.challenge(ctx, login)
    assert json.loads(shown["options"])["rp"]["name"] == "Acme"
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        proof = await door.prove(ctx, login, EnrolPasskeyAnswer(device.create(shown["options"]), "Phone"))
    assert (proof.user_id, proof.kind, proof.contribution) == (user.id, "passkey", "multi")
    assert await why(kit, device) == "proven"


@pytest.mark.parametrize(
    ("twist", "name", "kind"),
    [(Twist(flags=UP), "Phone", Unauthenticated), (PLAIN, "", InvalidInput), (PLAIN, "x" * 101, InvalidInput)],
)
async def test_what_makes_no_passkey_proves_nothing(kit: Kit, twist: Twist, name: str, kind: type[Refusal]) -> None:
    user = await kit.user()
    door = EnrolPasskeyAuthenticator(kit.passkeys, kit.users, _Acme())
    login = Login(attempt(), user.id)
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        shown = await door.challenge(ctx, login)
        answer = EnrolPasskeyAnswer(Authenticator().create(shown["options"], twist), name)
        with pytest.raises(kind):
            await door.prove(ctx, login, answer)
        assert await kit.passkeys.list(ctx, user.id) == []


async def test_nobody_makes_one_before_they_are_proven_or_in_anothers_login(kit: Kit) -> None:
    """N12."""
    ada, bob = await kit.user(), await kit.user("bob@example.com")
    door = EnrolPasskeyAuthenticator(kit.passkeys, kit.users, _Acme())
    flow_id = attempt()
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        shown = await door.challenge(ctx, Login(flow_id, ada.id))
        answer = EnrolPasskeyAnswer(Authenticator().create(shown["options"]), "Phone")
        with pytest.raises(Unauthenticated):
            await door.challenge(ctx, Login(flow_id, None))
        for user_id in (None, bob.id):
            with pytest.raises(Unauthenticated):
                await door.prove(ctx, Login(flow_id, user_id), answer)
        with pytest.raises(Inconsistent):
            await door.prove(ctx, Login(flow_id, ada.id), PasskeyAnswer("{}"))
        with pytest.raises(Inconsistent):
            door.recall(ada.id, ctx.now, "multi")
