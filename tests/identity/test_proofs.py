"""What proofs are worth together. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations, product
from typing import ClassVar
from uuid import UUID

import pytest

from airside.core.errors import Inconsistent
from airside.core.proof import Mint
from airside.identity import Proof, assurance_of
from airside.identity.proofs import Contribution, below, methods_of, remembered

_MINT = Mint("test proofs")
ADA, BOB = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Test(Proof):
    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@dataclass(frozen=True, slots=True)
class First(_Test):
    kind: ClassVar[str] = "first"
    amr: ClassVar[tuple[str, ...]] = ("pwd",)
    contribution: ClassVar[Contribution] = "first"


@dataclass(frozen=True, slots=True)
class Second(_Test):
    kind: ClassVar[str] = "second"
    amr: ClassVar[tuple[str, ...]] = ("otp",)
    contribution: ClassVar[Contribution] = "second"


@dataclass(frozen=True, slots=True)
class Multi(_Test):
    kind: ClassVar[str] = "multi"
    amr: ClassVar[tuple[str, ...]] = ("hwk", "user")
    contribution: ClassVar[Contribution] = "multi"


@dataclass(frozen=True, slots=True)
class Hardware(_Test):
    kind: ClassVar[str] = "hardware"
    amr: ClassVar[tuple[str, ...]] = ("hwk", "user")
    contribution: ClassVar[Contribution] = "hardware"


def some(*kinds: type[_Test], user: UUID = ADA) -> list[Proof]:
    return [kind(user, NOW, _MINT) for kind in kinds]


def given(kind: type[_Test], user: UUID, at: datetime) -> Proof:
    """A proof given at a moment."""
    return kind(user, at, _MINT)


@pytest.mark.parametrize(
    ("kinds", "assurance"),
    [
        ((), "aal0"),
        ((First,), "aal1"),
        ((First, First), "aal1"),
        ((Second,), "aal0"),
        ((Second, Second), "aal0"),
        ((First, Second), "aal2"),
        ((Multi,), "aal2"),
        ((Multi, First, Second), "aal2"),
        ((Hardware,), "aal3"),
        ((Second, Hardware), "aal3"),
    ],
)
def test_assurance_is_what_the_contract_says(kinds: tuple[type[_Test], ...], assurance: str) -> None:
    assert assurance_of(some(*kinds)) == assurance


def test_more_proofs_never_prove_less_and_order_means_nothing() -> None:
    kinds = (First, Second, Multi, Hardware)
    for size in range(4):
        for chosen, extra in product(combinations(kinds, size), kinds):
            before, after = some(*chosen), some(*chosen, extra)
            assert not below(assurance_of(after), assurance_of(before))
            assert assurance_of(after[::-1]) == assurance_of(after)


@pytest.mark.parametrize(
    ("held", "kind", "assurance"),
    [("aal1", Second, "aal2"), ("aal1", First, "aal1"), ("aal2", First, "aal2"), ("aal2", Hardware, "aal3")],
)
def test_a_proof_adds_to_what_a_session_held(held: str, kind: type[_Test], assurance: str) -> None:
    assert assurance_of(some(kind), held) == assurance  # pyright: ignore[reportArgumentType] - a table of words


def test_proofs_of_two_people_prove_nobody() -> None:
    """N12: one's password and another's second factor."""
    with pytest.raises(Inconsistent):
        assurance_of([*some(First), *some(Second, user=BOB)])


def test_methods_are_named_once_and_several_factors_as_such() -> None:
    assert methods_of(some(First), "aal1") == ("pwd",)
    assert methods_of(some(First, Second, Second), "aal2") == ("pwd", "otp", "mfa")
    assert methods_of(some(Second), "aal2", ("pwd",)) == ("pwd", "otp", "mfa")


@pytest.mark.parametrize("kind", [Proof, First])
def test_only_its_verifier_makes_a_proof(kind: type[Proof]) -> None:
    with pytest.raises(TypeError):
        kind(ADA, NOW, Mint("another"))


def test_what_is_remembered_of_a_proof_holds_no_secret() -> None:
    (proof,) = some(First)
    at = NOW.isoformat()
    assert remembered(proof) == {"kind": "first", "user_id": str(ADA), "at": at, "contribution": "first"}
