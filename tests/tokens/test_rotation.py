"""The life of signing keys: published before they sign, kept until the last token has expired, withdrawn in need."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from airside.audit import Journal
from airside.core.clock import epoch
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, NotFound, Unauthenticated
from airside.core.strict_json import Json, loads_object
from airside.protocols.jose import KeyRefused, TokenRefused, b64url_decode
from airside.store import Listener
from airside.tokens import IdTokenVerifier, KeyRotation, SigningKeys
from airside.tokens.keys import KEPT, KEYS_LIFETIME, SETTLING
from airside.tokens.rotation import MAX_OF_ALGORITHM, REMEMBERED, ROTATE_EVERY
from airside.vault import Vault
from tests.tokens.kit import API, GRANT, ISSUER, Kit

SETTLED = SETTLING.total_seconds()
GONE = (SETTLING + KEPT).total_seconds()
DUE = ROTATE_EVERY.total_seconds()


@dataclass(frozen=True)
class Row:
    kid: str
    state: str
    private: bool


@pytest.fixture
def rotation(keyed: Kit, vault: Vault, entropy: Entropy) -> KeyRotation:
    journal = Journal(vault=vault, entropy=entropy)
    return KeyRotation(keys=keyed.keys, revocations=keyed.revocations, journal=journal)


async def rotate(kit: Kit, rotation: KeyRotation, seconds: float, alg: str = "ES256") -> str:
    async with kit.at(seconds) as ctx:
        return await rotation.rotate(ctx, alg)


async def signer(kit: Kit, seconds: float, alg: str = "ES256") -> str:
    async with kit.at(seconds) as ctx:
        return (await kit.keys.signer(ctx, alg)).kid


async def published(kit: Kit, seconds: float) -> set[str]:
    async with kit.at(seconds) as ctx:
        return {key.kid for key in await kit.keys.keyset(ctx)}


async def states(kit: Kit, rotation: KeyRotation, seconds: float, alg: str = "ES256") -> dict[str, str]:
    async with kit.at(seconds) as ctx:
        return {key.kid: key.state for key in await rotation.list(ctx) if key.alg == alg}


async def rows(kit: Kit) -> dict[str, Row]:
    async with kit.at() as ctx:
        statement = (
            "select kid, state, private_sealed is not null as private from airside.signing_key where tenant_id = %s"
        )
        return {row.kid: row for row in await ctx.tx.all(Row, statement, (kit.tenant_id,))}


def peek_header(token: str) -> dict[str, Json]:
    return loads_object(b64url_decode(token.split(".", maxsplit=1)[0]))


async def verifies(kit: Kit, token: str, seconds: float) -> bool:
    async with kit.at(seconds) as ctx:
        try:
            await kit.verifier.verify(ctx, token, issuer=ISSUER, audience=API)
        except Unauthenticated:
            return False
    return True


async def test_key_lives_from_published_to_gone(keyed: Kit, rotation: KeyRotation):
    old = await signer(keyed, 0)
    start = 1000.0
    new = await rotate(keyed, rotation, start)
    assert await states(keyed, rotation, start + 1) == {new: "published", old: "active"}
    assert await signer(keyed, start + SETTLED - 1) == old
    assert await signer(keyed, start + SETTLED) == new
    assert await states(keyed, rotation, start + SETTLED) == {new: "active", old: "retired"}
    assert {old, new} <= await published(keyed, start + GONE - 1)
    assert await states(keyed, rotation, start + GONE) == {new: "active"}
    assert old not in await published(keyed, start + GONE + KEYS_LIFETIME.total_seconds())


async def test_last_token_of_a_retired_key_verifies_to_its_end(keyed: Kit, rotation: KeyRotation):
    """Kept until the last token that it signed has expired, also by a process that hadn't heard of the rotation."""
    start = 1000.0
    await rotate(keyed, rotation, start)
    last = await keyed.access_token(start + SETTLED - 1)
    assert await verifies(keyed, last, start + SETTLED - 1 + 899)
    assert not await verifies(keyed, last, start + SETTLED - 1 + 906)


async def test_private_half_is_destroyed_before_the_public_one_goes(keyed: Kit, rotation: KeyRotation):
    old = await signer(keyed, 0)
    new = await rotate(keyed, rotation, 1000)
    async with keyed.at(1000 + SETTLED) as ctx:
        assert await rotation.turn(ctx) == 0
    async with keyed.at(1000 + 2 * SETTLED) as ctx:
        assert await rotation.turn(ctx) == 1
    assert (await rows(keyed))[old] == Row(old, "retired", private=False)
    assert old in await published(keyed, 1000 + 2 * SETTLED)
    end = 1000 + SETTLED + REMEMBERED.total_seconds()
    for moment, there in ((1000 + GONE, True), (end - 1, True), (end, False)):
        async with keyed.at(moment) as ctx:
            await rotation.turn(ctx)
        assert (old in await rows(keyed)) is there
    assert new in await rows(keyed)


