"""What evaluating a condition can cost at most: known from the shape of its expression and the size of its values.

CEL has no loops but its comprehensions (`all`, `exists`, `map`, `filter`), and its runtime stops an evaluation after
`MAX_ITERATIONS` of their steps. What it doesn't bound is the work of one step: a search in a long string, the copy of
a list that grows, a string that doubles, a regular expression that is compiled anew. Those are bounded here, before
anything runs.

The shape is read from the compiled expression in protobuf's wire format (cel/expr/checked.proto, syntax.proto).
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from airside.permissions.condition_values import Value

MAX_ITERATIONS: Final = 10_000
"""Steps of comprehensions in one evaluation, as the runtime bounds them."""
MAX_NESTING: Final = 2
"""Comprehensions, one within the other."""
MAX_COST: Final = 4_000_000
"""Characters looked at in one evaluation, at worst: about 30 ms."""
CALLBACK: Final = 1_000
"""What a call of one of our own functions costs, in characters."""
INSTRUCTION: Final = 100
"""What an instruction of a compiled regular expression costs, in characters."""
_SHORT: Final = 16
_REPEATED: Final = re.compile(r"(\))?\{(\d{1,4})(?:,(\d{0,4}))?\}")
_WIDE: Final = 50
_GROWING: Final = frozenset(("add_string", "add_bytes", "add_list"))
_OWN: Final = frozenset(("ipaddress", "in_cidr"))

# Fields of cel.expr.CheckedExpr and cel.expr.Expr.
_ANY_VALUE, _REFERENCES, _ROOT = 2, 2, 4
_ID, _CONSTANT, _IDENT, _CALL, _LIST, _COMPREHENSION = 2, 3, 4, 6, 7, 9
_MESSAGES: Final = {5: (1,), _LIST: (1,), 8: (2,)}
"""Select, list and struct: where their operands stand. Of a struct, entries."""


@dataclass(slots=True)
class Shape:
    """How an expression is built.

    Attributes:
        calls: operators and functions. callbacks: calls of our own functions. additions: of strings or lists.
        nesting: comprehensions within one another. grows: whether one of them builds a list.
        elements: in literal lists. longest: characters of the longest literal.
        doubles: whether strings or lists are added within a comprehension.
        instructions: of regular expressions, about. foreign: whether one isn't written in the expression itself.
    """

    calls: int = 1
    callbacks: int = 0
    additions: int = 0
    nesting: int = 0
    grows: bool = False
    elements: int = 0
    longest: int = _SHORT
    doubles: bool = False
    instructions: int = 0
    foreign: bool = False

    def cost(self, values: Iterable[Value]) -> int:
        """Characters looked at, at worst, with `values` as context."""
        elements, longest = self.elements, self.longest
        for value in values:
            inner, length = _size(value)
            elements += inner
            longest = max(longest, length)
        steps = min(max(elements, 1) ** self.nesting, MAX_ITERATIONS)
        copied = steps * max(elements, 1) if self.grows else 0
        work = self.calls * longest * (1 + self.additions) + self.callbacks * CALLBACK
        work += self.instructions * INSTRUCTION
        return steps * work + copied * _SHORT


def shape_of(serialized: bytes) -> Shape:
    """The shape of a compiled expression, as the compiler serialises it."""
    checked = _first(serialized, _ANY_VALUE)
    growing = {
        _number(entry, 1)
        for field, entry in _fields(checked)
        if field == _REFERENCES and isinstance(entry, bytes) and _overloads(_first(entry, 2)) & _GROWING
    }
    shape = Shape()
    pending = [(_first(checked, _ROOT), 0)]
    while pending:
        expression, nesting = pending.pop()
        for field, body in _fields(expression):
            if field == _CALL and isinstance(body, bytes):
                _count_call(shape, body, nesting, grows=_number(expression, _ID) in growing)
                pending += [(each, nesting) for part, each in _fields(body) if part != 2 and isinstance(each, bytes)]
            elif field == _COMPREHENSION and isinstance(body, bytes):
                pending += _comprehension(shape, body, nesting)
            elif isinstance(body, bytes):
                pending += [(each, nesting) for each in _operands(shape, field, body)]
    return shape


def _count_call(shape: Shape, body: bytes, nesting: int, *, grows: bool) -> None:
    name = _first(body, 2).decode()
    shape.calls += 1
    shape.callbacks += name in _OWN
    if name == "matches":
        *_, pattern = (each for field, each in _fields(body) if field == 3 and isinstance(each, bytes))
        text = _first(_first(pattern, _CONSTANT), 6).decode()
        shape.foreign |= not text
        shape.instructions += _instructions(text)
    if not grows or _first(_first(_first(body, 3), _IDENT), 1).startswith(b"@"):
        return  # The second: a macro adds to its own list, which is counted where it stands.
    shape.additions += 1
    shape.doubles |= nesting > 0


def _instructions(pattern: str) -> int:
    """About how many instructions a pattern compiles to: counts add up, those of groups multiply."""
    counts = [(bool(group), int(most or least)) for group, least, most in _REPEATED.findall(pattern)]
    single = len(pattern) + sum(count for is_group, count in counts if not is_group)
    every = single * math.prod(max(count, 1) for is_group, count in counts if is_group)
    return every * (_WIDE if re.search(r"\\[pPXDSW]|\[\^|\(\?i|\.\{", pattern) else 1)


def _comprehension(shape: Shape, body: bytes, nesting: int) -> Iterator[tuple[bytes, int]]:
    """Parts with their nesting: the range (field 2) is read outside of the loop."""
    shape.nesting = max(shape.nesting, nesting + 1)
    shape.grows |= bool(_first(_first(body, 4), _LIST, present=b"-"))
    for part, each in _fields(body):
        if isinstance(each, bytes) and part in (2, 4, 5, 6, 7):
            yield each, nesting + (part != 2)


def _operands(shape: Shape, field: int, body: bytes) -> list[bytes]:
    if field == _CONSTANT:
        shape.longest = max(shape.longest, len(body))
        return []
    found = [each for part, each in _fields(body) if part in _MESSAGES.get(field, ()) and isinstance(each, bytes)]
    if field == _LIST:
        shape.elements += len(found)
    if field == 8:
        shape.elements += len(found)
        return [each for entry in found for part, each in _fields(entry) if part in (3, 4) and isinstance(each, bytes)]
    return found


def _overloads(reference: bytes) -> frozenset[str]:
    return frozenset(each.decode() for field, each in _fields(reference) if field == 3 and isinstance(each, bytes))


def _size(value: Value) -> tuple[int, int]:
    """Elements of lists and maps within, and the length of the longest string."""
    if isinstance(value, str):
        return 0, len(value)
    if not isinstance(value, list | dict):
        return 0, 0
    elements, longest = len(value), max(map(len, value), default=0) if isinstance(value, dict) else 0
    for each in value.values() if isinstance(value, dict) else value:
        inner, length = _size(each)
        elements += inner
        longest = max(longest, length)
    return elements, longest


def _first(message: bytes, field: int, *, present: bytes = b"") -> bytes:
    """The first `field` of a message; empty without one. `present` stands for one that is there and empty."""
    for number, value in _fields(message):
        if number == field and isinstance(value, bytes):
            return value or present
    return b""


def _number(message: bytes, field: int) -> int:
    return next((value for number, value in _fields(message) if number == field and isinstance(value, int)), 0)


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a protobuf message: numbers, and bytes for what has a length."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        match tag & 7:
            case 0:
                value, position = _varint(message, position)
                yield tag >> 3, value
            case 2:
                length, position = _varint(message, position)
                yield tag >> 3, message[position : position + length]
                position += length
            case 1:
                position += 8
            case _:
                position += 4


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 127) << shift
        position += 1
        shift += 7
        if byte < 128:
            return value, position
