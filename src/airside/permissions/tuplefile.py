"""Files of tuples: YAML, JSON, JSON lines and CSV, with the fields and columns that the `fga` tool has."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias, cast

import msgspec

from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import Json, dumps, loads
from airside.permissions.model import NO_TERMS, Grant, Terms, TupleKey
from airside.permissions.yamlfile import load_yaml

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


def grants_of(rows: Iterable[TupleRow]) -> list[Grant]:
    """What the rows grant.

    Raises:
        InvalidInput: a moment without its offset from UTC.
    """
    return [_grant(row) for row in rows]


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
        InvalidInput: another suffix or shape.
        TooLarge: over `MAX_FILE`.
        OSError: it can't be read.
    """
    reader = {".yaml": _yaml, ".yml": _yaml, ".json": _json, ".jsonl": _lines, ".csv": _csv}.get(path.suffix)
    if reader is None:
        raise InvalidInput(f"{path.name}: a file of tuples is .yaml, .json, .jsonl or .csv")
    try:
        return grants_of(reader(read_bounded(path)))
    except (msgspec.ValidationError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path.name}: {error}") from None
    except InvalidInput as refusal:
        raise InvalidInput(f"{path.name}: {refusal.reason}") from None


def read_bounded(path: Path, most: int = MAX_FILE) -> bytes:
    """The bytes of the file at `path`.

    Raises:
        TooLarge: more than `most`.
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        body = file.read(most + 1)
    if len(body) > most:
        raise TooLarge(f"{path.name} has over {most} bytes", max_bytes=most)
    return body


def _grant(row: TupleRow) -> Grant:
    key = TupleKey(row.user, row.relation, row.object)
    if row.condition is None and row.expires_at is None:
        return Grant(key, NO_TERMS)
    if row.expires_at is not None and row.expires_at.tzinfo is None:
        raise InvalidInput("expires_at must end in Z or in an offset")
    name, context = "", b""
    if row.condition is not None:
        name = row.condition.name
        context = dumps(cast("dict[str, Json]", row.condition.context)) if row.condition.context else b""
    return Grant(key, Terms(name, context, row.expires_at))


def _yaml(body: bytes) -> list[TupleRow]:
    return msgspec.convert(load_yaml(body) or [], list[TupleRow])


def _json(body: bytes) -> list[TupleRow]:
    return msgspec.convert(loads(body, max_bytes=MAX_FILE), list[TupleRow])


def _lines(body: bytes) -> list[TupleRow]:
    lines = [line for line in body.splitlines() if line.strip()]
    return [msgspec.convert(loads(line, max_bytes=MAX_LINE), TupleRow) for line in lines]


def _csv(body: bytes) -> list[TupleRow]:
    reader = csv.DictReader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)
    named = list(reader.fieldnames or ())
    if len(set(named)) != len(named) or set(named) - set(COLUMNS) or _NEEDED - set(named):
        raise InvalidInput(f"the first line names the columns, each once, of {', '.join(COLUMNS)}")
    return [_csv_row(dict(line), reader.line_num) for line in reader]


def _csv_row(line: dict[str, str | None], number: int) -> TupleRow:
    if len(line) > len(COLUMNS) or None in line.values() or not all(line[name] for name in _NEEDED):
        raise InvalidInput(f"line {number} has not as many values as the first has columns, or an empty one")
    cells = {name: value or "" for name, value in line.items()}
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
        raise InvalidInput(f"line {number} has a condition_context without a condition_name")
    if cells.get("expires_at"):
        row["expires_at"] = cells["expires_at"]
    return msgspec.convert(row, TupleRow)
