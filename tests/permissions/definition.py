"""What a random store's questions should be answered, by the definition written out on a page (`naive.py`)."""

from airside.permissions.storetests import Answer, Assertion, CheckAssertion, ObjectsAssertion, UsersAssertion
from tests.permissions.naive import Naive
from tests.permissions.random_stores import MEANINGS, OBJECTS, USERS, RandomStore

EVERYBODY = "user:*"


class Definition:
    def __init__(self, store: RandomStore) -> None:
        self._store = store
        self._known: dict[tuple[str, str], Naive] = {}

    def answer(self, question: Assertion) -> Answer | None:
        """The answer; None where there is none, because a condition has none. Of users: everybody who may."""
        if isinstance(question, CheckAssertion):
            return self.check(question, question.user, question.relation, question.object)
        if isinstance(question, ObjectsAssertion):
            places = [word for word in OBJECTS if word.partition(":")[0] == question.type]
            decided = {word: self.check(question, question.user, question.relation, word) for word in places}
        else:
            decided = {
                word: self.check(question, word, question.relation, question.object) for word in subjects(question)
            }
        return None if None in decided.values() else sorted(word for word, may in decided.items() if may)

    def check(self, question: Assertion, user: str, relation: str, object_: str) -> bool | None:
        """One check in the question's context."""
        key = user, repr(question.context)
        if key not in self._known:
            store = self._store
            self._known[key] = Naive(store.model, store.grants, user, OBJECTS, question.context, MEANINGS)
        return self._known[key].answer(relation, object_)


def subjects(question: UsersAssertion) -> list[str]:
    """Every subject of the kind that a question asks for."""
    type_name, _, relation = question.kind.partition("#")
    if not relation:
        return USERS
    return [f"{word}#{relation}" for word in OBJECTS if word.partition(":")[0] == type_name]


def agree(one: Answer | None, other: Answer | None) -> bool:
    """Whether two answers say the same. A list with everybody in it needn't name anybody: who is named in one of them
    alone is then covered by the other."""
    if not isinstance(one, list) or not isinstance(other, list):
        return one == other
    if EVERYBODY in one and EVERYBODY in other:
        return True
    return one == other


def covers(listed: list[str], everyone: list[str]) -> bool:
    """Whether a list of users tells exactly those who may: nobody else, and each by name or as one of everybody."""
    return set(listed) <= set(everyone) and (EVERYBODY in listed or set(listed) == set(everyone))
