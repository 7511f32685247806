"""What an expression is worth as SQL: fixed by the source, composed by a library, unknown, or built as a string.

Pure. Judged within one module, from what the source says; nothing is imported or run. Sources: CWE-89, and PEP 675
(what is a `LiteralString`), which this follows further: numbers that Python itself makes are fixed too, and so is what
is chosen from a fixed table.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

MAX_WORDS: Final = 10_000
"""No more characters of a text are kept: one that is added to itself again and again doubles each time."""
MAX_DEPTH: Final = 200
"""An expression nested deeper counts as built: nobody reads it, so nothing vouches for it."""


class Origin(IntEnum):
    """Where a value comes from, the worst last: of two possible ones the worse counts."""

    FIXED = 0
    COMPOSED = 1
    UNKNOWN = 2
    BUILT = 3


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression is worth. `how` names the operation that built it, `words` are its fixed parts."""

    origin: Origin
    how: str = ""
    words: str = ""


FIXED: Final = Value(Origin.FIXED)
COMPOSED: Final = Value(Origin.COMPOSED)
UNKNOWN: Final = Value(Origin.UNKNOWN)
TOO_DEEP: Final = Value(Origin.BUILT, "an expression too deep to read")

_COMPOSERS: Final = frozenset({"SQL", "Identifier", "Literal", "Placeholder", "Composed"})
"""psycopg's `sql` module: what is put together from these is quoted by the driver."""
_NUMBERS: Final = frozenset({"int", "float", "bool", "len", "abs", "ord", "id"})
"""What these return holds no quote and no space, whatever they are given."""
_SAME: Final = frozenset(
    {"strip", "lstrip", "rstrip", "lower", "upper", "title", "casefold", "expandtabs", "encode", "decode", "copy"}
    | {"removeprefix", "removesuffix", "split", "splitlines"}
)
"""Methods whose outcome holds nothing that their text doesn't."""
_THROUGH: Final = frozenset(
    {"str", "dedent", "cleandoc", "indent", "list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "cast"}
)
"""Functions that hand on what they are given."""
_TEMPLATES: Final = frozenset({"substitute", "safe_substitute"})


def worst(values: Iterable[Value]) -> Value:
    """The worst of `values`; fixed if there are none."""
    return max(values, key=lambda value: value.origin, default=FIXED)


def worsen(names: dict[str, Value], others: Iterable[Mapping[str, Value]]) -> None:
    """Let each of `names` be worth the worst that it is here or in any of `others`; what only they have comes along."""
    for other in others:
        for name, value in other.items():
            held = names.get(name)
            if held is None or held.origin < value.origin:
                names[name] = value


class Judge:
    """Judges expressions where the local names are worth what `names` says.

    `returns` says what the module's own functions are worth, by name.
    """

    def __init__(self, names: dict[str, Value], returns: Mapping[str, Value]) -> None:
        self.names = names
        self._returns = returns
        self._depth = 0

    def of(self, node: ast.expr) -> Value:
        """What `node` is worth."""
        judge = _KINDS.get(type(node))
        if judge is None:
            return UNKNOWN
        self._depth += 1
        try:
            return judge(self, node) if self._depth < MAX_DEPTH else TOO_DEEP
        finally:
            self._depth -= 1

    def bind(self, target: ast.expr, value: Value) -> None:
        """Let the names of `target` be worth `value` from here on."""
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            self.names[f"{target.value.id}.{target.attr}"] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for each in target.elts:
                self.bind(each, value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            held = self.names.get(target.value.id, UNKNOWN)
            self.names[target.value.id] = worst([held, value])

    def added(self, target: ast.expr, value: ast.expr, operator: ast.operator) -> Value:
        """What `target` is worth after `target += value`, or `%=`."""
        return self._operated(self.of(target), self.of(value), operator)

    def joined(self, node: ast.JoinedStr) -> Value:
        """An f-string: fixed if all that is put into it is."""
        parts: list[Value] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                parts += [self.of(part.value), *([self.of(part.format_spec)] if part.format_spec else [])]
            else:
                parts.append(self.of(part))
        return _put_together(parts, "an f-string")

    def binary(self, node: ast.BinOp) -> Value:
        """A `+`, `%` or `*` of two values."""
        return self._operated(self.of(node.left), self.of(node.right), node.op)

    def _operated(self, left: Value, right: Value, operator: ast.operator) -> Value:
        if isinstance(operator, ast.Mult):  # "%s" * 3; what is no text is a number
            return worst([value for value in (left, right) if value.origin is not Origin.UNKNOWN])
        if left.origin is Origin.COMPOSED or (right.origin is Origin.COMPOSED and isinstance(operator, ast.Add)):
            return COMPOSED
        if isinstance(operator, ast.Add):
            return _put_together([left, right], "+")
        if isinstance(operator, ast.Mod):
            return _put_together([left, right], "%")
        return UNKNOWN

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        """A list or generator: what each of its elements is worth."""
        inner = Judge(dict(self.names), self._returns)
        for generator in node.generators:
            inner.bind(generator.target, inner.chosen(generator.iter))
        return inner.of(node.elt)

    def chosen(self, collection: ast.expr) -> Value:
        """What is taken out of `collection`: fixed only if all of it is."""
        if isinstance(collection, ast.Call):
            function = collection.func
            if isinstance(function, ast.Name) and function.id == "range":
                return FIXED
            if isinstance(function, ast.Name) and function.id in ("enumerate", "zip"):
                return worst(map(self.chosen, collection.args))
            if isinstance(function, ast.Attribute) and function.attr in ("values", "items", "keys"):
                return self.chosen(function.value)
        return self.of(collection)

    def call(self, node: ast.Call) -> Value:
        """What a call returns."""
        name = called(node.func)
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if name in _COMPOSERS:
            return COMPOSED
        if name in self._returns and _of_this_module(node.func):
            return self._returns[name]
        if isinstance(node.func, ast.Attribute):
            return self._method(node.func, arguments)
        if name in _NUMBERS:
            return FIXED
        return worst(map(self.of, arguments)) if name in _THROUGH else UNKNOWN

    def _method(self, function: ast.Attribute, arguments: list[ast.expr]) -> Value:
        receiver = self.of(function.value)
        name = function.attr
        if name in _SAME:
            return receiver
        if name in _THROUGH:  # textwrap.dedent(…)
            return worst(map(self.of, arguments))
        if name in ("join", "replace") and receiver.origin is Origin.UNKNOWN:
            return worst(
                [receiver, *map(self.of, arguments)]
            )  # no text, it may be: a statement's of SQLAlchemy, a date's
        if name in ("format", "format_map", "join"):
            if receiver.origin is Origin.COMPOSED:
                return COMPOSED
            return _put_together([receiver, *map(self.of, arguments)], f".{name}()")
        if name == "replace" or name in _TEMPLATES:
            return _put_together([receiver, *map(self.of, arguments)], f".{name}()")
        if name == "get":  # from a table: the key chooses, and never comes along
            return worst([receiver, *map(self.of, arguments[1:])])
        # Whatever else is made of a built text was built.
        return receiver if receiver.origin is Origin.BUILT else UNKNOWN


def _put_together(parts: list[Value], how: str) -> Value:
    """One text out of several: fixed if each is, else built, by `how` unless a part was built before."""
    words = " ".join(part.words for part in parts if part.words)[:MAX_WORDS]
    last = worst(parts)
    if last.origin is Origin.FIXED:
        return Value(Origin.FIXED, words=words)
    return Value(Origin.BUILT, last.how or how, words)


def called(function: ast.expr) -> str:
    """What a call calls, by its last name."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _of_this_module(function: ast.expr) -> bool:
    """`name(…)`, `self.name(…)`, `cls.name(…)`: what is written here, and not another's of the same name."""
    if isinstance(function, ast.Attribute):
        return isinstance(function.value, ast.Name) and function.value.id in ("self", "cls")
    return True


_KINDS: Final[dict[type[ast.expr], Callable[[Judge, Any], Value]]] = {
    ast.Constant: lambda _, node: Value(Origin.FIXED, words=node.value) if isinstance(node.value, str) else FIXED,
    ast.Name: lambda judge, node: judge.names.get(node.id, UNKNOWN),
    ast.Attribute: lambda judge, node: judge.names.get(f"{called(node.value)}.{node.attr}", UNKNOWN),
    ast.JoinedStr: Judge.joined,
    ast.BinOp: Judge.binary,
    ast.Call: Judge.call,
    ast.NamedExpr: lambda judge, node: judge.of(node.value),
    ast.ListComp: Judge.comprehension,
    ast.SetComp: Judge.comprehension,
    ast.GeneratorExp: Judge.comprehension,
    ast.Subscript: lambda judge, node: judge.chosen(node.value),
    ast.IfExp: lambda judge, node: worst([judge.of(node.body), judge.of(node.orelse)]),
    ast.BoolOp: lambda judge, node: worst(map(judge.of, node.values)),
    ast.Await: lambda judge, node: judge.of(node.value),
    ast.Starred: lambda judge, node: judge.of(node.value),
    ast.List: lambda judge, node: worst(map(judge.of, node.elts)),
    ast.Tuple: lambda judge, node: worst(map(judge.of, node.elts)),
    ast.Set: lambda judge, node: worst(map(judge.of, node.elts)),
    ast.Dict: lambda judge, node: worst(judge.of(each) for each in (*node.keys, *node.values) if each is not None),
}
