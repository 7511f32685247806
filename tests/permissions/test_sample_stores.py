"""OpenFGA's sample stores: every model and every assertion of those that need neither conditions nor modules."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from airside.permissions.graph import Graph
from airside.permissions.index import Ready
from airside.permissions.language import parse, validate
from airside.permissions.model import TupleKey
from airside.permissions.reachable import reachable
from airside.permissions.rules import Rules

Data = Callable[[str], Path]
Body = dict[str, Any]


def test_every_assertion_of_the_sample_stores_holds(data: Data, capsys: pytest.CaptureFixture[str]) -> None:
    yaml: Any = pytest.importorskip("yaml", reason="PyYAML isn't installed: the sample stores are YAML")
    paths = sorted((data("openfga") / "sample-stores").rglob("*.fga.yaml"))
    stores = checks = lists = conditional = modular = 0
    for path in paths:
        body = cast("Body", yaml.safe_load(path.read_text("utf-8")))
        text = model_text(path, body)
        if text is None:
            modular += 1
            continue
        model = parse(text)
        validate(model)
        if model.uses_conditions:
            conditional += 1
            continue
        stores += 1
        for test in body.get("tests", []):
            tuples = [*stored_tuples(path, body, yaml), *keys(test.get("tuples", []))]
            graph = Graph()
            for key in tuples:
                Rules(model).check_tuple(key)
                graph.add(key)
            ready = Ready(Rules(model), graph)
            checks += sum(1 for _ in check_assertions(ready, test))
            lists += sum(1 for _ in list_assertions(ready, test))
    with capsys.disabled():
        print(
            f"\n  sample stores: {stores} of {len(paths)} ({conditional} use conditions, {modular} modules),"
            f" {checks} checks, {lists} lists"
        )
    assert stores > 10
    assert checks > 100


def model_text(path: Path, body: Body) -> str | None:
    """The model's text; None for a model in modules."""
    if "model" in body:
        return body["model"]
    file = path.parent / body["model_file"]
    return None if file.suffix == ".mod" or file.read_text("utf-8").startswith("module") else file.read_text("utf-8")


def stored_tuples(path: Path, body: Body, yaml: Any) -> list[TupleKey]:
    found = keys(body.get("tuples", []))
    if "tuple_file" in body:
        found += keys(yaml.safe_load((path.parent / body["tuple_file"]).read_text("utf-8")))
    return found


def keys(rows: list[Body]) -> list[TupleKey]:
    return [TupleKey(row["user"], row["relation"], row["object"]) for row in rows]


def check_assertions(ready: Ready, test: Body) -> Iterator[None]:
    for check in test.get("check", []):
        users = check.get("users", [check.get("user")])
        objects = check.get("objects", [check.get("object")])
        for user in users:
            for object_ in objects:
                for relation, expected in check["assertions"].items():
                    assert (ready.check(user, relation, object_) != "") is expected, (user, relation, object_)
                    yield


def list_assertions(ready: Ready, test: Body) -> Iterator[None]:
    for asked in test.get("list_objects", []):
        for relation, expected in asked["assertions"].items():
            words = [ready.graph.words[node] for node in ready.graph.objects(asked["type"])]
            found = [word for word in words if ready.check(asked["user"], relation, word)]
            assert sorted(found) == sorted(expected or []), (asked["user"], relation)
            yield
    for asked in test.get("list_users", []):
        kind = asked["user_filter"][0]
        name = f"{kind['type']}#{kind['relation']}" if kind.get("relation") else kind["type"]
        for relation, expected in asked["assertions"].items():
            plan = ready.plan(relation, asked["object"])
            kinds = {name, f"{kind['type']}:*"}
            words = reachable(plan, asked["object"], ready.graph, ready.plans, kinds, 1000)
            found = [word for word in words if ready.check(word, relation, asked["object"])]
            assert sorted(found) == sorted(expected["users"] or []), (asked["object"], relation)
            yield
