"""The operations of an OpenAPI 3 description, and requests that each of them takes. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

METHODS: Final = ("get", "head", "post", "put", "patch", "delete")
MAX_DEPTH: Final = 8
"""How far a schema is followed into itself."""
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
_SAMPLES: Final[dict[str, Any]] = {"string": "x", "integer": 1, "number": 1, "boolean": True, "null": None}
_FORMATS: Final = {
    "date": "2027-03-01",
    "date-time": "2027-03-01T12:00:00Z",
    "email": "ada@example.com",
    "uuid": "00000000-0000-7000-8000-000000000000",
    "uri": "https://example.com/",
}
Tree = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `places` are the names in its path and the parameters that its query has to have; `body`
    is the least JSON that its schema takes, or None."""

    method: str
    path: str
    places: tuple[str, ...]
    query: tuple[str, ...]
    body: Any

    @property
    def name(self) -> str:
        """`GET /notes/{note_id}`."""
        return f"{self.method} {self.path}"

    @property
    def reads(self) -> bool:
        """Whether it changes nothing (RFC 9110 §9.2.1)."""
        return self.method in ("GET", "HEAD")


def operations(description: Tree) -> tuple[Operation, ...]:
    """Every operation, in the order of the description."""
    found: list[Operation] = []
    for path, item in _tree(description.get("paths")).items():
        shared = _list(item.get("parameters"))
        for method in METHODS:
            if method in item:
                found.append(_operation(description, method, path, _tree(item[method]), shared))
    return tuple(found)


def _operation(description: Tree, method: str, path: str, said: Tree, shared: list[Any]) -> Operation:
    parameters = [_resolved(description, each) for each in [*shared, *_list(said.get("parameters"))]]
    query = [str(each["name"]) for each in parameters if each.get("in") == "query" and each.get("required")]
    content = _tree(_resolved(description, _tree(said.get("requestBody"))).get("content"))
    schema = _tree(content.get("application/json")).get("schema")
    body = None if schema is None else sample(description, _tree(schema))
    return Operation(method.upper(), path, tuple(_PLACE.findall(path)), tuple(query), body)


def sample(description: Tree, schema: Tree, depth: int = 0) -> Any:
    """The least value that `schema` takes, as far as its types, formats, choices and required members tell."""
    schema = _resolved(description, schema)
    for told in ("example", "default", "const"):
        if told in schema:
            return schema[told]
    if _list(schema.get("enum")):
        return schema["enum"][0]
    for several in ("anyOf", "oneOf", "allOf"):
        if _list(schema.get(several)) and depth < MAX_DEPTH:
            return sample(description, _tree(schema[several][0]), depth + 1)
    kinds = _list(schema.get("type")) or [schema.get("type")]
    kind = str(kinds[0])
    if kind == "array":
        item, least = _tree(schema.get("items")), int(schema.get("minItems", 0))
        return [sample(description, item, depth + 1) for _ in range(least)] if depth < MAX_DEPTH else []
    if kind == "object" or "properties" in schema:
        members = _tree(schema.get("properties"))
        wanted = [name for name in _list(schema.get("required")) if name in members and depth < MAX_DEPTH]
        return {name: sample(description, _tree(members[name]), depth + 1) for name in wanted}
    if kind == "string":
        text = _FORMATS.get(str(schema.get("format")), _SAMPLES["string"])
        return str(text).ljust(int(schema.get("minLength", 0)), "x")
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 1), 1)
    return _SAMPLES.get(kind, "x")


def filled(path: str, values: Mapping[str, str]) -> str:
    """The path with its places filled."""
    return _PLACE.sub(lambda place: values[place[1]], path)


def ids_in(value: Any) -> Iterator[tuple[str, str]]:
    """Members of a JSON answer that name something: `id`, and whatever ends in `_id`, with its value."""
    if isinstance(value, dict):
        for name, member in cast(dict[str, Any], value).items():
            if (name == "id" or name.endswith("_id")) and isinstance(member, str | int):
                yield name, str(member)
            yield from ids_in(member)
    elif isinstance(value, list):
        for member in cast(list[Any], value):
            yield from ids_in(member)


def _resolved(description: Tree, value: Tree) -> Tree:
    """What a `$ref` within the description points at."""
    for _ in range(MAX_DEPTH):
        pointer = value.get("$ref")
        if not isinstance(pointer, str) or not pointer.startswith("#/"):
            return value
        target: Any = description
        for part in pointer[2:].split("/"):
            target = _tree(target).get(part.replace("~1", "/").replace("~0", "~"))
        value = _tree(target)
    return value


def _tree(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []
