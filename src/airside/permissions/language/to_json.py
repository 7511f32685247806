"""Model → JSON, as OpenFGA's API answers it."""

from airside.core.strict_json import Json
from airside.permissions.model import (
    Computed,
    Condition,
    Difference,
    Direct,
    Intersection,
    Model,
    Relation,
    Restriction,
    Rewrite,
    Source,
    TupleToUserset,
    TypeDefinition,
    Union,
)


def to_json(model: Model) -> dict[str, Json]:
    """`schema_version`, `type_definitions` and `conditions`."""
    body: dict[str, Json] = {
        "schema_version": model.schema_version,
        "type_definitions": [_type(definition) for definition in model.types],
    }
    if model.conditions:
        body["conditions"] = {condition.name: _condition(condition) for condition in model.conditions}
    return body


def _type(definition: TypeDefinition) -> Json:
    metadata = _source(definition.source)
    if definition.relations:
        metadata["relations"] = {relation.name: _metadata(relation) for relation in definition.relations}
    return {
        "type": definition.name,
        "relations": {relation.name: _rewrite(relation.rewrite) for relation in definition.relations},
        "metadata": metadata or None,
    }


def _metadata(relation: Relation) -> Json:
    restrictions: list[Json] = [_restriction(each) for each in relation.restrictions]
    return {"directly_related_user_types": restrictions, **_source(relation.source)}


def _source(source: Source | None) -> dict[str, Json]:
    """Nothing for none: a model that isn't modular has no such fields."""
    return {} if source is None else {"module": source.module, "source_info": {"file": source.file}}


def _restriction(restriction: Restriction) -> Json:
    body: dict[str, Json] = {"type": restriction.type}
    if restriction.wildcard:
        body["wildcard"] = {}
    if restriction.relation:
        body["relation"] = restriction.relation
    if restriction.condition:
        body["condition"] = restriction.condition
    return body


def _rewrite(rewrite: Rewrite) -> Json:
    match rewrite:
        case Direct():
            return {"this": {}}
        case Computed(relation):
            return {"computedUserset": {"relation": relation}}
        case TupleToUserset(relation, tupleset):
            return {
                "tupleToUserset": {
                    "tupleset": {"relation": tupleset},
                    "computedUserset": {"relation": relation},
                }
            }
        case Union(children):
            return {"union": {"child": [_rewrite(child) for child in children]}}
        case Intersection(children):
            return {"intersection": {"child": [_rewrite(child) for child in children]}}
        case Difference(base, subtract):
            return {"difference": {"base": _rewrite(base), "subtract": _rewrite(subtract)}}


def _condition(condition: Condition) -> Json:
    body: dict[str, Json] = {
        "name": condition.name,
        "expression": condition.expression,
        "parameters": {parameter.name: _parameter_type(parameter.type) for parameter in condition.parameters},
    }
    if condition.source is not None:
        body["metadata"] = _source(condition.source)
    return body


def _parameter_type(name: str) -> Json:
    container, _, element = name.rstrip(">").partition("<")
    body: dict[str, Json] = {"type_name": f"TYPE_NAME_{container.upper()}"}
    if element:
        body["generic_types"] = [{"type_name": f"TYPE_NAME_{element.upper()}"}]
    return body
