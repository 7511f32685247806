"""OpenFGA's own cases of `fga.mod`, and its modular sample model against what its own tool makes of it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from airside.permissions.language import (
    ModelProblems,
    ModuleFile,
    combine,
    from_json,
    parse,
    problems_of,
    read_manifest,
    to_json,
    to_text,
)
from airside.permissions.model import Model, Span

Data = Callable[[str], Path]
Case = dict[str, Any]
FGA = Path(sys.executable).parent / "fga"


def located(case: Case) -> tuple[str, int, int, int]:
    return case["value"], case["line"]["start"], case["column"]["start"], case["column"]["end"]


def around(span: Span | None) -> tuple[int, int, int]:
    assert span is not None
    return span.line, span.start, span.end


def test_manifest_cases_are_judged_as_expected(data: Data, capsys: pytest.CaptureFixture[str]) -> None:
    """Each manifest is read with the place of every word, or refused with each problem's message and place. Where the
    list as a whole stands isn't kept: nothing is told of it."""
    yaml = pytest.importorskip("yaml", reason="PyYAML isn't installed: the cases are YAML")
    text = (data("openfga") / "language" / "fga-mod-transformer-cases.yaml").read_text("utf-8")
    every = cast("list[Case]", yaml.safe_load(text))
    for case in every:
        if "json" in case:
            read, wanted = read_manifest(case["modFile"]), json.loads(case["json"])
            words = [(each.text, *around(each.span)) for each in (read.schema, *read.contents)]
            assert words == [located(wanted["schema"]), *map(located, wanted["contents"]["value"])], case["name"]
            continue
        with pytest.raises(ModelProblems) as refused:
            read_manifest(case["modFile"])
        found = [(problem.message, *around(problem.span)) for problem in refused.value.problems]
        expected = [
            (error["msg"], error["line"]["start"], error["column"]["start"], error["column"]["end"])
            for error in case["expected_errors"]
        ]
        assert found == expected, case["name"]
    with capsys.disabled():
        print(f"\n  language: {len(every)} manifests")


def test_modular_model_is_the_one_that_openfgas_tool_makes(data: Data) -> None:
    """The same JSON, modules and files in it; and text that tells them reads back."""
    folder = data("openfga") / "sample-stores" / "modular"
    contents = read_manifest((folder / "fga.mod").read_text("utf-8")).contents
    model = combine(ModuleFile(each.text, (folder / each.text).read_text("utf-8")) for each in contents)
    assert problems_of(model) == []
    done = subprocess.run(
        [str(FGA), "model", "transform", "--file", str(folder / "fga.mod"), "--input-format", "modular"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert unordered(from_json(json.loads(done.stdout))) == unordered(model)
    assert from_json(to_json(model)) == model
    assert parse(to_text(model)) == model


def unordered(model: Model) -> Model:
    """`model` with the relations that JSON keeps in maps in one order."""
    body = cast("Any", to_json(model))
    for each in body["type_definitions"]:
        each["relations"] = dict(sorted(each["relations"].items()))
    return from_json(body)
