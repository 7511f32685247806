"""JSON → model: the shape of OpenFGA's API. Both spellings of its fields are taken, as its gateway takes them."""

from typing import Final

from airside.core.strict_json import Json
from airside.permissions.language.conditions import CONTAINERS, SCALARS
from airside.permissions.language.sources import is_source
from airside.permissions.model import (
    Computed,
    Condition,
    Difference,
    Direct,
    Intersection,
    Model,
    Parameter,
    Relation,
    Restriction,
    Rewrite,
    Source,
    TupleToUserset,
    TypeDefinition,
    Union,
)
from airside.permissions.refusals import InvalidModel

MAX_NESTING: Final = 20


def from_json(value: Json) -> Model:
    """The model that `value` spells. What its words mean is judged by `validate`.

    Raises:
        InvalidModel: another shape.
    """
    body = _object(value, "the model")
    definitions = _list(body.get("type_definitions"), "type_definitions")
    conditions = _object(body.get("conditions"), "conditions")
    return Model(
        _text(body.get("schema_version"), "schema_version"),
        tuple(_type(_object(each, "a type definition")) for each in definitions),
        tuple(_condition(name, _object(each, f"condition '{name}'")) for name, each in conditions.items()),
    )


def _type(body: dict[str, Json]) -> TypeDefinition:
    name = _text(body.get("type"), "type")
    metadata = _object(body.get("metadata"), f"metadata of '{name}'")
    of_relations = _object(metadata.get("relations"), f"metadata of '{name}'")
    relations = _object(body.get("relations"), f"relations of '{name}'")
    for stray in of_relations.keys() - relations.keys():
        raise InvalidModel(f"metadata names the relation '{stray}', which '{name}' doesn't define")
    return TypeDefinition(
        name,
        tuple(
            _relation(relation, rewrite, _object(of_relations.get(relation), f"metadata of '{relation}'"))
            for relation, rewrite in relations.items()
        ),
        source=_source(metadata, name),
    )


def _relation(name: str, rewrite: Json, metadata: dict[str, Json]) -> Relation:
    restrictions = _list(metadata.get("directly_related_user_types"), f"types of '{name}'")
    return Relation(
        name,
        _rewrite(rewrite, name, 0),
        tuple(_restriction(_object(each, f"a type of '{name}'")) for each in restrictions),
        source=_source(metadata, name),
    )


def _source(metadata: dict[str, Json], name: str) -> Source | None:
    module = _text(metadata.get("module"), f"module of '{name}'")
    info = _object(metadata.get("source_info"), f"source_info of '{name}'")
    file = _text(info.get("file"), f"file of '{name}'")
    if not module and not file:
        return None
    source = Source(module, file)
    if not is_source(source):
        raise InvalidModel(f"the metadata of '{name}' has a module or file that isn't a name")
    return source


def _restriction(body: dict[str, Json]) -> Restriction:
    restriction = Restriction(
        _text(body.get("type"), "type of a restriction"),
        _text(body.get("relation"), "relation of a restriction"),
        body.get("wildcard") is not None,
        _text(body.get("condition"), "condition of a restriction"),
    )
    if restriction.wildcard and restriction.relation:
        raise InvalidModel(f"the type restriction '{restriction.type}' has both a wildcard and a relation")
    return restriction


def _rewrite(value: Json, relation: str, nesting: int) -> Rewrite:
    body = _object(value, f"definition of '{relation}'")
    present = [(key, inner) for key, inner in body.items() if inner is not None]
    if len(present) != 1 or nesting > MAX_NESTING:
        raise InvalidModel(f"the definition of '{relation}' must be exactly one operation, {MAX_NESTING} deep at most")
    key, inner = present[0]
    operation = _object(inner, f"definition of '{relation}'")
    match key:
        case "this":
            return Direct()
        case "computedUserset" | "computed_userset":
            return Computed(_reference(operation, relation))
        case "tupleToUserset" | "tuple_to_userset":
            computed = operation.get("computedUserset", operation.get("computed_userset"))
            return TupleToUserset(
                _reference(_object(computed, relation), relation),
                _reference(_object(operation.get("tupleset"), relation), relation),
            )
        case "union" | "intersection":
            children = _list(operation.get("child"), f"children of '{relation}'")
            rewrites = tuple(_rewrite(child, relation, nesting + 1) for child in children)
            if not rewrites:
                raise InvalidModel(f"the {key} in '{relation}' has no children")
            return Union(rewrites) if key == "union" else Intersection(rewrites)
        case "difference":
            return Difference(
                _rewrite(operation.get("base"), relation, nesting + 1),
                _rewrite(operation.get("subtract"), relation, nesting + 1),
            )
        case _:
            raise InvalidModel(f"the definition of '{relation}' has an unknown operation")


def _reference(body: dict[str, Json], relation: str) -> str:
    if body.get("object"):
        raise InvalidModel(f"the definition of '{relation}' may not name an object")
    return _text(body.get("relation"), f"definition of '{relation}'")


def _condition(key: str, body: dict[str, Json]) -> Condition:
    name = _text(body.get("name"), "name of a condition")
    if name != key:
        raise InvalidModel(f"condition key is `{key}` but nested name property is {name}")
    parameters = _object(body.get("parameters"), f"parameters of '{key}'")
    return Condition(
        name,
        tuple(Parameter(each, _parameter_type(kind, key)) for each, kind in parameters.items()),
        _text(body.get("expression"), f"expression of '{key}'"),
        source=_source(_object(body.get("metadata"), f"metadata of '{key}'"), name),
    )


def _parameter_type(value: Json, condition: str) -> str:
    body = _object(value, f"parameters of '{condition}'")
    name = _text(body.get("type_name"), "type_name").removeprefix("TYPE_NAME_").lower()
    generic = _list(body.get("generic_types"), f"parameters of '{condition}'")
    if name in SCALARS and not generic:
        return name
    if name in CONTAINERS and len(generic) == 1:
        element = _parameter_type(generic[0], condition)
        if element in SCALARS:
            return f"{name}<{element}>"
    raise InvalidModel(f"condition '{condition}' has a parameter of an unknown type")


def _object(value: Json, what: str) -> dict[str, Json]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidModel(f"{what} must be an object")
    return value


def _list(value: Json, what: str) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidModel(f"{what} must be a list")
    return value


def _text(value: Json, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidModel(f"{what} must be a string")
    return value
