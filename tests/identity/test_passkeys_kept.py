"""Registering passkeys, and what becomes of them."""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from msgspec import structs

from airside.core.errors import Conflict, Forbidden, Inconsistent, InvalidInput, NotFound, Refusal
from airside.identity import MAX_PASSKEYS, IdentityPolicy, PasskeyPolicy
from airside.vault import Unopenable, Vault
from tests.authenticator import UP, UV, Authenticator, Twist, letters
from tests.identity.kit import HOME, Kit, MakeTenant
from tests.identity.passkeys_kit import attempt, begin, demanding, models, register, why
from tests.makers_of_authenticators import authority


async def _reason(kit: Kit, device: Authenticator, twist: Twist) -> object:
    user = await kit.user()
    with pytest.raises(InvalidInput) as caught:
        await register(kit, user, device, twist)
    assert caught.value.data["pointer"] == "response"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.passkeys.list(ctx, user.id) == []
    return caught.value.data["why"]


@pytest.mark.parametrize(
    ("twist", "reason"),
    [
        (Twist(client={"type": "webauthn.get"}), "type"),
        (Twist(client={"origin": "https://evil.test"}), "origin"),
        (Twist(client={"challenge": letters(bytes(32))}), "challenge"),
        (Twist(rp_id="evil.test"), "relying_party"),
        (Twist(flags=UP), "user_presence"),
        (Twist(flags=UV), "user_verification"),
        (Twist(cose={1: 2, 3: -7}), "algorithm"),
        (Twist(extensions=b"\xff"), "malformed"),
    ],
)
async def test_what_is_no_registration_leaves_nothing(kit: Kit, twist: Twist, reason: str) -> None:
    assert await _reason(kit, Authenticator(), twist) == reason


async def test_options_name_the_account_and_exclude_what_it_has(kit: Kit) -> None:
    user = await kit.user()
    device = Authenticator()
    await register(kit, user, device)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        text = await kit.passkeys.begin_registration(ctx, user, attempt(), tenant_name="Acme")
    options = json.loads(text)
    assert options["user"] == {"id": letters(device.handle), "name": "ada@example.com", "displayName": "Ada · Acme"}
    assert options["rp"] == {"id": "airside.test", "name": "Acme"}
    assert options["attestation"] == "none"
    assert options["excludeCredentials"] == [
        {"type": "public-key", "id": letters(device.credential_id), "transports": ["hybrid", "internal"]}
    ]


async def test_challenge_registers_once(kit: Kit) -> None:
    """N14: fifty at once, one passkey."""
    user = await kit.user()
    attempt_id = attempt()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        options = await kit.passkeys.begin_registration(ctx, user, attempt_id)

    async def answer() -> str:
        try:
            async with kit.open_ctx(kit.tenant_id) as ctx:
                await kit.passkeys.register(ctx, user.id, attempt_id, Authenticator().create(options), "Key")
        except Refusal as refusal:
            return str(refusal.data.get("why"))
        return "made"

    answers = await asyncio.gather(*(answer() for _ in range(50)))
    assert answers.count("made") == 1
    assert answers.count("challenge") == 49


async def test_challenge_of_another_user_attempt_or_time_registers_nothing(kit: Kit) -> None:
    """N11, N21: a passkey can't be planted in somebody else's account."""
    ada, bob = await kit.user(), await kit.user("bob@example.com")

    async def answer(user_id: object, *, other_attempt: bool = False, minutes: int = 0) -> str:
        attempt_id = attempt()
        async with kit.open_ctx(kit.tenant_id) as ctx:
            options = await kit.passkeys.begin_registration(ctx, ada, attempt_id)
        response = Authenticator().create(options)
        used = attempt() if other_attempt else attempt_id
        try:
            async with kit.open_ctx(kit.tenant_id) as ctx:
                later = structs.replace(ctx, now=ctx.now + timedelta(minutes=minutes))
                await kit.passkeys.register(later, bob.id if user_id == bob.id else ada.id, used, response, "Key")
        except InvalidInput as refusal:
            return str(refusal.data["why"])
        return "made"

    assert await answer(bob.id) == "challenge"
    assert await answer(ada.id, other_attempt=True) == "challenge"
    assert await answer(ada.id, minutes=5) == "challenge"
    assert await answer(ada.id) == "made"


