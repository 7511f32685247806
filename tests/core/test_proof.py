"""Only the holder of the mint makes a proof."""

import dataclasses
from dataclasses import InitVar, dataclass

import pytest

from airside.core.proof import Mint

MINT = Mint("Proof")


@dataclass(frozen=True, slots=True)
class Proof:
    value: int
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        MINT.demand(mint)


def test_the_holder_of_the_mint_makes_a_proof():
    assert Proof(1, MINT).value == 1


@pytest.mark.parametrize("forged", [None, object(), "Proof", Mint("Proof")])
def test_anything_else_makes_none(forged: object):
    with pytest.raises(TypeError, match="only its verifier makes a Proof"):
        Proof(1, forged)  # type: ignore[arg-type]  # that is the attack


def test_a_proof_cannot_be_changed_into_another():
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(Proof(1, MINT), value=2)
