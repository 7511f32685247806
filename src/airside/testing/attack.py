"""Somebody of one tenant tries what belongs to another, at every operation that an application describes.

Each operation that takes an id is asked three times: by the owner, who has to get an answer, for else nothing is
proven; by the stranger with the owner's ids; and by the stranger with ids that nobody has. A stranger who gets anything
(N20), changes anything, or hears from the difference what exists (N40), is a finding.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import Json, dumps, loads
from airside.testing.operations import Operation, filled, ids_in, operations

MAX_COMBINATIONS: Final = 20
"""Ways of filling one operation's places that are tried."""
MAX_ANSWER: Final = 16 * 1024 * 1024
_PASSING: Final = ("request_id", "date")
"""Members of an answer that differ each time."""
_LETTERS: Final = ("abcdef", "ghjkmnpqrstvwxyz", "ilou")
_KINDS: Final = ("0123456789", *_LETTERS, *(letters.upper() for letters in _LETTERS))
_TURNS: Final = 240
"""After so many turns each kind is where it began."""
_FAR: Final = (1_900_000_000, 8_900_000_000_000_000_000)
"""Numbers that databases take (of 31 and of 63 bits) and that few counters reach."""
_SPAN: Final = 100_000_000
Kind = Literal["leak", "write", "oracle", "fault"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody, by the headers of their requests."""

    name: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def json(self) -> Json:
        """The body, or None where it is no JSON."""
        try:
            return loads(self.body, max_bytes=MAX_ANSWER)
        except (InvalidInput, TooLarge):
            return None


Send = Callable[[str, str, Mapping[str, str], bytes], Awaitable[Answer]]
"""Method, path with query, headers, body."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`leak`: the stranger got an answer. `write`: what the owner sees has changed. `oracle`: what is there is told
    apart from what isn't. `fault`: the application broke down."""

    kind: Kind
    operation: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.operation}: {self.detail}"


@dataclass(slots=True)
class Report:
    """What was found. `unproven` are operations that the owner got no answer from either, such as those that need a
    body which can't be guessed: give it in `bodies`."""

    probes: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])
    unproven: list[str] = field(default_factory=list[str])


async def attack(
    description: Mapping[str, Any],
    send: Send,
    *,
    owner: Caller,
    stranger: Caller,
    ids: Mapping[str, Sequence[str]],
    bodies: Mapping[str, Any] | None = None,
    skip: frozenset[str] = frozenset(),
) -> Report:
    """Try everything. `ids` are the owner's, by the name of the place (`note_id`); what the owner's own lists tell is
    added. `bodies` by operation (`PUT /notes/{note_id}`). `skip` names operations that are meant to be open to all."""
    known = {name: list(values) for name, values in ids.items()}
    all_of_them = [each for each in operations(description) if each.name not in skip]
    attacker = _Attack(send, owner, stranger, known, bodies or {})
    for operation in all_of_them:
        if operation.reads and not operation.places and not operation.query:
            await attacker.harvest(operation)
    # What deletes comes last: nothing is there to be tried afterwards.
    for operation in sorted(all_of_them, key=lambda each: each.method == "DELETE"):
        if operation.places or operation.query:
            await attacker.try_operation(operation)
    await attacker.compare_views()
    return attacker.report


