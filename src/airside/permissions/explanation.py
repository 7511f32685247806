"""What an explanation is made of, and how it reads as a tree. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from airside.permissions.model import TupleKey
from airside.permissions.words import spell

Holds = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at.

    Attributes:
        what: a userset (`doc:1#viewer`) and its rule, an operator (`or`, `and`, `but not`), a tuple, a condition.
        holds: what it said; `unknown` where a condition had no answer or a bound was met.
        why: the rule of a userset, the terms of a tuple; empty if `what` says it all.
        steps: what it rests on.
    """

    what: str
    holds: Holds
    why: str = ""
    steps: "tuple[Step, ...]" = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, what it rests on, and the tuples that would make a no a yes, where there are such; `revision` was
    seen."""

    allowed: bool
    step: Step
    missing: tuple[TupleKey, ...]
    revision: int

    def __str__(self) -> str:
        lines = list(_lines(self.step))
        lines += [f"would be yes with: {spell(key)}" for key in self.missing]
        return "\n".join(lines)


def all_of(steps: Sequence[Step]) -> Holds:
    """What holds if all of them have to."""
    found = {step.holds for step in steps}
    return "no" if "no" in found else "unknown" if "unknown" in found else "yes"


def any_of(steps: Sequence[Step]) -> Holds:
    """What holds if one of them has to."""
    found = {step.holds for step in steps}
    return "yes" if "yes" in found else "unknown" if "unknown" in found else "no"


def none_of(step: Step) -> Holds:
    """What holds if it must not."""
    return {"yes": "no", "no": "yes", "unknown": "unknown"}[step.holds]  # type: ignore[return-value]  # one of three


def that_decide(steps: Sequence[Step], holds: Holds) -> tuple[Step, ...]:
    """Of the ways to a yes the first that leads there; of a no, all that were tried."""
    return tuple([step for step in steps if step.holds == "yes"][:1] if holds == "yes" else steps)


_MARKS = {"yes": "✓", "no": "✗", "unknown": "?"}


def _lines(step: Step, first: str = "", others: str = "") -> Iterator[str]:
    yield f"{first}{_MARKS[step.holds]} {step.what}" + (f"   {step.why}" if step.why else "")
    for place, inner in enumerate(step.steps):
        last = place == len(step.steps) - 1
        yield from _lines(inner, others + ("└ " if last else "├ "), others + ("  " if last else "│ "))
