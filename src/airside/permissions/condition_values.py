"""JSON values → the typed values of a condition's parameters, converted as OpenFGA converts them. Pure."""

import ipaddress
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from airside.core.strict_json import Json, loads_object
from airside.permissions.model import Terms
from airside.permissions.refusals import InvalidContext

Value: TypeAlias = "bool | str | int | float | timedelta | datetime | list[Value] | dict[str, Value] | None"

_MAX_INT: Final = 2**63 - 1
_MIN_INT: Final = -(2**63)
_MAX_DIGITS: Final = 64
_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_DURATION: Final = re.compile(r"([-+]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+\Z", re.ASCII)
_PIECE: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_PREFIX: Final = re.compile(r"[^/%]+/(?:0|[1-9]\d{0,2})\Z", re.ASCII)
_SECONDS: Final = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "μs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_MAX_SECONDS: Final = Decimal(_MAX_INT) / 10**9


def convert(kind: str, value: Json) -> Value:
    """`value` as a parameter of type `kind` (`int`, `list<string>`, …) takes it. Durations and timestamps have
    microseconds; integers are held to 64 bits.

    Raises:
        InvalidContext: another type, or a string that doesn't spell one.
    """
    if kind.startswith("list<"):
        if not isinstance(value, list):
            raise _unexpected("a list", value)
        return [_item(kind[5:-1], each, f"list item at index `{index}`") for index, each in enumerate(value)]
    if kind.startswith("map<"):
        if not isinstance(value, dict):
            raise _unexpected("a map", value)
        return {key: _item(kind[4:-1], each, f"map value for key '{key}'") for key, each in value.items()}
    match kind:
        case "any":
            return _plain(value)
        case "int" | "uint" | "double":
            return _number(kind, value)
        case "bool":
            if isinstance(value, bool):
                return value
            raise _unexpected("a bool", value)
        case _:
            if isinstance(value, str):
                return _from_text(kind, value)
            raise _unexpected(f"a {kind} string", value)


def values_of(terms: Terms) -> dict[str, Json]:
    """The values that were stored with a tuple."""
    return loads_object(terms.context) if terms.context else {}


def address(text: str) -> str:
    """The one spelling of an IP address.

    Raises:
        ValueError: not an address.
    """
    return str(ipaddress.ip_address(text))


def in_network(spelled: str, network: str) -> bool:
    """Whether an address lies in a network (`10.0.0.0/8`; bits beyond the prefix don't count). One with a zone lies
    in none, one of another version neither.

    Raises:
        ValueError: not a network.
    """
    if _PREFIX.match(network) is None:
        raise ValueError("not a network prefix")
    return "%" not in spelled and ipaddress.ip_address(spelled) in ipaddress.ip_network(network, strict=False)


def _item(kind: str, value: Json, where: str) -> Value:
    try:
        return convert(kind, value)
    except InvalidContext as refusal:
        raise InvalidContext(f"found an invalid {where}: {refusal.reason}") from None


def _from_text(kind: str, text: str) -> Value:
    match kind:
        case "string":
            return text
        case "duration":
            return _duration(text)
        case "timestamp":
            return timestamp(text)
        case _:
            try:
                return address(text)
            except ValueError:
                raise InvalidContext("expected a well-formed IP address") from None


def _number(kind: str, value: Json) -> int | float:
    if isinstance(value, str):
        number = _spelled(kind, value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise _unexpected(f"a value of type {kind}", value)
    else:
        number = value
    if kind == "double":
        return float(number)
    if number != math.floor(number):
        raise InvalidContext(f"expected a value of type {kind}, but found a fraction")
    whole = max(_MIN_INT, min(int(number), _MAX_INT))
    if kind == "uint" and whole < 0:
        raise InvalidContext("expected a value of type uint, but found a negative number")
    return whole


def _spelled(kind: str, text: str) -> int | float:
    try:
        number = Decimal(text if len(text) <= _MAX_DIGITS else "")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > 308:
        raise InvalidContext(f"expected a value of type {kind}, but found another string")
    return int(number) if number == number.to_integral_value() else float(number)


def _duration(text: str) -> timedelta:
    if len(text) > _MAX_DIGITS or (text != "0" and _DURATION.match(text) is None):
        raise InvalidContext("expected a duration string such as '1h30m'")
    seconds = sum((Decimal(number) * _SECONDS[unit] for number, unit in _PIECE.findall(text)), Decimal(0))
    if seconds > _MAX_SECONDS:
        raise InvalidContext("expected a duration of at most 292 years")
    return timedelta(microseconds=int(seconds * 10**6)) * (-1 if text.startswith("-") else 1)


def timestamp(text: str) -> datetime:
    """An RFC 3339 time, in UTC, cut to microseconds.

    Raises:
        InvalidContext: not one.
    """
    try:
        if _TIMESTAMP.match(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidContext("expected an RFC 3339 timestamp string such as '2030-01-01T00:00:00Z'")


def _plain(value: Json) -> Value:
    """JSON as OpenFGA's `any` is: every number a double."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _unexpected(wanted: str, value: Json) -> InvalidContext:
    match value:
        case None:
            found = "null"
        case bool():
            found = "a bool"
        case int() | float():
            found = "a number"
        case str():
            found = "a string"
        case list():
            found = "a list"
        case dict():
            found = "an object"
    return InvalidContext(f"expected {wanted}, but found {found}")
