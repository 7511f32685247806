"""Linking: a foreign subject is somebody here only by a proof, never by an address."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent, NotFound, Unauthenticated
from airside.core.principal import Assurance
from airside.federation import (
    ConnectionDraft,
    ExternalClaims,
    LinkedDoor,
    LinkedProof,
    NotLinked,
    OidcProof,
    SamlProof,
)
from airside.identity.proofs import Contribution, assurance_of, methods_of, remembered
from airside.vault import Vault
from tests.federation.kit import CLAIMS, OIDC, SAML, FederationKit, new_login
from tests.identity.erasure_kit import make_erasure
from tests.makers import MakeTenant

CREATING = ConnectionDraft("Example", OIDC, creates_users=True)


class OidcDoor(LinkedDoor):
    kind = "oidc"


async def test_first_sight_makes_an_account_where_the_connection_does(federation: FederationKit) -> None:
    made = await federation.connection(CREATING)
    proof = await federation.prove(made)
    async with federation.begin() as ctx:
        user = await federation.kit.users.get(ctx, proof.user_id)
        listed = await federation.identities.list(ctx, user.id)
    assert (user.email, user.name, user.email_verified) == ("ada@example.com", "Ada", True)
    assert [(each.id, each.subject) for each in listed] == [(proof.identity_id, "subject-1")]
    assert federation.mappings.applied == [user.id]


async def test_second_sight_is_the_same_person_whatever_their_address_is_then(federation: FederationKit) -> None:
    """N17: an address is no identity, in either direction."""
    made = await federation.connection(CREATING)
    first = await federation.prove(made)
    second = await federation.prove(made, replace(CLAIMS, email="new@example.com", name="Other"))
    assert second.user_id == first.user_id


async def test_address_of_somebody_links_nobody(federation: FederationKit) -> None:
    """N17: an account that is there isn't taken by whoever has its address written into a profile elsewhere."""
    made = await federation.connection(CREATING)
    victim = await federation.kit.user("ada@example.com")
    with pytest.raises(NotLinked):
        await federation.prove(made)
    async with federation.begin() as ctx:
        assert await federation.identities.list(ctx, victim.id) == []


async def test_address_that_the_provider_has_changed_links_nobody(federation: FederationKit) -> None:
    """N17: a known subject that takes another's address stays who they are; a new one with it is nobody."""
    made = await federation.connection(CREATING)
    victim = await federation.kit.user("victim@example.com")
    mine = await federation.prove(made)
    again = await federation.prove(made, replace(CLAIMS, email=victim.email))
    assert again.user_id == mine.user_id != victim.id
    with pytest.raises(NotLinked):
        await federation.prove(made, replace(CLAIMS, subject="subject-2", email=victim.email))


async def test_same_subject_of_another_connection_is_somebody_else(federation: FederationKit) -> None:
    """N17: a subject means something at its own provider alone."""
    one, two = await federation.connection(CREATING), await federation.connection(CREATING)
    first = await federation.prove(one)
    second = await federation.prove(two, replace(CLAIMS, email="other@example.com"))
    assert second.user_id != first.user_id


async def test_same_subject_at_another_tenant_is_nobody(federation: FederationKit, make_tenant: MakeTenant) -> None:
    """N20: an identity is its tenant's."""
    made = await federation.connection(CREATING)
    proof = await federation.prove(made)
    async with federation.kit.open_ctx(await make_tenant()) as ctx:
        assert await federation.identities.find(ctx, made.id, "subject-1") is None
        with pytest.raises(NotFound):
            await federation.identities.get(ctx, proof.identity_id)


async def test_proven_domain_links_the_account_that_is_there(federation: FederationKit) -> None:
    made = await federation.connection()
    user = await federation.kit.user("ada@example.com")
    federation.domains.connection_id = made.id
    assert (await federation.prove(made)).user_id == user.id


async def test_domain_of_another_connection_links_nobody(federation: FederationKit) -> None:
    """N17: whose domain it is says which connection may speak for it."""
    made, bound = await federation.connection(), await federation.connection()
    await federation.kit.user("ada@example.com")
    federation.domains.connection_id = bound.id
    with pytest.raises(NotLinked):
        await federation.prove(made)


async def test_address_that_its_provider_disowns_links_nobody(federation: FederationKit) -> None:
    """N17: `email_verified` false, even where the domain is proven."""
    made = await federation.connection(CREATING)
    await federation.kit.user("ada@example.com")
    federation.domains.connection_id = made.id
    with pytest.raises(NotLinked):
        await federation.prove(made, replace(CLAIMS, email_verified=False))


