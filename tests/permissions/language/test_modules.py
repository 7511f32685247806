"""Modules: told apart by their files, put together once, and refused where two of them contradict."""

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
from airside.permissions.model import Model, Source
from airside.permissions.refusals import InvalidModel

CORE = """module core
type user
type org
  relations
    define member: [user with early]
condition early(hour: int) {
  hour < 9
}
"""
WIKI = """module wiki
extend type org
  relations
    define writer: member
type page
  relations
    define org: [org]
    define reader: writer from org
"""


def combined(**texts: str) -> Model:
    return combine(ModuleFile(f"{name}.fga", text) for name, text in texts.items())


def test_parts_know_their_module_and_file() -> None:
    model = combined(core=CORE, wiki=WIKI)
    assert problems_of(model) == []
    assert (model.schema_version, [each.name for each in model.types]) == ("1.2", ["user", "org", "page"])
    org = model.types[1]
    assert (org.source, [each.source for each in org.relations]) == (
        Source("core", "core.fga"),
        [None, Source("wiki", "wiki.fga")],
    )
    assert model.conditions[0].source == Source("core", "core.fga")


def test_order_of_files_means_nothing_to_extensions() -> None:
    model = combined(wiki=WIKI, core=CORE)
    assert problems_of(model) == []
    assert {each.name for each in model.types} == {"user", "org", "page"}


def test_modules_survive_json_and_text() -> None:
    model = combined(core=CORE, wiki=WIKI)
    assert from_json(to_json(model)) == model
    text = to_text(model)
    assert "    define writer: member # extended by: module: wiki, file: wiki.fga\n" in text
    assert "} # module: core, file: core.fga\n" in text
    assert parse(text) == model


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (
            {"a": "module a\ntype user", "b": "module b\ntype user"},
            ["b.fga, line 2, column 6: duplicate type definition user"],
        ),
        (
            {"a": CORE, "b": CORE.replace("org", "place").replace("user", "person")},
            ["b.fga, line 6, column 11: duplicate condition early"],
        ),
        (
            {"a": CORE, "b": "module b\nextend type none"},
            ["b.fga, line 2, column 13: extended type none does not exist"],
        ),
        (
            {"a": CORE, "b": "module b\nextend type org\n  relations\n    define member: [user]"},
            ["b.fga, line 4, column 12: relation member already exists on type org"],
        ),
        (
            {"a": CORE, "b": WIKI, "c": WIKI.replace("module wiki", "module other").replace("page", "leaf")},
            ["c.fga, line 4, column 12: relation writer already exists on type org"],
        ),
        (
            {"a": CORE, "b": "model\n  schema 1.2\ntype x"},
            ["b.fga, line 2, column 10: a file of a modular model begins with 'module NAME'"],
        ),
        (
            {"a": "module a\ntyp user", "b": "module b\ntype"},
            [
                "a.fga, line 2, column 1: found 'typ' where 'type' or 'condition' is expected",
                "b.fga, line 2, column 5: found the end of the text where a space is expected",
            ],
        ),
    ],
)
def test_contradiction_is_told_with_its_file(texts: dict[str, str], says: list[str]) -> None:
    with pytest.raises(ModelProblems) as refused:
        combined(**texts)
    assert [str(problem) for problem in refused.value.problems] == says


def test_what_words_mean_is_judged_with_their_file() -> None:
    model = combined(core=CORE, wiki=WIKI.replace("writer from org", "nothing from org"))
    assert [str(problem) for problem in problems_of(model)] == [
        "wiki.fga, line 8, column 20: the `nothing` relation definition on type `page` is not valid:"
        " `nothing` does not exist on `org`, which is of type `org`."
    ]


@pytest.mark.parametrize("word", ["a\ntype evil", "a b", "a#b", "\x00", "a,b", 7])
def test_module_that_is_no_name_is_refused(word: object) -> None:
    body = {"schema_version": "1.2", "type_definitions": [{"type": "user", "metadata": {"module": word}}]}
    with pytest.raises(InvalidModel, match="module"):
        from_json(body)  # type: ignore[arg-type]  # a dict of dicts is Json


@pytest.mark.parametrize("word", ["a.fga\ntype evil", "\x1b[2J", "a" * 1025])
def test_file_that_would_break_a_line_is_refused(word: str) -> None:
    metadata = {"module": "a", "source_info": {"file": word}}
    body = {"schema_version": "1.2", "type_definitions": [{"type": "user", "metadata": metadata}]}
    with pytest.raises(InvalidModel, match="isn't a name"):
        from_json(body)  # type: ignore[arg-type]  # a dict of dicts is Json


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "fga.mod, line 1, column 1: a mapping is expected"),
        ("a: [", "fga.mod, line 2, column 1: did not find expected node content"),
        ("schema: '1.2'\nschema: '1.2'\ncontents: []", "a field stands twice"),
        ("schema: '1.2'\ncontents: [" + ", ".join(["a.fga"] * 101) + "]", "100 files at most"),
        ("schema: '1.2'\ncontents: ['a/%2e%2e/b.fga']", "invalid contents item a/%2e%2e/b.fga"),
        ("schema: '1.2'\ncontents: [\"a\\nb.fga\"]", "invalid contents item"),
        ("a: &a [*a]\nschema: '1.2'\ncontents: *a", "missing|expected list|unexpected contents item"),
    ],
)
def test_manifest_that_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(ModelProblems, match=says):
        read_manifest(text)