async def test_challenge_for_a_proof_registers_nothing(kit: Kit) -> None:
    """N06."""
    user = await kit.user()
    login = await begin(kit)
    asked = json.loads(login.options)
    options = json.dumps({**asked, "rp": {"id": asked["rpId"]}, "user": {"id": letters(bytes(64))}})
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(InvalidInput) as caught:
            await kit.passkeys.register(ctx, user.id, login.attempt_id, Authenticator().create(options), "Key")
    assert caught.value.data["why"] == "challenge"


async def test_credential_that_is_registered_is_refused_whosever_it_is(kit: Kit) -> None:
    """WebAuthn §7.1 step 27: and what is refused doesn't say whose."""
    device = Authenticator()
    await register(kit, await kit.user(), device)
    bob = await kit.user("bob@example.com")
    with pytest.raises(InvalidInput) as caught:
        await register(kit, bob, device)
    assert caught.value.data["why"] == "credential"


async def test_twenty_are_the_most_also_at_once(kit: Kit) -> None:
    user = await kit.user()

    async def add() -> str:
        try:
            await register(kit, user, Authenticator())
        except Conflict:
            return "full"
        return "made"

    answers = await asyncio.gather(*(add() for _ in range(MAX_PASSKEYS + 5)))
    assert answers.count("made") == MAX_PASSKEYS
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert len(await kit.passkeys.list(ctx, user.id)) == MAX_PASSKEYS
    assert await add() == "full"


async def test_disabled_or_unknown_user_gets_no_passkey(kit: Kit) -> None:
    """N18: disabled while the authenticator was asking."""
    user = await kit.user()
    attempt_id = attempt()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        options = await kit.passkeys.begin_registration(ctx, user, attempt_id)
        await kit.users.set_state(ctx, user.id, "disabled")
    with pytest.raises(NotFound):
        async with kit.open_ctx(kit.tenant_id) as ctx:
            await kit.passkeys.register(ctx, user.id, attempt_id, Authenticator().create(options), "Key")


async def test_where_the_tenant_takes_no_passkeys_none_is_made(kit: Kit, vault: Vault) -> None:
    off = demanding(kit, vault, IdentityPolicy(factors=frozenset({"password"})))
    user = await kit.user()
    attempt_id = attempt()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        options = await kit.passkeys.begin_registration(ctx, user, attempt_id)
        with pytest.raises(Forbidden):
            await off.passkeys.begin_registration(ctx, user, attempt_id)
        with pytest.raises(Forbidden):
            await off.passkeys.register(ctx, user.id, attempt_id, Authenticator().create(options), "Key")


async def test_tenant_that_demands_attestation_takes_only_whom_makers_vouch_for(kit: Kit, vault: Vault) -> None:
    root = authority()
    strict = demanding(kit, vault, models(PasskeyPolicy(attestation="required")), (root.pem,))
    assert await _reason(strict, Authenticator(), Twist()) == "attestation"
    stranger = authority().maker()
    bob = await kit.user("bob@example.com")
    with pytest.raises(InvalidInput):
        await register(strict, bob, Authenticator(maker=stranger))
    made, _ = await register(strict, bob, Authenticator(maker=root.maker()))
    assert made.attested
    without_roots = demanding(kit, vault, models(PasskeyPolicy(attestation="required")))
    with pytest.raises(InvalidInput):
        await register(without_roots, bob, Authenticator(maker=root.maker()))