@pytest.mark.parametrize(
    ("claims", "trusted", "made"),
    [
        (replace(CLAIMS, email_verified=None), False, False),
        (replace(CLAIMS, email_verified=None), True, True),
        (replace(CLAIMS, email_verified=False), True, False),
        (replace(CLAIMS, email=""), True, False),
        (replace(CLAIMS, email="no address"), True, False),
    ],
)
async def test_account_is_made_only_of_an_address_that_is_vouched_for(
    federation: FederationKit, claims: ExternalClaims, trusted: bool, made: bool
) -> None:
    """N17: nobody prepares an account under another's address, to wait in it for them."""
    settings = type(OIDC)(issuer=OIDC.issuer, client_id="airside", email_trusted=trusted)
    connection = await federation.connection(ConnectionDraft("Example", settings, creates_users=True))
    if made:
        assert await federation.prove(connection, claims)
    else:
        with pytest.raises(NotLinked):
            await federation.prove(connection, claims)


async def test_connection_that_makes_no_accounts_makes_none(federation: FederationKit) -> None:
    made = await federation.connection()
    with pytest.raises(NotLinked):
        await federation.prove(made)
    async with federation.begin() as ctx:
        assert await federation.kit.users.find_by_email(ctx, "ada@example.com") is None


async def test_own_proof_in_the_same_login_links(federation: FederationKit) -> None:
    made, login = await federation.connection(), new_login()
    user = await federation.kit.user("someone@example.com")
    with pytest.raises(NotLinked):
        await federation.prove(made, login=login)
    async with federation.begin() as ctx:
        pending = await federation.linking.pending(ctx, login.flow_id)
        assert pending == (made, CLAIMS)
        adopted = await federation.linking.adopt(ctx, login.flow_id, user.id)
        assert adopted is not None
        assert await federation.linking.pending(ctx, login.flow_id) is None
    assert (await federation.prove(made)).user_id == user.id


async def test_own_proof_in_another_login_links_nothing(federation: FederationKit) -> None:
    """N11, N17: who waits in one browser isn't linked in another."""
    made, login = await federation.connection(), new_login()
    user = await federation.kit.user("someone@example.com")
    with pytest.raises(NotLinked):
        await federation.prove(made, login=login)
    async with federation.begin() as ctx:
        assert await federation.linking.adopt(ctx, new_login().flow_id, user.id) is None
        assert await federation.identities.list(ctx, user.id) == []


async def test_of_fifty_at_once_one_adopts(federation: FederationKit) -> None:
    made, login = await federation.connection(), new_login()
    user = await federation.kit.user("someone@example.com")
    with pytest.raises(NotLinked):
        await federation.prove(made, login=login)

    async def adopt() -> bool:
        async with federation.begin() as ctx:
            return await federation.linking.adopt(ctx, login.flow_id, user.id) is not None

    assert sum(await asyncio.gather(*[adopt() for _ in range(50)])) == 1


async def test_connection_that_was_disabled_meanwhile_adopts_nobody(federation: FederationKit) -> None:
    """N18: what waited goes with it."""
    made, login = await federation.connection(), new_login()
    user = await federation.kit.user("someone@example.com")
    with pytest.raises(NotLinked):
        await federation.prove(made, login=login)
    async with federation.begin() as ctx:
        await federation.connections.disable(ctx, made.id)
        await federation.connections.enable(ctx, made.id)
        assert await federation.linking.adopt(ctx, login.flow_id, user.id) is None


async def test_connection_that_is_disabled_between_answer_and_proof_proves_nothing(federation: FederationKit) -> None:
    """N18."""
    made, login = await federation.connection(CREATING), new_login()
    redeemed = await federation.redeem(made, login)
    async with federation.begin() as ctx:
        await federation.connections.disable(ctx, made.id)
    async with federation.begin() as ctx:
        with pytest.raises(Unauthenticated):
            await federation.linking.prove(ctx, login, redeemed, CLAIMS)


async def test_disabled_user_is_proven_by_nothing(federation: FederationKit) -> None:
    """N18."""
    made = await federation.connection(CREATING)
    proof = await federation.prove(made)
    async with federation.begin() as ctx:
        await federation.kit.users.set_state(ctx, proof.user_id, "disabled")
    with pytest.raises(Unauthenticated):
        await federation.prove(made)


async def test_user_whose_erasure_waits_is_proven_by_nothing(
    federation: FederationKit, vault: Vault, entropy: Entropy
) -> None:
    """N18: and signing in elsewhere doesn't bring them back."""
    made = await federation.connection(CREATING)
    proof = await federation.prove(made)
    erasure = make_erasure(vault, entropy)
    async with federation.begin() as ctx:
        await erasure.request(ctx, proof.user_id, timedelta(days=30))
    with pytest.raises(Unauthenticated):
        await federation.prove(made)
    async with federation.begin() as ctx:
        assert await federation.kit.users.state(ctx, proof.user_id) == "disabled"
        await erasure.cancel(ctx, proof.user_id)
    assert (await federation.prove(made)).user_id == proof.user_id


