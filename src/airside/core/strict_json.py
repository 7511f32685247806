"""Strict JSON (RFC 8259, I-JSON RFC 7493): what two readers could read differently is refused.

Refused: duplicate keys, NaN and infinities, lone surrogates, a byte-order mark, invalid UTF-8, numbers
outside what a double holds, depth over `MAX_DEPTH`, size and marks of structure over the caller's caps.
"""

import json
import math
import re
from typing import Final, NoReturn, TypeAlias

import msgspec

from airside.core.errors import InvalidInput, TooLarge

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 32
_MAX_DIGITS: Final = 64
_DIGITS: Final = bytes(ord("0") if chr(byte) in "0123456789" else ord(" ") for byte in range(256))
_LONG: Final = b"0" * (_MAX_DIGITS + 1)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# The closing quote is optional: a string that never ends is then read once, not again from every quote inside it.
_QUOTED: Final = rb'"(?:[^"\\]++|\\.)*+"?'
_STRING: Final = re.compile(_QUOTED, re.DOTALL)
_STRUCTURE: Final = re.compile(_QUOTED + rb"|[\[\]{}]", re.DOTALL)


def loads(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_marks: int = MAX_BYTES) -> Json:
    """The value that `data` (UTF-8) spells. What it costs is told by its marks (`{`, `[` and `,`), a microsecond each,
    rather than by its size: a caller who takes large texts bounds them too.

    Raises:
        TooLarge: more than `max_bytes` or `max_marks`.
        InvalidInput: not JSON, or JSON of a kind refused above.
    """
    if len(data) > max_bytes:
        raise TooLarge("JSON text over its cap", max_bytes=max_bytes)
    if len(data) > max_marks and _marks(data) > max_marks and _marks(_STRING.sub(b"", data)) > max_marks:
        raise TooLarge("JSON of too many values", max_marks=max_marks)
    if data.count(b"[") + data.count(b"{") > max_depth:
        _refuse_depth(data, max_depth)
    quick = None if b"\\" in data or _LONG in data.translate(_DIGITS) else _quick(data)
    return _careful(data) if quick is None else quick


def _quick(data: bytes) -> Json:
    """What `_careful` would read, for most texts and in a fifth of its time; None where it is for `_careful` to say.

    A text without escapes says of each member one colon more than its strings do. So a member that was dropped, because
    another has its name, shows in how many colons are left when the value is written again.
    """
    try:
        value: Json = msgspec.json.decode(data)
        return value if msgspec.json.encode(value).count(b":") == data.count(b":") else None
    except (ValueError, RecursionError):
        return None


def _careful(data: bytes) -> Json:
    try:
        value: Json = _DECODER.decode(data.decode("utf-8"))
    except InvalidInput:
        raise
    except (ValueError, RecursionError):
        raise InvalidInput("not JSON") from None
    if b"\\u" in data:  # UTF-8 itself can't spell a surrogate: only an escape can
        _refuse_surrogates(value)
    return value


def loads_object(data: bytes, *, max_bytes: int = MAX_BYTES) -> dict[str, Json]:
    """As `loads`, for texts that must be an object."""
    value = loads(data, max_bytes=max_bytes)
    if not isinstance(value, dict):
        raise InvalidInput("a JSON object is expected")
    return value


def dumps(value: Json) -> bytes:
    """Compact UTF-8 with sorted keys: the same value always gives the same bytes.

    Raises:
        InvalidInput: NaN, infinity, or a lone surrogate.
    """
    try:
        return _ENCODER.encode(value).encode()
    except ValueError:
        raise InvalidInput("not representable as JSON") from None


def _marks(data: bytes) -> int:
    return sum(map(data.count, (b"{", b"[", b",")))


def _refuse_depth(data: bytes, max_depth: int) -> None:
    depth = 0
    for match in _STRUCTURE.finditer(data):
        mark = match[0]
        if mark in (b"[", b"{"):
            depth += 1
            if depth > max_depth:
                raise InvalidInput("JSON nested too deeply", max_depth=max_depth)
        elif mark in (b"]", b"}"):
            depth -= 1


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise InvalidInput("duplicate key in a JSON object")
    return result


def _refuse_surrogates(value: Json) -> None:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise InvalidInput("lone surrogate in a JSON string")
    elif isinstance(value, list):
        for item in value:
            _refuse_surrogates(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_surrogates(key)
            _refuse_surrogates(item)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InvalidInput("JSON number out of range")
    return value


def _integer(text: str) -> int:
    if len(text.removeprefix("-")) > _MAX_DIGITS:
        raise InvalidInput("JSON number out of range")
    return int(text)


def _refuse_constant(_text: str) -> NoReturn:
    raise InvalidInput("NaN and Infinity are not JSON")


# Made once: `json.loads` with hooks would build a decoder for every text, `json.dumps` with options an encoder.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_int=_integer, parse_constant=_refuse_constant
)
