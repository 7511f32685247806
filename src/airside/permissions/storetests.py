"""What a store file's tests assert, and whether a model and its tuples in memory say the same.

An assertion's `at` leads to it in the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from airside.core.errors import Refusal
from airside.core.strict_json import Json
from airside.permissions.offline import Offline

Answer: TypeAlias = bool | list[str]


@dataclass(frozen=True, slots=True)
class CheckAssertion:
    """Whether `user` has `relation` on `object`."""

    user: str
    relation: str
    object: str
    context: Mapping[str, Json]
    expected: bool
    at: tuple[str | int, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"check {self.user} {self.relation} {self.object}"

    def ask(self, offline: Offline) -> bool:
        """The answer. Raises: as `Offline.check`."""
        return offline.check(self.user, self.relation, self.object, self.context)


@dataclass(frozen=True, slots=True)
class ObjectsAssertion:
    """On which objects of `type` the `user` has `relation`; `expected` is sorted."""

    user: str
    relation: str
    type: str
    context: Mapping[str, Json]
    expected: list[str]
    at: tuple[str | int, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"list_objects {self.user} {self.relation} {self.type}"

    def ask(self, offline: Offline) -> list[str]:
        """The answer, sorted. Raises: as `Offline.check`."""
        return offline.objects(self.user, self.relation, self.type, self.context)


@dataclass(frozen=True, slots=True)
class UsersAssertion:
    """Which subjects of `kind` have `relation` on `object`; `expected` is sorted."""

    object: str
    relation: str
    kind: str
    context: Mapping[str, Json]
    expected: list[str]
    at: tuple[str | int, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"list_users {self.object} {self.relation} {self.kind}"

    def ask(self, offline: Offline) -> list[str]:
        """The answer, sorted. Raises: as `Offline.check`."""
        return offline.users(self.object, self.relation, self.kind, self.context)


Assertion: TypeAlias = CheckAssertion | ObjectsAssertion | UsersAssertion


@dataclass(frozen=True, slots=True)
class Outcome:
    """An assertion and what was got; `refused` says why where there is no answer."""

    assertion: Assertion
    got: Answer | None
    refused: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is the one expected."""
        return self.got == self.assertion.expected


def outcome(assertion: Assertion, offline: Offline) -> Outcome:
    """Ask, and take a refusal for an answer that nothing expects."""
    try:
        return Outcome(assertion, assertion.ask(offline))
    except Refusal as refusal:
        return Outcome(assertion, None, refusal.reason)
