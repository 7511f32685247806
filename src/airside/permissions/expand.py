"""One step of a relation's definition as a tree, in the shape of OpenFGA's `expand`."""

from dataclasses import dataclass
from datetime import datetime
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
    Terms,
    TupleToUserset,
    Union,
)
from airside.permissions.rules import Rules

Tree: TypeAlias = dict[str, Json]


def tree_of(relation: Relation, object_: str, graph: Graph, rules: Rules, now: datetime) -> Tree:
    """`name` and one of `leaf`, `union`, `intersection`, `difference`. Tuples count whatever their condition says, but
    not those that are over at `now`."""
    return _Expander(relation, object_, graph, rules, now).node(relation.rewrite)


@dataclass(frozen=True, slots=True)
class _Expander:
    """One relation of one object."""

    relation: Relation
    object: str
    graph: Graph
    rules: Rules
    now: datetime

    def node(self, rewrite: Rewrite) -> Tree:
        tree: Tree = {"name": f"{self.object}#{self.relation.name}"}
        match rewrite:
            case Direct():
                allowed = {each.kind for each in self.relation.restrictions}
                tree["leaf"] = {"users": {"users": list[Json](self._subjects(self.relation.name, allowed))}}
            case Computed(name):
                tree["leaf"] = {"computed": {"userset": f"{self.object}#{name}"}}
            case TupleToUserset(name, tupleset):
                source = self.rules.relation(self.object.partition(":")[0], tupleset)
                allowed = {each.type for each in source.restrictions if self.rules.has(each.type, name)}
                targets = self._subjects(tupleset, allowed)
                tree["leaf"] = {
                    "tupleToUserset": {
                        "tupleset": f"{self.object}#{tupleset}",
                        "computed": [{"userset": f"{target}#{name}"} for target in targets],
                    }
                }
            case Union(children):
                tree["union"] = {"nodes": [self.node(child) for child in children]}
            case Intersection(children):
                tree["intersection"] = {"nodes": [self.node(child) for child in children]}
            case Difference(base, subtract):
                tree["difference"] = {"base": self.node(base), "subtract": self.node(subtract)}
        return tree

    def _subjects(self, relation: str, allowed: set[str]) -> list[str]:
        graph = self.graph
        slot, node = graph.slots.get(f"{self.object.partition(':')[0]}#{relation}"), graph.nodes.get(self.object)
        if slot is None or node is None:
            return []
        under = (graph.termed[slot].get(node) or {}).items()
        subjects = [
            *each(graph.forward[slot].get(node)),
            *(other for other, terms in under if not self._is_over(terms)),
        ]
        return sorted(graph.words[subject] for subject in subjects if graph.kinds[subject] in allowed)

    def _is_over(self, terms: Terms) -> bool:
        return terms.expires_at is not None and terms.expires_at <= self.now