@pytest.mark.parametrize("subject", ["", "s" * 1025])
async def test_subject_that_is_no_name_is_refused(federation: FederationKit, subject: str) -> None:
    made = await federation.connection(CREATING)
    with pytest.raises(Unauthenticated):
        await federation.prove(made, replace(CLAIMS, subject=subject))


async def test_first_sight_in_twenty_tabs_makes_one_account(federation: FederationKit) -> None:
    made = await federation.connection(CREATING)
    proofs = await asyncio.gather(*[federation.prove(made) for _ in range(20)])
    assert len({(proof.user_id, proof.identity_id) for proof in proofs}) == 1


@pytest.mark.parametrize(
    ("assurance", "weight", "methods"),
    [
        ("aal1", "first", ("fed",)),
        ("aal2", "multi", ("fed", "pwd", "otp")),
        ("aal3", "hardware", ("fed", "pwd", "otp")),
    ],
)
async def test_sign_in_counts_for_what_the_mapping_says(
    federation: FederationKit, assurance: Assurance, weight: Contribution, methods: tuple[str, ...]
) -> None:
    """N12: `aal1` unless the mapping says more, and what the provider says of methods only then."""
    made = await federation.connection(CREATING)
    federation.mappings.assurance = assurance
    proof = await federation.prove(made, replace(CLAIMS, amr=("pwd", "otp", "", "ä", "x" * 33)))
    assert (proof.weight, proof.methods, assurance_of([proof])) == (weight, methods, assurance)
    assert methods_of([proof], assurance)[: len(methods)] == methods


async def test_proof_is_made_again_as_it_was(federation: FederationKit) -> None:
    made = await federation.connection(CREATING)
    proof = await federation.prove(made, replace(CLAIMS, session_index="idp-session"))
    again = OidcDoor().recollect(proof.user_id, proof.at, proof.weight, proof.memory())
    assert (again, type(again), remembered(again)) == (proof, OidcProof, remembered(proof))


async def test_proof_without_its_memory_is_inconsistent(federation: FederationKit) -> None:
    made = await federation.connection(CREATING)
    proof = await federation.prove(made)
    door = OidcDoor()
    with pytest.raises(Inconsistent):
        door.recall(proof.user_id, proof.at, "first")
    for memory in ({}, proof.memory() | {"connection": 1}, proof.memory() | {"told": "fed"}):
        with pytest.raises(Inconsistent):
            door.recollect(proof.user_id, proof.at, "first", memory)
    with pytest.raises(Inconsistent):
        door.recollect(proof.user_id, proof.at, "second", proof.memory())


@pytest.mark.parametrize("kind", [LinkedProof, SamlProof, OidcProof])
async def test_proof_is_made_by_linking(federation: FederationKit, kind: type[LinkedProof]) -> None:
    """Proof is a type: nobody else makes one."""
    async with federation.begin() as ctx:
        with pytest.raises(TypeError):
            kind(
                UUID(int=1),
                ctx.now,
                object(),  # type: ignore[arg-type]  # what a forger would hold
                connection_id=UUID(int=2),
                identity_id=UUID(int=3),
                counts_as="first",
                told=(),
                foreign="",
            )


async def test_saml_connection_gives_a_proof_of_its_kind(federation: FederationKit) -> None:
    settings = type(SAML)(
        entity_id=SAML.entity_id, sso_url=SAML.sso_url, certificates=SAML.certificates, email_trusted=True
    )
    made = await federation.connection(ConnectionDraft("Example", settings, creates_users=True))
    proof = await federation.prove(made, replace(CLAIMS, email_verified=None))
    assert (type(proof), proof.kind) == (SamlProof, "saml")


async def test_unlinked_identity_is_nobody_and_its_sessions_die(federation: FederationKit) -> None:
    """N19."""
    made = await federation.connection(CREATING)
    proof = await federation.prove(made)
    other = await federation.kit.user("other@example.com")
    async with federation.begin() as ctx:
        with pytest.raises(NotFound):
            await federation.identities.unlink(ctx, other.id, proof.identity_id)
        await federation.identities.unlink(ctx, proof.user_id, proof.identity_id)
        with pytest.raises(NotFound):
            await federation.identities.unlink(ctx, proof.user_id, proof.identity_id)
    with pytest.raises(NotLinked):
        await federation.prove(made)
