"""What a model lets one write and ask: the words it knows, and who may be given what directly."""

from airside.permissions.language.validate import leaves
from airside.permissions.model import Direct, Model, Relation, TupleKey
from airside.permissions.refusals import InvalidQuestion, InvalidTuple
from airside.permissions.words import check_relation, split_object, split_subject


class Rules:
    """A valid model, asked about single words and tuples."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._relations = {
            (definition.name, relation.name): relation
            for definition in model.types
            for relation in definition.relations
        }
        self._types = {definition.name for definition in model.types}
        self._direct = {
            place: frozenset(each.kind for each in relation.restrictions)
            for place, relation in self._relations.items()
            if any(isinstance(leaf, Direct) for leaf in leaves(relation.rewrite))
        }

    def check_type(self, name: str) -> None:
        """Raises:
        InvalidQuestion: the model has no such type.
        """
        if name not in self._types:
            raise InvalidQuestion(f"type '{name}' not found")

    def relation(self, type_name: str, name: str) -> Relation:
        """The relation `type_name#name`.

        Raises:
            InvalidQuestion: the model has no such type or relation, or the words are misspelt.
        """
        self.check_type(type_name)
        check_relation(name)
        relation = self._relations.get((type_name, name))
        if relation is None:
            raise InvalidQuestion(f"relation '{type_name}#{name}' not found")
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

    def check_tuple(self, key: TupleKey) -> None:
        """Whether the model lets the tuple be written.

        Raises:
            InvalidTuple: it doesn't.
            InvalidQuestion: misspelt, or words that the model doesn't know.
        """
        type_name, _ = split_object(key.object)
        self.relation(type_name, key.relation)
        self.check_subject(key.user)
        subject_type, subject_id, subject_relation = split_subject(key.user)
        kind = f"{subject_type}#{subject_relation}" if subject_relation else subject_type
        if subject_id == "*":
            kind = f"{subject_type}:*"
        if kind not in self._direct.get((type_name, key.relation), ()):
            raise InvalidTuple(f"type '{kind}' is not an allowed type restriction for '{type_name}#{key.relation}'")
