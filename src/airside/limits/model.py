"""What a limit is, and what a verb asks of it."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from airside.core.gcra import Rate

MAX_DEMANDS: Final = 8
"""Most limits that one verb may ask for at once."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, whole.

    `name` is stable: it stands in stored state and in answers. `keyed_by` says in words what one counter stands for.
    `failures_only` says that a success gives its unit back (the verb calls `refund`).
    """

    name: str
    rate: Rate
    keyed_by: str
    description: str
    failures_only: bool = False


Demand: TypeAlias = tuple[Limit, str]
"""A limit, and which of its counters."""
