"""A passkey proves its user at its tenant, once a challenge; everything else is refused alike."""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from msgspec import structs

from airside.core.errors import Inconsistent, Unauthenticated
from airside.core.principal import Origin
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import (
    AttestedPasskeyProof,
    IdentityPolicy,
    PasskeyAnswer,
    PasskeyAuthenticator,
    PasskeyPolicy,
    PasskeyProof,
    PasswordAnswer,
    assurance_of,
)
from airside.vault import Vault
from tests.authenticator import BE, BS, UP, UV, Algorithm, Authenticator, Twist, letters
from tests.identity.attempts import Login
from tests.identity.kit import HOME, Kit, MakeTenant
from tests.identity.passkeys_kit import attempt, begin, demanding, models, register, why
from tests.makers_of_authenticators import authority


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
async def test_passkey_alone_proves_whose_it_is(kit: Kit, algorithm: Algorithm) -> None:
    """Round trip, with the user unknown before."""
    user = await kit.user()
    device = Authenticator(algorithm=algorithm, flags=UP | UV | BE | BS)
    made, proof = await register(kit, user, device)
    login = await begin(kit)
    given = await login.answer(device.get(login.options))
    for each in (proof, given):
        assert (each.user_id, each.kind, each.contribution, each.amr) == (user.id, "passkey", "multi", ("swk", "user"))
        assert assurance_of([each]) == "aal2"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        [kept] = await kit.passkeys.list(ctx, user.id)
    assert replace(kept, last_used_at=None) == made
    assert kept.last_used_at is not None
    assert (kept.name, kept.transports, kept.backup_eligible, kept.backed_up) == (
        *("Laptop", ("hybrid", "internal"), True, True),
    )


async def test_passkey_beside_another_proof_is_its_users(kit: Kit) -> None:
    """The second step names the user's passkeys, and no other's will do, even one that is discovered."""
    ada, bob = await kit.user(), await kit.user("bob@example.com")
    mine, theirs = Authenticator(), Authenticator()
    await register(kit, ada, mine)
    await register(kit, bob, theirs)
    login = await begin(kit, ada.id)
    assert [each["id"] for each in json.loads(login.options)["allowCredentials"]] == [letters(mine.credential_id)]
    assert (await login.answer(mine.get(login.options, Twist(handle=None)))).user_id == ada.id
    assert await why(kit, theirs, user_id=ada.id) == "credential"
    assert await why(kit, theirs, Twist(handle=None), user_id=ada.id) == "credential"
    assert await why(kit, theirs) == "proven"


async def test_first_step_names_nobodys_passkeys(kit: Kit) -> None:
    """N15: whoever is registered, the options are the same but for the challenge."""
    empty = json.loads((await begin(kit)).options)
    await register(kit, await kit.user(), Authenticator())
    full = json.loads((await begin(kit)).options)
    assert full["allowCredentials"] == []
    assert {**empty, "challenge": ""} == {**full, "challenge": ""}
    assert empty["challenge"] != full["challenge"]


async def test_unknown_credential_is_refused_and_so_is_one_signed_with_nobodys_key(kit: Kit) -> None:
    """N15: it is verified with a key that stands for nobody, whose private half is 1."""
    from cryptography.hazmat.primitives.asymmetric import ec

    stranger = Authenticator(handle=bytes(64))
    assert await why(kit, stranger) == "user_handle"
    assert await why(kit, stranger, Twist(handle=None), user_id=(await kit.user()).id) == "signature"
    stranger.key = ec.derive_private_key(1, ec.SECP256R1())
    stranger.counter = 5
    assert await why(kit, stranger, Twist(handle=None), user_id=(await kit.user("bob@example.com")).id) == "credential"


