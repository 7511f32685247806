"""One step of a relation's definition as a tree, in the shape of OpenFGA's `expand`."""

from typing import TypeAlias

from airside.core.strict_json import Json
from airside.permissions.ends import each
from airside.permissions.graph import Graph
from airside.permissions.model import (
    Computed,
    Difference,
    Direct,
    Intersection,
    Relation,
    Rewrite,
    TupleToUserset,
    Union,
)
from airside.permissions.rules import Rules

Tree: TypeAlias = dict[str, Json]


def tree_of(relation: Relation, object_: str, graph: Graph, rules: Rules) -> Tree:
    """`name` and one of `leaf`, `union`, `intersection`, `difference`."""
    return _node(relation.rewrite, relation, object_, graph, rules)


def _node(rewrite: Rewrite, relation: Relation, object_: str, graph: Graph, rules: Rules) -> Tree:
    tree: Tree = {"name": f"{object_}#{relation.name}"}
    match rewrite:
        case Direct():
            allowed = {each.kind for each in relation.restrictions}
            tree["leaf"] = {"users": {"users": list[Json](_subjects(object_, relation.name, graph, allowed))}}
        case Computed(name):
            tree["leaf"] = {"computed": {"userset": f"{object_}#{name}"}}
        case TupleToUserset(name, tupleset):
            source = rules.relation(object_.partition(":")[0], tupleset)
            allowed = {each.type for each in source.restrictions if rules.has(each.type, name)}
            targets = _subjects(object_, tupleset, graph, allowed)
            tree["leaf"] = {
                "tupleToUserset": {
                    "tupleset": f"{object_}#{tupleset}",
                    "computed": [{"userset": f"{target}#{name}"} for target in targets],
                }
            }
        case Union(children):
            tree["union"] = {"nodes": [_node(child, relation, object_, graph, rules) for child in children]}
        case Intersection(children):
            tree["intersection"] = {"nodes": [_node(child, relation, object_, graph, rules) for child in children]}
        case Difference(base, subtract):
            tree["difference"] = {
                "base": _node(base, relation, object_, graph, rules),
                "subtract": _node(subtract, relation, object_, graph, rules),
            }
    return tree


def _subjects(object_: str, relation: str, graph: Graph, allowed: set[str]) -> list[str]:
    slot, node = graph.slots.get(f"{object_.partition(':')[0]}#{relation}"), graph.nodes.get(object_)
    if slot is None or node is None:
        return []
    subjects = (*each(graph.forward[slot].get(node)), *(graph.termed[slot].get(node) or ()))
    return sorted(graph.words[subject] for subject in subjects if graph.kinds[subject] in allowed)
