"""What comes next in a login. Pure: the whole order of steps is this function."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, TypeAlias

from airside.core.principal import Assurance
from airside.identity import Proof, StartedSession, assurance_of
from airside.signin.model import LIFETIME

_ORDER: tuple[Assurance, ...] = ("aal0", "aal1", "aal2", "aal3")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tenant demands of a login: at least this assurance."""

    minimum: Assurance = "aal1"


@dataclass(frozen=True, slots=True)
class AskPassword:
    """Ask for address and password. `failed`: the last answer proved nothing."""

    kind: ClassVar[str] = "password"

    failed: bool = False


@dataclass(frozen=True, slots=True)
class Limited:
    """Too often; nothing was looked at. `retry_after` in seconds. The flow stays open."""

    retry_after: float


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
    """The login is over and its flow spent: the session it started, and the path on this origin to go on to."""

    session: StartedSession
    continue_to: str


Next: TypeAlias = AskPassword | Refused | Complete
Step: TypeAlias = AskPassword | Limited | Refused | Done


def next_step(proofs: Sequence[Proof], policy: Policy, now: datetime) -> Next:
    """The step that follows from what is proven, what is demanded, and the time. Proofs older than a flow may be
    don't count."""
    fresh = tuple(proof for proof in proofs if timedelta(0) <= now - proof.at <= LIFETIME)
    if len({proof.user_id for proof in fresh}) > 1:
        return Refused("different_people")
    if not any(proof.kind == AskPassword.kind for proof in fresh):
        return AskPassword()
    if _ORDER.index(assurance_of(fresh)) < _ORDER.index(policy.minimum):
        return Refused("assurance_out_of_reach")
    return Complete(fresh)
