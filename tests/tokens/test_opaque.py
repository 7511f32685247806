"""Opaque access tokens: what a signed one would say, found by what its bearer holds."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from airside.protocols.jose import Reason, TokenRefused
from airside.revocation import Kind
from airside.tokens import VerifiedToken, peek_tenant
from airside.tokens.verify import TokenRevoked
from tests.makers import MakeTenant, OpenContext
from tests.tokens.kit import API, GRANT, ISSUER, Kit


@dataclass(frozen=True)
class Row:
    token_hash: bytes
    claims: str


async def opaque(kit: Kit, seconds: float = 0.0) -> str:
    async with kit.at(seconds) as ctx:
        grant = replace(GRANT, auth_time=ctx.now)
        issued = await kit.issuer.access_token(ctx, grant, issuer=ISSUER, opaque=True)
    return issued.token.reveal()


async def verify(
    kit: Kit, token: str, seconds: float = 1.0, *, issuer: str = ISSUER, audience: str | None = API
) -> VerifiedToken:
    async with kit.at(seconds) as ctx:
        return await kit.verifier.verify(ctx, token, issuer=issuer, audience=audience)


async def reason(
    kit: Kit, token: str, seconds: float = 1.0, *, issuer: str = ISSUER, audience: str | None = API
) -> str:
    with pytest.raises(TokenRefused) as caught:
        await verify(kit, token, seconds, issuer=issuer, audience=audience)
    return caught.value.reason


async def test_round_trip_says_what_a_signed_one_says(kit: Kit):
    """Six of a verifier: round trip. It needs no signing key at all."""
    found = await verify(kit, await opaque(kit))
    assert (found.subject, found.client_id, found.audience) == ("usr_ada", "cli_one", (API,))
    assert (found.scope, found.roles) == (GRANT.scope, ("administrator",))
    assert (found.session_id, found.family_id, found.acr) == ("ses_one", "fam_one", "aal1")
    assert found.kid == ""


async def test_wrong_context_is_refused(kit: Kit, make_tenant: MakeTenant, open_ctx: OpenContext):
    """Six of a verifier: wrong context. N05, N20: another audience, issuer, time or tenant."""
    token = await opaque(kit)
    assert await reason(kit, token, audience="https://other.example") == Reason.AUDIENCE
    assert await reason(kit, token, issuer="https://id.example/t/other") == Reason.ISSUER
    assert await reason(kit, token, 900) == Reason.UNKNOWN
    async with open_ctx(await make_tenant(), now=kit.start + timedelta(seconds=1)) as ctx:
        with pytest.raises(TokenRefused):
            await kit.verifier.verify(ctx, token, issuer=ISSUER, audience=API)


async def test_corrupted_truncated_and_respelt_are_refused(kit: Kit):
    """Six of a verifier: corrupted, truncated. N38: each spelling is another token."""
    token = await opaque(kit)
    swapped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for other in (token[:-1], token + "A", token.upper(), " " + token, token + "\n", token[:-1] + "=", "aat_", "aat_x"):
        assert await reason(kit, other) in (Reason.MALFORMED, Reason.UNKNOWN)
    assert await reason(kit, swapped) == Reason.UNKNOWN
    assert await reason(kit, token.replace("aat_", "art_")) == Reason.MALFORMED


async def test_oversized_is_refused(kit: Kit):
    """Six of a verifier: oversized."""
    assert await reason(kit, "aat_" + "x" * 100_000) == Reason.MALFORMED


async def test_wire_format_tells_its_tenant_and_nothing_else(kit: Kit):
    """Six of a verifier: wire format."""
    token = await opaque(kit)
    assert len(token) == 4 + 26 + 1 + 43
    assert peek_tenant(token) == kit.tenant_id
    assert await opaque(kit) != token
    for junk in ("aat_", "aat_" + "z" * 26 + "_" + "x" * 43, token[:-1]):
        with pytest.raises(TokenRefused):
            peek_tenant(junk)


async def test_only_a_hash_is_stored(kit: Kit):
    """N37, N38"""
    token = await opaque(kit)
    async with kit.at() as ctx:
        statement = "select token_hash, claims from airside.opaque_token where tenant_id = %s"
        (row,) = await ctx.tx.all(Row, statement, (kit.tenant_id,))
    assert len(row.token_hash) == 32
    assert token[-43:] not in row.claims
    assert token[-43:].encode() not in row.token_hash


@pytest.mark.parametrize(
    ("kind", "id"),
    [("sid", "ses_one"), ("fam", "fam_one"), ("sub", "usr_ada"), ("client", "cli_one"), ("tenant", "all")],
)
async def test_revoking_what_it_hangs_on_ends_it(kit: Kit, kind: Kind, id: str):
    """N19: within the second, as any other."""
    token = await opaque(kit)
    await verify(kit, token)
    async with kit.at(1) as ctx:
        await kit.revocations.revoke(ctx, kind, id, before=ctx.now, expires_at=ctx.now + timedelta(hours=1))
    with pytest.raises(TokenRevoked):
        await verify(kit, token, 2)


async def test_revoking_it_alone_ends_it_alone(kit: Kit):
    """N19"""
    one, other = await opaque(kit), await opaque(kit)
    found = await verify(kit, one)
    async with kit.at(1) as ctx:
        await kit.revocations.revoke(ctx, "jti", found.jti, expires_at=ctx.now + timedelta(hours=1))
    with pytest.raises(TokenRevoked):
        await verify(kit, one, 2)
    assert (await verify(kit, other, 2)).subject == "usr_ada"


async def test_answer_at_once_is_left_to_the_long_way(keyed: Kit):
    """It is looked up, which is a wait."""
    token = await opaque(keyed)
    await verify(keyed, await keyed.access_token())
    async with keyed.at(1) as ctx:
        assert keyed.verifier.verify_at_once(ctx, token, issuer=ISSUER, audience=API) is None


async def test_sweeping_takes_what_has_ended_only(kit: Kit):
    early, late = await opaque(kit), await opaque(kit, 600)
    async with kit.at(901) as ctx:
        assert await kit.issuer.sweep(ctx) == 1
    assert await reason(kit, early, 901) == Reason.UNKNOWN
    assert (await verify(kit, late, 901)).subject == "usr_ada"
