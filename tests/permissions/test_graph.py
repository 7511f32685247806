"""The graph against a plain dict: whatever was added, replaced and removed, every table says the same of it."""

from dataclasses import asdict
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airside.permissions.ends import FEW
from airside.permissions.graph import Graph
from airside.permissions.model import NO_TERMS, Grant, Terms, TupleKey
from tests.permissions.graphs import Plain, told, told_of

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
TERMS = (NO_TERMS, NO_TERMS, Terms("small"), Terms("small", b'{"x":1}'), Terms(expires_at=MOMENT))
USERS = [*(f"user:{number}" for number in range(6)), "user:*", "group:0#member", "group:1#member", "doc:0#viewer"]
KEYS = st.builds(
    TupleKey,
    st.sampled_from(USERS),
    st.sampled_from(["viewer", "member"]),
    st.sampled_from(["doc:0", "doc:1", "group:0", "group:1"]),
)
STEPS = st.lists(st.tuples(KEYS, st.sampled_from([*TERMS, None])), max_size=80)
"""A key, and the terms to add it under; None to remove it."""
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def follow(graph: Graph, plain: Plain, steps: list[tuple[TupleKey, Terms | None]]) -> None:
    for key, terms in steps:
        if terms is None:
            graph.remove(key)
            plain.pop(key, None)
        else:
            graph.add(key, terms)
            plain[key] = terms


@UNHURRIED
@given(STEPS)
def test_every_table_says_what_a_dict_says(steps: list[tuple[TupleKey, Terms | None]]) -> None:
    graph, plain = Graph(), Plain()
    follow(graph, plain, steps)
    assert asdict(told(graph)) | told_of(plain) == asdict(told(graph))


@UNHURRIED
@given(STEPS, STEPS)
def test_tuples_that_come_and_go_leave_no_edge(
    steps: list[tuple[TupleKey, Terms | None]], more: list[tuple[TupleKey, Terms | None]]
) -> None:
    """Words outlive their tuples, and so do kinds once seen; nothing else does."""
    graph, plain = Graph(), Plain()
    follow(graph, plain, [*steps, *more])
    for key in list(plain):
        graph.remove(key)
    after = told(graph)
    assert (after.tuples, after.forward, after.usersets, after.reverse, after.granted, after.count) == (
        {}, {}, {}, {}, {}, 0,
    )  # fmt: skip


@UNHURRIED
@given(STEPS, KEYS, st.sampled_from(TERMS))
def test_what_changes_nothing_isnt_counted_as_a_change(
    steps: list[tuple[TupleKey, Terms | None]], key: TupleKey, terms: Terms
) -> None:
    """Adding twice and removing what isn't there: no plan, no crowd and no membership is forgotten for it."""
    graph = Graph()
    follow(graph, {}, steps)
    graph.add(key, terms)
    seen = (graph.version, graph.shape, list(graph.touched), graph.sets_known)
    graph.add(key, terms)
    assert (graph.version, graph.shape, graph.touched, graph.sets_known) == seen
    graph.remove(key)
    seen = (graph.version, graph.shape, list(graph.touched), graph.sets_known)
    graph.remove(key)
    assert (graph.version, graph.shape, graph.touched, graph.sets_known) == seen


@UNHURRIED
@given(STEPS, st.lists(st.tuples(KEYS, st.sampled_from(TERMS)), max_size=20))
def test_grants_laid_over_a_graph_leave_nothing_behind(
    steps: list[tuple[TupleKey, Terms | None]], grants: list[tuple[TupleKey, Terms]]
) -> None:
    """N34: contextual tuples count in the layer, in place of those they name, and below nothing has changed."""
    graph, plain = Graph(), Plain()
    follow(graph, plain, steps)
    before = (told(graph), graph.version, graph.shape, list(graph.touched), [set(kinds) for kinds in graph.present])
    layer = graph.overlaid(Grant(key, terms) for key, terms in grants)
    assert (told(graph), graph.version, graph.shape, graph.touched, graph.present) == before
    assert asdict(told(layer)) | told_of(plain | dict(grants)) == asdict(told(layer))


def test_large_sets_below_a_layer_keep_their_ends() -> None:
    """N34: a set of more than `FEW` ends is a bitmap, which is changed in place: the layer's has to be a copy."""
    graph, many = Graph(), 4 * FEW
    for number in range(many):
        graph.add(TupleKey(f"user:{number}", "viewer", "doc:0"))
        graph.add(TupleKey("user:0", "viewer", f"doc:{number}"))
        graph.add(TupleKey(f"group:{number}#member", "viewer", "doc:0"))
    before = told(graph)
    grants = [
        Grant(TupleKey("user:new", "viewer", "doc:0")),
        Grant(TupleKey("user:0", "viewer", "doc:new")),
        Grant(TupleKey("group:new#member", "viewer", "doc:0")),
        Grant(TupleKey("user:1", "viewer", "doc:0"), Terms("small")),
        Grant(TupleKey("group:1#member", "viewer", "doc:0"), Terms("small")),
    ]
    layer = graph.overlaid(grants)
    assert told(graph) == before
    assert told(layer).tuples == before.tuples | {grant.key: grant.terms for grant in grants}
    second = layer.overlaid([Grant(TupleKey("user:2", "viewer", "doc:0"), Terms("small"))])
    assert told(layer).tuples != told(second).tuples
    assert told(graph) == before


def test_shape_grows_with_the_first_of_a_kind_and_with_the_first_terms() -> None:
    graph = Graph()
    shapes = [graph.shape]
    for key, terms in [
        (TupleKey("user:1", "viewer", "doc:1"), NO_TERMS),
        (TupleKey("user:2", "viewer", "doc:1"), NO_TERMS),
        (TupleKey("user:*", "viewer", "doc:1"), NO_TERMS),
        (TupleKey("user:3", "viewer", "doc:1"), Terms("small")),
        (TupleKey("user:4", "viewer", "doc:1"), Terms("small")),
    ]:
        graph.add(key, terms)
        shapes.append(graph.shape)
    assert [later - earlier for earlier, later in pairwise(shapes)] == [1, 0, 1, 1, 0]
