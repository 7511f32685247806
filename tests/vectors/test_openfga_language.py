"""OpenFGA's own cases of its modelling language: text and JSON both ways, and what must be refused, and where.

Out of scope, by what the case itself says: modules (a `module` header or module metadata), and cases that their
own authors mark `skip`.
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
from airside.permissions.refusals import InvalidModel, UnsupportedSchema

Data = Callable[[str], Path]
Case = dict[str, Any]


@pytest.fixture
def cases(data: Data) -> Callable[[str], list[Case]]:
    yaml = pytest.importorskip("yaml", reason="PyYAML isn't installed: the cases are YAML")

    def read(name: str) -> list[Case]:
        text = (data("openfga") / "language" / name).read_text("utf-8")
        return [case for case in cast("list[Case]", yaml.safe_load(text)) if not case.get("skip")]

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
    """Each text is taken or refused; a refusal points at the line of an error that OpenFGA reports."""
    every = cases("dsl-syntax-validation-cases.yaml")
    in_scope = [case for case in every if not _is_module(case)]
    same_column = refused = 0
    for case in in_scope:
        expected = cast("list[Case]", case.get("expected_errors") or [])
        try:
            parse(case["dsl"])
        except SyntaxProblem as refusal:
            assert expected, f"{case['name']}: {refusal}"
            span = cast("Span", refusal.problem.span)
            assert span.line in [error["line"]["start"] for error in expected], case["name"]
            same_column += (span.line, span.start) in [_place(error) for error in expected]
            refused += 1
        else:
            assert not expected, case["name"]
    with capsys.disabled():
        print(
            f"\n  language: {len(in_scope)} of {len(every)} syntax cases (the rest are modules);"
            f" of {refused} refused, {same_column} at OpenFGA's column"
        )
    assert len(in_scope) > 60


def test_semantic_cases_give_the_same_problems_in_the_same_places(
    cases: Callable[[str], list[Case]], capsys: pytest.CaptureFixture[str]
) -> None:
    every = cases("dsl-semantic-validation-cases.yaml")
    in_scope = [case for case in every if not _is_module(case)]
    compared = 0
    for case in in_scope:
        found = {(problem.kind, problem.message, *_around(problem.span)) for problem in problems_of(parse(case["dsl"]))}
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
        assert {each[:2] for each in found} == {each[:2] for each in expected}, case["name"]
        placed = {each for each in found if each[2] is not None}
        assert placed <= expected, case["name"]
        compared += len(placed)
    with capsys.disabled():
        print(
            f"\n  language: {len(in_scope)} of {len(every)} semantic cases (the rest are modules);"
            f" {compared} problems with the same message, line and columns"
        )
    assert len(in_scope) > 60


def test_json_cases_are_judged_as_expected(
    cases: Callable[[str], list[Case]], capsys: pytest.CaptureFixture[str]
) -> None:
    every = cases("json-validation-cases.yaml")
    for case in every:
        expected = [error["msg"] for error in cast("list[Case]", case["expected_errors"] or [])]
        body: Json = json.loads(case["json"])
        try:
            found = [problem.message for problem in problems_of(from_json(body))]
        except UnsupportedSchema:
            assert '"module"' in case["json"], case["name"]
        except InvalidModel as refusal:
            assert refusal.reason in expected, case["name"]
        else:
            assert found == expected, case["name"]
    with capsys.disabled():
        print(f"\n  language: {len(every)} JSON cases (those with modules are refused by name)")


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


def _is_module(case: Case) -> bool:
    return str(case["dsl"]).lstrip().startswith("module")


def _place(error: Case) -> tuple[int, int]:
    return error["line"]["start"], error["column"]["start"]


def _around(span: Span | None) -> tuple[int | None, int | None, int | None]:
    return (None, None, None) if span is None else (span.line, span.start, span.end)