async def test_another_tenants_passkey_is_refused_on_the_same_host(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20: both tenants are one relying party to the browser, which offers the passkey at either."""
    device = Authenticator()
    await register(kit, await kit.user(), device)
    elsewhere = replace(kit, tenant_id=await make_tenant())
    namesake = await elsewhere.user()
    assert await why(elsewhere, device) == "user_handle"
    assert await why(elsewhere, device, Twist(handle=None), user_id=namesake.id) == "signature"
    # The same credential registered at both: each has its own account, named by its own handle.
    first = device.handle
    await register(elsewhere, namesake, device)
    assert device.handle != first
    assert await why(elsewhere, device, Twist(handle=first)) == "user_handle"
    assert await why(kit, device) == "user_handle"
    assert await why(elsewhere, device) == "proven"
    assert await why(kit, device, Twist(handle=first)) == "proven"


async def test_handles_are_the_users_own_each_time_and_say_nothing(kit: Kit, make_tenant: MakeTenant) -> None:
    """WebAuthn §14.6.1: who knows a user's id can't tell which account a passkey is of."""
    ada, bob = await kit.user(), await kit.user("bob@example.com")
    handles: list[bytes] = []
    for user in (ada, ada, bob):
        device = Authenticator()
        await register(kit, user, device)
        handles.append(device.handle)
    assert handles[0] == handles[1] != handles[2]
    assert {len(handle) for handle in handles} == {64}
    assert ada.id.bytes not in handles[0]
    async with kit.open_ctx(await make_tenant()) as ctx:
        options = await kit.passkeys.begin_registration(ctx, ada, attempt())
    assert json.loads(options)["user"]["id"] != letters(handles[0])


@pytest.mark.parametrize(
    ("twist", "reason"),
    [
        (Twist(client={"type": "webauthn.create"}), "type"),
        (Twist(client={"origin": "https://evil.test"}), "origin"),
        (Twist(client={"challenge": letters(bytes(32))}), "challenge"),
        (Twist(client={"crossOrigin": True}), "cross_origin"),
        (Twist(rp_id="evil.test"), "relying_party"),
        (Twist(flags=UP), "user_presence"),
        (Twist(flags=UV), "user_verification"),
        (Twist(flags=BE), "backup_flags"),
        (Twist(handle=b"\1" * 64), "user_handle"),
        (Twist(handle=None), "user_handle"),
        (Twist(signature=lambda signed: signed[:-1]), "signature"),
        (Twist(counter=1), "sign_counter"),
    ],
)
async def test_whatever_is_wrong_is_refused_and_its_challenge_gone(kit: Kit, twist: Twist, reason: str) -> None:
    """N06, N11, N12."""
    device = Authenticator()
    await register(kit, await kit.user(), device)
    login = await begin(kit)
    assert await login.why(device.get(login.options, twist)) == reason
    device.counter = 5
    assert await login.why(device.get(login.options)) == "challenge"
    assert await why(kit, device) == "proven"


@pytest.mark.parametrize("response", ["", "{}", "null", "x" * 100_000, "\ud800", "\0", '{"id": 1}'])
async def test_what_is_no_response_is_refused(kit: Kit, response: str) -> None:
    """Corrupted, oversized."""
    login = await begin(kit)
    assert await login.why(response) in ("malformed", "too_large")


async def test_response_presented_again_is_refused(kit: Kit) -> None:
    """N14: replay, in the same login and in another."""
    device = Authenticator(counter=0)
    await register(kit, await kit.user(), device)
    login = await begin(kit)
    response = device.get(login.options)
    assert await login.why(response) == "proven"
    assert await login.why(response) == "challenge"
    assert await (await begin(kit)).why(response) == "challenge"


async def test_challenge_of_another_login_or_ceremony_is_refused(kit: Kit) -> None:
    """N11: an attacker's login is not finished by what the victim signed in theirs."""
    user = await kit.user()
    device = Authenticator()
    await register(kit, user, device)
    one, other = await begin(kit), await begin(kit)
    assert await one.why(device.get(other.options)) == "challenge"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        creating = await kit.passkeys.begin_registration(ctx, user, other.attempt_id)
    registering = json.dumps({"challenge": json.loads(creating)["challenge"], "rpId": "airside.test"})
    assert await other.why(device.get(registering)) == "challenge"


async def test_next_challenge_replaces_the_last(kit: Kit) -> None:
    device = Authenticator()
    await register(kit, await kit.user(), device)
    login = await begin(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        again = await kit.passkeys.challenge(ctx, login.attempt_id)
    assert again is not None
    assert await login.why(device.get(login.options)) == "challenge"
    login = await begin(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        again = await kit.passkeys.challenge(ctx, login.attempt_id)
    assert again is not None
    assert await login.why(device.get(again)) == "proven"


async def test_challenge_runs_out_after_five_minutes_and_is_swept(kit: Kit) -> None:
    device = Authenticator()
    await register(kit, await kit.user(), device)
    for minutes, outcome in ((5, "challenge"), (4, "proven")):
        login = await begin(kit)
        async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
            later = structs.replace(ctx, now=ctx.now + timedelta(minutes=minutes))
            try:
                await kit.passkeys.prove(later, login.attempt_id, device.get(login.options))
            except Unauthenticated as refusal:
                assert refusal.reason == outcome
            else:
                assert outcome == "proven"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.passkeys.sweep(structs.replace(ctx, now=ctx.now + timedelta(minutes=5))) == 1


async def test_fifty_at_once_with_one_response_prove_once(kit: Kit) -> None:
    """N14."""
    device = Authenticator(counter=0)
    await register(kit, await kit.user(), device)
    login = await begin(kit)
    response = device.get(login.options)
    answers = await asyncio.gather(*(login.why(response, Origin(f"192.0.2.{n}", "")) for n in range(50)))
    assert answers.count("proven") == 1
    assert answers.count("challenge") == 49


async def test_fifty_logins_at_once_with_one_counter_prove_once(kit: Kit) -> None:
    """WebAuthn §6.1.1: a copied key races its original."""
    device = Authenticator(counter=5)
    await register(kit, await kit.user(), device)
    logins = [await begin(kit) for _ in range(50)]
    responses = [device.get(login.options, Twist(counter=6)) for login in logins]
    each = zip(range(50), logins, responses, strict=True)
    answers = await asyncio.gather(*(login.why(given, Origin(f"192.0.2.{n}", "")) for n, login, given in each))
    assert answers.count("proven") == 1
    assert answers.count("sign_counter") == 49


@dataclass(frozen=True)
class _Event:
    event: str
    outcome: str


async def test_copied_key_is_journalled_and_a_forged_one_is_not(kit: Kit) -> None:
    device = Authenticator(counter=5)
    await register(kit, await kit.user(), device)
    assert await why(kit, device, Twist(counter=5, signature=lambda signed: bytes(len(signed)))) == "signature"
    assert await why(kit, device, Twist(counter=5)) == "sign_counter"
    select = "select event, outcome from airside.audit_record where tenant_id = %s and event like 'user:passkey:%%'"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        rows = await ctx.tx.all(_Event, select, (kit.tenant_id,))
    assert sorted((row.event, row.outcome) for row in rows) == [
        ("user:passkey:added", "success"),
        ("user:passkey:suspected", "refused"),
    ]


async def test_disabled_users_passkey_proves_nothing(kit: Kit) -> None:
    """N18: and proves again once they are brought back."""
    user = await kit.user()
    device = Authenticator()
    await register(kit, user, device)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "disabled")
    assert await why(kit, device) == "user_handle"
    assert await why(kit, device, Twist(handle=None), user_id=user.id) == "signature"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "active")
    assert await why(kit, device) == "proven"


async def test_removed_passkey_proves_nothing(kit: Kit) -> None:
    """N18."""
    user = await kit.user()
    device = Authenticator()
    made, _ = await register(kit, user, device)
    login = await begin(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.passkeys.remove(ctx, user.id, made.id)
    assert await login.why(device.get(login.options)) == "user_handle"


async def test_where_the_tenant_takes_no_passkeys_none_proves(kit: Kit, vault: Vault) -> None:
    """N18: a factor that was switched off after the options were shown."""
    device = Authenticator()
    await register(kit, await kit.user(), device)
    off = demanding(kit, vault, IdentityPolicy(factors=frozenset({"password"})))
    login = await begin(kit)
    assert await replace(login, kit=off).why(device.get(login.options)) == "credential"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await off.passkeys.challenge(ctx, attempt()) is None


async def test_passkey_made_before_the_tenant_demanded_more_proves_nothing(kit: Kit, vault: Vault) -> None:
    user = await kit.user()
    device = Authenticator()
    await register(kit, user, device)
    other = "11111111-2222-3333-4444-555555555555"
    for policy in (PasskeyPolicy(attestation="required"), PasskeyPolicy(aaguids=(other,))):
        strict = demanding(kit, vault, models(policy))
        assert await why(strict, device) == "credential"
        login = await begin(strict, user.id)
        assert json.loads(login.options)["allowCredentials"] == []
    lenient = demanding(kit, vault, models(PasskeyPolicy(aaguids=(str(device.aaguid).upper(), other))))
    assert await why(lenient, device) == "proven"


async def test_vouched_for_passkey_that_cant_be_copied_is_hardware(kit: Kit, vault: Vault) -> None:
    root = authority()
    trusting = demanding(kit, vault, models(PasskeyPolicy(attestation="required")), (root.pem,))
    user = await kit.user()
    device, copied = Authenticator(maker=root.maker()), Authenticator(maker=root.maker(), flags=UP | UV | BE)
    _, proof = await register(trusting, user, device)
    await register(trusting, user, copied)
    login = await begin(trusting)
    given = await login.answer(device.get(login.options))
    for each in (proof, given):
        assert (each.kind, each.contribution, each.amr) == ("passkey", "hardware", ("hwk", "user"))
        assert assurance_of([each]) == "aal3"
    login = await begin(trusting)
    assert assurance_of([await login.answer(copied.get(login.options))]) == "aal2"


async def test_failures_of_an_origin_are_bounded_and_successes_are_free(kit: Kit) -> None:
    """N13: no guess can succeed; it is the work that is bounded."""
    device = Authenticator()
    await register(kit, await kit.user(), device)
    busy, quiet = Origin("198.51.100.7", ""), Origin("198.51.100.8", "")
    for _ in range(3):
        login = await begin(kit)
        assert await login.why(device.get(login.options), busy) == "proven"
    login = await begin(kit)
    answers = [await login.why("", busy) for _ in range(61)]
    assert answers == ["malformed", *["challenge"] * 59, "limit_exceeded"]
    login = await begin(kit)
    response = device.get(login.options)
    assert await login.why(response, busy) == "limit_exceeded"
    assert await login.why(response, quiet) == "proven"


async def test_door_of_the_login_flow_opens_with_its_own_answer_only(kit: Kit, vault: Vault) -> None:
    user = await kit.user()
    device = Authenticator()
    await register(kit, user, device)
    door = PasskeyAuthenticator(kit.passkeys)
    login = Login(attempt(), None)
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        shown = await door.challenge(ctx, login)
        proof = await door.prove(ctx, login, PasskeyAnswer(device.get(shown["options"])))
        assert proof.user_id == user.id
        with pytest.raises(Inconsistent):
            await door.prove(ctx, login, PasswordAnswer("ada@example.com", Secret("x")))
        off = demanding(kit, vault, IdentityPolicy(factors=frozenset({"password"})))
        assert await PasskeyAuthenticator(off.passkeys).challenge(ctx, login) == {}


async def test_proofs_are_recalled_with_their_weight_and_made_by_nobody_else(kit: Kit) -> None:
    door = PasskeyAuthenticator(kit.passkeys)
    user = await kit.user()
    at = user.created_at
    assert isinstance(door.recall(user.id, at, "multi"), PasskeyProof)
    assert isinstance(door.recall(user.id, at, "hardware"), AttestedPasskeyProof)
    for other in ("first", "second", "confirmation"):
        with pytest.raises(Inconsistent):
            door.recall(user.id, at, other)
    for kind in (PasskeyProof, AttestedPasskeyProof):
        with pytest.raises(TypeError):
            kind(user.id, at, Mint("PasskeyProof"))
