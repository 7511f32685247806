"""Model → text, laid out as OpenFGA's own tools lay it out."""

from airside.permissions.model import (
    Computed,
    Condition,
    Difference,
    Direct,
    Intersection,
    Model,
    Relation,
    Rewrite,
    TupleToUserset,
    TypeDefinition,
    Union,
)
from airside.permissions.refusals import InvalidModel


def to_text(model: Model) -> str:
    """The text of `model`; `parse` of it gives the same model.

    Raises:
        InvalidModel: a definition that JSON can say and the text can't (type restrictions anywhere but first).
    """
    parts = [f"model\n  schema {model.schema_version}\n"]
    parts += [_type(definition) for definition in model.types]
    parts += [_condition(condition) for condition in sorted(model.conditions, key=lambda each: each.name)]
    return "\n".join(parts)


def _type(definition: TypeDefinition) -> str:
    lines = [f"type {definition.name}"]
    if definition.relations:
        lines.append("  relations")
    lines += [f"    define {each.name}: {_relation(each, definition)}" for each in definition.relations]
    return "\n".join(lines) + "\n"


def _relation(relation: Relation, definition: TypeDefinition) -> str:
    rewrite = _direct_first(relation.rewrite)
    if _count_direct(relation.rewrite) > (1 if _starts_direct(rewrite) else 0):
        raise InvalidModel(
            f"the '{relation.name}' relation definition under the '{definition.name}' type"
            " is not supported by the OpenFGA DSL syntax yet"
        )
    direct = "[" + ", ".join(str(each) for each in relation.restrictions) + "]"
    return _spell(rewrite, direct, top=True)


def _direct_first(rewrite: Rewrite) -> Rewrite:
    """The same definition with its direct part first, where order means nothing."""
    match rewrite:
        case Union(children):
            return Union(_ordered(children))
        case Intersection(children):
            return Intersection(_ordered(children))
        case Difference(base, subtract):
            return Difference(_direct_first(base), subtract)
        case _:
            return rewrite


def _ordered(children: tuple[Rewrite, ...]) -> tuple[Rewrite, ...]:
    turned = [_direct_first(child) for child in children]
    return tuple(sorted(turned, key=lambda child: not _starts_direct(child)))


def _starts_direct(rewrite: Rewrite) -> bool:
    match rewrite:
        case Direct():
            return True
        case Union(children) | Intersection(children):
            return _starts_direct(children[0])
        case Difference(base, _):
            return _starts_direct(base)
        case _:
            return False


def _count_direct(rewrite: Rewrite) -> int:
    match rewrite:
        case Direct():
            return 1
        case Union(children) | Intersection(children):
            return sum(_count_direct(child) for child in children)
        case Difference(base, subtract):
            return _count_direct(base) + _count_direct(subtract)
        case _:
            return 0


def _spell(rewrite: Rewrite, direct: str, *, top: bool = False) -> str:
    match rewrite:
        case Direct():
            return direct
        case Computed(relation):
            return relation
        case TupleToUserset(relation, tupleset):
            return f"{relation} from {tupleset}"
        case Union(children):
            text = " or ".join(_spell(child, direct) for child in children)
        case Intersection(children):
            text = " and ".join(_spell(child, direct) for child in children)
        case Difference(base, subtract):
            text = f"{_spell(base, direct)} but not {_spell(subtract, direct)}"
    return text if top else f"({text})"


def _condition(condition: Condition) -> str:
    parameters = ", ".join(f"{parameter.name}: {parameter.type}" for parameter in condition.parameters)
    return f"condition {condition.name}({parameters}) {{\n  {condition.expression}\n}}\n"
