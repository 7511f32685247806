"""Judging a model costs time in proportion to it, and says what OpenFGA's server says."""

from time import process_time

import pytest

from airside.permissions.language import parse, problems_of
from airside.permissions.model import (
    Computed,
    Direct,
    Intersection,
    Model,
    Relation,
    Restriction,
    TupleToUserset,
    TypeDefinition,
    Union,
)

COUNT = 3000
SECONDS = 2.0
USER = TypeDefinition("user")


def chain() -> tuple[Relation, ...]:
    """Each relation is the next one: reached from the far end only."""
    last = Relation(f"r{COUNT}", Direct(), (Restriction("user"),))
    return (*(Relation(f"r{number}", Computed(f"r{number + 1}")) for number in range(COUNT)), last)


def usersets() -> tuple[Relation, ...]:
    """As `chain`, through tuples."""
    last = Relation(f"r{COUNT}", Direct(), (Restriction("user"),))
    return (
        *(Relation(f"r{number}", Direct(), (Restriction("doc", f"r{number + 1}"),)) for number in range(COUNT)),
        last,
    )


def wide() -> tuple[Relation, ...]:
    """All of them at once, and each of them from a tuple."""
    relations = [Relation(f"r{number}", Direct(), (Restriction("user"),)) for number in range(COUNT)]
    names = [Computed(each.name) for each in relations]
    return (
        Relation("all", Intersection(tuple(names))),
        Relation("any", Union(tuple(names))),
        Relation("parent", Direct(), (Restriction("doc"),)),
        *relations,
        *(Relation(f"p{number}", TupleToUserset(f"r{number}", "parent")) for number in range(COUNT)),
    )


def circle() -> tuple[Relation, ...]:
    """None of them is ever settled."""
    return (*(Relation(f"r{number}", Computed(f"r{(number + 1) % COUNT}")) for number in range(COUNT)),)


@pytest.mark.parametrize(
    ("relations", "problems"),
    [(chain(), 0), (usersets(), 0), (wide(), 0), (circle(), COUNT)],
    ids=["chain", "usersets", "wide", "circle"],
)
def test_large_model_is_judged_quickly(relations: tuple[Relation, ...], problems: int) -> None:
    """N36: a quarter of a megabyte of model, built to be judged slowly."""
    model = Model("1.1", (USER, TypeDefinition("doc", relations)))
    start = process_time()
    assert len(problems_of(model)) == problems
    assert process_time() - start < SECONDS


def test_relation_that_nobody_is_given_may_not_name_types() -> None:
    """JSON can say it, the text can't."""
    viewer = Relation("viewer", Computed("owner"), (Restriction("user"),))
    owner = Relation("owner", Direct(), (Restriction("user"),))
    found = problems_of(Model("1.1", (USER, TypeDefinition("doc", (owner, viewer)))))
    assert [problem.message for problem in found] == [
        "the non-assignable relation 'viewer' in object type 'doc' should not contain a relation type"
    ]


def test_entry_through_a_group_of_itself_is_none() -> None:
    text = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define a: [doc#a]\n    define b: [doc#b, user]"
    assert [str(problem) for problem in problems_of(parse(text))] == [
        "line 6, column 12: `a` is an impossible relation for `doc` (no entrypoint)."
    ]
