"""Refresh families; who presents what when is told in tests/histories."""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from airside.core.entropy import SystemEntropy
from airside.core.ids import FAMILY, parse_id
from airside.store import UniqueViolation
from airside.tokens import RefreshReused, RefreshRevoked, RefreshUnknown
from airside.tokens.sealing import new_token
from airside.tokens.verify import TokenRevoked
from tests.conftest import MakeTenant, OpenContext
from tests.tokens.kit import API, CLIENT, GRANT, ISSUER, Kit


@dataclass(frozen=True)
class Row:
    token_hash: bytes
    sealed: bytes | None
    spent: bool


@dataclass(frozen=True)
class Told:
    event: str
    outcome: str
    reason: str


async def rows(kit: Kit) -> list[Row]:
    async with kit.at() as ctx:
        return await ctx.tx.all(
            Row,
            "select token_hash, sealed, spent_at is not null as spent from airside.refresh_token"
            " where tenant_id = %s order by created_at, spent_at",
            (kit.tenant_id,),
        )


async def told(kit: Kit) -> list[Told]:
    async with kit.at() as ctx:
        statement = "select event, outcome, reason from airside.audit_record where tenant_id = %s order by record_id"
        return await ctx.tx.all(Told, statement, (kit.tenant_id,))


async def test_rotation_keeps_what_the_family_stands_for(kit: Kit):
    first = await kit.family()
    async with kit.at(60) as ctx:
        rotation = await kit.families.rotate(ctx, first, CLIENT, public=True)
    grant = rotation.family.grant
    assert rotation.token.reveal() != first
    assert (grant.subject, grant.scope, grant.audience) == ("usr_ada", GRANT.scope, GRANT.audience)
    assert (grant.session_id, grant.acr, grant.amr, grant.auth_time) == ("ses_one", "aal1", ("pwd",), kit.start)
    assert (grant.roles, grant.family_id) == ((), rotation.family.word)


async def test_only_hashes_are_stored_and_the_seal_goes_at_the_successor_s_first_use(kit: Kit):
    """N37: neither a spent token nor a live one can be read out of the database."""
    first = await kit.family()
    second = await kit.rotate(first, 1)
    stored = await rows(kit)
    assert [row.spent for row in stored] == [True, False]
    assert [row.sealed is None for row in stored] == [True, False]
    await kit.rotate(second, 2)
    stored = await rows(kit)
    assert [row.sealed is None for row in stored] == [True, True, False]
    raw = b"".join(row.token_hash + (row.sealed or b"") for row in stored)
    assert first.encode() not in raw
    assert second.encode() not in raw


async def test_fifty_at_once_get_one_successor(kit: Kit):
    """Single use: one wins, and everybody else hears the same."""
    first = await kit.family()
    successors = await asyncio.gather(*(kit.rotate(first, 1, public=True) for _ in range(50)))
    assert len(set(successors)) == 1
    assert len(await rows(kit)) == 2


async def test_reuse_revokes_the_family_its_access_tokens_and_is_told_although_refused(keyed: Kit):
    """N07, N19: the refusal rolls its own transaction back; what it found out stays."""
    first = await keyed.family()
    async with keyed.at(1) as ctx:
        second = await keyed.families.rotate(ctx, first, CLIENT, public=False)
    access = await keyed.access_token(1, replace(GRANT, family_id=second.family.word))
    await keyed.rotate(second.token.reveal(), 2)
    with pytest.raises(RefreshReused) as caught:
        await keyed.rotate(first, 3)
    assert caught.value.data["family"] == second.family.word
    with pytest.raises(RefreshRevoked):
        await keyed.rotate(second.token.reveal(), 3)
    async with keyed.at(3) as ctx:
        with pytest.raises(TokenRevoked):
            await keyed.verifier.verify(ctx, access, issuer=ISSUER, audience=API)
    alerts = [line for line in await told(keyed) if line.event == "refresh:family:reused"]
    assert alerts == [Told("refresh:family:reused", "refused", "spent_token_presented_again")]


