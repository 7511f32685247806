"""The order of a login's steps. Pure."""

from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations, product
from typing import TypeVar

import pytest

from airside.core.principal import Assurance
from airside.identity import Factor, Proof, assurance_of
from airside.identity.proofs import below
from airside.signin import Ask, Person, Policy, Refused, next_step
from airside.signin.model import LIFETIME
from airside.signin.next_step import SECOND, Complete, Next
from tests.identity.test_proofs import ADA, BOB, NOW, First, Hardware, Multi, Second, some
from tests.signin.doors import LIKES, KeyLike, Like, MailLike, PasskeyLike, PasswordLike, RecoveryLike, TotpLike

Thing = TypeVar("Thing")
FACTORS: tuple[Factor, ...] = ("password", "passkey", "totp", "recovery_code", "email_code")
EVERY = Policy()
ADA_ALONE = Person(ADA)
ADA_TOTP = Person(ADA, frozenset({"totp", "recovery_code"}))
ADA_BOTH = Person(ADA, frozenset({"totp", "recovery_code", "passkey"}))
FIRST = Ask("first", ("password", "passkey"))


def after(person: Person | None, *likes: type[Like], policy: Policy = EVERY) -> Next:
    return next_step([like.given(ADA, NOW) for like in likes], policy, NOW, person)


def only(*factors: Factor, minimum: Assurance = "aal1") -> Policy:
    return Policy(minimum, frozenset(factors))


def test_nothing_proven_asks_who_it_is_by_what_the_tenant_takes() -> None:
    assert after(None) == FIRST
    assert after(None, policy=only("password", "totp")) == Ask("first", ("password",))
    assert after(None, policy=only("passkey")) == Ask("first", ("passkey",))
    assert after(None, policy=only("totp", "email_code")) == Refused("no_way_to_begin")


@pytest.mark.parametrize("kind", [First, Second, Multi, Hardware])
def test_proof_of_a_kind_that_the_tenant_doesnt_take_counts_for_nothing(kind: type[First]) -> None:
    """N12: other pathway."""
    assert next_step(some(kind), EVERY, NOW, ADA_ALONE) == FIRST


@pytest.mark.parametrize("like", [TotpLike, RecoveryLike, MailLike])
def test_second_factor_alone_says_nobody(like: type[Like]) -> None:
    """N12: skipped step."""
    assert after(ADA_BOTH, like) == FIRST


def test_password_completes_for_who_has_nothing_else() -> None:
    assert after(ADA_ALONE, PasswordLike) == Complete((PasswordLike.given(ADA, NOW),))


def test_second_factor_that_somebody_has_is_always_asked_for() -> None:
    """N12: also where the tenant demands none."""
    assert after(ADA_TOTP, PasswordLike) == Ask("second", ("totp", "recovery_code"))
    assert after(ADA_BOTH, PasswordLike) == Ask("second", ("passkey", "totp", "recovery_code"))
    assert isinstance(after(ADA_BOTH, PasswordLike, RecoveryLike), Complete)


def test_mailed_code_is_no_second_factor() -> None:
    """N12: who reads the mail may have set the password by it."""
    assert after(ADA_TOTP, PasswordLike, MailLike) == Ask("second", ("totp", "recovery_code"))


def test_passkey_alone_is_enough() -> None:
    assert isinstance(after(ADA_BOTH, PasskeyLike), Complete)
    assert isinstance(after(ADA_BOTH, PasskeyLike, policy=Policy("aal2")), Complete)


def test_who_needs_a_second_factor_and_has_none_enrols_one() -> None:
    assert after(ADA_ALONE, PasswordLike, policy=Policy("aal2")) == Ask("enrol", ("enrol_passkey", "enrol_totp"))
    assert after(ADA_ALONE, PasswordLike, policy=only("password", "totp", minimum="aal2")) == Ask(
        "enrol", ("enrol_totp",)
    )
    assert isinstance(after(ADA_ALONE, PasswordLike, TotpLike, policy=Policy("aal2")), Complete)


def test_who_has_a_second_factor_never_enrols_another_by_the_password_alone() -> None:
    """N12: not even at the highest demand."""
    assert after(ADA_TOTP, PasswordLike, policy=Policy("aal3")) == Ask("second", ("totp", "recovery_code"))
    assert after(ADA_TOTP, PasswordLike, TotpLike, policy=Policy("aal3")) == Ask("enrol", ("enrol_passkey",))


def test_session_alone_enrols_nothing() -> None:
    """N12: whoever holds somebody's cookie doesn't give them a second factor of their own."""
    held = replace(ADA_ALONE, held="aal1")
    assert after(held, policy=Policy("aal2")) == FIRST
    assert after(held, PasswordLike, policy=Policy("aal2")) == Ask("enrol", ("enrol_passkey", "enrol_totp"))
    assert isinstance(after(held, PasswordLike, TotpLike, policy=Policy("aal2")), Complete)


