"""The real `fga` binary, which embeds an OpenFGA: what it answers to every question of a random store."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import msgspec

from airside.permissions.language import to_text
from airside.permissions.storetests import Answer, Assertion, CheckAssertion, ObjectsAssertion
from airside.permissions.tuplefile import row_of
from tests.permissions.random_stores import RandomStore

FGA = Path(sys.executable).parent / "fga"
SECONDS = 120.0
INVALID_MODELS = ("potential loop", "no entrypoints defined")
"""It refuses some models that mean something: where two ways lead to one relation, it takes the second for a circle."""
Row = dict[str, Any]


def answers(store: RandomStore, folder: Path) -> list[Answer | None]:
    """Its answer to each question, in order; None where it answers by an error. Nothing where it refuses the model."""
    file = folder / "store.fga.yaml"
    file.write_text(json.dumps(_body(store)), "utf-8")
    done = subprocess.run(
        [str(FGA), "model", "test", "--tests", str(file), "--verbose", "--suppress-summary"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=folder,
        env={"HOME": str(folder)},
    )
    if any(each in done.stderr for each in INVALID_MODELS):
        return []
    assert done.stdout.startswith("["), done.stderr[:2000]
    found: list[Answer | None] = []
    for test in cast("list[Row]", json.loads(done.stdout)):
        for verb in ("check_results", "list_objects_results", "list_users_results"):
            found += [_answer(row) for row in test[verb]]
    assert len(found) == len(store.questions)
    return found


def _answer(row: Row) -> Answer | None:
    if row["error"] is not None:
        return None
    got = row["got"]
    if isinstance(got, dict):
        got = cast("Row", got)["users"]
    return got if isinstance(got, bool) else sorted(cast("list[str] | None", got) or [])


def _body(store: RandomStore) -> Row:
    """One test a question: the tool answers those of one test by kind, and the questions are ordered so."""
    test: dict[str, list[Row]] = {"check": [], "list_objects": [], "list_users": []}
    for question in store.questions:
        verb, row = _row(question)
        test[verb].append(row | {"context": dict(question.context)})
    tuples = msgspec.to_builtins([row_of(grant) for grant in store.grants])
    return {"model": to_text(store.model), "tuples": tuples, "tests": [{"name": "all", **test}]}


def _row(question: Assertion) -> tuple[str, Row]:
    relation = question.relation
    if isinstance(question, CheckAssertion):
        return "check", {"user": question.user, "object": question.object, "assertions": {relation: True}}
    if isinstance(question, ObjectsAssertion):
        return "list_objects", {"user": question.user, "type": question.type, "assertions": {relation: []}}
    type_name, _, name = question.kind.partition("#")
    kind = {"type": type_name, "relation": name} if name else {"type": type_name}
    return "list_users", {
        "object": question.object,
        "user_filter": [kind],
        "assertions": {relation: {"users": []}},
    }
