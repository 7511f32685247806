"""What comes back to the door `oidc` is for one login, one connection, once; and no request goes where it should
not."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, NotFound, Refusal, Unauthenticated, Unavailable
from airside.core.strict_json import Json
from airside.federation import ExternalClaims, LinkedProof, SamlAnswer
from airside.protocols.oauth import challenge_of
from airside.vault import Vault
from tests.federation.kit import new_login
from tests.federation.oidc_kit import OidcKit
from tests.identity.erasure_kit import make_erasure

ADA: dict[str, Json] = {"email": "ada@example.com", "email_verified": True, "name": "Ada"}


async def test_code_is_redeemed_with_the_verifier_of_its_own_request(oidc: OidcKit) -> None:
    """RFC 7636 §4.5: a code that was slipped into another login proves nothing there. N07, N11"""
    connection, victim, attacker = await oidc.connection(), new_login(), new_login()
    stolen = oidc.issuer.authorize(await oidc.lead(connection, victim), ADA)
    own = oidc.issuer.authorize(await oidc.lead(connection, attacker), ADA)
    word = await oidc.receive(connection, {**own, "code": stolen["code"]})
    with pytest.raises(Unauthenticated):
        await oidc.prove(attacker, word)
    assert oidc.issuer.forms[0]["code_verifier"] != ""
    assert challenge_of(oidc.issuer.forms[0]["code_verifier"]) not in stolen["code"]


async def test_answer_is_for_the_login_that_asked(oidc: OidcKit) -> None:
    """N11: another browser's login can't take it, and nothing is asked of the issuer."""
    connection, login = await oidc.connection(), new_login()
    fields = oidc.issuer.authorize(await oidc.lead(connection, login), ADA)
    word = await oidc.receive(connection, fields)
    with pytest.raises(Unauthenticated):
        await oidc.prove(new_login(), word)
    assert oidc.issuer.forms == []
    assert await oidc.prove(login, word)


@pytest.mark.parametrize("state", ["", "x" * 43, "state"])
async def test_state_that_nobody_waits_for_is_not_kept(oidc: OidcKit, state: str) -> None:
    """N11"""
    connection = await oidc.connection()
    with pytest.raises(NotFound):
        await oidc.receive(connection, {"state": state, "code": "c"})


async def test_state_of_one_connection_is_none_of_another_s(oidc: OidcKit) -> None:
    """RFC 9700 §4.4: mix-up. N20"""
    honest, evil, login = await oidc.connection(), await oidc.connection(), new_login()
    fields = oidc.issuer.authorize(await oidc.lead(honest, login), ADA)
    with pytest.raises(NotFound):
        await oidc.receive(evil, fields)
    assert await oidc.prove(login, await oidc.receive(honest, fields))


async def test_answer_counts_once(oidc: OidcKit) -> None:
    """N06, N14"""
    connection, login = await oidc.connection(), new_login()
    fields = oidc.issuer.authorize(await oidc.lead(connection, login), ADA)
    word = await oidc.receive(connection, fields)
    await oidc.prove(login, word)
    for again in (word, fields["state"], fields["code"], "", "x" * 43):
        with pytest.raises(Unauthenticated):
            await oidc.prove(login, again)
    with pytest.raises(NotFound):
        await oidc.receive(connection, fields)
    assert len(oidc.issuer.forms) == 1


async def test_fifty_at_once_redeem_one_code(oidc: OidcKit) -> None:
    """N14: `state` and answer are spent by one statement each."""
    connection, login = await oidc.connection(), new_login()
    fields = oidc.issuer.authorize(await oidc.lead(connection, login), ADA)
    word = await oidc.receive(connection, fields)
    proofs = await asyncio.gather(*(oidc.prove(login, word) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(proof, LinkedProof) for proof in proofs) == 1
    assert all(isinstance(proof, LinkedProof | Refusal) for proof in proofs)
    assert len(oidc.issuer.forms) == 1


async def test_fifty_answers_at_once_to_one_request_are_one(oidc: OidcKit) -> None:
    """N14: the first answer that comes is the answer."""
    connection, login = await oidc.connection(), new_login()
    fields = oidc.issuer.authorize(await oidc.lead(connection, login), ADA)
    words = await asyncio.gather(*(oidc.receive(connection, fields) for _ in range(50)))
    assert sum(bool(word) for word in words) == 1


async def test_disabled_connection_opens_nothing(oidc: OidcKit) -> None:
    """N18: at every step."""
    connection = await oidc.connection()
    logins = [new_login() for _ in range(2)]
    brought = [oidc.issuer.authorize(await oidc.lead(connection, login), ADA) for login in logins]
    word = await oidc.receive(connection, brought[0])
    async with oidc.federation.begin() as ctx:
        await oidc.connections.disable(ctx, connection.id)
    with pytest.raises(Unauthenticated):
        await oidc.prove(logins[0], word)
    with pytest.raises(NotFound):
        await oidc.receive(connection, brought[1])
    assert oidc.issuer.forms == []


async def test_connection_that_is_disabled_while_its_issuer_is_asked_proves_nothing(oidc: OidcKit) -> None:
    """N18, N19"""
    connection, login = await oidc.connection(), new_login()
    word = await oidc.receive(connection, oidc.issuer.authorize(await oidc.lead(connection, login), ADA))
    async with oidc.federation.begin() as ctx:
        redeemed = await oidc.federation.answers.redeem(ctx, login, "oidc", word)
    async with oidc.federation.begin() as ctx:
        await oidc.connections.disable(ctx, connection.id)
    async with oidc.federation.begin() as ctx:
        with pytest.raises(Unauthenticated):
            await oidc.federation.linking.prove(
                ctx, login, redeemed, ExternalClaims("subject-1", email="ada@example.com", email_verified=True)
            )


async def test_disabled_user_proves_nothing(oidc: OidcKit) -> None:
    """N18"""
    connection = await oidc.connection()
    proof = await oidc.sign_in(connection, ADA)
    async with oidc.federation.begin() as ctx:
        await oidc.federation.kit.users.set_state(ctx, proof.user_id, "disabled")
    with pytest.raises(Unauthenticated):
        await oidc.sign_in(connection, ADA)


async def test_user_whose_erasure_waits_proves_nothing(oidc: OidcKit, vault: Vault, entropy: Entropy) -> None:
    """N18"""
    connection = await oidc.connection()
    proof = await oidc.sign_in(connection, ADA)
    async with oidc.federation.begin() as ctx:
        await make_erasure(vault, entropy).request(ctx, proof.user_id, timedelta(days=30))
    with pytest.raises(Unauthenticated):
        await oidc.sign_in(connection, ADA)
    async with oidc.federation.begin() as ctx:
        assert await oidc.federation.kit.users.state(ctx, proof.user_id) == "disabled"


async def test_answer_of_another_kind_is_not_looked_at(oidc: OidcKit) -> None:
    """N06"""
    async with oidc.federation.begin() as ctx:
        with pytest.raises(Unauthenticated):
            await oidc.door.prove(ctx, new_login(), SamlAnswer("x" * 43))


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "http://127.0.0.1/another"},
        {"token_endpoint": None},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
async def test_issuer_whose_metadata_is_not_its_own_is_not_led_to(oidc: OidcKit, metadata: dict[str, Json]) -> None:
    """OpenID Connect Discovery 1.0 §4.3; N08"""
    oidc.issuer.metadata = metadata
    with pytest.raises(Unavailable):
        await oidc.lead(await oidc.connection(), new_login())
    assert await oidc.reasons() == ["provider_away"]


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest", "http://127.0.0.1:1/authorize", "javascript:alert(1)", "https://a@b.test/"],
)
async def test_browser_is_led_to_https_alone(oidc: OidcKit, address: str) -> None:
    """N10"""
    oidc.issuer.metadata = {"authorization_endpoint": address}
    connection = await oidc.connection()
    with pytest.raises(Unavailable):
        await oidc.lead(connection, new_login())
    assert await oidc.reasons() == ["fetch_refused"]


@pytest.mark.parametrize("name", ["token_endpoint", "userinfo_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/latest", "https://127.0.0.1:1/", "https://[::1]/", "file:///x"]
)
async def test_no_request_goes_into_the_neighbourhood(oidc: OidcKit, name: str, address: str) -> None:
    """N28: a discovery document names addresses; we go to public ones."""
    oidc.issuer.metadata = {name: address}
    connection = await oidc.connection()
    with pytest.raises(Unauthenticated):
        await oidc.sign_in(connection)
    assert (await oidc.reasons())[0] in ("fetch_refused", "provider_away")


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254", "https://user@a.test", "ftp://a.test", "https://a.test\\@b"]
)
async def test_connection_to_an_address_that_is_none_is_not_made(oidc: OidcKit, address: str) -> None:
    """N28"""
    with pytest.raises(InvalidInput) as caught:
        await oidc.connection(oidc.settings(issuer=address))
    assert caught.value.data["pointer"] == "settings.issuer"


async def test_private_issuer_is_not_asked(oidc: OidcKit) -> None:
    """N28: https, and still the neighbourhood."""
    connection = await oidc.connection(oidc.settings(issuer="https://127.0.0.1:1"))
    with pytest.raises(Unavailable):
        await oidc.lead(connection, new_login())


async def test_foreign_tenant_s_connection_is_none(oidc: OidcKit) -> None:
    """N20"""
    async with oidc.federation.begin() as ctx:
        with pytest.raises(NotFound):
            await oidc.logouts.accept(ctx, uuid4(), "a.b.c")
        with pytest.raises(NotFound):
            await oidc.federation.answers.receive(ctx, "oidc", uuid4(), "x" * 43, {})
