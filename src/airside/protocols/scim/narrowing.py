"""What a filter demands of the few attributes that resources are found by: whatever matches it is among what is said
here, and the library's own `match` decides which. Nothing of a filter ever becomes SQL (N30)."""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from scim2_models import ScimFilter
from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from airside.protocols.scim.vocabulary import USER, Attribute, comparable

_OF_USERS: Final[dict[tuple[str, str], Attribute]] = {
    ("id", ""): "id",
    ("externalid", ""): "externalId",
    ("username", ""): "userName",
    ("emails", ""): "emails.value",
    ("emails", "value"): "emails.value",
}
_OF_GROUPS: Final[dict[tuple[str, str], Attribute]] = {
    ("id", ""): "id",
    ("externalid", ""): "externalId",
    ("displayname", ""): "displayName",
    ("members", ""): "members.value",
    ("members", "value"): "members.value",
}


@dataclass(frozen=True, slots=True)
class Said:
    """That an attribute has this value, in its comparable form."""

    attribute: Attribute
    value: bytes


Narrowing: TypeAlias = "frozenset[Said] | None"
"""Whatever matches has one of these; None: a filter that narrows nothing down."""


def narrow(kind: str, wanted: "ScimFilter[Any]") -> Narrowing:
    """What every resource of `kind` that matches `wanted` has one of."""
    return _Narrower(kind).visit(wanted.ast)


def size_of(node: FilterNode) -> int:
    """How many comparisons a filter makes of each resource."""
    if isinstance(node, LogicalExpr):
        return sum(size_of(term) for term in node.terms)
    if isinstance(node, Not):
        return size_of(node.expr)
    return 1 + size_of(node.val_filter) if isinstance(node, ValuePath) else 1


class _Narrower(FilterVisitor[Narrowing]):
    def __init__(self, kind: str, within: str = "") -> None:
        self._kind = kind
        self._within = within

    def visit_comparison(self, node: Comparison) -> Narrowing:
        if node.op != CompareOperator.eq or not isinstance(node.value, str):
            return None
        named = (self._within, node.attr_path.attr) if self._within else (node.attr_path.attr, node.attr_path.sub_attr)
        known = _OF_USERS if self._kind == USER else _OF_GROUPS
        attribute = known.get((named[0].lower(), (named[1] or "").lower()))
        if attribute is None:
            return None
        return frozenset({Said(attribute, comparable(self._kind, attribute, node.value))})

    def visit_present(self, node: Present) -> Narrowing:  # noqa: ARG002 - the visitor's form
        return None

    def visit_not(self, node: Not) -> Narrowing:  # noqa: ARG002 - the visitor's form
        return None

    def visit_logical_expr(self, node: LogicalExpr) -> Narrowing:
        found = [self.visit(term) for term in node.terms]
        if node.op == LogicalOperator.and_:
            return min((each for each in found if each is not None), key=len, default=None)
        several: set[Said] = set()
        for each in found:
            if each is None:
                return None
            several |= each
        return frozenset(several)

    def visit_value_path(self, node: ValuePath) -> Narrowing:
        return _Narrower(self._kind, node.attr_path.attr).visit(node.val_filter)