async def test_thief_and_owner_in_parallel_after_the_successor_is_used_revoke_once(kit: Kit):
    first = await kit.family()
    second = await kit.rotate(first, 1)
    await kit.rotate(second, 2)
    answers = await asyncio.gather(*(kit.rotate(first, 3) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(answer, RefreshReused | RefreshRevoked) for answer in answers)
    assert sum(line.event == "refresh:family:reused" for line in await told(kit)) == 1


async def test_token_of_another_tenant_is_unknown(kit: Kit, make_tenant: MakeTenant, open_ctx: OpenContext):
    """N20"""
    first = await kit.family()
    async with open_ctx(await make_tenant(), now=kit.start) as ctx:
        with pytest.raises(RefreshUnknown):
            await kit.families.rotate(ctx, first, CLIENT, public=True)
        assert await kit.families.find(ctx, first) is None
    await kit.rotate(first, 1)


async def test_prefix_truncation_extension_and_invention_are_unknown(kit: Kit):
    """N38, N06"""
    first = await kit.family()
    access = "eyJhbGciOiJFUzI1NiJ9.e30.AA"
    for text in (first[:-1], first + "A", first[:20], first.upper(), new_token(SystemEntropy()), access, ""):
        with pytest.raises(RefreshUnknown):
            await kit.rotate(text, 1)
    await kit.rotate(first, 1)


async def test_family_is_started_once(kit: Kit):
    async with kit.at() as ctx:
        started = await kit.families.start(ctx, GRANT, family_id=UUID(int=7))
    assert started.family.family_id == UUID(int=7)
    with pytest.raises(UniqueViolation):
        async with kit.at() as ctx:
            await kit.families.start(ctx, GRANT, family_id=UUID(int=7))


async def test_revoking_a_family_ends_it_once_and_revoking_one_that_never_was_is_no_error(kit: Kit):
    first = await kit.family()
    async with kit.at(1) as ctx:
        found = await kit.families.find(ctx, first)
        assert found is not None
        assert found.active
        assert parse_id(FAMILY, found.family.word) == found.family.family_id
        assert await kit.families.revoke(ctx, found.family.family_id, "logout")
        assert not await kit.families.revoke(ctx, found.family.family_id, "logout")
        assert not await kit.families.revoke(ctx, UUID(int=9), "code_reused")
    async with kit.at(2) as ctx:
        found = await kit.families.find(ctx, first)
        assert found is not None
        assert not found.active
    with pytest.raises(RefreshRevoked):
        await kit.rotate(first, 2)
    assert [line.event for line in await told(kit)] == ["refresh:family:started", "refresh:family:revoked"]


@pytest.mark.parametrize(
    ("verb", "id"), [("revoke_session", "ses_one"), ("revoke_subject", "usr_ada"), ("revoke_client", CLIENT)]
)
async def test_end_of_session_user_or_client_ends_their_families_and_no_other(verb: str, id: str, keyed: Kit):
    """N18, N19"""
    mine = [await keyed.family(), await keyed.family()]
    other = await keyed.family(replace(GRANT, subject="usr_bob", session_id="ses_two", client_id="cli_two"))
    access = await keyed.access_token()
    async with keyed.at(1) as ctx:
        revoke = {
            "revoke_session": keyed.families.revoke_session,
            "revoke_subject": keyed.families.revoke_subject,
            "revoke_client": keyed.families.revoke_client,
        }[verb]
        assert await revoke(ctx, id, "ended") == 2
    for token in mine:
        with pytest.raises(RefreshRevoked):
            await keyed.rotate(token, 2)
    await keyed.rotate(other, 2, "cli_two")
    async with keyed.at(2) as ctx:
        with pytest.raises(TokenRevoked):
            await keyed.verifier.verify(ctx, access, issuer=ISSUER, audience=API)


async def test_rotation_that_rolls_back_has_not_happened(kit: Kit):
    """The caller may still fail (a client that may not): the token is as good as before."""
    first = await kit.family()
    with pytest.raises(RuntimeError, match="undone"):
        async with kit.at(1) as ctx:
            await kit.families.rotate(ctx, first, CLIENT, public=True)
            raise RuntimeError("undone")
    assert await kit.rotate(first, 2) != first


async def test_sweep_deletes_families_past_their_end_with_their_tokens(kit: Kit):
    await kit.rotate(await kit.family(), 1)
    day = 24 * 3600
    async with kit.at(89 * day) as ctx:
        assert await kit.families.sweep(ctx) == 0
    async with kit.at(90 * day) as ctx:
        assert await kit.families.sweep(ctx) == 1
    assert await rows(kit) == []
