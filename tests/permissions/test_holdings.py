"""N35: the objects found from the subject's side are those that a check allows, one by one; no more and no fewer."""

import time
from datetime import UTC, datetime
from itertools import product
from random import Random

import pytest

from airside.core.strict_json import Json
from airside.permissions.graph import Graph
from airside.permissions.index import Index, Ready
from airside.permissions.language import parse
from airside.permissions.model import TupleKey
from airside.permissions.refusals import ConditionFailed, TooComplex
from tests.permissions.random_stores import CONTEXTS, OBJECTS, RELATIONS, TYPES, USERS, RandomStores

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 20_261_128
STORES = 60
USERSETS = [f"{word}#{relation}" for word, relation in product(OBJECTS, RELATIONS)]


@pytest.mark.parametrize("circles", [False, True], ids=["no circles", "circles"])
def test_every_list_is_what_checks_say(capsys: pytest.CaptureFixture[str], circles: bool) -> None:
    """Conditions, wildcards, intersections, exclusions, objects that no tuple names, usersets as subjects."""
    lists = found = refused = 0
    draw = Random(SEED)
    stores = RandomStores(SEED + circles, conditional=5, circles=circles)
    for store in (stores.store(1) for _ in range(STORES)):
        index = Index(0, "m", Graph())
        for grant in store.grants:
            index.graph.add(grant.key, grant.terms)
        ready = index.keep("m", store.model)
        for subject, relation, type_name in product([*USERS, *draw.sample(USERSETS, 6)], RELATIONS, TYPES):
            context = draw.choice(CONTEXTS)
            expected = _checked(ready, subject, relation, type_name, context)
            if expected is None:
                refused += 1
                continue
            assert ready.objects(subject, relation, type_name, context, MOMENT) == expected
            lists, found = lists + 1, found + len(expected)
    with capsys.disabled():
        print(
            f"\n  holdings: {lists} lists, {found} objects, 0 differences, {refused} with a check refused, seed {SEED}"
        )
    assert found > lists / 10
    assert lists > refused


def _checked(ready: Ready, subject: str, relation: str, type_name: str, context: dict[str, Json]) -> list[str] | None:
    """None where a check has no answer: then the list has none either, or doesn't need it."""
    words = [word for word in OBJECTS if word.startswith(f"{type_name}:")]
    try:
        return sorted(word for word in words if ready.check(subject, relation, word, context, MOMENT))
    except (ConditionFailed, TooComplex):
        return None


def test_definitions_that_double_at_every_step_take_no_longer() -> None:
    """N36: forty relations, each twice what the one before is; a part is combined once, not once a path to it."""
    lines = [
        "model",
        "  schema 1.1",
        "type user",
        "type doc",
        "  relations",
        "    define x: [user]",
        "    define r0: [user]",
    ]
    lines += [f"    define r{level}: r{level - 1} and (r{level - 1} or x)" for level in range(1, 41)]
    index = Index(0, "m", Graph())
    ready = index.keep("m", parse("\n".join(lines)))
    index.graph.add(TupleKey("user:a", "r0", "doc:1"))
    begun = time.process_time()
    assert ready.objects("user:a", "r40", "doc", {}, MOMENT) == ["doc:1"]
    assert ready.objects("user:b", "r40", "doc", {}, MOMENT) == []
    assert time.process_time() - begun < 1
