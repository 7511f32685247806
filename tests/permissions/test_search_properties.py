"""G20: random models and tuples, every answer compared with the definition written out on a page."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from airside.permissions.compiled import Compiled
from airside.permissions.conditions import Conditions
from airside.permissions.given import NEITHER, NO, YES, Given
from airside.permissions.graph import Graph
from airside.permissions.memberships import Memberships
from airside.permissions.model import (
    Computed,
    Difference,
    Direct,
    Intersection,
    Model,
    Relation,
    Restriction,
    Rewrite,
    TupleKey,
    TupleToUserset,
    TypeDefinition,
    Union,
)
from airside.permissions.refusals import TooComplex
from airside.permissions.search import found
from tests.permissions.naive import Naive

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 20_261_123
EXAMPLES = 40
BEYOND = 2
UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large]
RELATIONS = ("r0", "r1", "r2")
TYPES = ("group", "doc")
KINDS = [
    Restriction("user"),
    Restriction("user", wildcard=True),
    *(Restriction(type_name, relation) for type_name in TYPES for relation in RELATIONS),
]
OBJECTS = [f"{type_name}:{number}" for type_name in TYPES for number in range(3)]
PLAIN = ["user:0", "user:1", "user:*"]
SUBJECTS = [*PLAIN, "group:0#r0", "doc:1#r1", "doc:2#r2"]


def rewrites(level: int) -> st.SearchStrategy[Rewrite]:
    """Definitions that refer, on the same object, only to relations before them: no circle without a tuple."""
    leaves: list[st.SearchStrategy[Rewrite]] = [
        st.just(Direct()),
        st.builds(TupleToUserset, st.sampled_from(RELATIONS), st.just("parent")),
    ]
    if level:
        leaves.append(st.builds(Computed, st.sampled_from(RELATIONS[:level])))
    leaf = st.one_of(leaves)

    def grow(inner: st.SearchStrategy[Rewrite]) -> st.SearchStrategy[Rewrite]:
        pair = st.tuples(inner, inner)
        return st.one_of(st.builds(Union, pair), st.builds(Intersection, pair), st.builds(Difference, inner, inner))

    return st.recursive(leaf, grow, max_leaves=4)


@st.composite
def models(draw: Callable[..., object]) -> Model:
    definitions = [TypeDefinition("user")]
    for type_name in TYPES:
        relations = [Relation("parent", Direct(), tuple(Restriction(each) for each in TYPES))]
        for level, name in enumerate(RELATIONS):
            kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique=True))
            relations.append(Relation(name, draw(rewrites(level)), tuple(kinds)))  # type: ignore[arg-type]  # drawn
        definitions.append(TypeDefinition(type_name, tuple(relations)))
    return Model("1.1", tuple(definitions))


USERSETS = [f"{word}#{relation}" for word in OBJECTS for relation in RELATIONS]
tuples = st.lists(
    st.one_of(
        st.builds(TupleKey, st.sampled_from([*PLAIN, *USERSETS]), st.sampled_from(RELATIONS), st.sampled_from(OBJECTS)),
        st.builds(TupleKey, st.sampled_from(OBJECTS), st.just("parent"), st.sampled_from(OBJECTS)),
    ),
    min_size=12,
    max_size=40,
)


def test_every_answer_is_that_of_the_definition(capsys: pytest.CaptureFixture[str]) -> None:
    """G20, N33, N36: wildcards, exclusion, intersection, type restrictions, circles of tuples; 0 differences.

    An exclusion that rests on itself through the tuples has no lawful answer: it is never a yes.
    """
    counted = {YES: 0, NO: 0, NEITHER: 0, BEYOND: 0}

    @seed(SEED)
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=UNHURRIED, database=None)
    @given(models(), tuples)
    def compare(model: Model, keys: list[TupleKey]) -> None:
        graph = Graph()
        for key in keys:
            graph.add(key)
        compiled = Compiled(model, graph)
        conditions = Conditions(model)
        memberships = Memberships(compiled, graph)
        for subject in SUBJECTS:
            naive = Naive(model, keys, subject, OBJECTS)
            known = memberships.collect(subject)
            for object_, relation in product(OBJECTS, RELATIONS):
                plan = compiled.plans[object_.partition(":")[0], relation]
                try:
                    answer = found(plan, object_, known, graph, Given(conditions, {}, MOMENT))
                except TooComplex:
                    counted[BEYOND] += 1
                    continue
                if answer != NEITHER:
                    assert (answer == YES) == naive.check(relation, object_), (subject, relation, object_)
                counted[answer] += 1

    compare()
    checks = counted[YES] + counted[NO]
    with capsys.disabled():
        print(
            f"\n  G20: {checks} checks, {counted[YES]} yes, 0 differences"
            f" ({counted[NEITHER]} more have no lawful answer and are denied, {counted[BEYOND]} are beyond the"
            f" bounds and refused), seed {SEED}"
        )
    assert checks >= 2_000
    assert counted[NEITHER] + counted[BEYOND] < checks / 100
