"""The declaration of a condition: its name, its parameters and the text of its expression."""

from typing import Final

from airside.permissions.language.problems import Problem, SyntaxProblem
from airside.permissions.language.reader import Reader
from airside.permissions.model import Condition, Parameter

SCALARS: Final = ("bool", "string", "int", "uint", "double", "duration", "timestamp", "ipaddress", "any")
CONTAINERS: Final = ("map", "list")


def condition(reader: Reader) -> Condition:
    """`condition name(parameter: type, …) { expression }`; the expression is kept as text.

    Raises:
        SyntaxProblem: anything else.
    """
    reader.keyword("condition")
    reader.space()
    name = reader.name("the name of a condition")
    reader.skip("space")
    reader.mark("(")
    parameters: dict[str, Parameter] = {}
    while True:
        reader.skip("space", "newline")
        word = reader.next
        parameter = _parameter(reader)
        if parameter.name in parameters:
            message = f"parameter '{parameter.name}' is already defined in the condition '{name.text}'"
            raise SyntaxProblem(Problem("duplicate", message, word.span))
        parameters[parameter.name] = parameter
        reader.skip("space", "newline")
        if not reader.at(","):
            break
        reader.take()
    reader.mark(")")
    reader.skip("space")
    reader.mark("{")
    expression, place = reader.braced()
    return Condition(name.text, tuple(parameters.values()), expression, name.span, place)


def _parameter(reader: Reader) -> Parameter:
    if reader.next.text in SCALARS + CONTAINERS:
        raise reader.unexpected("the name of a parameter")
    name = reader.name("the name of a parameter")
    reader.skip("space")
    reader.mark(":")
    reader.skip("space")
    if reader.next.text not in CONTAINERS:
        return Parameter(name.text, _scalar(reader))
    container = reader.take().text
    reader.mark("<")
    element = _scalar(reader)
    reader.mark(">")
    return Parameter(name.text, f"{container}<{element}>")


def _scalar(reader: Reader) -> str:
    if reader.next.text not in SCALARS:
        raise reader.unexpected("one of " + ", ".join(SCALARS))
    return reader.take().text
