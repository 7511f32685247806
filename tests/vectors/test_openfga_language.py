"""OpenFGA's own cases of its modelling language: text and JSON both ways, and what must be refused, and where.

Every case is run, those too that their authors mark `skip` because their own checker can't do them yet. Of these,
three expect circles of computed relations to be taken, which OpenFGA's server refuses, and so do we: `SERVER_REFUSES`.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from airside.core.strict_json import Json
from airside.permissions.language import (
    SyntaxProblem,
    from_json,
    parse,
    problems_of,
    to_json,
    to_text,
)
from airside.permissions.model import Model, Span
from airside.permissions.refusals import InvalidModel, InvalidQuestion
from airside.permissions.words import split_object

Data = Callable[[str], Path]
Case = dict[str, Any]
SERVER_REFUSES = {
    "union does not require all child to have entry",
    "union does not require all child to have entry even for intersection child",
    "union does not require all child to have entry even for exclusion child",
}
"""Its server's word for these models: an authorization model cannot contain a cycle."""


@pytest.fixture
def cases(data: Data) -> Callable[[str], list[Case]]:
    yaml = pytest.importorskip("yaml", reason="PyYAML isn't installed: the cases are YAML")

    def read(name: str) -> list[Case]:
        text = (data("openfga") / "language" / name).read_text("utf-8")
        return cast("list[Case]", yaml.safe_load(text))

    return read


def test_transformer_pairs_agree_in_every_direction(data: Data, capsys: pytest.CaptureFixture[str]) -> None:
    """Text and JSON give the same model, and the model gives both back."""
    folders = sorted(path for path in (data("openfga") / "language" / "transformer").iterdir() if path.is_dir())
    ran = 0
    for folder in folders:
        text = (folder / "authorization-model.fga").read_text("utf-8")
        body: Json = json.loads((folder / "authorization-model.json").read_text("utf-8"))
        model = parse(text)
        assert _unordered(model) == _unordered(from_json(body)), folder.name
        assert from_json(to_json(model)) == model, folder.name
        assert to_text(model).split() == text.split(), folder.name
        assert _unordered(parse(to_text(model))) == _unordered(model), folder.name
        ran += 1
    with capsys.disabled():
        print(f"\n  language: {ran} of {len(folders)} text and JSON pairs, both ways")
    assert ran == len(folders) >= 20


def test_syntax_cases_are_judged_as_expected(
    cases: Callable[[str], list[Case]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each text is taken or refused; a refusal points at the line and column of an error that OpenFGA reports."""
    every = cases("dsl-syntax-validation-cases.yaml")
    refused = 0
    for case in every:
        expected = cast("list[Case]", case.get("expected_errors") or [])
        try:
            parse(case["dsl"])
        except SyntaxProblem as refusal:
            assert expected, f"{case['name']}: {refusal}"
            span = cast("Span", refusal.problem.span)
            assert (span.line, span.start) in [_place(error) for error in expected], case["name"]
            refused += 1
        else:
            assert not expected, case["name"]
    with capsys.disabled():
        print(f"\n  language: {len(every)} syntax cases, {refused} of them refused, each at OpenFGA's line and column")
    assert len(every) > 60


def test_semantic_cases_give_the_same_problems_in_the_same_places(
    cases: Callable[[str], list[Case]], capsys: pytest.CaptureFixture[str]
) -> None:
    every = cases("dsl-semantic-validation-cases.yaml")
    compared = 0
    for case in every:
        problems = problems_of(parse(case["dsl"]))
        if case["name"] in SERVER_REFUSES:
            assert {problem.message.partition("(")[2] for problem in problems} == {"potential loop)."}, case["name"]
            continue
        found = {(problem.kind, problem.message, *_around(problem.span)) for problem in problems}
        expected = {
            (
                error["metadata"]["errorType"],
                error["msg"],
                error["line"]["start"],
                error["column"]["start"],
                error["column"]["end"],
            )
            for error in cast("list[Case]", case["expected_errors"])
        }
        assert found == expected, case["name"]
        compared += len(found)
    with capsys.disabled():
        print(
            f"\n  language: {len(every)} semantic cases, {compared} problems with the same message, line and columns;"
            f" {len(SERVER_REFUSES)} are decided as OpenFGA's server does"
        )
    assert len(every) > 60


def test_json_cases_are_judged_as_expected(
    cases: Callable[[str], list[Case]], capsys: pytest.CaptureFixture[str]
) -> None:
    every = cases("json-validation-cases.yaml")
    for case in every:
        expected = [error["msg"] for error in cast("list[Case]", case["expected_errors"] or [])]
        body: Json = json.loads(case["json"])
        try:
            found = [problem.message for problem in problems_of(from_json(body))]
        except InvalidModel as refusal:
            assert refusal.reason in expected, case["name"]
        else:
            assert found == expected, case["name"]
    with capsys.disabled():
        print(f"\n  language: {len(every)} JSON cases")


def test_object_ids_are_judged_as_expected(
    cases: Callable[[str], list[Case]], capsys: pytest.CaptureFixture[str]
) -> None:
    """But for the comma: OpenFGA's server takes it in an id, its checkers of models don't."""
    every = cases("object-id-validation-cases.yaml")
    for case in every:
        word = f"doc:{case['object_id']}"
        if case["valid"] or "," in case["object_id"]:
            assert split_object(word) == ("doc", case["object_id"]), case["name"]
        else:
            with pytest.raises(InvalidQuestion):
                split_object(word)
    with capsys.disabled():
        print(f"\n  language: {len(every)} object ids")


def test_json_that_text_cannot_say_is_refused_by_name(
    cases: Callable[[str], list[Case]], capsys: pytest.CaptureFixture[str]
) -> None:
    every = cases("json-syntax-transformer-validation-cases.yaml")
    for case in every:
        model = from_json(json.loads(case["json"]))
        if case.get("valid", True):
            assert parse(to_text(model)).schema_version == model.schema_version, case["name"]
        else:
            with pytest.raises(InvalidModel, match=case["error_message"]):
                to_text(model)
    with capsys.disabled():
        print(f"\n  language: {len(every)} JSON to text cases")


def _unordered(model: Model) -> Model:
    """`model` with the parts that JSON keeps in maps in one order."""
    conditions = [
        replace(each, parameters=tuple(sorted(each.parameters, key=lambda parameter: parameter.name)))
        for each in model.conditions
    ]
    return replace(model, conditions=tuple(sorted(conditions, key=lambda each: each.name)))


def _place(error: Case) -> tuple[int, int]:
    return error["line"]["start"], error["column"]["start"]


def _around(span: Span | None) -> tuple[int | None, int | None, int | None]:
    return (None, None, None) if span is None else (span.line, span.start, span.end)
