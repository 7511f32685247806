"""What a model lets one write and ask: the words it knows, and who may be given what directly."""

from typing import NoReturn

from airside.permissions.conditions import Conditions
from airside.permissions.language.validate import leaves
from airside.permissions.model import NO_TERMS, Direct, Model, Relation, Terms, TupleKey
from airside.permissions.refusals import ConditionFailed, InvalidTerms, InvalidTuple, UnknownWord
from airside.permissions.words import WILDCARD, check_relation, kind_of, split_object, split_subject


class Rules:
    """A valid model, asked about single words and tuples."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.conditions = Conditions(model)
        self._relations = {
            (definition.name, relation.name): relation
            for definition in model.types
            for relation in definition.relations
        }
        self._types = {definition.name for definition in model.types}
        self._direct = {
            place: frozenset((each.kind, each.condition) for each in relation.restrictions)
            for place, relation in self._relations.items()
            if any(isinstance(leaf, Direct) for leaf in leaves(relation.rewrite))
        }

        # Words of the model alone, so no more than its type restrictions.
        self._let_through: set[tuple[str, str, str, bool, str, str]] = set()

    def check_type(self, name: str) -> None:
        """Raises:
        UnknownWord: the model has no such type.
        """
        if name not in self._types:
            raise UnknownWord(f"type '{name}' not found")

    def relations(self, type_name: str) -> list[str]:
        """The names of a type's relations, in the order written.

        Raises:
            UnknownWord: the model has no such type.
        """
        self.check_type(type_name)
        return [name for place, name in self._relations if place == type_name]

    def relation(self, type_name: str, name: str) -> Relation:
        """The relation `type_name#name`.

        Raises:
            UnknownWord: the model has no such type or relation.
            InvalidQuestion: the words are misspelt.
        """
        self.check_type(type_name)
        check_relation(name)
        relation = self._relations.get((type_name, name))
        if relation is None:
            raise UnknownWord(f"relation '{type_name}#{name}' not found")
        return relation

    def has(self, type_name: str, name: str) -> bool:
        """Whether the model has the relation `type_name#name`."""
        return (type_name, name) in self._relations

    def check_object(self, word: str) -> None:
        """Raises:
        InvalidQuestion: misspelt, or of an unknown type.
        """
        self.check_type(split_object(word)[0])

    def check_subject(self, word: str) -> None:
        """Raises:
        InvalidQuestion: misspelt, or of an unknown type or relation.
        """
        type_name, _, relation = split_subject(word)
        if relation:
            self.relation(type_name, relation)
        else:
            self.check_type(type_name)

    def check_tuple(self, key: TupleKey, terms: Terms = NO_TERMS) -> None:
        """Whether the model lets the tuple be written. With a condition and without one are different kinds.

        Raises:
            InvalidTuple: it doesn't.
            InvalidTerms: not with this condition, or not with these values.
            InvalidQuestion: misspelt, or words that the model doesn't know.
        """
        type_name, _ = split_object(key.object)
        self.relation(type_name, key.relation)
        self.check_subject(key.user)
        kind = kind_of(key.user)
        allowed = self._direct.get((type_name, key.relation), frozenset())
        if (kind, terms.condition) not in allowed:
            self._refuse(kind, terms.condition, {each for each, _ in allowed}, f"{type_name}#{key.relation}")
        try:
            self.conditions.check(terms)
        except ConditionFailed as refusal:
            raise InvalidTerms(refusal.reason) from None

    def check_write(self, key: TupleKey, parts: tuple[str, str, str, str, str, str], terms: Terms) -> None:
        """As `check_tuple`, for a key that is well spelled and taken apart. A kind without a condition that was
        let through once always is.

        Raises:
            InvalidTuple, InvalidTerms, InvalidQuestion: as `check_tuple` says.
        """
        object_type, _, relation, subject_type, subject_id, subject_relation = parts
        kind = (object_type, relation, subject_type, subject_id == WILDCARD, subject_relation, terms.condition)
        if kind in self._let_through and not terms.condition:
            return
        self.check_tuple(key, terms)
        self._let_through.add(kind)

    def _refuse(self, kind: str, condition: str, allowed: set[str], place: str) -> NoReturn:
        if kind not in allowed:
            raise InvalidTuple(f"type '{kind}' is not an allowed type restriction for '{place}'")
        if not condition:
            raise InvalidTerms("condition is missing")
        if all(condition != each.name for each in self.model.conditions):
            raise InvalidTerms("undefined condition")
        raise InvalidTerms("invalid condition for type restriction")
