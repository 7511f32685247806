"""What notify speaks of: a letter, what it is made of, what became of it. Frozen, pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args
from uuid import UUID

from airside.core.errors import InvalidInput, Unavailable
from airside.core.secret import Secret
from airside.identity.email import read

Language = Literal["en", "de"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

MAX_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class Occasion:
    """When, where and with what something happened, in the words that are shown."""

    at: datetime
    browser: str
    place: str


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends when, in the words that are shown."""

    at: datetime
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What one letter is made of, read at the moment of sending.

    `target` is where its button leads: a path on this server, with the token of a link where there is one.
    """

    address: str = field(repr=False)
    tenant: str
    language: Language
    name: str = field(default="", repr=False)
    target: Secret[str] | None = None
    code: Secret[str] | None = None
    factor: str = ""
    occasion: Occasion | None = field(default=None, repr=False)
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one mailbox. Sent twice, it is the same message: its id is that of the outbox's item.

    Raises:
        InvalidInput: no single mailbox as identity spells it, or a subject with control characters (RFC 5322 §2.2) or
            over its cap.
    """

    id: UUID
    to: str = field(repr=False)
    subject: str
    text: Secret[str]
    html: Secret[str]
    language: Language
    at: datetime

    def __post_init__(self) -> None:
        if read(self.to).address != self.to:
            raise InvalidInput("no address for a letter")
        if not 0 < len(self.subject) <= MAX_SUBJECT or not self.subject.isprintable():
            raise InvalidInput("no subject for a letter")


Outcome = Literal["taken", "deferred", "refused"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a mail server said to a letter: `taken`; `deferred`, not now; `refused`, never. `reply` is its SMTP reply
    code (RFC 5321 §4.2), 0 where there was none."""

    outcome: Outcome
    reply: int = 0


class WayShut(Unavailable):
    """Nobody takes anything just now, whatever it is and whosever: a mail server that is away."""

    @property
    def cause(self) -> str:
        """For the log: the kind of error that it was; empty where none was met."""
        return type(self.__cause__).__name__ if self.__cause__ else ""
