"""Text → model: a reader of OpenFGA's modelling language, schema 1.1, by recursive descent.

The grammar is OpenFGA's. Only what the grammar says is checked here; what the words mean is `validate.py`'s.
"""

from typing import Final

from airside.permissions.language.conditions import condition
from airside.permissions.language.problems import Problem, SyntaxProblem
from airside.permissions.language.reader import Reader
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
    Span,
    TupleToUserset,
    TypeDefinition,
    Union,
)

MAX_NESTING: Final = 20


def parse(text: str) -> Model:
    """The model that `text` spells; every part knows its place in the text.

    Raises:
        SyntaxProblem: not the language, or modules (schema 1.2's `module` and `extend`), which aren't taken yet.
    """
    return _Parser(text).model()


class _Parser(Reader):
    def model(self) -> Model:
        self.skip("space", "newline")
        version = self._header()
        types: list[TypeDefinition] = []
        conditions: list[Condition] = []
        while self.line_follows():
            if self.at("type") and not conditions:
                types.append(self._type())
            elif self.at("condition"):
                conditions.append(self._new_condition(conditions))
            elif self.at("extend"):
                self._refuse_extend()
            else:
                raise self.unexpected("'type' or 'condition'")
        if self.next.kind != "end":
            raise self.unexpected("the end of the line")
        return Model(version, tuple(types), tuple(conditions))

    def _header(self) -> str:
        if self.at("module"):
            raise SyntaxProblem(Problem("modules", "modules are not available yet", self.next.span))
        self.keyword("model")
        self.line_end()
        self.keyword("schema")
        self.space()
        if self.next.kind != "version":
            raise self.unexpected("a schema version such as 1.1")
        return self.take().text

    def _refuse_extend(self) -> None:
        self.keyword("extend")
        self.space()
        self.keyword("type")
        self.space()
        span = self.name("a type").span
        raise SyntaxProblem(Problem("extend", "extend can only be used in a modular model", span))

    def _new_condition(self, known: list[Condition]) -> Condition:
        found = condition(self)
        if any(other.name == found.name for other in known):
            message = f"condition '{found.name}' is already defined in the model"
            raise SyntaxProblem(Problem("duplicate", message, found.span))
        return found

    def _type(self) -> TypeDefinition:
        self.keyword("type")
        self.space()
        name = self.name("the name of a type")
        relations: dict[str, Relation] = {}
        if self.line_follows("relations"):
            self.keyword("relations")
            if not self.line_follows("define"):
                self.skip("newline")
                raise self.unexpected("'define'")
            relations = self._relations(name.text)
        return TypeDefinition(name.text, tuple(relations.values()), name.span)

    def _relations(self, type_name: str) -> dict[str, Relation]:
        relations: dict[str, Relation] = {}
        while True:
            relation = self._relation()
            if relation.name in relations:
                message = f"'{relation.name}' is already defined in '{type_name}'"
                raise SyntaxProblem(Problem("duplicate", message, relation.span))
            relations[relation.name] = relation
            if not self.line_follows("define"):
                return relations

    def _relation(self) -> Relation:
        self.keyword("define")
        self.space()
        name = self.name("the name of a relation")
        self.skip("space")
        self.mark(":")
        self.skip("space")
        restrictions: list[Restriction] = []
        rewrite = self._definition(restrictions, 0)
        if self.next.kind not in ("newline", "end"):
            raise self.unexpected("the end of the line (group mixed operators with parentheses)")
        return Relation(name.text, rewrite, tuple(restrictions), name.span)

    def _definition(self, restrictions: list[Restriction] | None, nesting: int) -> Rewrite:
        """One operand, then any number joined by one operator. `restrictions` is None where `[…]` may not stand."""
        first = self._operand(restrictions, nesting)
        operator = self._operator()
        if operator is None:
            return first
        if operator == "but not":
            return Difference(first, self._operand(None, nesting))
        children = [first, self._operand(None, nesting)]
        while self._operator(only=operator):
            children.append(self._operand(None, nesting))
        return Union(tuple(children)) if operator == "or" else Intersection(tuple(children))

    def _operator(self, only: str | None = None) -> str | None:
        """Takes ` or `, ` and ` or ` but not ` if one follows (and is `only`); else leaves all but the space."""
        if self.next.kind != "space":
            return None
        space = self.next
        text = self.after_space()
        if text not in ("or", "and", "but not"):
            return None
        if only is not None and text != only:
            raise self.unexpected("the end of the line (group mixed operators with parentheses)", space)
        self.take()
        self.take()
        self.space()
        return text

    def _operand(self, restrictions: list[Restriction] | None, nesting: int) -> Rewrite:
        if nesting > MAX_NESTING:
            message = f"parentheses may be nested {MAX_NESTING} deep at most"
            raise SyntaxProblem(Problem("syntax", message, self.next.span))
        if self.at("("):
            self.take()
            self.skip("space")
            inner = self._definition(restrictions, nesting + 1)
            self.skip("space")
            self.mark(")")
            return inner
        if self.at("["):
            if restrictions is None:
                raise self.unexpected("a relation (type restrictions may only stand first)")
            restrictions.extend(self._restrictions())
            return Direct()
        return self._reference()

    def _reference(self) -> Rewrite:
        relation = self.name("a relation")
        if self.next.kind != "space" or self.after_space() != "from":
            return Computed(relation.text, relation.span)
        self.take()
        self.take()
        self.space()
        tupleset = self.name("a relation")
        whole = Span(relation.line, relation.column, tupleset.span.end)
        return TupleToUserset(relation.text, tupleset.text, whole, tupleset.span)

    def _restrictions(self) -> list[Restriction]:
        self.mark("[")
        found: list[Restriction] = []
        while True:
            self.skip("space", "newline")
            found.append(self._restriction())
            self.skip("space", "newline")
            if not self.at(","):
                self.mark("]")
                return found
            self.take()

    def _restriction(self) -> Restriction:
        type_name = self.name("a type")
        end, relation, wildcard = type_name.span.end, "", False
        if self.at(":"):
            self.take()
            end, wildcard = self.mark("*").span.end, True
        elif self.at("#"):
            self.take()
            word = self.name("a relation")
            end, relation = word.span.end, word.text
        whole = Span(type_name.line, type_name.column, end)
        if self.next.kind != "space" or self.after_space() != "with":
            return Restriction(type_name.text, relation, wildcard, "", whole, type_name.span)
        self.take()
        self.take()
        self.space()
        named = self.name("a condition")
        return Restriction(type_name.text, relation, wildcard, named.text, whole, type_name.span, named.span)
