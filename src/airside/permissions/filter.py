"""The answer to "which objects" as a piece of SQL, for an application to put into its own statement.

Ids travel as one array parameter, never in the text: what the text names is a column, in a spelling that can be
nothing else.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID

from airside.permissions.refusals import InvalidQuestion

IdType = Literal["text", "uuid", "bigint"]
Placeholder = Literal["$1", "%s", ":ids"]
ID_TYPES: Final = get_args(IdType)
PLACEHOLDERS: Final[dict[str, Placeholder]] = {"numeric": "$1", "format": "%s", "named": ":ids"}
"""How a parameter is written, by the name of PEP 249's paramstyle; `numeric` as PostgreSQL itself writes it."""
MAX_BIGINT: Final = 2**63 - 1
_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_]{0,62})?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fragment:
    """PostgreSQL that keeps the rows whose id is among `ids`, the statement's one parameter.

    Attributes:
        where: a condition. join: the same as a join, which a planner may start from.
    """

    where: str
    join: str
    ids: list[str]


def fragment(words: list[str], *, column: str, id_type: str, paramstyle: str) -> Fragment:
    """The objects `words`, all of one type, as SQL on `column`, whose type is `id_type`.

    Raises:
        InvalidQuestion: not a column's name, an unknown type or parameter style, or an id that isn't of the type.
    """
    if _COLUMN.match(column) is None:
        raise InvalidQuestion("column must be a name or table.name, of letters, digits and _")
    if id_type not in ID_TYPES:
        raise InvalidQuestion(f"id_type must be one of {', '.join(ID_TYPES)}")
    placeholder = PLACEHOLDERS.get(paramstyle)
    if placeholder is None:
        raise InvalidQuestion(f"paramstyle must be one of {', '.join(PLACEHOLDERS)}")
    ids = [word.partition(":")[2] for word in words]
    for each in ids:
        if not _is_of(id_type, each):
            raise InvalidQuestion(f"the id '{each}' isn't a {id_type}")
    array = f"cast({placeholder} as {id_type}[])"
    return Fragment(
        where=f"{column} = any({array})",
        join=f"join unnest({array}) as permitted (id) on permitted.id = {column}",
        ids=ids,
    )


def _is_of(id_type: str, text: str) -> bool:
    if id_type == "bigint":
        digits = text.removeprefix("-")
        return digits.isascii() and digits.isdecimal() and len(digits) < 20 and abs(int(text)) <= MAX_BIGINT
    if id_type == "uuid":
        try:
            return str(UUID(text)) == text
        except ValueError:
            return False
    return True
