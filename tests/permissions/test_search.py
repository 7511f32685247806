"""N36: whatever the model and the tuples, a question ends soon: with an answer, or refused as too complex."""

from datetime import UTC, datetime

import pytest

from airside.permissions.graph import Graph
from airside.permissions.index import Ready
from airside.permissions.language import SyntaxProblem, parse, validate
from airside.permissions.limits import MAX_DEPTH, MAX_VISITS
from airside.permissions.model import TupleKey
from airside.permissions.refusals import InvalidModel, TooComplex
from airside.permissions.rules import Rules
from tests.permissions.conftest import DRIVE

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = "model\n  schema 1.1\ntype user\n"


class Asked:
    """A model on a graph, asked without a context."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready

    def check(self, subject: str, relation: str, object_: str) -> bool:
        return self._ready.check(subject, relation, object_, {}, MOMENT)


def ready(tuples: list[TupleKey], text: str = DRIVE) -> Asked:
    model = parse(text)
    validate(model)
    graph = Graph()
    for key in tuples:
        graph.add(key)
    return Asked(Ready(Rules(model), graph))


def folders(depth: int) -> list[TupleKey]:
    return [TupleKey(f"folder:{level + 1}", "parent", f"folder:{level}") for level in range(depth)]


def groups(depth: int) -> list[TupleKey]:
    return [TupleKey(f"group:{level}#member", "member", f"group:{level + 1}") for level in range(depth)]


def test_chain_within_the_bound_is_followed() -> None:
    depth = MAX_DEPTH - 1
    in_folders = ready([*folders(depth), TupleKey("user:anne", "viewer", f"folder:{depth}")])
    assert in_folders.check("user:anne", "viewer", "folder:0")
    in_groups = ready([*groups(depth), TupleKey("user:anne", "member", "group:0")])
    assert in_groups.check("user:anne", "member", f"group:{depth}")


@pytest.mark.parametrize("depth", [MAX_DEPTH + 5, 100])
def test_chain_over_the_bound_is_too_complex_rather_than_a_wrong_no(depth: int) -> None:
    in_folders = ready([*folders(depth), TupleKey("user:anne", "viewer", f"folder:{depth}")])
    with pytest.raises(TooComplex):
        in_folders.check("user:anne", "viewer", "folder:0")
    in_groups = ready([*groups(depth), TupleKey("user:anne", "member", "group:0")])
    with pytest.raises(TooComplex):
        in_groups.check("user:anne", "member", f"group:{depth}")


def test_answer_found_within_the_bounds_counts_whatever_lies_beyond() -> None:
    keys = [*folders(100), TupleKey("user:anne", "viewer", "folder:1"), *groups(100)]
    world = ready([*keys, TupleKey("user:anne", "member", "group:0")])
    assert world.check("user:anne", "viewer", "folder:0")


def test_exclusion_beyond_the_bound_is_never_a_yes() -> None:
    """N33: what can't be excluded within the bounds isn't granted."""
    keys = [*groups(60), TupleKey("user:anne", "member", "group:0"), TupleKey("user:anne", "viewer", "doc:1")]
    world = ready([*keys, TupleKey("group:60#member", "blocked", "doc:1")])
    with pytest.raises(TooComplex):
        world.check("user:anne", "can_read", "doc:1")


def test_fan_out_is_bounded() -> None:
    keys = [TupleKey(f"folder:{number}", "parent", "doc:1") for number in range(MAX_VISITS + 10)]
    world = ready(keys)
    with pytest.raises(TooComplex):
        world.check("user:anne", "viewer", "doc:1")


def test_circles_end() -> None:
    circle = [TupleKey("folder:0", "parent", "folder:9"), *folders(9), TupleKey("group:9#member", "member", "group:0")]
    world = ready([*circle, *groups(9)])
    assert not world.check("user:anne", "viewer", "folder:3")
    assert not world.check("user:anne", "member", "group:3")


def test_exclusion_that_rests_on_itself_is_denied() -> None:
    """N33: `but not` in a circle of tuples has no lawful answer."""
    text = HEAD + (
        "type doc\n  relations\n    define parent: [doc]\n    define base: [user]\n"
        "    define hidden: [user] or viewer from parent\n    define viewer: base but not hidden"
    )
    world = ready([TupleKey("doc:1", "parent", "doc:1"), TupleKey("user:anne", "base", "doc:1")], text)
    assert not world.check("user:anne", "viewer", "doc:1")
    chain = [TupleKey("doc:1", "parent", "doc:2"), *(TupleKey("user:anne", "base", f"doc:{n}") for n in (1, 2))]
    world = ready(chain, text)
    assert world.check("user:anne", "viewer", "doc:1")
    assert not world.check("user:anne", "viewer", "doc:2")


def test_models_that_nest_or_branch_without_end_are_refused_or_compiled_in_bounds() -> None:
    """Each relation names the one before it twice: plans are shared, not copied."""
    lines = ["    define r0: [user]", "    define s: [user]"]
    lines += [f"    define r{n}: (r{n - 1} and s) or (r{n - 1} but not s)" for n in range(1, 40)]
    world = ready([TupleKey("user:anne", "r0", "doc:1")], HEAD + "type doc\n  relations\n" + "\n".join(lines))
    assert world.check("user:anne", "r39", "doc:1")
    assert not world.check("user:bob", "r39", "doc:1")
    nested = "(" * 60 + "s" + ")" * 60
    with pytest.raises(SyntaxProblem):
        parse(HEAD + f"type doc\n  relations\n    define s: [user]\n    define r: {nested}")


def test_text_over_the_cap_is_refused() -> None:
    with pytest.raises(InvalidModel):
        parse(HEAD + "# " + "x" * 300_000)
