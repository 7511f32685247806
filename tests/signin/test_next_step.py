"""The order of a login's steps. Pure."""

from datetime import timedelta

import pytest

from airside.core.principal import Assurance
from airside.signin import AskPassword, Policy, Refused, next_step
from airside.signin.model import LIFETIME
from airside.signin.next_step import Complete
from tests.identity.test_proofs import ADA, BOB, NOW, First, Hardware, Multi, Second, some
from tests.signin.doors import PasswordLike


def test_nothing_proven_asks_for_the_password() -> None:
    assert next_step((), Policy(), NOW) == AskPassword()


@pytest.mark.parametrize("kind", [First, Second, Multi, Hardware])
def test_another_pathway_doesnt_stand_in_for_the_password(kind: type[First]) -> None:
    """N12: a policy that knows only passwords takes no other proof in their place."""
    assert next_step(some(kind), Policy(), NOW) == AskPassword()


def test_a_proven_password_completes() -> None:
    proof = PasswordLike.given(ADA, NOW)
    assert next_step([proof], Policy(), NOW) == Complete((proof,))


@pytest.mark.parametrize("shift", [LIFETIME + timedelta(microseconds=1), timedelta(microseconds=-1)])
def test_a_stale_proof_doesnt_count(shift: timedelta) -> None:
    """N12: stale assurance."""
    assert next_step([PasswordLike.given(ADA, NOW)], Policy(), NOW + shift) == AskPassword()


def test_two_peoples_proofs_lead_nowhere() -> None:
    """N12"""
    proofs = [PasswordLike.given(ADA, NOW), PasswordLike.given(BOB, NOW)]
    assert next_step(proofs, Policy(), NOW) == Refused("different_people")


@pytest.mark.parametrize("minimum", ["aal2", "aal3"])
def test_more_than_can_be_proven_is_refused_not_lowered(minimum: Assurance) -> None:
    """N12: a policy that can't be met is no."""
    assert next_step([PasswordLike.given(ADA, NOW)], Policy(minimum), NOW) == Refused("assurance_out_of_reach")
