"""A model's conditions, compiled: CEL by Google's C++ runtime, with OpenFGA's parameter types.

Each expression is type-checked where addresses are a type of their own, so that nothing can be done with one but what
`ipaddress` and `in_cidr` do; it is evaluated where they are their one canonical spelling.
"""

import re
from collections.abc import Mapping
from typing import Final

from cel_expr_python import cel

from airside.core.strict_json import Json
from airside.permissions.condition_cost import MAX_COST, MAX_NESTING, Shape, shape_of
from airside.permissions.condition_values import Value, address, convert, in_network, values_of
from airside.permissions.language.problems import ModelProblems, Problem
from airside.permissions.model import Condition, Model, Span, Terms
from airside.permissions.refusals import ConditionFailed, InvalidContext, MissingParameters

MAX_EXPRESSION: Final = 4096
"""Characters of an expression."""
MAX_CONTEXT: Final = 32 * 1024
"""Bytes of a tuple's context, as canonical JSON: OpenFGA's own bound."""
MAX_STORED: Final = 10_000
"""Stored contexts kept converted; when they are full, all are forgotten."""

_T: Final = cel.Type
_ADDRESS: Final = cel.Type.AbstractType("ipaddress")
_TYPES: Final = {
    "bool": _T.BOOL,
    "string": _T.STRING,
    "int": _T.INT,
    "uint": _T.UINT,
    "double": _T.DOUBLE,
    "duration": _T.DURATION,
    "timestamp": _T.TIMESTAMP,
    "any": _T.DYN,
}
_PLACE: Final = re.compile(r"<input>:(-?\d+):(-?\d+): (.+)")


class Conditions:
    """The conditions of one model."""

    def __init__(self, model: Model) -> None:
        """Raises:
        ModelProblems: an expression that isn't CEL, isn't well typed, gives no bool, or could cost too much.
        """
        self._programs: dict[str, _Program] = {}
        problems: list[Problem] = []
        for condition in model.conditions:
            try:
                self._programs[condition.name] = _Program(condition)
            except ModelProblems as refusal:
                problems += refusal.problems
        if problems:
            raise ModelProblems(problems)
        self._stored: dict[Terms, dict[str, Value]] = {}

    def evaluate(self, terms: Terms, context: Mapping[str, Json]) -> bool:
        """Whether the condition of `terms` holds; where the tuple has a value of its own, that one counts. `context`
        may have values that the condition doesn't know. As in OpenFGA, every parameter must be given, even where the
        expression would do without.

        Raises:
            MissingParameters: neither of them gives a parameter.
            InvalidContext: a value isn't of its parameter's type.
            ConditionFailed: no such condition, a run-time error (division by zero), or too costly.
        """
        if not terms.condition:
            return True
        program = self._program(terms.condition)
        stored = self._stored.get(terms)
        if stored is None:
            if len(self._stored) >= MAX_STORED:
                self._stored.clear()
            stored = self._stored[terms] = program.convert(values_of(terms))
        return program.holds(stored, context)

    def check(self, terms: Terms) -> None:
        """Whether a tuple may be stored with these terms.

        Raises:
            InvalidContext: a value that isn't of its parameter's type, of no parameter, or over `MAX_CONTEXT`.
            ConditionFailed: no such condition.
        """
        if not terms.condition:
            return
        if len(terms.context) > MAX_CONTEXT:
            raise InvalidContext(f"condition context size limit exceeded: {len(terms.context)} bytes of {MAX_CONTEXT}")
        program = self._program(terms.condition)
        values = values_of(terms)
        for name in values:
            if name not in program.parameters:
                raise InvalidContext(f"found invalid context parameter: {name}")
        program.convert(values)

    def _program(self, name: str) -> "_Program":
        program = self._programs.get(name)
        if program is None:
            raise ConditionFailed(f"undefined condition '{name}'")
        return program


