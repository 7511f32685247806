"""`.fga.yaml` store files, as the `fga` tool reads them: a model, tuples, and tests of what they should answer.

Source: the store file format of OpenFGA's CLI. Our extension is `expires_at` beside a tuple's `condition`. A file is
read whole and judged by its shape; unknown fields are refused by name. Files it names must lie in its own folder, so
that a store file from elsewhere can't read what its writer couldn't.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TypeAlias, cast

import msgspec

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.permissions.language import parse
from airside.permissions.model import Grant, Model, Span, TupleKey
from airside.permissions.modelfile import Folder, judged, read_bounded, read_model_file
from airside.permissions.refusals import InvalidQuestion
from airside.permissions.rules import Rules
from airside.permissions.storetests import Assertion, CheckAssertion, ObjectsAssertion, UsersAssertion
from airside.permissions.tuplefile import (
    MAX_FILE,
    TupleRow,
    Values,
    converted,
    grants_of,
    place_of,
    read_tuples,
)
from airside.permissions.words import spell
from airside.permissions.yamlfile import Places, load_yaml

At: TypeAlias = tuple[str | int, ...]


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
    """A store file with everything it names read: a valid model, tuples that it allows, the tests."""

    name: str
    model: Model
    grants: tuple[Grant, ...]
    tests: tuple[StoreTest, ...]
    places: Places


def read_store(path: Path, *, external: bool = False) -> StoreFile:
    """The store file at `path`. `external`: files outside its folder may be named.

    Raises:
        ModelProblems: the model isn't one.
        InvalidInput: not YAML, another shape, a tuple that the model doesn't allow or that stands twice, or a file
            outside the folder. Everything is told with its file and line.
        TooLarge: a file over its cap.
        OSError: a file that can't be read.
    """
    return _Store(path, external=external).read()


def read_import(path: Path, *, external: bool = False) -> StoreFile:
    """The store file at `path`, or a model file (`.fga`, `.json`, `.mod`) as a store without tuples.

    Raises:
        as `read_store`.
    """
    if path.suffix in (".yaml", ".yml"):
        return read_store(path, external=external)
    return StoreFile(path.stem, read_model_file(path, external=external), (), (), Places(b""))


def read_model(path: Path) -> Model:
    """The valid model in a `.fga`, `.json` or `.mod` file, or in a store file (`.yaml`).

    Raises:
        as `read_store`.
    """
    if path.suffix in (".yaml", ".yml"):
        return _Store(path, external=False).model()
    return read_model_file(path)


class _Store:
    def __init__(self, path: Path, *, external: bool) -> None:
        body = read_bounded(path, MAX_FILE)
        self._path = path
        self._places = Places(body)
        self._folder = Folder(path.parent, external)
        self._row = converted(load_yaml(body, str(path)), StoreRow, str(path), self._places)

    def model(self) -> Model:
        row = self._row
        if bool(row.model) == bool(row.model_file):
            raise self._refusal("exactly one of model and model_file is expected", ())
        if row.model_file:
            return read_model_file(self._folder.find(row.model_file), external=self._folder.external)
        return judged(lambda: parse(row.model), self._in_block)

    def read(self) -> StoreFile:
        row, model = self._row, self.model()
        rules = Rules(model)
        grants = self._grants(rules, row, (), ())
        tests = tuple(self._test(rules, grants, number, each) for number, each in enumerate(row.tests or []))
        return StoreFile(row.name or self._path.name, model, grants, tests, self._places)

    def _in_block(self, span: Span) -> Span:
        start = self._places.text(("model",))
        if start is None:
            return Span(self._places.line(("model",)) - 1, 0, 0, str(self._path))
        line, column = start
        return Span(line + span.line, column + span.start, column + span.end, str(self._path))

    def _grants(self, rules: Rules, row: StoreRow | TestRow, known: tuple[Grant, ...], at: At) -> tuple[Grant, ...]:
        """The tuples of a store, or of a test where those `known` hold."""
        found: list[Grant] = []
        seen = {grant.key for grant in known}
        for name in (*([row.tuple_file] if row.tuple_file else []), *row.tuple_files):
            file = self._folder.find(name)
            grants = read_tuples(file)
            _check(rules, grants, seen, partial(place_of, file))
            found += grants

        def place(index: int) -> str:
            return f"{self._path}:{self._places.line((*at, 'tuples', index))}"

        inline = grants_of(row.tuples or [], place)
        _check(rules, inline, seen, place)
        return (*found, *inline)

    def _test(self, rules: Rules, known: tuple[Grant, ...], number: int, row: TestRow) -> StoreTest:
        at = ("tests", number)
        for index, check in enumerate(row.check or []):
            if bool(check.user) == bool(check.users) or bool(check.object) == bool(check.objects):
                message = "a check has either user or users, and either object or objects"
                raise self._refusal(message, (*at, "check", index))
        for index, users in enumerate(row.list_users or []):
            if len(users.user_filter) != 1:
                raise self._refusal("list_users takes exactly one user_filter", (*at, "list_users", index))
        assertions = (*_checks(row, at), *_objects(row, at), *_users(row, at))
        return StoreTest(row.name or f"test {number + 1}", self._grants(rules, row, known, at), assertions)

    def _refusal(self, message: str, at: At) -> InvalidInput:
        return InvalidInput(f"{self._path}:{self._places.line(at)}: {message}")


def _check(rules: Rules, grants: list[Grant], seen: set[TupleKey], place: Callable[[int], str]) -> None:
    for index, grant in enumerate(grants):
        try:
            rules.check_tuple(grant.key, grant.terms)
        except InvalidQuestion as refusal:
            raise InvalidInput(f"{place(index)}: '{spell(grant.key)}': {refusal.reason}") from None
        if grant.key in seen:
            raise InvalidInput(f"{place(index)}: '{spell(grant.key)}' stands twice")
        seen.add(grant.key)


def _checks(test: TestRow, at: At) -> Iterator[Assertion]:
    for index, row in enumerate(test.check or []):
        for user, object_ in product(row.users or [row.user], row.objects or [row.object]):
            for relation, expected in row.assertions.items():
                place = (*at, "check", index, "assertions", relation)
                yield CheckAssertion(user, relation, object_, _json(row.context), expected, place)


def _objects(test: TestRow, at: At) -> Iterator[Assertion]:
    for index, row in enumerate(test.list_objects or []):
        for relation, expected in row.assertions.items():
            place = (*at, "list_objects", index, "assertions", relation)
            yield ObjectsAssertion(row.user, relation, row.type, _json(row.context), sorted(expected or []), place)


def _users(test: TestRow, at: At) -> Iterator[Assertion]:
    for index, row in enumerate(test.list_users or []):
        for relation, expected in row.assertions.items():
            place = (*at, "list_users", index, "assertions", relation)
            kind, wanted = row.user_filter[0].kind, sorted(expected.users or [])
            yield UsersAssertion(row.object, relation, kind, _json(row.context), wanted, place)


def _json(context: Values) -> dict[str, Json]:
    return cast("dict[str, Json]", context)  # YAML as it is read here has no other values
