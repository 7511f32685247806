"""Model → text, laid out as OpenFGA's own tools lay it out. Where parts come from modules, comments tell which."""

from dataclasses import replace

from airside.permissions.language.parser import MODULAR, parse
from airside.permissions.language.problems import SyntaxProblem
from airside.permissions.language.sources import EXTENDED, source_comment
from airside.permissions.model import (
    Computed,
    Condition,
    Difference,
    Direct,
    Intersection,
    Model,
    Relation,
    Rewrite,
    Source,
    TupleToUserset,
    TypeDefinition,
    Union,
)
from airside.permissions.refusals import InvalidModel


def to_text(model: Model) -> str:
    """The text of `model`; `parse` of it gives the same model, but for the order of equals.

    Raises:
        InvalidModel: something that JSON can say and the text can't: type restrictions anywhere but first, names with
            marks in them, expressions with a comment in them.
    """
    parts = [f"model\n  schema {model.schema_version}\n"]
    parts += [_type(definition) for definition in model.types]
    parts += [_condition(condition) for condition in sorted(model.conditions, key=lambda each: each.name)]
    text = "\n".join(parts)
    try:
        read = parse(text)
    except SyntaxProblem as refusal:
        raise InvalidModel(f"the model can't be written in the modelling language: {refusal.reason}") from None
    if _plain(read) != _plain(model):
        raise InvalidModel("the model has a name or an expression that the modelling language would read differently")
    return text


def _type(definition: TypeDefinition) -> str:
    lines = [f"type {definition.name}{source_comment(definition.source)}"]
    if definition.relations:
        lines.append("  relations")
    for each in definition.relations:
        told = source_comment(each.source, EXTENDED)
        lines.append(f"    define {each.name}: {_relation(each, definition)}{told}")
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


def rule_of(relation: Relation) -> str:
    """What follows `define name:` in the language, for people to read."""
    direct = "[" + ", ".join(str(each) for each in relation.restrictions) + "]"
    return _spell(_direct_first(relation.rewrite), direct, top=True)


def _plain(model: Model) -> Model:
    """`model` without what text doesn't tell: the order of conditions, of operands where the direct one goes first,
    space at the ends of lines, and sources of a model that isn't modular."""
    modular = model.schema_version == MODULAR

    def source(told: Source | None) -> Source | None:
        return told if modular and told is not None and told.module else None

    types = tuple(
        replace(
            each,
            source=source(each.source),
            relations=tuple(
                replace(relation, rewrite=_direct_first(relation.rewrite), source=source(relation.source))
                for relation in each.relations
            ),
        )
        for each in model.types
    )
    conditions = [
        replace(each, expression=_trimmed(each.expression), source=source(each.source)) for each in model.conditions
    ]
    return replace(model, types=types, conditions=tuple(sorted(conditions, key=lambda each: each.name)))


def _trimmed(expression: str) -> str:
    if '"""' in expression or "'''" in expression:
        return expression
    return "\n".join(line.rstrip() for line in expression.strip().split("\n"))


def _direct_first(rewrite: Rewrite) -> Rewrite:
    """The same definition with its direct part first, where order means nothing."""
    match rewrite:
        case Union((only,)) | Intersection((only,)):
            return _direct_first(only)
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
    told = source_comment(condition.source)
    return f"condition {condition.name}({parameters}) {{\n  {condition.expression}\n}}{told}\n"
