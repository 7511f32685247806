"""`.fga.yaml` store files, as the `fga` tool reads them: a model, tuples, and tests of what they should answer.

Source: the store file format of OpenFGA's CLI. Our extension is `expires_at` beside a tuple's `condition`. A file is
read whole and judged by its shape; unknown fields are refused by name. Files it names must lie in its own folder, so
that a store file from elsewhere can't read what its writer couldn't.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final, cast

import msgspec

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json, loads
from airside.permissions.language import from_json, parse, validate
from airside.permissions.model import Grant, Model
from airside.permissions.refusals import UnsupportedSchema
from airside.permissions.storetests import Assertion, CheckAssertion, ObjectsAssertion, UsersAssertion
from airside.permissions.tuplefile import TupleRow, Values, grants_of, read_bounded, read_tuples
from airside.permissions.yamlfile import load_yaml

MAX_MODEL: Final = 1024 * 1024
"""Bytes of one model file."""


class CheckRow(msgspec.Struct, forbid_unknown_fields=True):
    """What each user should have on each object, by relation."""

    assertions: dict[str, bool]
    user: str = ""
    users: list[str] = []
    object: str = ""
    objects: list[str] = []
    context: Values = {}


class ObjectsRow(msgspec.Struct, forbid_unknown_fields=True):
    """Which objects of a type a user should have, by relation."""

    user: str
    type: str
    assertions: dict[str, list[str] | None]
    context: Values = {}


class UserFilter(msgspec.Struct, forbid_unknown_fields=True):
    """A kind of subject."""

    type: str
    relation: str = ""

    @property
    def kind(self) -> str:
        """The kind as the graph names it."""
        return f"{self.type}#{self.relation}" if self.relation else self.type


class UsersWanted(msgspec.Struct, forbid_unknown_fields=True):
    """The subjects expected."""

    users: list[str] | None = None


class UsersRow(msgspec.Struct, forbid_unknown_fields=True):
    """Which subjects of one kind should have an object, by relation."""

    object: str
    user_filter: list[UserFilter]
    assertions: dict[str, UsersWanted]
    context: Values = {}


class TestRow(msgspec.Struct, forbid_unknown_fields=True):
    """A test as it is written."""

    name: str = ""
    description: str = ""
    tuples: list[TupleRow] | None = None
    tuple_file: str = ""
    tuple_files: list[str] = []
    check: list[CheckRow] | None = None
    list_objects: list[ObjectsRow] | None = None
    list_users: list[UsersRow] | None = None


class StoreRow(msgspec.Struct, forbid_unknown_fields=True):
    """A store file as it is written."""

    name: str = ""
    description: str = ""
    model: str = ""
    model_file: str = ""
    tuples: list[TupleRow] | None = None
    tuple_file: str = ""
    tuple_files: list[str] = []
    tests: list[TestRow] | None = None


@dataclass(frozen=True, slots=True)
class StoreTest:
    """One test: what is asked where the store's tuples and `grants` hold."""

    name: str
    grants: tuple[Grant, ...]
    assertions: tuple[Assertion, ...]


@dataclass(frozen=True, slots=True)
class StoreFile:
    """A store file with everything it names read: a valid model, the tuples, the tests."""

    name: str
    model: Model
    grants: tuple[Grant, ...]
    tests: tuple[StoreTest, ...]


def read_store(path: Path, *, external: bool = False) -> StoreFile:
    """The store file at `path`. `external`: files outside its folder may be named.

    Raises:
        InvalidInput: not YAML, another shape, or a file outside the folder.
        TooLarge: a file over its cap.
        InvalidModel: the model isn't one.
        OSError: a file that can't be read.
    """
    row = _converted(load_yaml(read_bounded(path)), StoreRow, path)
    folder = _Folder(path.parent, external)
    return StoreFile(
        row.name or path.name,
        _model(row, folder, path),
        _grants(row, folder),
        tuple(_test(number, each, folder) for number, each in enumerate(row.tests or [], 1)),
    )


def read_model(path: Path) -> Model:
    """The valid model in a `.fga`, `.json` or `.mod` file, or in a store file (`.yaml`).

    Raises:
        as `read_store`.
    """
    if path.suffix in (".yaml", ".yml"):
        row = _converted(load_yaml(read_bounded(path)), StoreRow, path)
        return _model(row, _Folder(path.parent, external=False), path)
    return _model_in(path)


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path
    external: bool

    def find(self, name: str) -> Path:
        """The file called `name`, seen from the folder.

        Raises:
            InvalidInput: it lies outside.
        """
        found = self.path / name
        if not self.external and not found.resolve().is_relative_to(self.path.resolve()):
            raise InvalidInput(f"{name} lies outside the store file's folder: allow it by --allow-external-files")
        return found


def _converted(value: object, shape: "type[StoreRow]", path: Path) -> StoreRow:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{path.name}: {error}") from None


def _model(row: StoreRow, folder: _Folder, path: Path) -> Model:
    if bool(row.model) == bool(row.model_file):
        raise InvalidInput(f"{path.name}: exactly one of model and model_file is expected")
    if row.model_file:
        return _model_in(folder.find(row.model_file))
    return _valid(parse(row.model))


def _model_in(path: Path) -> Model:
    body = read_bounded(path, MAX_MODEL)
    if path.suffix == ".json":
        return _valid(from_json(loads(body, max_bytes=MAX_MODEL)))
    text = _text(body, path)
    if path.suffix != ".mod":
        return _valid(parse(text))
    raise UnsupportedSchema("modules are not available yet")


def _valid(model: Model) -> Model:
    validate(model)
    return model


def _text(body: bytes, path: Path) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path.name} isn't UTF-8") from None


def _grants(row: StoreRow | TestRow, folder: _Folder) -> tuple[Grant, ...]:
    files = [*([row.tuple_file] if row.tuple_file else []), *row.tuple_files]
    named = [grant for name in files for grant in read_tuples(folder.find(name))]
    return (*named, *grants_of(row.tuples or []))


def _test(number: int, row: TestRow, folder: _Folder) -> StoreTest:
    for check in row.check or []:
        if bool(check.user) == bool(check.users) or bool(check.object) == bool(check.objects):
            raise InvalidInput(f"test {number}: a check has either user or users, and either object or objects")
    for users in row.list_users or []:
        if len(users.user_filter) != 1:
            raise InvalidInput(f"test {number}: list_users takes exactly one user_filter")
    assertions = (*_checks(row), *_objects(row), *_users(row))
    return StoreTest(row.name or f"test {number}", _grants(row, folder), assertions)


def _checks(test: TestRow) -> Iterator[Assertion]:
    for row in test.check or []:
        for user, object_ in product(row.users or [row.user], row.objects or [row.object]):
            for relation, expected in row.assertions.items():
                yield CheckAssertion(user, relation, object_, _json(row.context), expected)


def _objects(test: TestRow) -> Iterator[Assertion]:
    for row in test.list_objects or []:
        for relation, expected in row.assertions.items():
            yield ObjectsAssertion(row.user, relation, row.type, _json(row.context), sorted(expected or []))


def _users(test: TestRow) -> Iterator[Assertion]:
    for row in test.list_users or []:
        for relation, expected in row.assertions.items():
            kind = row.user_filter[0].kind
            yield UsersAssertion(row.object, relation, kind, _json(row.context), sorted(expected.users or []))


def _json(context: Values) -> dict[str, Json]:
    return cast("dict[str, Json]", context)  # YAML as it is read here has no other values
