"""Which calls of a Python module take SQL, in which of their arguments, and whether what they are given was built.

Pure. Sources: PEP 249 for `execute` and `executemany`; the rest is each library's own documentation.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

from airside.assurance.sql_values import Judge, Origin, called

_STRONG: Final = frozenset(
    {"execute", "executemany", "executescript", "exec_driver_sql", "read_sql", "read_sql_query", "RawSQL", "mogrify"}
)
"""Whatever these are given is SQL."""
_WEAK: Final = frozenset(
    {"text", "raw", "extra", "fetch", "fetchrow", "fetchval", "prepare", "literal_column", "stream", "copy", "SQL"}
    | {"query", "cursor", "scalar", "scalars", "run_sql", "RunSQL", "copy_expert", "read_sql_table"}
)
"""These mean SQL in one library and something else in another: they count if the text reads as SQL."""
_SQL: Final = _STRONG | _WEAK
_STATEMENT_WORDS: Final = frozenset({"sql", "query", "statement", "stmt", "operation", "command", "clause"})
"""Keywords under which a statement is given."""
_CLAUSES_OF_EXTRA: Final = frozenset({"select", "where", "tables", "order_by"})
_READS_AS_SQL: Final = re.compile(
    r"\b(?:select\b.*\bfrom|insert\s+into|update\b.*\bset|delete\s+from|where|order\s+by|group\s+by|having|limit\s"
    r"|(?:create|alter|drop|truncate)\s+\w+|grant\s|revoke\s|copy\s.*\bfrom|copy\s.*\bto|set\s+(?:local|session)|listen"
    r"|notify|call\s+\w+\s*\(|with\s+\w+\s+as\s*\(|values\s*\(|join\s|returning\b|union\b)|=\s*'|\bin\s*\(|\blike\s",
    re.IGNORECASE | re.DOTALL,
)


def speaks(nodes: Iterable[ast.AST]) -> bool:
    """Whether any call of these takes SQL: a module where none does needs no walk."""
    return any(isinstance(node, ast.Call) and called(node.func) in _SQL for node in nodes)


def built(call: ast.Call, judge: Judge) -> str:
    """How the SQL that this call is given was built; empty if it wasn't, or the call takes none."""
    name = called(call.func)
    if name not in _SQL:
        return ""
    for argument in _statements(call, name):
        value = judge.of(argument)
        if value.origin is Origin.BUILT and (name in _STRONG or _READS_AS_SQL.search(value.words)):
            return value.how
    return ""


def _statements(call: ast.Call, name: str) -> Iterator[ast.expr]:
    """The arguments that hold SQL."""
    if name == "extra":
        yield from (keyword.value for keyword in call.keywords if keyword.arg in _CLAUSES_OF_EXTRA)
        return
    first = call.args[:1]
    if isinstance(call.func, ast.Name) and len(call.args) > 1 and name in ("execute", "executemany"):
        first = call.args[:2]  # execute(connection, statement): a helper of somebody's own
    yield from first
    yield from (keyword.value for keyword in call.keywords if keyword.arg in _STATEMENT_WORDS)
