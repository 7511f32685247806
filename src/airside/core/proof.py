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
"""

from typing import final


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
