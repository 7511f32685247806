"""Every `Authenticator`: what all doors of the login flow have in common."""

from collections.abc import Sequence
from typing import Final, get_args
from uuid import uuid4

import pytest

from airside.core.errors import Inconsistent, Unauthenticated
from airside.federation import LinkedDoor
from airside.identity import (
    Authenticator,
    EmailCodeAuthenticator,
    EnrolPasskeyAuthenticator,
    EnrolTotpAuthenticator,
    NewPasswordAuthenticator,
    PasskeyAuthenticator,
    PasswordAuthenticator,
    Proof,
    Recollecting,
    RecoveryCodeAuthenticator,
    TotpAuthenticator,
)
from airside.identity.proofs import Contribution, remembered
from tests.federation.kit import CLAIMS, federation
from tests.federation.oidc_kit import OidcKit, issuer, oidc
from tests.federation.saml_kit import SamlKit, saml
from tests.identity.attempts import Login, Other
from tests.identity.kit import HOME, Acme, Kit, hashes, kit, revocations

__all__ = ["federation", "hashes", "issuer", "kit", "oidc", "revocations", "saml"]

WEIGHTS: Final[tuple[Contribution, ...]] = get_args(Contribution)


@pytest.fixture
def doors(kit: Kit, saml: SamlKit, oidc: OidcKit) -> Sequence[Authenticator]:
    return [
        PasswordAuthenticator(kit.passwords, kit.enforcement),
        PasskeyAuthenticator(kit.passkeys),
        TotpAuthenticator(kit.totp),
        RecoveryCodeAuthenticator(kit.recovery_codes),
        EmailCodeAuthenticator(kit.email_codes),
        EnrolTotpAuthenticator(kit.totp, kit.users, Acme()),
        EnrolPasskeyAuthenticator(kit.passkeys, kit.users, Acme()),
        NewPasswordAuthenticator(kit.passwords),
        saml.door,
        oidc.door,
    ]


async def test_each_has_a_kind_of_its_own(doors: Sequence[Authenticator]) -> None:
    assert len({door.kind for door in doors}) == len(doors)


async def test_answer_of_another_kind_proves_nothing(kit: Kit, doors: Sequence[Authenticator]) -> None:
    """N06."""
    user = await kit.user()
    for door in doors:
        with pytest.raises((Inconsistent, Unauthenticated)):
            async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
                await door.prove(ctx, Login(uuid4(), user.id), Other())


async def test_proof_is_recalled_with_its_own_weight_or_not_at_all(kit: Kit, doors: Sequence[Authenticator]) -> None:
    """N12: a stored proof comes back as nothing more than it was."""
    user = await kit.user()
    recalled = list[tuple[str, Contribution]]()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        for door in doors:
            for weight in WEIGHTS:
                try:
                    proof = door.recall(user.id, ctx.now, weight)
                except Inconsistent:
                    continue
                assert isinstance(proof, Proof)
                assert (proof.user_id, proof.at, proof.weight) == (user.id, ctx.now, weight)
                recalled.append((door.kind, weight))
    assert sorted(recalled) == [
        ("email_code", "confirmation"),
        ("passkey", "hardware"),
        ("passkey", "multi"),
        ("password", "first"),
        ("recovery_code", "second"),
        ("totp", "second"),
    ]


async def test_proof_with_a_memory_is_recollected_by_its_own_door_alone(
    saml: SamlKit, oidc: OidcKit, doors: Sequence[Authenticator]
) -> None:
    """What a proof from elsewhere says of its connection is kept with it, and never made up."""
    proof = await saml.sign_in(await saml.connection())
    stored = remembered(proof)["memory"]
    assert isinstance(stored, dict)
    linked = [door for door in doors if isinstance(door, LinkedDoor)]
    assert [door.kind for door in linked] == ["saml", "oidc"]
    assert linked[0].recollect(proof.user_id, proof.at, proof.weight, stored) == proof
    assert linked[1].recollect(proof.user_id, proof.at, proof.weight, stored) != proof
    for door in linked:
        assert isinstance(door, Recollecting)
        with pytest.raises(Inconsistent):
            door.recollect(proof.user_id, proof.at, proof.weight, {})
    assert CLAIMS.subject not in str(stored)
