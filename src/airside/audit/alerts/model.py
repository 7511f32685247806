"""Alerts' values: facts, the rules over them, what a rule finds, and the alert that people see. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

Severity = Literal["low", "medium", "high"]
State = Literal["open", "acknowledged", "closed"]
RuleName = Literal[
    "credential_stuffing",
    "password_spraying",
    "refresh_token_reuse",
    "impossible_travel",
    "new_administrator",
    "second_factor_disabled",
    "mass_export",
    "key_new_network",
    "refused_spike",
    "denied_spike",
    "audit_head_mismatch",
]
FactKind = Literal[
    "signin_failed",
    "signin_passed",
    "refresh_reused",
    "travelled",
    "administrator_made",
    "factors_gone",
    "exported",
    "key_used",
    "refused",
    "denied",
    "audit_contradicted",
]
Measure = Literal["count", "members", "news"]

TENANT: Final = "tenant"
"""The subject of what concerns a tenant as a whole."""
OTHERS: Final = "others"
"""The subject of facts about more subjects than are told apart: it counts for the tenant, and is nobody."""
MAX_EVIDENCE: Final = 20
"""Ids of audit records that one alert names; its count goes on."""
MEMBER_BYTES: Final = 8
"""Of a keyed hash: enough that the members of one fact differ, and nothing that leads back to whom it was made of."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, as far as a rule has to know it.

    Attributes:
        subject: whom or what it is about: a word such as `user:usr_…`, `key:key_…`, or a keyed hash of an origin.
        count: how often, within the minute that it tells of.
        asked: of how many, where a share of them matters; 0 otherwise.
        members: keyed hashes of what is counted once however often it comes: accounts, networks.
        record_id: the audit record that tells it; None where it was counted in memory.
        about: what an administrator needs to find it by (an address), and nobody else is to read.
    """

    fact_id: UUID
    kind: FactKind
    subject: str
    at: datetime
    count: int = 1
    asked: int = 0
    members: frozenset[bytes] = frozenset()
    record_id: UUID | None = None
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, whole: it finds a subject at whom its measure of `facts` within `window` reaches the threshold.

    Attributes:
        measure: `count` adds up how often, `members` counts what differs, `news` counts members that the subject wasn't
            known by before.
        threshold: from which on it finds; a tenant may choose another from `least` to `most`.
        quiet: for how long after it was last seen the same about the same subject belongs to the same alert.
        whole: the tenant is the subject, and all its facts count together.
        excused: facts of this kind take their members out of what counts, and outnumber it where they are as many.
        spread: over how many subjects at least, of a rule about the whole tenant.
        beside: subjects at whom this rule finds something by their members alone are its own, where it is in force.
        share: which part of what was asked at least.
        usual: it finds nothing below this many times what is usual for the subject.
        learns: how long a subject is watched before anything is new to it.
    """

    name: RuleName
    severity: Severity
    facts: FactKind
    measure: Measure
    window: timedelta
    threshold: int
    least: int
    most: int
    quiet: timedelta
    description: str
    whole: bool = False
    excused: FactKind | None = None
    spread: int = 1
    beside: RuleName | None = None
    share: float = 0.0
    usual: float = 0.0
    learns: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found about one subject.

    Attributes:
        began: when the first of it happened, also what was judged before and was too little then.
        first_seen, last_seen: when what is new of it happened.
        total, count: how often, all of it and what is new.
        measured: the rule's measure at the height.
        records: the audit records that tell it.
        about: what an administrator finds it by.
    """

    rule: Rule
    subject: str
    began: datetime
    first_seen: datetime
    last_seen: datetime
    total: int
    count: int
    measured: int
    threshold: int
    records: tuple[UUID, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an alert was raised. `about` (addresses) is stored only sealed."""

    measured: int
    threshold: int
    window_seconds: int
    records: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """A raised hand. `count` is how often what it tells of has happened since `first_seen`."""

    alert_id: UUID
    rule: RuleName
    subject: str
    severity: Severity
    state: State
    first_seen: datetime
    last_seen: datetime
    count: int
    evidence: Evidence
    changed_at: datetime
    changed_by: str = ""


Facts: TypeAlias = Sequence[Fact]
