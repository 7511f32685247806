"""What a plan is. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from airside.core.errors import InvalidInput
from airside.core.gcra import Rate
from airside.limits.allowances import ALLOWANCES, BURST, MAX_AMOUNT, RATE, Allowance

_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,48}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the operator gives to every tenant that is on it; an allowance that isn't named has no bound.

    Raises:
        InvalidInput: a name that isn't 1 to 50 of `a-z 0-9 -` (a letter first, no `-` at the end), an allowance that
            isn't there, an amount out of range, or a burst without a rate.

    Attributes:
        pace: how often each server process answers a tenant that is on it; None for no bound.
    """

    name: str
    amounts: Mapping[str, int] = field(default_factory=dict[str, int])
    pace: Rate | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidInput("a plan's name is 1 to 50 of a-z, 0-9 and '-', a letter first", pointer="name")
        for name, amount in self.amounts.items():
            if name not in ALLOWANCES:
                raise InvalidInput(f"{name[:50]!r} is none of {', '.join(ALLOWANCES)}", pointer="allowances")
            least = ALLOWANCES[name].least
            if not least <= amount <= MAX_AMOUNT:
                raise InvalidInput(f"{name}: {least} to {MAX_AMOUNT} are expected", pointer="allowances")
        rate, burst = self.most(RATE), self.most(BURST)
        if rate is None and burst is not None:
            raise InvalidInput("a burst needs a rate", pointer="allowances")
        object.__setattr__(self, "pace", None if rate is None else paced(rate, burst))

    def most(self, allowance: Allowance) -> int | None:
        """How much of it; None for no bound."""
        return self.amounts.get(allowance.name)


def paced(rate: int, burst: int | None = None) -> Rate:
    """`burst` at once, or a second's worth, and then `rate` a second."""
    count = rate if burst is None else burst
    return Rate(count, count / rate)
