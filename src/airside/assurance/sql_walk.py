"""Walks a Python module in the order it runs, and keeps what each name is worth as SQL.

Pure. Names are bound in one place (`_bind`) and calls judged in one (`_Walk._look`), each where the walk meets them.
Where there are several ways through, the worst that a name can be worth counts.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from airside.assurance.sql_calls import Calls
from airside.assurance.sql_values import FIXED, UNKNOWN, Judge, Value, called, worsen, worst

MAX_WALKS: Final = 16
"""Functions that hand on what others return are followed this far."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_WITHIN: Final = (ast.stmt, ast.excepthandler, ast.match_case, ast.arg)
"""What stands within a statement, and doesn't run with its own expressions."""
_GROW: Final = frozenset({"append", "extend", "insert", "add", "update"})
"""Methods that put their last argument into what they are called on."""


def calls_given_built(tree: ast.Module) -> dict[ast.Call, str]:
    """The calls that are given SQL built as a string, and how it was built."""
    nodes = list(ast.walk(tree))
    calls = Calls(nodes)
    found: dict[ast.Call, str] = {}
    if not calls.speak:
        return found
    stored = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    returns = {node.name: FIXED for node in nodes if isinstance(node, _Function)}
    for _ in range(MAX_WALKS):
        walk = _Walk(calls, stored, returns)
        walk.module(tree)
        found = walk.found
        if walk.returned == returns:
            break
        returns = walk.returned
    return found


@dataclass(frozen=True, slots=True)
class _Later:
    """A function whose body is judged when the names `outer` around it are set; `own` are those of its class."""

    function: _Function
    outer: dict[str, Value]
    own: dict[str, Value]


class _Walk:
    """One walk, in which the module's functions are worth what `returns` says. Learns what they return by this."""

    def __init__(self, calls: Calls, stored: set[str], returns: dict[str, Value]) -> None:
        self.found: dict[ast.Call, str] = {}
        self.returned: dict[str, Value] = {}
        self._calls = calls
        self._returns = returns
        self._later: list[_Later] = []
        self._stored = stored
        self._in_loop = False
        self._handed_back: list[Value] = []

    def module(self, tree: ast.Module) -> None:
        """Walk the whole module: its own statements first, for its functions run when its names are set."""
        self._run(tree.body, {})
        while self._later:
            later = self._later.pop()
            self._function(later.function, {**later.outer, **later.own})

    def _function(self, node: _Function, names: dict[str, Value]) -> None:
        for argument in _arguments(node.args):
            _bind(argument, Judge(names, self._returns))
        self._handed_back = []
        self._run(node.body, names)
        value = worst(self._handed_back) if self._handed_back else UNKNOWN
        # Of several functions of one name the worst counts.
        self.returned[node.name] = worst([value, self.returned.get(node.name, FIXED)])

    def _run(self, steps: Sequence[ast.AST], names: dict[str, Value]) -> None:
        for step in steps:
            self._step(step, names)

    def _step(self, node: ast.AST, names: dict[str, Value]) -> None:
        """What a statement, a handler, a case or a condition does itself, and then what stands within it."""
        judge = Judge(names, self._returns)
        self._look(node, judge)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._later.append(_Later(node, names, {}))
            case ast.ClassDef():
                self._class(node, names)
            case ast.Return(value=ast.expr() as value):
                self._handed_back.append(judge.of(value))
            case ast.If():
                self._ways([node.body, node.orelse], names)
            case ast.For() | ast.AsyncFor():
                self._loop(node.body, node.orelse, names)
            case ast.While():
                self._loop([*node.body, node.test], node.orelse, names)
            case ast.Try() | ast.TryStar():
                self._try(node, names)
            case ast.Match():
                self._ways([*([case] for case in node.cases), *([] if _takes_all(node) else [[]])], names)
            case ast.With() | ast.AsyncWith() | ast.ExceptHandler() | ast.match_case():
                self._run(node.body, names)
            case _:
                pass

    def _class(self, node: ast.ClassDef, names: dict[str, Value]) -> None:
        inner, before = dict(names), len(self._later)
        self._run(node.body, inner)
        fixed = {
            name: value
            for name, value in inner.items()
            if names.get(name) is not value and name not in self._stored and "." not in name
        }
        names.update({f"{node.name}.{name}": value for name, value in fixed.items()})
        own = {f"{self_}.{name}": value for name, value in fixed.items() for self_ in ("self", "cls")}
        # A method sees its class's names by `self` alone, and those around the class as they are in the end.
        self._later[before:] = [_Later(each.function, names, own) for each in self._later[before:]]

    def _loop(self, body: Sequence[ast.AST], orelse: Sequence[ast.AST], names: dict[str, Value]) -> None:
        """Twice round, for what grows in a loop is met again; what is inside it goes round twice with it."""
        rounds, outermost = (1, False) if self._in_loop else (2, True)
        self._in_loop = True
        for part in ([*body] * rounds, orelse):
            end = dict(names)
            self._run(part, end)
            worsen(names, [end])
        self._in_loop = not outermost

    def _try(self, node: ast.Try | ast.TryStar, names: dict[str, Value]) -> None:
        """A handler may begin after any step of the body, and `finally` after whatever went before it."""
        met = dict(names)
        for step in node.body:
            self._step(step, names)
            worsen(met, [names])
        self._run(node.orelse, names)
        last = dict(names)
        for handler in node.handlers:
            end = dict(met)
            self._step(handler, end)
            worsen(last, [end])
            worsen(names, [] if _leaves(handler.body) else [end])
        worsen(last, [met])
        before = dict(last)
        self._run(node.finalbody, last)
        names.update({name: value for name, value in last.items() if before.get(name) is not value})

    def _ways(self, ways: Sequence[Sequence[ast.AST]], names: dict[str, Value]) -> None:
        """Every way is gone from here, and of those that lead on the worst of each name is kept."""
        ends: list[dict[str, Value]] = []
        for way in ways:
            end = dict(names)
            self._run(way, end)
            if not _leaves(way):
                ends.append(end)
        if ends:
            names.update(ends[0])
            worsen(names, ends[1:])

    def _look(self, node: ast.AST, judge: Judge) -> None:
        """Go through the expressions of `node` itself in the order they run: bind its names, and judge its calls."""
        if isinstance(node, _Comprehension | ast.Lambda):
            self._look_inside(node, judge)
            return
        skipped: list[dict[str, Value]] = []
        for child in [node.iter] if isinstance(node, ast.comprehension) else ast.iter_child_nodes(node):
            if not isinstance(child, _WITHIN):
                self._look(child, judge)
            if isinstance(node, ast.BoolOp | ast.IfExp) and isinstance(child, ast.expr):
                skipped.append(dict(judge.names))  # it may end here
        worsen(judge.names, skipped)
        _bind(node, judge)
        if isinstance(node, ast.Call) and (how := self._calls.built(node, judge)):
            self.found.setdefault(node, how)

    def _look_inside(self, node: _Comprehension | ast.Lambda, judge: Judge) -> None:
        """What a comprehension or a lambda binds holds in it alone, but for `:=`; and it may never run."""
        before = dict(judge.names)
        if isinstance(node, ast.Lambda):
            self._look(node.args, judge)
            own = {argument.arg for argument in _arguments(node.args)}
            for argument in _arguments(node.args):
                _bind(argument, judge)
            self._look(node.body, judge)
        else:
            targets = [name for part in node.generators for name in ast.walk(part.target)]
            own = {name.id for name in targets if isinstance(name, ast.Name)}
            for part in node.generators:
                for each in (part, *part.ifs):
                    self._look(each, judge)
            for each in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                self._look(each, judge)
        for name in own:
            judge.names.pop(name, None)
        worsen(judge.names, [before])


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from filter(None, (arguments.vararg, arguments.kwarg))


