"""Which calls of a Python module take SQL, in which of their arguments, and whether what they are given was built.

Pure. Sources: PEP 249 for `execute` and `executemany`; the rest is each library's own documentation.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from airside.assurance.sql_values import Judge, Origin, called

_STRONG: Final = frozenset(
    {"execute", "executemany", "executescript", "exec_driver_sql", "read_sql", "read_sql_query", "RawSQL", "mogrify"}
    | {"SQL"}
)
"""Whatever these are given is SQL."""
_WEAK: Final = frozenset(
    {"text", "raw", "extra", "fetch", "fetchrow", "fetchval", "prepare", "literal_column", "stream", "copy"}
    | {"query", "cursor", "scalar", "scalars", "run_sql", "RunSQL", "copy_expert", "read_sql_table"}
)
"""These mean SQL in one library and something else in another: they count if the text reads as SQL."""
_STRONG_OF_SQLALCHEMY: Final = frozenset({"text", "literal_column"})
"""Whatever these are given is SQL too, where they come from that library."""
_SQL: Final = _STRONG | _WEAK
_STATEMENT_WORDS: Final = frozenset({"sql", "query", "statement", "stmt", "operation", "command", "clause"})
"""Keywords under which a statement is given."""
_CLAUSES_OF_EXTRA: Final = frozenset({"select", "where", "tables", "order_by"})
_READS_AS_SQL: Final = re.compile(
    r"\b(?:select\b.*\bfrom|insert\s+into|update\b.*\bset|delete\s+from|where|order\s+by|group\s+by|having|limit\s"
    r"|(?:create|alter|drop|truncate)\s+\w+|grant\s|revoke\s|copy\s.*\bfrom|copy\s.*\bto|set\s+(?:local|session)|listen"
    r"|notify|call\s+\w+\s*\(|with\s+\w+\s+as\s*\(|values\s*\(|join\s|returning\b|union\b)|=\s*'|\bin\s*\(|\blike\s"
    r"|\b(?:asc|desc)\s*$",
    re.IGNORECASE | re.DOTALL,
)


class Calls:
    """The calls among the `nodes` of one module."""

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        self._sqlalchemy = dict(_from_sqlalchemy(nodes))
        self.speak = any(isinstance(node, ast.Call) and self._name(node.func) in _SQL for node in nodes)
        """Whether any takes SQL: a module where none does needs no walk."""

    def built(self, call: ast.Call, judge: Judge) -> str:
        """How the SQL that this call is given was built; empty if it wasn't, or the call takes none."""
        name = self._name(call.func)
        if name not in _SQL:
            return ""
        for argument, sure in self._statements(call, name, judge):
            value = judge.of(argument)
            if value.origin is Origin.BUILT and (sure or _READS_AS_SQL.search(value.words)):
                return value.how
        return ""

    def _name(self, function: ast.expr) -> str:
        name = called(function)
        return self._sqlalchemy.get(name, name) if isinstance(function, ast.Name) else name

    def _statements(self, call: ast.Call, name: str, judge: Judge) -> Iterator[tuple[ast.expr, bool]]:
        """The arguments that hold SQL, and whether they surely do: of the others, those that read as SQL count."""
        sure = name in _STRONG or (name in _STRONG_OF_SQLALCHEMY and _root(call.func) in self._sqlalchemy)
        if name == "extra":  # Django's: select, where, params, tables, order_by
            yield from ((argument, False) for argument in (*call.args[:2], *call.args[3:5]))
            yield from ((keyword.value, True) for keyword in call.keywords if keyword.arg in _CLAUSES_OF_EXTRA)
            return
        yield from ((argument, sure) for argument in call.args[:1])
        if isinstance(call.func, ast.Name) and name in ("execute", "executemany") and _after_a_connection(call, judge):
            yield call.args[1], sure
        yield from ((keyword.value, sure) for keyword in call.keywords if keyword.arg in _STATEMENT_WORDS)


def _after_a_connection(call: ast.Call, judge: Judge) -> bool:
    """`execute(connection, statement)`, a helper of somebody's own, and not `execute(statement, parameters)`."""
    return (
        len(call.args) > 1
        and judge.of(call.args[0]).origin is Origin.UNKNOWN
        and not isinstance(call.args[1], ast.Tuple | ast.List | ast.Dict)
    )


def _from_sqlalchemy(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """The names under which the module has SQLAlchemy and what it imports from it, each with its own name there."""
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            of = node.module if isinstance(node, ast.ImportFrom) and not node.level else None
            for alias in node.names:
                if (of or alias.name).partition(".")[0] == "sqlalchemy":
                    yield alias.asname or alias.name.partition(".")[0], alias.name


def _root(function: ast.expr) -> str:
    while isinstance(function, ast.Attribute):
        function = function.value
    return called(function)