async def test_tenant_that_prefers_attestation_takes_others_too_and_tells_them_apart(kit: Kit, vault: Vault) -> None:
    root = authority()
    kind = demanding(kit, vault, models(PasskeyPolicy(attestation="preferred")), (root.pem,))
    user = await kit.user()
    devices = (Authenticator(), Authenticator(maker=authority().maker()), Authenticator(maker=root.maker()))
    assert [(await register(kind, user, device))[0].attested for device in devices] == [False, False, True]
    async with kit.open_ctx(kit.tenant_id) as ctx:
        options = json.loads(await kind.passkeys.begin_registration(ctx, user, attempt()))
    assert options["attestation"] == "direct"


async def test_model_that_isnt_on_the_tenants_list_is_refused(kit: Kit, vault: Vault) -> None:
    listed = demanding(kit, vault, models(PasskeyPolicy(aaguids=("11111111-2222-3333-4444-555555555555",))))
    assert await _reason(listed, Authenticator(), Twist()) == "attestation"


async def test_passkeys_are_renamed_and_removed_by_their_user_alone(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20, N21: another's is as if it weren't there."""
    ada, bob = await kit.user(), await kit.user("bob@example.com")
    made, _ = await register(kit, ada, Authenticator())
    elsewhere = replace(kit, tenant_id=await make_tenant())
    for place, user in ((kit, bob), (elsewhere, ada)):
        async with place.open_ctx(place.tenant_id) as ctx:
            with pytest.raises(NotFound):
                await kit.passkeys.rename(ctx, user.id, made.id, "Mine now")
            with pytest.raises(NotFound):
                await kit.passkeys.remove(ctx, user.id, made.id)
            assert await kit.passkeys.list(ctx, user.id) == []
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.passkeys.rename(ctx, ada.id, made.id, "  Phone ")
        assert [each.name for each in await kit.passkeys.list(ctx, ada.id)] == ["Phone"]
        await kit.passkeys.remove(ctx, ada.id, made.id)
        assert await kit.passkeys.list(ctx, ada.id) == []
        with pytest.raises(NotFound):
            await kit.passkeys.remove(ctx, ada.id, made.id)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "a\x00b", "\ud800", "\u2028"])
async def test_name_out_of_bounds_is_refused(kit: Kit, name: str) -> None:
    user = await kit.user()
    made, _ = await register(kit, user, Authenticator())
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        with pytest.raises(InvalidInput):
            await kit.passkeys.rename(ctx, user.id, made.id, name)
    with pytest.raises(InvalidInput):
        await register(kit, user, Authenticator(), name=name)


@dataclass(frozen=True)
class _Whole:
    whole: str


async def test_nothing_personal_stands_open_in_the_row(kit: Kit) -> None:
    """N37, N40."""
    user = await kit.user()
    device = Authenticator()
    await register(kit, user, device, name="Ada's own laptop")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        select = "select row_to_json(p)::text as whole from airside.passkey p where tenant_id = %s"
        row = await ctx.tx.one(_Whole, select, (kit.tenant_id,))
    assert row is not None
    assert "Ada" not in row.whole
    assert b"Ada".hex() not in row.whole
    assert device.credential_id.hex() not in row.whole


@pytest.mark.parametrize(
    ("column", "kind"), [("user_id", Inconsistent), ("key_sealed", Unopenable), ("credential_sealed", Unopenable)]
)
async def test_row_altered_behind_our_back_proves_nobody(kit: Kit, column: str, kind: type[Refusal]) -> None:
    """A key in another row, or another owner's name on it: whoever writes to the database doesn't get in by that."""
    victim, attacker = await kit.user(), await kit.user("eve@example.com")
    theirs, own = Authenticator(), Authenticator()
    await register(kit, victim, theirs)
    made, _ = await register(kit, attacker, own)
    update = f"""
    update airside.passkey p set {column} = o.{column} from airside.passkey o
    where p.tenant_id = %s and o.tenant_id = p.tenant_id and p.passkey_id = %s and o.user_id = %s
    """
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await ctx.tx.run(update, (kit.tenant_id, made.id, victim.id)) == 1
    assert await why(kit, own) == kind.code
