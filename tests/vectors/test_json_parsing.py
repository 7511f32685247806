"""G25 on the reader itself: strict JSON against the JSON parsing suite."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from airside.core.errors import Refusal
from airside.core.strict_json import loads
from tests.vectors.json_cases import json_cases

MAX_BYTES = 1024 * 1024  # some cases are larger than a body may be


def _is_refused(text: bytes) -> bool:
    try:
        loads(text, max_bytes=MAX_BYTES)
    except Refusal:
        return True
    return False


def test_every_case_is_read_or_refused_as_its_name_says(
    data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every `n_` refused, every `y_` read but duplicate keys; an `i_` either way, and never another exception."""
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    for case in json_cases(data("json")):
        refused = _is_refused(case.text)
        counts[f"{case.kind} {'refused' if refused else 'read'}"] += 1
        if (refused and case.must_be_read) or (not refused and case.must_be_refused):
            wrong.append(case.name)
    with capsys.disabled():
        print(f"\nG25 strict JSON: {dict(sorted(counts.items()))}, wrong: {len(wrong)}")
    assert wrong == []
    assert counts["y read"] >= 90
    assert counts["n refused"] >= 180


def test_a_lenient_reader_would_fail_the_suite(data: Callable[[str], Path]) -> None:
    """The mutant: the standard library's own reader takes what must be refused."""
    taken = 0
    for case in json_cases(data("json")):
        try:
            json.loads(case.text)
        except (ValueError, RecursionError):
            continue
        taken += case.must_be_refused
    assert taken > 0
