"""What has been proven of somebody, what it is worth, and who may be asked to prove it."""

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import ClassVar, Final, Literal, Protocol, runtime_checkable
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.core.principal import Assurance
from airside.core.proof import Mint
from airside.core.strict_json import Json
from airside.store.context import RequestContext

Contribution = Literal["first", "second", "multi", "hardware", "confirmation"]
"""`first`: alone `aal1` (a password). `second`: nothing alone, `aal2` beside a first one (TOTP). `multi`: `aal2` alone
(a passkey with user verification). `hardware`: `aal3` alone (an attested passkey that can't be backed up).
`confirmation`: no assurance, alone or beside others (a mailed code: who reads the mail resets the password)."""

_ORDER: Final[tuple[Assurance, ...]] = ("aal0", "aal1", "aal2", "aal3")


@dataclass(frozen=True, slots=True)
class Proof:
    """That `user_id` was proven at `at`. Each kind is a subclass which only the module of its verifier can make:
    it demands that module's own `Mint` in `__post_init__`.

    `amr` are the authentication methods as RFC 8176 names them.
    """

    kind: ClassVar[str] = ""
    amr: ClassVar[tuple[str, ...]] = ()
    contribution: ClassVar[Contribution] = "second"

    user_id: UUID
    at: datetime
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        raise TypeError("a Proof has a kind, and only its verifier makes one")

    @property
    def weight(self) -> Contribution:
        """What it contributes: what its kind does, where no kind of proof says otherwise of itself."""
        return self.contribution

    @property
    def methods(self) -> tuple[str, ...]:
        """As RFC 8176 names them: those of its kind, where no kind of proof says otherwise of itself."""
        return self.amr

    def memory(self) -> dict[str, Json]:
        """What its authenticator needs, beside what is kept of every proof, to make it again."""
        return {}


class Answer(Protocol):
    """What a browser brought to a step; `kind` says to which kind of step."""

    kind: ClassVar[str]


class Attempt(Protocol):
    """What an authenticator may know of the login it stands in."""

    @property
    def flow_id(self) -> UUID: ...

    @property
    def user_id(self) -> UUID | None:
        """Who has been proven so far; None at the first step."""
        ...

    @property
    def device_id(self) -> UUID | None:
        """The browser's device, as its signed cookie names it; None where there is none."""
        ...

    @property
    def renew_since(self) -> datetime | None:
        """For a login that renews a session: what was proven elsewhere before then counts for nothing. None where a
        provider's own session will do."""
        ...


class Authenticator(Protocol):
    """One way to prove who somebody is: a door of the login flow, never a corridor."""

    kind: ClassVar[str]
    """The kind of proof it gives and of answer it takes."""

    async def challenge(self, ctx: RequestContext, attempt: Attempt) -> Mapping[str, str]:
        """What a page has to show or send along for this step; empty where a plain form is enough."""
        ...

    async def prove(self, ctx: RequestContext, attempt: Attempt, answer: Answer) -> Proof:
        """The proof that `answer` gives.

        Raises:
            Unauthenticated: it proves nothing. What was spent on finding that out is committed.
            LimitExceeded: too often; nothing was looked at.
        """
        ...

    def recall(self, user_id: UUID, at: datetime, contribution: Contribution) -> Proof:
        """A proof of this kind that the login flow stored in an earlier step, made again from its row.

        Raises:
            Inconsistent: this kind of proof contributes no such thing.
        """
        ...


@runtime_checkable
class Recollecting(Protocol):
    """An authenticator whose proofs have a `memory`."""

    def recollect(self, user_id: UUID, at: datetime, contribution: Contribution, memory: Mapping[str, Json]) -> Proof:
        """As `Authenticator.recall`, with the proof's `memory`.

        Raises:
            Inconsistent: as `Authenticator.recall`, or no such memory.
        """
        ...


def below(one: Assurance, other: Assurance) -> bool:
    """Whether `one` says less strongly than `other` who somebody is."""
    return _ORDER.index(one) < _ORDER.index(other)


def assurance_of(proofs: Sequence[Proof], held: Assurance = "aal0") -> Assurance:
    """How strongly `proofs` together say who it is, on top of what a session already `held`; never less than that.
    The same kind twice counts once.

    Raises:
        Inconsistent: they speak of different people.
    """
    if len({proof.user_id for proof in proofs}) > 1:
        raise Inconsistent("proofs of different people")
    kinds: set[str] = {proof.weight for proof in proofs}
    if held != "aal0":
        kinds.add("first")
    alone: Assurance = "aal1" if "first" in kinds else "aal0"
    if "hardware" in kinds:
        alone = "aal3"
    elif "multi" in kinds or {"first", "second"} <= kinds:
        alone = "aal2"
    return alone if below(held, alone) else held


def methods_of(proofs: Sequence[Proof], assurance: Assurance, held: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The `amr` of a session: what it `held`, then those of `proofs`, each once; `mfa` where they are of several
    factors (RFC 8176 §2)."""
    methods = [*held, *(method for proof in proofs for method in proof.methods)]
    if assurance in ("aal2", "aal3"):
        methods.append("mfa")
    return tuple(dict.fromkeys(methods))


def demand_contribution(kind: type[Proof], contribution: Contribution) -> None:
    """For an authenticator that recalls a proof of `kind`.

    Raises:
        Inconsistent: such a proof contributes something else.
    """
    if contribution != kind.contribution:
        raise Inconsistent("stored proof of another weight", kind=kind.kind)


def remembered(proof: Proof) -> dict[str, Json]:
    """The row that the login flow keeps of a proof; its authenticator's `recall` reads it."""
    memory = proof.memory()
    return {
        "kind": proof.kind,
        "user_id": str(proof.user_id),
        "at": proof.at.isoformat(),
        "contribution": proof.weight,
        **({"memory": memory} if memory else {}),
    }