class _Program:
    """One condition, ready to be evaluated."""

    def __init__(self, condition: Condition) -> None:
        self._name = condition.name
        self.parameters = {parameter.name: parameter.type for parameter in condition.parameters}
        if len(condition.expression) > MAX_EXPRESSION:
            raise _refused(condition, f"an expression may have {MAX_EXPRESSION} characters at most")
        checked = _compiled(condition, _environment(self.parameters, _ADDRESS, _ADDRESS))
        if checked.return_type() != _T.BOOL:
            raise _refused(condition, f"the expression must give a bool, not {checked.return_type().name()}")
        self._shape = _bounded(condition, shape_of(checked.serialize()))
        self._environment = _environment(self.parameters, _T.STRING, _T.DYN)  # DYN: what may be compared with null
        self._expression = _compiled(condition, self._environment)

    def convert(self, values: Mapping[str, Json]) -> dict[str, Value]:
        """Those of `values` that are parameters, typed.

        Raises:
            InvalidContext: one isn't of its type.
        """
        converted: dict[str, Value] = {}
        for name, kind in self.parameters.items():
            if name in values:
                try:
                    converted[name] = convert(kind, values[name])
                except InvalidContext as refusal:
                    raise InvalidContext(
                        f"parameter type error on condition '{self._name}' -"
                        f" failed to convert context parameter '{name}': {refusal.reason}"
                    ) from None
        return converted

    def holds(self, stored: Mapping[str, Value], context: Mapping[str, Json]) -> bool:
        """See `Conditions.evaluate`."""
        asked = {name: context[name] for name in self.parameters if name in context and name not in stored}
        values = {**self.convert(asked), **stored}
        missing = [name for name in self.parameters if name not in values]
        if missing:
            raise MissingParameters(self._name, missing)
        if self._shape.cost(values.values()) > MAX_COST:
            raise self._failed("the context is too large for this expression")
        try:
            result = self._expression.eval(self._environment.Activation(values))
        except RuntimeError:
            raise self._failed("too many steps") from None
        if result.type() != _T.BOOL:
            raise self._failed("the expression has no value for this context")
        return result.value() is True

    def _failed(self, why: str) -> ConditionFailed:
        return ConditionFailed(f"failed to evaluate relationship condition: '{self._name}' - {why}")


def _environment(parameters: Mapping[str, str], address_type: cel.Type, given_type: cel.Type) -> cel.Env:
    """What an expression may name: its parameters, CEL's standard functions, and those of addresses. `given_type` is
    that of addresses among the parameters."""
    functions = [
        cel.FunctionDecl(
            "ipaddress", [cel.Overload("ipaddress_string", address_type, [_T.STRING], False, impl=address)]
        ),
        cel.FunctionDecl(
            "in_cidr",
            [cel.Overload("ipaddress_in_cidr_string", _T.BOOL, [address_type, _T.STRING], True, impl=in_network)],
        ),
    ]
    variables = {name: _type(kind, given_type) for name, kind in parameters.items()}
    return cel.NewEnv(variables=variables, functions=functions)


def _type(kind: str, address_type: cel.Type) -> cel.Type:
    container, _, element = kind.rstrip(">").partition("<")
    if container == "list":
        return _T.List(_type(element, address_type))
    if container == "map":
        return _T.Map(_T.STRING, _type(element, address_type))
    return address_type if kind == "ipaddress" else _TYPES[kind]


def _compiled(condition: Condition, environment: cel.Env) -> cel.Expression:
    try:
        return environment.compile(condition.expression)
    except (RuntimeError, ValueError) as error:
        found = _PLACE.search(str(error))
        if found is None:
            raise _refused(condition, "the expression can't be compiled: it is nested too deeply") from None
        message = found[3].replace(" (in container '')", "")
        raise _refused(condition, message, int(found[1]), int(found[2])) from None


def _bounded(condition: Condition, shape: Shape) -> Shape:
    if shape.nesting > MAX_NESTING:
        raise _refused(condition, f"comprehensions may be nested {MAX_NESTING} deep at most")
    if shape.doubles:
        raise _refused(condition, "strings and lists can't be added within a comprehension: it could not be bounded")
    if shape.foreign:
        raise _refused(condition, "the pattern of 'matches' must be a literal: it could not be bounded")
    if shape.cost([]) > MAX_COST:
        raise _refused(condition, "the expression is too costly")
    return shape


def _refused(condition: Condition, message: str, line: int = 0, column: int = 0) -> ModelProblems:
    """`line` and `column` (from 1) are the expression's own; the problem's place is the text's, where it is known."""
    start, span = condition.expression_span, condition.span
    if start is not None and line > 0:
        left = column - 1 + (start.start if line == 1 else 0)
        span = Span(start.line + line - 1, left, left + 1, start.file)
    return ModelProblems(
        [
            Problem(
                "invalid-condition", f"failed to compile expression on condition '{condition.name}' - {message}", span
            )
        ]
    )
