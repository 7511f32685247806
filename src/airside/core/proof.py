"""Proof is a type: to hold the value is to have verified. Written once, used by every verifier.

The verifier's module keeps a private `Mint`; the proof type stands in the same module and demands it:

    _MINT: Final = Mint("PasswordProof")

    @final
    @dataclass(frozen=True, slots=True)
    class PasswordProof:
        user_id: UUID
        mint: InitVar[Mint]

        def __post_init__(self, mint: Mint) -> None:
            _MINT.demand(mint)

Nobody else can name `_MINT` without pyright's `reportPrivateUsage`, and a made-up value raises `TypeError`.
`dataclasses.replace` can't forge one either: an `InitVar` has to be given again.

A proof that is made for every request is a `msgspec.Struct`, made in a tenth of the time. A Struct has no `InitVar`,
so its last field holds the mint until it has been shown, and never after: a copy with changes has none to show.

    @final
    class VerifiedToken(Struct, frozen=True, gc=False):
        subject: str
        mint: Mint | None = None

        def __post_init__(self) -> None:
            _MINT.strike(self, self.mint)
"""

from typing import final

from msgspec import Struct
from msgspec.structs import force_setattr


@final
class Mint:
    """The right to make values of one proof type. There is one per type, and its identity is the right."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def demand(self, presented: object) -> None:
        """Let the one true mint pass.

        Raises:
            TypeError: anything else was presented: a proof was about to be made without a verification.
        """
        if presented is not self:
            raise TypeError(f"only its verifier makes a {self._name}")

    def strike(self, proof: Struct, presented: object) -> None:
        """As `demand`, and take the mint out of `proof`, a Struct that carries it in its field `mint`.

        Raises:
            TypeError: as `demand`.
        """
        self.demand(presented)
        force_setattr(proof, "mint", None)
