"""N18, N19: a sign-in that is under way while its ground is taken away."""

import asyncio
from datetime import timedelta

import pytest

from airside.core.errors import Unauthenticated
from airside.core.secret import Secret
from airside.identity import StartedSession
from airside.identity.proofs import Proof
from tests.identity.kit import HOME, Kit


async def _start(kit: Kit, proof: Proof) -> StartedSession:
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        return await kit.sessions.start(ctx, [proof])


async def test_session_begun_while_its_user_is_being_disabled_is_refused(kit: Kit) -> None:
    """N18: it would sleep until the user is enabled again, with the secret that somebody has by then."""
    user = await kit.user()
    proof = await kit.proof()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "disabled")
        await kit.sessions.end_all(ctx, user.id)
        starting = asyncio.create_task(_start(kit, proof))
        await asyncio.sleep(0.2)
    with pytest.raises(Unauthenticated):
        await starting


async def test_session_proven_by_the_password_before_last_is_refused(kit: Kit) -> None:
    """N19: the proof was given, the password changed and every session ended, then the login would have finished."""
    user = await kit.user()
    proof = await kit.proof()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.passwords.set(ctx, user.id, Secret("another long enough password"))
        await kit.sessions.end_all(ctx, user.id)
        starting = asyncio.create_task(_start(kit, proof))
        await asyncio.sleep(0.2)
    with pytest.raises(Unauthenticated):
        await starting
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.sessions.list(ctx, user.id) == []


async def test_session_begun_just_before_all_are_ended_is_ended_too(kit: Kit) -> None:
    """N19: it isn't committed yet when the ending begins."""
    user = await kit.user()
    proof = await kit.proof()

    async def end_all() -> int:
        async with kit.open_ctx(kit.tenant_id) as ctx:
            return await kit.sessions.end_all(ctx, user.id)

    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        await kit.sessions.start(ctx, [proof])
        ending = asyncio.create_task(end_all())
        await asyncio.sleep(0.2)
        assert not ending.done()
    assert await ending == 1


async def test_new_password_signs_in(kit: Kit) -> None:
    """A proof given after the change counts."""
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.passwords.set(ctx, user.id, Secret("another long enough password"))
    proof = await kit.proof(password="another long enough password")
    started = await _start(kit, proof)
    assert started.session.auth_time - proof.at == timedelta()
