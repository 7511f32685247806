"""What comes next in a login. Pure: the whole order of steps is this function."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

from airside.core.principal import Assurance
from airside.identity import Factor, IdentityPolicy, Proof, StartedSession, assurance_of
from airside.identity.proofs import below
from airside.signin.model import LIFETIME

Stage = Literal["first", "second", "confirm", "enrol", "new_password"]
"""`first`: who is it. `second`: another factor of theirs. `confirm`: something unusual, confirmed by a mailed code.
`enrol`: the first second factor of somebody who needs one. `new_password`: the old one has had its time."""

FIRST: Final[tuple[Factor, ...]] = ("password", "passkey")
SECOND: Final[tuple[Factor, ...]] = ("passkey", "totp", "recovery_code")
CONFIRM: Final[Factor] = "email_code"
ENROL: Final[dict[Factor, str]] = {"passkey": "enrol_passkey", "totp": "enrol_totp"}
"""What somebody may enrol on the way in, and the kind of answer that does it."""
NEW_PASSWORD: Final = "new_password"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tenant demands of a login: at least this assurance, by these factors only, or through connections of these
    kinds."""

    minimum: Assurance = "aal1"
    factors: frozenset[Factor] = IdentityPolicy().factors
    federated: frozenset[str] = frozenset()

    def takes(self, kind: str) -> bool:
        """Whether proofs of that kind count."""
        return kind in self.factors or kind in self.federated

    @property
    def first(self) -> tuple[str, ...]:
        """By what a login begins."""
        return (*_allowed(FIRST, self), *sorted(self.federated))


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of whom the login is of, once that is known.

    Attributes:
        user_id: who.
        second: the second factors that they have.
        held: what the session that is being strengthened still counts for; `aal0` where there is none.
        password_due: their password has to be changed.
        unusual: something about this sign-in is to be confirmed.
    """

    user_id: UUID
    second: frozenset[Factor] = frozenset()
    held: Assurance = "aal0"
    password_due: bool = False
    unusual: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for one of `kinds` of answers. `failed`: the last answer proved nothing."""

    stage: Stage
    kinds: tuple[str, ...]
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Limited:
    """Too often; nothing was looked at. `retry_after` in seconds. The flow stays open."""

    retry_after: float
    ask: Ask


@dataclass(frozen=True, slots=True)
class Refused:
    """This login leads nowhere, for an inner `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Complete:
    """Enough is proven."""

    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The login is over and its flow spent: the session it started or strengthened, and the path on this origin to go
    on to."""

    session: StartedSession
    continue_to: str


Next: TypeAlias = Ask | Refused | Complete
Step: TypeAlias = Ask | Limited | Refused | Done


def next_step(proofs: Sequence[Proof], policy: Policy, now: datetime, person: Person | None = None) -> Next:
    """The step that follows from what is proven, what is demanded, what is known of the `person`, and the time.

    A second factor that somebody has is always asked for: a tenant that demands none doesn't make it useless.
    """
    fresh = _current(proofs, policy, now)
    people = {proof.user_id for proof in fresh}
    if person is not None:
        people.add(person.user_id)
    if len(people) > 1:
        return Refused("different_people")
    held = person.held if person is not None else "aal0"
    reached = assurance_of(fresh, held)
    if person is None or reached == "aal0":
        return Ask("first", policy.first) if policy.first else Refused("no_way_to_begin")
    return _beyond_first(fresh, policy, person, reached) or Complete(fresh)


def _current(proofs: Sequence[Proof], policy: Policy, now: datetime) -> tuple[Proof, ...]:
    """Those that count: of a kind that the tenant takes, not older than a flow may be, and of each kind the last."""
    fresh = (proof for proof in proofs if timedelta(0) <= now - proof.at <= LIFETIME and policy.takes(proof.kind))
    return tuple({(proof.kind, proof.user_id): proof for proof in fresh}.values())


def _beyond_first(fresh: tuple[Proof, ...], policy: Policy, person: Person, reached: Assurance) -> Next | None:
    given = {proof.kind for proof in fresh}
    if reached == "aal1" or below(reached, policy.minimum):
        stronger = _stronger(fresh, policy, person, reached)
        if stronger is not None:
            return stronger
    if person.unusual and reached == "aal1" and CONFIRM not in given:
        return Ask("confirm", (CONFIRM,)) if CONFIRM in policy.factors else Refused("no_way_to_confirm")
    if person.password_due and "password" in given:
        return Ask("new_password", (NEW_PASSWORD,))
    return None


def _stronger(fresh: tuple[Proof, ...], policy: Policy, person: Person, reached: Assurance) -> Next | None:
    """How to get beyond `reached`; None where nothing more is needed."""
    given = {proof.kind for proof in fresh}
    needed = below(reached, policy.minimum)
    usable: tuple[Factor, ...] = SECOND if policy.minimum != "aal3" or reached == "aal1" else ("passkey",)
    has = tuple(kind for kind in _allowed(usable, policy) if kind in person.second and kind not in given)
    if has and (needed or reached == "aal1"):
        return Ask("second", has)
    if not needed:
        return None
    # Nobody who has a second factor gets another by knowing the password alone (N12).
    if person.second & policy.factors and reached == "aal1":
        return Refused("assurance_out_of_reach")
    # Nor does whoever only holds a session, which may be an old or a stolen one: the first factor is proven anew.
    if assurance_of(fresh) == "aal0":
        return Ask("first", policy.first) if policy.first else Refused("no_way_to_begin")
    wanted: Iterable[Factor] = ENROL if policy.minimum != "aal3" else ("passkey",)
    kinds = tuple(ENROL[kind] for kind in _allowed(wanted, policy) if ENROL[kind] not in given)
    if not kinds or (policy.minimum == "aal3" and "passkey" in given):
        return Refused("assurance_out_of_reach")
    return Ask("enrol", kinds)


def _allowed(kinds: Iterable[Factor], policy: Policy) -> tuple[Factor, ...]:
    return tuple(kind for kind in kinds if kind in policy.factors)
