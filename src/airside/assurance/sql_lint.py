"""Finds SQL that is built as a string and handed to a database (CWE-89), in one Python module.

Follows values through the names of a function, and through what the module's own functions return. Values that come
from elsewhere are not judged: a text that another module built has to be found there, where it is built into a call.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from airside.assurance.sql_values import called
from airside.assurance.sql_walk import calls_given_built

RULES: Final = {
    "sql-built": "SQL is built as a string: give the values as parameters, and compose names with the driver's own "
    "quoting (psycopg.sql)",
    "sql-allow-without-reason": "what is allowed says why: `# sql-lint: allow, REASON`",
    "sql-allow-unused": "nothing is found here that had to be allowed: take the comment away",
    "sql-unreadable": "the file can't be read as Python, so nothing vouches for it",
}
"""What can be found, by rule id: what it means, and what to do."""
MAX_BYTES: Final = 4 * 1024 * 1024
"""A larger file isn't read, and that is a finding."""

_ALLOW: Final = re.compile(r"#\s*sql-lint:\s*allow\b[\s,:]*(.*)$")


@dataclass(frozen=True, slots=True, order=True)
class SqlFault:
    """One finding: on `line`, by `rule` of `RULES`, and what was seen there."""

    line: int
    rule: str
    evidence: str


def faults(source: str) -> list[SqlFault]:
    """What is wrong with a module of this text, in order of lines."""
    try:
        tree = ast.parse(source)
        allowed = dict(_allowed(source)) if "sql-lint" in source else {}
        found = calls_given_built(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        return [SqlFault(getattr(error, "lineno", None) or 1, "sql-unreadable", type(error).__name__)]
    used = {line for call in found for line in _lines(call) if line in allowed}
    result = {
        SqlFault(call.lineno, "sql-built", f"{called(call.func)}() is given {how}")
        for call, how in found.items()
        if not any(allowed.get(line) for line in _lines(call))
    }
    for line, reason in allowed.items():
        if not reason:
            result.add(SqlFault(line, "sql-allow-without-reason", "allowed without a reason"))
        elif line not in used:
            result.add(SqlFault(line, "sql-allow-unused", "allowed without need"))
    return sorted(result)


def _allowed(source: str) -> Iterator[tuple[int, str]]:
    """The lines that carry the word of a person, and the reason: from comments alone, never from within a text."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (match := _ALLOW.search(token.string)):
            yield token.start[0], match[1].strip()


def _lines(call: ast.Call) -> range:
    return range(call.lineno, (call.end_lineno or call.lineno) + 1)