def _bind(node: ast.AST, judge: Judge) -> None:
    """Let the names that `node` itself binds be worth what it gives them."""
    match node:
        case ast.Assign():
            value = judge.of(node.value)
            for target in node.targets:
                judge.bind(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as given) | ast.NamedExpr(target=target, value=given):
            judge.bind(target, judge.of(given))
        case ast.AugAssign():
            judge.bind(node.target, judge.added(node.target, node.value, node.op))
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            judge.bind(node.target, judge.chosen(node.iter))
        case ast.withitem(optional_vars=ast.expr() as target):
            judge.bind(target, UNKNOWN)
        case ast.arg():
            # PEP 675: a type checker vouches for these.
            vouched = node.annotation is not None and ast.unparse(node.annotation).endswith("LiteralString")
            judge.names[node.arg] = FIXED if vouched else UNKNOWN
        case ast.MatchAs(name=str() as name, pattern=pattern):
            judge.names[name] = _captured(pattern, judge)
        case (
            ast.MatchStar(name=str() as name)
            | ast.MatchMapping(rest=str() as name)
            | ast.ExceptHandler(name=str() as name)
        ):
            judge.names[name] = UNKNOWN
        case ast.Call(func=ast.Attribute(value=held)) if called(node.func) in _GROW:
            # A list is worth no more than what is put into it.
            judge.bind(held, worst([judge.of(held), *map(judge.chosen, node.args[-1:])]))
        case _:
            pass


def _captured(pattern: ast.pattern | None, judge: Judge) -> Value:
    """What a pattern lets through to its name: fixed where it says the text itself."""
    if isinstance(pattern, ast.MatchOr):
        return worst(_captured(each, judge) for each in pattern.patterns)
    return judge.of(pattern.value) if isinstance(pattern, ast.MatchValue) else UNKNOWN


def _takes_all(node: ast.Match) -> bool:
    """Whether one of the cases surely comes to pass."""
    return any(
        case.guard is None and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
        for case in node.cases
    )


def _leaves(way: Sequence[ast.AST]) -> bool:
    """Whether a way surely ends its function, so that what follows never sees its names."""
    last = way[-1] if way else None
    return _leaves(last.body) if isinstance(last, ast.match_case) else isinstance(last, ast.Return | ast.Raise)
