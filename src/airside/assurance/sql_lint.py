"""Finds SQL that is built as a string and handed to a database (CWE-89), in one Python module.

Follows values through the names of a function, and through what the module's own functions return. Values that come
from elsewhere are not judged: a text that another module built has to be found there, where it is built into a call.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from airside.assurance.sql_values import FIXED, UNKNOWN, Judge, Origin, Value, called, worst

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

_STRONG: Final = frozenset(
    {"execute", "executemany", "executescript", "exec_driver_sql", "read_sql", "read_sql_query", "RawSQL", "mogrify"}
)
"""Whatever these are given is SQL."""
_WEAK: Final = frozenset(
    {"text", "raw", "extra", "fetch", "fetchrow", "fetchval", "prepare", "literal_column", "stream", "copy", "SQL"}
    | {"query", "cursor", "scalar", "scalars", "run_sql", "RunSQL", "copy_expert", "read_sql_table"}
)
"""These mean SQL in one library and something else in another: they count if the text reads as SQL."""
_STATEMENT_WORDS: Final = frozenset({"sql", "query", "statement", "stmt", "operation", "command", "clause"})
"""Keywords under which a statement is given."""
_CLAUSES_OF_EXTRA: Final = frozenset({"select", "where", "tables", "order_by"})
_READS_AS_SQL: Final = re.compile(
    r"\b(?:select\b.*\bfrom|insert\s+into|update\b.*\bset|delete\s+from|where|order\s+by|group\s+by|having|limit\s"
    r"|(?:create|alter|drop|truncate)\s+\w+|grant\s|revoke\s|copy\s.*\bfrom|copy\s.*\bto|set\s+(?:local|session)|listen"
    r"|notify|call\s+\w+\s*\(|with\s+\w+\s+as\s*\(|values\s*\(|join\s|returning\b|union\b)|=\s*'|\bin\s*\(|\blike\s",
    re.IGNORECASE | re.DOTALL,
)
_SPEAKS: Final = re.compile(r"\b(?:" + "|".join(sorted(_STRONG | _WEAK)) + r")\s*\(")
"""A module that calls nothing of such a name needs no walk."""
_ALLOW: Final = re.compile(r"#\s*sql-lint:\s*allow\b[\s,:]*(.*)$")
_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


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
        found = _calls_given_built(tree) if _SPEAKS.search(source) else {}
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


def _calls_given_built(tree: ast.Module) -> dict[ast.Call, str]:
    """The calls that are given SQL built as a string, and how it was built."""
    returns: dict[str, Value] = {}
    _Walk(returns, first=True).module(tree)
    walk = _Walk(returns)
    walk.module(tree)
    return walk.found


def _allowed(source: str) -> Iterator[tuple[int, str]]:
    """The lines that carry the word of a person, and the reason: from comments alone, never from within a text."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (match := _ALLOW.search(token.string)):
            yield token.start[0], match[1].strip()


def _lines(call: ast.Call) -> range:
    return range(call.lineno, (call.end_lineno or call.lineno) + 1)


@dataclass(frozen=True, slots=True)
class _Later:
    """A function whose body is judged when the names `outer` around it are set; `own` are those of its class."""

    function: ast.FunctionDef | ast.AsyncFunctionDef
    outer: dict[str, Value]
    own: dict[str, Value]


