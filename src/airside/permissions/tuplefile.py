"""Files of tuples: YAML, JSON, JSON lines and CSV, with the fields and columns that the `fga` tool has."""

import csv
import io
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias, TypeVar, cast

import msgspec

from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import Json, dumps, loads
from airside.permissions.model import NO_TERMS, Grant, Terms, TupleKey
from airside.permissions.modelfile import read_bounded
from airside.permissions.yamlfile import Places, load_yaml

MAX_FILE: Final = 256 * 1024 * 1024
"""Bytes of one file of tuples."""
MAX_LINE: Final = 64 * 1024
COLUMNS: Final = (
    "user_type",
    "user_id",
    "user_relation",
    "relation",
    "object_type",
    "object_id",
    "condition_name",
    "condition_context",
    "expires_at",
)
"""The CSV's header; only the types, ids and the relation must be there."""
Values: TypeAlias = dict[str, object]
"""A condition's context as a file spells it."""
S = TypeVar("S")
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_NEEDED: Final = frozenset(("user_type", "user_id", "relation", "object_type", "object_id"))


class ConditionRow(msgspec.Struct, forbid_unknown_fields=True):
    """A tuple's condition and the values stored for it."""

    name: str
    context: Values | None = None


class TupleRow(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A tuple as it is written in a file."""

    user: str
    relation: str
    object: str
    condition: ConditionRow | None = None
    expires_at: datetime | None = None


def converted(value: object, shape: type[S], name: str, places: Places) -> S:
    """What was read from the YAML file `name`, as a `shape`.

    Raises:
        InvalidInput: another shape; says where.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        path = [int(number) if number else word for word, number in _STEP.findall(str(error).rpartition("`$")[2])]
        raise InvalidInput(f"{name}:{places.line(path)}: {error}") from None


def grants_of(rows: Iterable[TupleRow], place: Callable[[int], str]) -> list[Grant]:
    """What the rows grant. `place` says where one stands.

    Raises:
        InvalidInput: a moment without its offset from UTC.
    """
    grants: list[Grant] = []
    for index, row in enumerate(rows):
        if row.expires_at is not None and row.expires_at.tzinfo is None:
            raise InvalidInput(f"{place(index)}: expires_at must end in Z or in an offset")
        grants.append(_grant(row))
    return grants


def row_of(grant: Grant) -> TupleRow:
    """The row that spells the grant."""
    key, terms = grant.key, grant.terms
    condition = None
    if terms.condition:
        context = msgspec.json.decode(terms.context, type=Values) if terms.context else None
        condition = ConditionRow(terms.condition, context)
    return TupleRow(key.user, key.relation, key.object, condition, terms.expires_at)


def read_tuples(path: Path) -> list[Grant]:
    """The tuples in the file at `path`; its suffix says how it is written.

    Raises:
        InvalidInput: another suffix or shape; says the file, and the line where it is known.
        TooLarge: over `MAX_FILE`.
        OSError: it can't be read.
    """
    reader = {".yaml": _yaml, ".yml": _yaml, ".json": _json, ".jsonl": _lines, ".csv": _csv}.get(path.suffix)
    if reader is None:
        raise InvalidInput(f"{path}: a file of tuples is .yaml, .json, .jsonl or .csv")
    try:
        return grants_of(reader(read_bounded(path, MAX_FILE), str(path)), partial(place_of, path))
    except (msgspec.ValidationError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path}: {error}") from None


def place_of(path: Path, index: int) -> str:
    """The file and, where it can be told, the line of the tuple at a position of the file at `path`."""
    body = read_bounded(path, MAX_FILE)
    match path.suffix:
        case ".yaml" | ".yml":
            return f"{path}:{Places(body).line((index,))}"
        case ".jsonl":
            return f"{path}:{[number for number, line in enumerate(body.splitlines(), 1) if line.strip()][index]}"
        case ".csv":
            reader = csv.DictReader(io.StringIO(body.decode("utf-8"), newline=""))
            return f"{path}:{[reader.line_num for _ in reader][index]}"
        case _:
            return f"{path}: tuple {index + 1}"


def _grant(row: TupleRow) -> Grant:
    key = TupleKey(row.user, row.relation, row.object)
    if row.condition is None and row.expires_at is None:
        return Grant(key, NO_TERMS)
    name, context = "", b""
    if row.condition is not None:
        name = row.condition.name
        context = dumps(cast("dict[str, Json]", row.condition.context)) if row.condition.context else b""
    return Grant(key, Terms(name, context, row.expires_at))


def _yaml(body: bytes, name: str) -> list[TupleRow]:
    return converted(load_yaml(body, name) or [], list[TupleRow], name, Places(body))


def _json(body: bytes, name: str) -> list[TupleRow]:
    try:
        return msgspec.convert(loads(body, max_bytes=MAX_FILE), list[TupleRow])
    except InvalidInput as refusal:
        raise InvalidInput(f"{name}: {refusal.reason}") from None


def _lines(body: bytes, name: str) -> list[TupleRow]:
    rows: list[TupleRow] = []
    for number, line in enumerate(body.splitlines(), 1):
        if line.strip():
            try:
                rows.append(msgspec.convert(loads(line, max_bytes=MAX_LINE), TupleRow))
            except (msgspec.ValidationError, InvalidInput, TooLarge) as error:
                raise InvalidInput(f"{name}:{number}: {error}") from None
    return rows


def _csv(body: bytes, name: str) -> list[TupleRow]:
    reader = csv.DictReader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)
    named = list(reader.fieldnames or ())
    if len(set(named)) != len(named) or set(named) - set(COLUMNS) or _NEEDED - set(named):
        raise InvalidInput(f"{name}:1: the first line names the columns, each once, of {', '.join(COLUMNS)}")
    rows: list[TupleRow] = []
    for line in reader:
        try:
            rows.append(_csv_row(dict(line)))
        except (msgspec.ValidationError, InvalidInput) as error:
            raise InvalidInput(f"{name}:{reader.line_num}: {error}") from None
    return rows


def _csv_row(line: dict[str | None, str | None]) -> TupleRow:
    if None in line or None in line.values() or not all(line[name] for name in _NEEDED):
        raise InvalidInput("not as many values as the first line has columns, or an empty one")
    cells = {name or "": value or "" for name, value in line.items()}
    user = f"{cells['user_type']}:{cells['user_id']}"
    if cells.get("user_relation"):
        user += f"#{cells['user_relation']}"
    row: dict[str, object] = {
        "user": user,
        "relation": cells["relation"],
        "object": f"{cells['object_type']}:{cells['object_id']}",
    }
    if cells.get("condition_name"):
        context = cells.get("condition_context")
        row["condition"] = {
            "name": cells["condition_name"],
            "context": loads(context.encode()) if context else None,
        }
    elif cells.get("condition_context"):
        raise InvalidInput("a condition_context without a condition_name")
    if cells.get("expires_at"):
        row["expires_at"] = cells["expires_at"]
    return msgspec.convert(row, TupleRow)
