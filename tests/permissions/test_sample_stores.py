"""OpenFGA's sample stores: every assertion of every one, by the engine in memory that `airside fga test` runs on."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airside.permissions.offline import Offline
from airside.permissions.storefile import read_store
from airside.permissions.storetests import CheckAssertion, outcome

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def test_every_assertion_of_the_sample_stores_holds(
    data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    paths = sorted((data("openfga") / "sample-stores").rglob("*.fga.yaml"))
    checks = lists = conditional = 0
    for path in paths:
        store = read_store(path)
        conditional += store.model.uses_conditions
        for test in store.tests:
            offline = Offline(store.model, (*store.grants, *test.grants), MOMENT)
            for assertion in test.assertions:
                got = outcome(assertion, offline)
                assert got.passed, (path, test.name, got)
                checks += isinstance(assertion, CheckAssertion)
                lists += not isinstance(assertion, CheckAssertion)
    with capsys.disabled():
        print(f"\n  sample stores: {len(paths)}, {conditional} with conditions, {checks} checks, {lists} lists")
    assert len(paths) >= 32
    assert conditional >= 10