async def test_first_key_of_an_algorithm_signs_at_once(keyed: Kit, rotation: KeyRotation):
    made = await rotate(keyed, rotation, 10, "PS256")
    assert await signer(keyed, 11, "PS256") == made
    assert await states(keyed, rotation, 11, "PS256") == {made: "active"}


async def test_what_is_there_is_not_made_again(keyed: Kit, rotation: KeyRotation):
    async with keyed.at(10) as ctx:
        await rotation.ensure(ctx, frozenset({"ES256", "RS256", "EdDSA", "PS256"}))
        await rotation.ensure(ctx, frozenset({"PS256"}))
        kinds = [key.alg for key in await rotation.list(ctx)]
    assert sorted(kinds) == ["ES256", "EdDSA", "PS256"]  # RS256 comes with the tenant, and this one has none


@pytest.mark.parametrize("alg", ["none", "HS256", "RS512", "es256", ""])
async def test_no_keys_are_made_for_other_algorithms(keyed: Kit, rotation: KeyRotation, alg: str):
    """N01"""
    for verb in (rotation.rotate, rotation.replace_at_once):
        with pytest.raises(KeyRefused):
            async with keyed.at(10) as ctx:
                await verb(ctx, alg)


async def test_rotation_can_be_taken_back_while_it_settles_and_just_after(keyed: Kit, rotation: KeyRotation):
    for start in (1000.0, 20_000.0):
        old = await signer(keyed, start)
        new = await rotate(keyed, rotation, start)
        back = start + (SETTLED / 2 if start < 2000 else SETTLED + 10)
        young = await keyed.access_token(back)
        async with keyed.at(back) as ctx:
            assert await rotation.roll_back(ctx, "ES256") == old
        assert await signer(keyed, back) == old
        assert await signer(keyed, start + 5 * SETTLED) == old
        assert await verifies(keyed, young, back + 899)
        assert new in await published(keyed, back + 899)
        async with keyed.at(start + 2 * GONE) as ctx:
            await rotation.turn(ctx)
        assert (await rows(keyed))[old].private
        assert not (await rows(keyed))[new].private
        assert new not in await published(keyed, start + 2 * GONE)


async def test_hint_outlives_its_key_unless_that_was_withdrawn(keyed: Kit, rotation: KeyRotation):
    """RP-Initiated Logout 1.0 §2: an old ID token still says whom a client means; N06: and is no access token."""
    hints = IdTokenVerifier(keys=keyed.keys)
    async with keyed.at(1) as ctx:
        issued = await keyed.issuer.id_token(ctx, GRANT, issuer=ISSUER, alg="ES256")
    token = issued.token.reveal()
    await rotate(keyed, rotation, 100)
    gone = 200 + GONE
    assert peek_header(token)["kid"] not in await published(keyed, gone)
    async with keyed.at(gone) as ctx:
        assert (await hints.verify(ctx, token, issuer=ISSUER)).subject == "usr_ada"
    assert not await verifies(keyed, token, gone)
    async with keyed.at(gone + 1) as ctx:
        await rotation.replace_at_once(ctx, "ES256")
        with pytest.raises(TokenRefused):
            await hints.verify(ctx, token, issuer=ISSUER)


async def test_nobody_goes_back_to_what_is_destroyed_or_never_was(keyed: Kit, rotation: KeyRotation):
    async with keyed.at(10) as ctx:
        with pytest.raises(NotFound):
            await rotation.roll_back(ctx, "ES256")
        with pytest.raises(NotFound):
            await rotation.roll_back(ctx, "RS256")
    await rotate(keyed, rotation, 1000)
    async with keyed.at(1000 + 2 * SETTLED) as ctx:
        await rotation.turn(ctx)
    async with keyed.at(1000 + 2 * SETTLED + 1) as ctx:
        with pytest.raises(NotFound):
            await rotation.roll_back(ctx, "ES256")


async def test_rotating_without_end_is_refused_before_the_set_overflows(keyed: Kit, rotation: KeyRotation):
    """N27: a key set has a cap, and a tenant that reaches it couldn't sign any more."""
    made = [await rotate(keyed, rotation, 100 + number) for number in range(MAX_OF_ALGORITHM - 1)]
    with pytest.raises(Conflict):
        await rotate(keyed, rotation, 200)
    async with keyed.at(201) as ctx:
        assert await rotation.roll_back(ctx, "ES256") == made[-2], "going back makes no key"
    async with keyed.at(110 + GONE) as ctx:
        await rotation.turn(ctx)
    await rotate(keyed, rotation, 111 + GONE)


