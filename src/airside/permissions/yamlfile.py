"""YAML with one meaning: of the plain words only null, true, false and numbers are more than text.

YAML 1.1's `no` and `on`, its dates and its base-60 numbers stay the text that was written, as in the readers of
YAML 1.2. Tags and duplicate keys are refused, and so are aliases that unfold into more than a file can hold.

Values are built from the reader's events, one at a time: its own builder calls itself for each level and takes the
process down with it where there are too many, and needs eight times as long.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from math import isfinite
from typing import Final, TypeAlias, cast

import yaml

from airside.core.errors import InvalidInput

MAX_NODES: Final = 4_000_000
"""Values of one file, each counted as often as it is referred to."""
MAX_DEPTH: Final = 32
Steps: TypeAlias = Sequence[str | int]
"""Keys and positions that lead to a value."""
_TEXT: Final = (None, "!", "tag:yaml.org,2002:str")
_WORDS: Final[dict[str, object]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?\Z")


class Places:
    """Where the values of a file stand. It is read again for that, once, and only if somebody asks."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def line(self, path: Steps) -> int:
        """The line, from 1, of the value at `path`, or of the last one on the way there."""
        return self._node(path).start_mark.line + 1

    def text(self, path: Steps) -> tuple[int, int] | None:
        """The line and column, from 0, at which the text of a literal block at `path` begins; None for another."""
        node = self._node(path)
        if not isinstance(node, yaml.ScalarNode) or cast("str | None", node.style) != "|":
            return None
        line = node.start_mark.line + 1
        for each in self._body.decode("utf-8").split("\n")[line:]:
            if each.strip():
                return line, len(each) - len(each.lstrip(" "))
        return None

    @cached_property
    def _root(self) -> yaml.Node:
        for _ in _events(self._body):
            pass
        root = yaml.compose(self._body, yaml.CSafeLoader)
        return root if root is not None else yaml.ScalarNode("", "", yaml.Mark("", 0, 0, 0, None, 0))

    def _node(self, path: Steps) -> yaml.Node:
        node = self._root
        for step in path:
            found: list[yaml.Node] = []
            if isinstance(node, yaml.MappingNode):
                found = [value for key, value in node.value if key.value == step]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                found = node.value[step : step + 1]
            if not found:
                break
            node = found[0]
        return node


def load_yaml(body: bytes, name: str) -> object:
    """The value that `body`, the contents of the file `name`, spells.

    Raises:
        InvalidInput: not YAML, or YAML of a kind refused above; says where.
    """
    builder = _Builder()
    try:
        for event in _events(body):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f":{mark.line + 1}:{mark.column + 1}"
        raise InvalidInput(f"{name}{where}: {error.problem or 'not YAML'}") from None
    except (yaml.YAMLError, ValueError):
        raise InvalidInput(f"{name}: not YAML") from None
    _refuse_unfolding(builder.value, name)
    return builder.value


def refuse_depth(text: str) -> None:
    """What must be known before PyYAML itself builds anything of `text`.

    Raises:
        MarkedYAMLError: nested over `MAX_DEPTH` deep, or not YAML.
    """
    for _ in _events(text):
        pass


def _events(body: bytes | str) -> Iterator[yaml.Event]:
    depth = 0
    for event in yaml.parse(body, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _refused(f"nested over {MAX_DEPTH} deep", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        yield event


class _Builder:
    """Puts the events of one document together."""

    def __init__(self) -> None:
        self.value: object = None
        self._open: list[tuple[dict[str, object] | list[object], str | None]] = []
        self._anchors: dict[str, object] = {}
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Raises:
        MarkedYAMLError: a tag, a key that isn't text or stands twice, an unknown alias, a second document.
        """
        match event:
            case yaml.ScalarEvent():
                self._put(self._scalar(event), event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._start(event)
            case yaml.CollectionEndEvent():
                self._open.pop()
            case yaml.AliasEvent():
                if event.anchor not in self._anchors:
                    raise _refused("an alias of nothing", event)
                self._put(self._anchors[event.anchor], event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _refused("a second document", event)
            case _:
                pass

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if event.tag not in (None, "!"):
            raise _refused("a tag", event)
        made: dict[str, object] | list[object] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._put(made, event)
        if event.anchor:
            self._anchors[event.anchor] = made
        self._open.append((made, None))

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        if event.tag not in _TEXT:
            raise _refused("a tag", event)
        plain = not event.style and event.tag is None
        value = _meant(event.value) if plain else event.value
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _put(self, value: object, event: yaml.Event) -> None:
        if not self._open:
            self.value = value
            return
        into, key = self._open[-1]
        if isinstance(into, list):
            into.append(value)
        elif key is not None:
            into[key] = value
            self._open[-1] = (into, None)
        elif not isinstance(value, str):
            raise _refused("a key that isn't text", event)
        elif value in into:
            raise _refused(f"the key {value!r} stands twice", event)
        else:
            self._open[-1] = (into, value)


def _meant(word: str) -> object:
    """What a plain word means."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "-0123456789":
        return word
    found = _NUMBER.match(word)
    if found is None:
        return word
    if found[1] is None and found[2] is None:
        return int(word)
    number = float(word)
    return number if isfinite(number) else word


def _refused(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, cast("yaml.Mark", event.start_mark))


def _refuse_unfolding(value: object, name: str) -> None:
    """Counts what a reader would walk through; an alias to itself never ends."""
    pending: list[tuple[object, int]] = [(value, 0)]
    count = 0
    while pending:
        each, depth = pending.pop()
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise InvalidInput(f"{name}: over {MAX_NODES} values, or nested over {MAX_DEPTH} deep")
        match each:
            case dict():
                pending.extend((inner, depth + 1) for inner in cast("dict[str, object]", each).values())
            case list():
                pending.extend((inner, depth + 1) for inner in cast("list[object]", each))
            case _:
                pass
