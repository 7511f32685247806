"""`fga.mod`: the file that says of which modules a model is made. Its rules and words are OpenFGA's.

Source: OpenFGA's modular models. A module's path is relative to the manifest and never leads out of its folder,
whichever way it is spelled.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

import yaml

from airside.permissions.language.modules import MAX_FILES
from airside.permissions.language.parser import MODULAR
from airside.permissions.language.problems import ModelProblems, Problem
from airside.permissions.model import Span
from airside.permissions.yamlfile import refuse_depth

_TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Located:
    """A word of the manifest and where it stands."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Manifest:
    """The schema version, and the modules' files in order."""

    schema: Located
    contents: tuple[Located, ...]


def read_manifest(text: str, file: str = "fga.mod") -> Manifest:
    """What the manifest `text` says.

    Raises:
        ModelProblems: not YAML, a field that is missing or of another kind, or a path that leads elsewhere.
    """
    return _Manifest(file).read(text)


class _Manifest:
    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []

    def read(self, text: str) -> Manifest:
        fields = self._fields(text)
        schema, contents = self._schema(fields.get("schema")), self._contents(fields.get("contents"))
        if schema is None or self._problems:
            raise ModelProblems(self._problems)
        return Manifest(schema, tuple(contents))

    def _fields(self, text: str) -> dict[str, yaml.Node]:
        try:
            refuse_depth(text)
            root = yaml.compose(text, yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Span(0, 0, 0, self._file) if mark is None else Span(mark.line, mark.column, mark.column, self._file)
            raise ModelProblems([Problem("syntax", error.problem or "not YAML", place)]) from None
        except (yaml.YAMLError, RecursionError):
            raise ModelProblems([Problem("syntax", "not YAML", Span(0, 0, 0, self._file))]) from None
        if not isinstance(root, yaml.MappingNode):
            raise ModelProblems([Problem("syntax", "a mapping is expected", Span(0, 0, 0, self._file))])
        fields = {str(key.value): value for key, value in root.value}
        if len(fields) != len(root.value):
            self._refuse("a field stands twice", Span(0, 0, 0, self._file))
        return fields

    def _schema(self, node: yaml.Node | None) -> Located | None:
        if node is None:
            self._refuse("missing schema field", Span(0, 0, 0, self._file))
            return None
        found = self._located(node)
        if node.tag != _TAG + "str":
            self._refuse(f"unexpected schema type, expected string got value {found.text}", found.span)
        elif found.text != MODULAR:
            self._refuse(f"unsupported schema version, fga.mod only supported in version `{MODULAR}`", found.span)
        return found

    def _contents(self, node: yaml.Node | None) -> list[Located]:
        if node is None:
            self._refuse("missing contents field", Span(0, 0, 0, self._file))
            return []
        if not isinstance(node, yaml.SequenceNode):
            found = self._located(node)
            self._refuse(f"unexpected contents type, expected list of strings got value {found.text}", found.span)
            return []
        if len(node.value) > MAX_FILES:
            self._refuse(f"a model may have {MAX_FILES} files at most", self._located(node).span)
            return []
        return [self._item(each) for each in node.value]

    def _item(self, node: yaml.Node) -> Located:
        found = self._located(node)
        if node.tag != _TAG + "str":
            self._refuse(f"unexpected contents item type, expected string got value {found.text}", found.span)
            return found
        path = unquote(found.text).replace("\\", "/")
        if path.startswith("/") or ".." in path.split("/") or not path.isprintable():
            self._refuse(f"invalid contents item {found.text}", found.span)
        elif not path.endswith(".fga"):
            self._refuse(f"contents items should use fga file extension, got {found.text}", found.span)
        return Located(path, found.span)

    def _located(self, node: yaml.Node) -> Located:
        start, end = node.start_mark, node.end_mark
        text = node.value if isinstance(node, yaml.ScalarNode) else type(node).__name__.removesuffix("Node").lower()
        return Located(text, Span(start.line, start.column, end.column, self._file))

    def _refuse(self, message: str, span: Span) -> None:
        self._problems.append(Problem("invalid-manifest", message, span))