class _Attack:
    """One run."""

    def __init__(
        self,
        send: Send,
        owner: Caller,
        stranger: Caller,
        ids: dict[str, list[str]],
        bodies: Mapping[str, Any],
    ) -> None:
        self._send = send
        self._owner = owner
        self._stranger = stranger
        self._ids = ids
        self._known = {value for values in ids.values() for value in values}
        self._bodies = bodies
        self._views: dict[tuple[str, str], Json] = {}
        self.report = Report()

    async def harvest(self, operation: Operation) -> None:
        """Ids that the owner's own lists tell."""
        answer = await self._ask(operation, {}, self._owner)
        for name, value in ids_in(answer.json):
            self._known.add(value)
            known = self._ids.setdefault(name, [])
            if value not in known and len(known) < MAX_COMBINATIONS:
                known.append(value)

    async def try_operation(self, operation: Operation) -> None:
        """With the owner's ids, in each of the three ways. Only what changes nothing is asked by the owner."""
        names = (*operation.places, *operation.query)
        choices = [self._ids.get(name, []) for name in names]
        if not all(choices):
            self.report.unproven.append(f"{operation.name}: no id for {names[choices.index([])]}")
            return
        for values in list(product(*choices))[:MAX_COMBINATIONS]:
            given = dict(zip(names, values, strict=True))
            if operation.reads and not await self._owner_sees(operation, given):
                continue
            foreign = await self._ask(operation, given, self._stranger)
            if not self._is_refused(operation, foreign):
                continue
            free = {name: unknown(value, self._known) for name, value in given.items()}
            nobodys = {name: value for name, value in free.items() if value is not None}
            if len(nobodys) < len(given):
                taken = min(given.keys() - nobodys.keys())
                self.report.unproven.append(f"{operation.name}: no {taken} like {given[taken]} that nobody has")
                continue
            nowhere = await self._ask(operation, nobodys, self._stranger)
            self._compare(operation, foreign, nowhere, [*given.values(), *nobodys.values()])

    async def compare_views(self) -> None:
        """Whether the owner still sees what they saw."""
        for (name, target), before in self._views.items():
            answer = await self._send(name.partition(" ")[0], target, self._owner.headers, b"")
            if answer.json != before:
                self.report.findings.append(Finding("write", name, "the owner's own answer has changed"))

    async def _owner_sees(self, operation: Operation, given: Mapping[str, str]) -> bool:
        answer = await self._ask(operation, given, self._owner)
        if not 200 <= answer.status < 300:
            self.report.unproven.append(f"{operation.name}: the owner gets {answer.status}")
            return False
        self._views[operation.name, _target(operation, given)] = answer.json
        return True

    def _is_refused(self, operation: Operation, foreign: Answer) -> bool:
        """Whether the stranger was, as somebody who may not; anything else is told of."""
        tell = self.report.findings.append
        if foreign.status >= 500:
            tell(Finding("fault", operation.name, f"answers {foreign.status}"))
        elif 200 <= foreign.status < 300:
            tell(Finding("leak", operation.name, f"{self._stranger.name} gets {foreign.status}"))
        elif foreign.status in (400, 415, 422) or foreign.status < 400:
            self.report.unproven.append(f"{operation.name}: the request itself is refused ({foreign.status})")
        else:
            return True
        return False

    def _compare(self, operation: Operation, foreign: Answer, nowhere: Answer, asked: Sequence[str]) -> None:
        if (foreign.status, _seen(foreign, asked)) != (nowhere.status, _seen(nowhere, asked)):
            told = f"{foreign.status} for what is there, {nowhere.status} for what isn't, or other words"
            self.report.findings.append(Finding("oracle", operation.name, told))

    async def _ask(self, operation: Operation, given: Mapping[str, str], caller: Caller) -> Answer:
        self.report.probes += 1
        body = self._bodies.get(operation.name, operation.body)
        headers = dict(caller.headers) | ({} if body is None else {"content-type": "application/json"})
        content = b"" if body is None else dumps(body)
        return await self._send(operation.method, _target(operation, given), headers, content)


def unknown(value: str, known: Collection[str] = ()) -> str | None:
    """An id of the same shape that nobody has, and none of `known`; None if there is none.

    A number becomes a far larger one. Of anything else each letter and digit becomes another one of its kind: digits,
    those of hexadecimals, the rest of Crockford's base 32, the rest; separators and a prefix are kept.
    """
    if value.isascii() and value.isdigit():
        number = int(value)
        base = next((base for base in _FAR if number < base), number * 10)
        others = (str(base + (number + step) % _SPAN).zfill(len(value)) for step in range(len(known) + 1))
    else:
        head, underscore, tail = value.rpartition("_")
        turned = ("".join(_turned(letter, step) for letter in tail) for step in range(_TURNS))
        others = (head + underscore + other for other in turned)
    return next((other for other in others if other != value and other not in known), None)


def _turned(letter: str, step: int) -> str:
    kind = next((kind for kind in _KINDS if letter in kind), letter)
    return kind[(kind.index(letter) + len(kind) // 2 + step) % len(kind)]


def _target(operation: Operation, given: Mapping[str, str]) -> str:
    path = filled(operation.path, {name: quote(value, safe="") for name, value in given.items()})
    query = urlencode({name: given[name] for name in operation.query if name in given})
    return f"{path}?{query}" if query else path


def _seen(answer: Answer, asked: Sequence[str]) -> str:
    """The answer without what differs each time: its moment, and the ids that were asked for."""
    said = answer.json
    if isinstance(said, dict):
        said = {name: value for name, value in said.items() if name not in _PASSING}
    text = repr(said if said is not None else answer.body)
    for value in sorted(asked, key=len, reverse=True):  # one may be a part of another
        text = text.replace(value, "…")
    return text
