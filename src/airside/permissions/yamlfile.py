"""YAML with one meaning: of the plain words only null, true, false and numbers are more than text.

YAML 1.1's `no` and `on`, its dates and its base-60 numbers stay the text that was written, as in the readers of
YAML 1.2. Tags and duplicate keys are refused, and so are aliases that unfold into more than a file can hold.
"""

import re
from collections.abc import Hashable
from typing import Any, Final, cast

import yaml

from airside.core.errors import InvalidInput

MAX_NODES: Final = 4_000_000
"""Values of one file, each counted as often as it is referred to."""
MAX_DEPTH: Final = 32
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = (
    ("null", re.compile(r"(?:~|null|)\Z"), ("~", "n", "")),
    ("bool", re.compile(r"(?:true|false)\Z"), ("t", "f")),
    ("int", re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z"), tuple("-0123456789")),
    ("float", re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?\Z"), tuple("-0123456789")),
)


class _Loader(yaml.CSafeLoader):
    """PyYAML looks a plain word's kind up by its first character, and a value's builder by its tag."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        mark: [(_TAG + name, words) for name, words, marks in _PLAIN if mark in marks]
        for mark in {mark for _, _, marks in _PLAIN for mark in marks}
    }
    yaml_constructors = {
        _TAG + name: getattr(yaml.CSafeLoader, f"construct_yaml_{name}")
        for name in ("null", "bool", "int", "float", "str", "seq", "map")
    } | {None: cast("Any", yaml.CSafeLoader).construct_undefined}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        built: dict[Hashable, object] = super().construct_mapping(node, deep=deep)
        if len(built) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return built


def load_yaml(body: bytes) -> object:
    """The value that `body` spells.

    Raises:
        InvalidInput: not YAML, or YAML of a kind refused above; says where.
    """
    try:
        value: object = yaml.load(body, _Loader)  # noqa: S506 - a safe loader, stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise InvalidInput(f"{where}{error.problem or 'not YAML'}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InvalidInput("not YAML") from None
    _refuse_unfolding(value)
    return value


def _refuse_unfolding(value: object) -> None:
    """Counts what a reader would walk through; an alias to itself never ends."""
    pending: list[tuple[object, int]] = [(value, 0)]
    count = 0
    while pending:
        each, depth = pending.pop()
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise InvalidInput(f"over {MAX_NODES} values, or nested over {MAX_DEPTH} deep")
        match each:
            case dict():
                mapping = cast("dict[object, object]", each)
                if not all(isinstance(key, str) for key in mapping):
                    raise InvalidInput("a key that isn't text")
                pending.extend((inner, depth + 1) for inner in mapping.values())
            case list():
                pending.extend((inner, depth + 1) for inner in cast("list[object]", each))
            case _:
                pass