async def test_keys_are_rotated_when_they_have_signed_long_enough(keyed: Kit, rotation: KeyRotation):
    """Automatic schedule: each algorithm by its own newest key."""
    old = {alg: await signer(keyed, 0, alg) for alg in ("ES256", "EdDSA")}
    await rotate(keyed, rotation, DUE / 2, "EdDSA")
    async with keyed.at(DUE - 1) as ctx:
        await rotation.turn(ctx)
    assert len(await states(keyed, rotation, DUE - 1)) == 1
    async with keyed.at(DUE) as ctx:
        assert await rotation.turn(ctx) == 1
    found = await states(keyed, rotation, DUE)
    assert found[old["ES256"]] == "active"
    assert sorted(found.values()) == ["active", "published"]
    assert len(await states(keyed, rotation, DUE, "EdDSA")) == 1
    async with keyed.at(DUE + 60) as ctx:
        assert await rotation.turn(ctx) == 0


async def test_fifty_timers_at_once_rotate_once(keyed: Kit, rotation: KeyRotation):
    """Two nodes, or fifty: one row decides."""

    async def turn() -> int:
        async with keyed.at(DUE) as ctx:
            return await rotation.turn(ctx)

    assert sum(await asyncio.gather(*(turn() for _ in range(50)))) == 2  # one of ES256, one of EdDSA
    assert len(await states(keyed, rotation, DUE)) == 2


async def test_emergency_withdraws_the_old_key_and_everything_that_it_signed(keyed: Kit, rotation: KeyRotation):
    """N18, N19: a key that others may know signs nothing and verifies nothing, and verifiers elsewhere are told."""
    old, other = await signer(keyed, 0), await signer(keyed, 0, "EdDSA")
    token = await keyed.access_token(1)
    assert await verifies(keyed, token, 1)
    await rotate(keyed, rotation, 100)
    async with keyed.at(200) as ctx:
        new = await rotation.replace_at_once(ctx, "ES256")
    assert await signer(keyed, 200) == new
    assert await published(keyed, 200) == {new, other}
    assert not await verifies(keyed, token, 201)
    assert await verifies(keyed, await keyed.access_token(201), 201)
    async with keyed.at(201) as ctx:
        told = {entry.id for entry in await keyed.revocations.current(ctx) if entry.kind == "key"}
    assert old in told
    assert len(told) == 2
    assert new not in told


async def test_emergency_is_told_to_verifiers_that_still_hold_the_old_key(keyed: Kit, rotation: KeyRotation):
    """N19: by the feed, whatever a verifier has fetched, and for longer than it goes on by that."""
    old = await signer(keyed, 0)
    async with keyed.at(2) as ctx:
        await rotation.replace_at_once(ctx, "ES256")
    for later in (3, 86_400.0):
        async with keyed.at(later) as ctx:
            revoked = await keyed.revocations.current(ctx)
            forged = epoch(ctx.now) + 3600  # whoever has the key writes any claims
        assert revoked.covers(jti="x", sid=None, fam=None, sub="x", client_id="x", issued_at=forged, key=old)


async def test_another_process_hears_of_a_change_within_a_second(
    keyed: Kit, rotation: KeyRotation, make_listener: Callable[[], Listener], vault: Vault, entropy: Entropy
):
    """It would find out by itself after `KEYS_LIFETIME`; after an emergency that would be too late."""
    listener = make_listener()
    elsewhere = SigningKeys(
        vault=vault, entropy=entropy, journal=Journal(vault=vault, entropy=entropy), listener=listener
    )
    await listener.start()
    try:
        async with keyed.at(1) as ctx:
            before = (await elsewhere.signer(ctx)).kid
        async with keyed.at(2) as ctx:
            new = await rotation.replace_at_once(ctx, "ES256")
        async with asyncio.timeout(1.0):
            while True:
                async with keyed.at(3) as ctx:
                    if (await elsewhere.signer(ctx)).kid == new:
                        break
                await asyncio.sleep(0.01)
        assert before != new
        assert timedelta(seconds=3) < KEYS_LIFETIME
    finally:
        await listener.stop()


async def test_rotation_in_a_transaction_that_rolls_back_changes_nothing(keyed: Kit, rotation: KeyRotation):
    before = await published(keyed, 0)
    with pytest.raises(RuntimeError, match="undone"):
        async with keyed.at(1) as ctx:
            await rotation.replace_at_once(ctx, "ES256")
            await keyed.keys.signer(ctx)
            raise RuntimeError("undone")
    assert await published(keyed, 2) == before
    assert await verifies(keyed, await keyed.access_token(2), 2)