@pytest.mark.parametrize("minimum", ["aal2", "aal3"])
def test_more_than_can_be_proven_is_refused_not_lowered(minimum: Assurance) -> None:
    """N12: a policy that can't be met is no."""
    policy = only("password", "email_code", minimum=minimum)
    assert after(ADA_BOTH, PasswordLike, policy=policy) == Refused("assurance_out_of_reach")


def test_highest_demand_takes_a_hardware_key_and_nothing_less() -> None:
    policy = Policy("aal3")
    assert after(ADA_BOTH, PasskeyLike, policy=policy) == Refused("assurance_out_of_reach")
    assert after(ADA_BOTH, PasswordLike, TotpLike, policy=policy) == Ask("second", ("passkey",))
    assert isinstance(after(ADA_BOTH, KeyLike, policy=policy), Complete)


def test_unusual_sign_in_by_password_alone_is_confirmed_by_mail() -> None:
    unusual = replace(ADA_ALONE, unusual=True)
    assert after(unusual, PasswordLike) == Ask("confirm", ("email_code",))
    assert isinstance(after(unusual, PasswordLike, MailLike), Complete)
    assert after(unusual, PasswordLike, policy=only("password")) == Refused("no_way_to_confirm")
    assert isinstance(after(replace(ADA_TOTP, unusual=True), PasswordLike, TotpLike), Complete)


def test_password_that_has_had_its_time_is_changed_last() -> None:
    due = replace(ADA_TOTP, password_due=True)
    assert after(due, PasswordLike) == Ask("second", ("totp", "recovery_code"))
    assert after(due, PasswordLike, TotpLike) == Ask("new_password", ("new_password",))
    assert isinstance(after(replace(ADA_BOTH, password_due=True), PasskeyLike), Complete)


def test_session_that_is_strengthened_counts_as_what_it_still_holds() -> None:
    held = replace(ADA_TOTP, held="aal1")
    assert after(held, policy=Policy("aal2")) == Ask("second", ("totp", "recovery_code"))
    assert isinstance(after(held, TotpLike, policy=Policy("aal2")), Complete)
    assert after(replace(held, held="aal0"), TotpLike, policy=Policy("aal2")) == FIRST


@pytest.mark.parametrize("shift", [LIFETIME + timedelta(microseconds=1), timedelta(microseconds=-1)])
def test_stale_proof_doesnt_count(shift: timedelta) -> None:
    """N12: stale assurance."""
    assert next_step([PasswordLike.given(ADA, NOW)], EVERY, NOW + shift, ADA_ALONE) == FIRST


def test_two_peoples_proofs_lead_nowhere() -> None:
    """N12"""
    proofs = [PasswordLike.given(ADA, NOW), TotpLike.given(BOB, NOW)]
    for person in (ADA_TOTP, Person(BOB), None):
        assert next_step(proofs, EVERY, NOW, person) == Refused("different_people")
    assert next_step([PasswordLike.given(BOB, NOW)], EVERY, NOW, ADA_TOTP) == Refused("different_people")


def test_of_one_kind_the_last_proof_counts() -> None:
    """A password that was changed on the way is proven anew."""
    old, new = PasswordLike.given(ADA, NOW - timedelta(minutes=1)), PasswordLike.given(ADA, NOW)
    assert next_step([old, new], EVERY, NOW, ADA_ALONE) == Complete((new,))


def test_nothing_ever_completes_below_what_is_demanded_and_had() -> None:
    """N12, exhaustively: every set of proofs, of factors taken and had, every demand and every held session."""
    checked = completed = 0
    sessions: tuple[Assurance, ...] = ("aal0", "aal1", "aal2", "aal3")
    minima: tuple[Assurance, ...] = ("aal1", "aal2", "aal3")
    takings: list[tuple[Factor, ...]] = _subsets(FACTORS)
    havings: list[tuple[Factor, ...]] = _subsets(SECOND)
    for given, taken, had in product(_subsets(LIKES), takings, havings):
        proofs: list[Proof] = [like.given(ADA, NOW) for like in given]
        for minimum, held, unusual in product(minima, sessions, (False, True)):
            policy = Policy(minimum, frozenset(taken))
            person = Person(ADA, frozenset(had), held, password_due=unusual, unusual=unusual)
            step = next_step(proofs, policy, NOW, person)
            checked += 1
            if isinstance(step, Complete):
                completed += 1
                _lawful(step, policy, person)
    assert checked > 300_000
    assert completed > 10_000


def _lawful(step: Complete, policy: Policy, person: Person) -> None:
    kinds = {proof.kind for proof in step.proofs}
    assert kinds <= policy.factors
    reached = assurance_of(step.proofs, person.held)
    assert not below(reached, policy.minimum)
    assert not below(reached, "aal1")
    if reached == "aal1":
        assert not person.second & policy.factors
        assert not person.unusual or "email_code" in kinds
    assert not (person.password_due and "password" in kinds)


def _subsets(things: tuple[Thing, ...]) -> list[tuple[Thing, ...]]:
    return list(chain.from_iterable(combinations(things, size) for size in range(len(things) + 1)))
