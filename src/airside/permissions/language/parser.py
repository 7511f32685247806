"""Text → model: a reader of OpenFGA's modelling language, schema 1.1 and 1.2, by recursive descent.

The grammar is OpenFGA's. Only what the grammar says is checked here; what the words mean is `validate.py`'s.
"""

from dataclasses import dataclass, replace
from typing import Final

from airside.permissions.language.conditions import condition
from airside.permissions.language.problems import Problem, SyntaxProblem
from airside.permissions.language.reader import Reader
from airside.permissions.language.sources import told_source
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
    Span,
    TupleToUserset,
    TypeDefinition,
    Union,
)

MAX_NESTING: Final = 20
MODULAR: Final = "1.2"
"""The schema version of models in modules."""


@dataclass(frozen=True, slots=True)
class Document:
    """One text: a whole model, or a module (then `module` is its name, and there is no `version`), which may add
    relations to other modules' types."""

    module: str
    version: str
    place: Span
    types: tuple[TypeDefinition, ...]
    extensions: tuple[TypeDefinition, ...]
    conditions: tuple[Condition, ...]


def parse(text: str) -> Model:
    """The model that `text` spells; every part knows its place in the text. A module by itself is a model without a
    schema version, which `validate` refuses.

    Raises:
        SyntaxProblem: not the language.
    """
    read = document(text)
    return Model(read.version, (*read.types, *read.extensions), read.conditions, read.place)


def document(text: str, file: str = "") -> Document:
    """What `text`, the contents of `file`, spells: a model or a module.

    Raises:
        SyntaxProblem: not the language.
    """
    return _Parser(text, file).document()


class _Parser(Reader):
    def __init__(self, text: str, file: str) -> None:
        super().__init__(text, file)
        self._file = file
        self._source: Source | None = None
        self._modular = False

    def document(self) -> Document:
        self.skip("space", "newline")
        version, place = self._header()
        types: list[TypeDefinition] = []
        extensions: list[TypeDefinition] = []
        conditions: list[Condition] = []
        while self.line_follows():
            if self.at("type") and not conditions:
                types.append(self._type())
            elif self.at("condition"):
                conditions.append(self._new_condition(conditions))
            elif self.at("extend") and not conditions:
                extensions.append(self._extension(extensions))
            else:
                raise self.unexpected("'type' or 'condition'")
        if self.next.kind != "end":
            raise self.unexpected("the end of the line")
        module = self._source.module if self._source else ""
        return Document(module, version, place, tuple(types), tuple(extensions), tuple(conditions))

    def _header(self) -> tuple[str, Span]:
        """The schema version, empty for a module, and where it stands."""
        if self.at("module"):
            self.keyword("module")
            if self.next.kind != "space":
                raise self.unexpected("a space and the module's name")
            self.space()
            self._source = Source(self.name("the name of a module").text, self._file)
            return "", Span(0, 0, 0, self._file)
        if not self.at("model"):
            raise self.unexpected("'model' or 'module'")
        self.keyword("model")
        self.line_end()
        self.keyword("schema")
        self.space()
        if self.next.kind != "version":
            raise self.unexpected("a schema version such as 1.1")
        version = self.take()
        self._modular = version.text == MODULAR
        return version.text, version.span

    def _told(self, line: int, extended: str = "") -> Source | None:
        """Where a part comes from: this module, or what a comment on its line tells in a whole model."""
        if self._source is not None:
            return None if extended else self._source
        return told_source(self.comment(line), extended) if self._modular else None

    def _extension(self, known: list[TypeDefinition]) -> TypeDefinition:
        self.keyword("extend")
        self.space()
        if self._source is None:
            self.keyword("type")
            self.space()
            span = self.name("a type").span
            raise SyntaxProblem(Problem("extend", "extend can only be used in a modular model", span))
        found = self._type()
        if any(other.name == found.name for other in known):
            raise SyntaxProblem(Problem("duplicate", f"'{found.name}' is already extended in file.", found.span))
        return replace(found, relations=tuple(replace(relation, source=self._source) for relation in found.relations))

    def _new_condition(self, known: list[Condition]) -> Condition:
        found = condition(self)
        if any(other.name == found.name for other in known):
            message = f"condition '{found.name}' is already defined in the model"
            raise SyntaxProblem(Problem("duplicate", message, found.span))
        return replace(found, source=self._told(self.next.line))

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
        return TypeDefinition(name.text, tuple(relations.values()), name.span, self._told(name.line))

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
        source = self._told(self.next.line, "extended by: ")
        return Relation(name.text, rewrite, tuple(restrictions), name.span, source)

    def _definition(self, restrictions: list[Restriction] | None, nesting: int) -> Rewrite:
        """One operand, then any number joined by one operator. `restrictions` is None where `[…]` may not stand."""
        first = self._operand(restrictions, nesting)
        operator = self._operator()
        if operator is None:
            return first
        if operator == "but not":
            return Difference(first, self._operand(None, nesting))
        children = [first, self._operand(None, nesting)]
        while self._operator(operator, nesting):
            children.append(self._operand(None, nesting))
        return Union(tuple(children)) if operator == "or" else Intersection(tuple(children))

    def _operator(self, only: str | None = None, nesting: int = 0) -> str | None:
        """Takes ` or `, ` and ` or ` but not ` if one follows (and is `only`); else leaves all but the space."""
        if self.next.kind != "space":
            return None
        space = self.next
        text = self.after_space()
        if text not in ("or", "and", "but not"):
            return None
        if only is not None and text != only and not nesting:
            raise self.unexpected("the end of the line (group mixed operators with parentheses)", space)
        self.take()
        if only is not None and text != only:
            raise self.unexpected("')' (group mixed operators with parentheses)")
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
        whole = Span(relation.line, relation.column, tupleset.span.end, self._file)
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
        whole = Span(type_name.line, type_name.column, end, self._file)
        if self.next.kind != "space" or self.after_space() != "with":
            return Restriction(type_name.text, relation, wildcard, "", whole, type_name.span)
        self.take()
        self.take()
        self.space()
        named = self.name("a condition")
        return Restriction(type_name.text, relation, wildcard, named.text, whole, type_name.span, named.span)