class _Walk:
    """Walks statements in order, and keeps what every name is worth. The `first` walk learns what functions return."""

    def __init__(self, returns: dict[str, Value], *, first: bool = False) -> None:
        self.found: dict[ast.Call, str] = {}
        self._returns = returns
        self._first = first
        self._later: list[_Later] = []
        self._stored: set[str] = set()
        self._in_loop = False
        self._handed_back: list[Value] = []

    def module(self, tree: ast.Module) -> None:
        """Judge the whole module: its own statements first, for its functions run when its names are set."""
        self._stored = {
            node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        }
        self._block(tree.body, {})
        while self._later:
            later = self._later.pop()
            self._function(later.function, {**later.outer, **later.own})

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, outer: dict[str, Value]) -> None:
        names = outer
        arguments = node.args
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            # PEP 675: a type checker vouches for these.
            vouched = argument.annotation is not None and ast.unparse(argument.annotation).endswith("LiteralString")
            names[argument.arg] = FIXED if vouched else UNKNOWN
        for argument in filter(None, (arguments.vararg, arguments.kwarg)):
            names[argument.arg] = UNKNOWN
        self._handed_back = []
        self._block(node.body, names)
        value = worst(self._handed_back) if self._handed_back else UNKNOWN
        if self._first:
            # Of several functions of one name the worst counts.
            self._returns[node.name] = worst([value, self._returns.get(node.name, FIXED)])

    def _block(self, body: Sequence[ast.stmt], names: dict[str, Value]) -> None:
        for statement in body:
            self._statement(statement, names)

    def _statement(self, node: ast.stmt, names: dict[str, Value]) -> None:
        judge = Judge(names, self._returns)
        if isinstance(node, _SCOPES):
            self._scope(node, names, judge)
            return
        self._calls(node, judge)
        if isinstance(node, ast.Assign):
            value = judge.of(node.value)
            for target in node.targets:
                judge.bind(target, value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            judge.bind(node.target, judge.of(node.value))
        elif isinstance(node, ast.AugAssign):
            judge.bind(node.target, judge.added(node.target, node.value, node.op))
        elif isinstance(node, ast.Return) and node.value is not None:
            self._handed_back.append(judge.of(node.value))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            _grow(node.value, judge)
        else:
            self._compound(node, names, judge)

    def _scope(self, node: ast.stmt, names: dict[str, Value], judge: Judge) -> None:
        if isinstance(node, ast.ClassDef):
            inner, before = dict(names), len(self._later)
            self._block(node.body, inner)
            fixed = {
                name: value
                for name, value in inner.items()
                if names.get(name) is not value and name not in self._stored and "." not in name
            }
            names.update({f"{node.name}.{name}": value for name, value in fixed.items()})
            own = {f"{self_}.{name}": value for name, value in fixed.items() for self_ in ("self", "cls")}
            # A method sees its class's names by `self` alone, and those around the class as they are in the end.
            self._later[before:] = [_Later(each.function, names, own) for each in self._later[before:]]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
                self._calls(default, judge)
            self._later.append(_Later(node, names, {}))

    def _compound(self, node: ast.stmt, names: dict[str, Value], judge: Judge) -> None:
        """Statements that hold others: every way through them is gone, and the worst of each name is kept."""
        if isinstance(node, ast.For | ast.AsyncFor):
            judge.bind(node.target, judge.chosen(node.iter))
            self._loop(node, names)
        elif isinstance(node, ast.While):
            self._loop(node, names)
        elif isinstance(node, ast.If):
            self._ways([node.body, node.orelse], names)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if item.optional_vars is not None:
                    judge.bind(item.optional_vars, UNKNOWN)
            self._block(node.body, names)
        elif isinstance(node, ast.Try | ast.TryStar):
            self._ways([node.body + node.orelse, *(handler.body for handler in node.handlers)], names)
            self._block(node.finalbody, names)
        elif isinstance(node, ast.Match):
            self._ways([case.body for case in node.cases], names)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, names: dict[str, Value]) -> None:
        """Twice round, for what grows in a loop is met again; what is inside it goes round twice with it."""
        rounds, outermost = (1, False) if self._in_loop else (2, True)
        self._in_loop = True
        self._ways([node.body * rounds, node.orelse], names)
        self._in_loop = not outermost

    def _ways(self, ways: Sequence[Sequence[ast.stmt]], names: dict[str, Value]) -> None:
        ends: list[dict[str, Value]] = []
        for way in ways:
            end = dict(names)
            self._block(way, end)
            ends.append(end)
        for name in {name for end in ends for name in end}:
            names[name] = worst(end[name] for end in ends if name in end)

    def _calls(self, node: ast.AST, judge: Judge) -> None:
        """Look at every call of a statement's own expressions; the statements within come by themselves."""
        if self._first:
            return
        for call in _own_calls(node):
            if how := _built(call, judge):
                self.found.setdefault(call, how)


def _own_calls(node: ast.AST) -> Iterator[ast.Call]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _own_calls(child)
    if isinstance(node, ast.Call):
        yield node


def _built(call: ast.Call, judge: Judge) -> str:
    """How the SQL that this call is given was built; empty if it wasn't, or the call takes none."""
    name = called(call.func)
    if name not in _STRONG and name not in _WEAK:
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


def _grow(call: ast.Call, judge: Judge) -> None:
    """`parts.append(…)`: the list is worth no more than what is put into it."""
    name = called(call.func)
    if name in ("append", "extend", "insert", "add", "update") and isinstance(call.func, ast.Attribute):
        given = call.args[-1:]
        judge.bind(call.func.value, worst([judge.of(call.func.value), *map(judge.chosen, given)]))
