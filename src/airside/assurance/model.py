"""What the checklist is made of: checks as data, what they found, and what became of each."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar

from airside.assurance.posture import Posture
from airside.assurance.site import Site
from airside.core.errors import Refusal
from airside.core.redaction import mask_text

MAX_EVIDENCE: Final = 300  # characters of one observation
S = TypeVar("S")


class Severity(IntEnum):
    """How much a finding weighs."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The word for it, in lower case."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that isn't as it should be: `where` is a path or a part of the server, `evidence` what was seen there,
    with whatever looks like a secret masked."""

    where: str
    evidence: str

    def __post_init__(self) -> None:
        plain = " ".join(mask_text(self.evidence).split())
        short = plain if len(plain) <= MAX_EVIDENCE else f"{plain[:MAX_EVIDENCE]}…"
        object.__setattr__(self, "evidence", short)


class NotApplicable(Exception):
    """The target has nothing that the check could look at; the message says what is missing."""


class Untold(Refusal):
    """Whoever should have been let in was refused too, or nothing is there that refuses: it proves nothing."""

    code: ClassVar[str] = "check_untold"


@dataclass(frozen=True, slots=True)
class Ids:
    """Where others name it: OWASP API Security Top 10 2023 (`API8`), OWASP Top 10:2025 (`A02`), ASVS 5.0.0
    (`v5.0.0-3.4.1`). ASVS has no id for some; then it is empty."""

    api: tuple[str, ...]
    top10: tuple[str, ...]
    asvs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row(Generic[S]):
    """One check: what it is about, in words, and the function that looks at a subject `S`.

    `id` is stable. `title` says what holds when it passes, `why` what happens when it doesn't, `mend` what to do.
    """

    id: str
    area: str
    title: str
    why: str
    mend: str
    severity: Severity
    ids: Ids
    look: Callable[[S], Awaitable[Sequence[Observation]]]


Check = Row[Site]
SelfCheck = Row[Posture]
State = Literal["passed", "found", "accepted", "not applicable", "failed"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one check. `found` is open, `accepted` is in the baseline; `note` says why there is no answer."""

    check: Row[Any]
    state: State
    found: tuple[Observation, ...] = ()
    accepted: tuple[Observation, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it: of which target, when, with how many requests, in how many seconds."""

    target: str
    at: datetime
    results: tuple[Result, ...]
    requests: int
    seconds: float

    def exit_code(self, fail_on: Severity) -> int:
        """0 clean, 1 something open weighs `fail_on` or more, 2 something could not be checked, or nothing was."""
        if any(result.state == "found" and result.check.severity >= fail_on for result in self.results):
            return 1
        answered = any(result.state in ("passed", "found", "accepted") for result in self.results)
        return 2 if not answered or any(result.state == "failed" for result in self.results) else 0
