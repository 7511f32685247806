"""The lint finds SQL that is built as a string, and leaves alone what is fixed, composed or given as parameters."""

from pathlib import Path

import pytest

from airside.assurance.sql_lint import MAX_BYTES, faults

HERE = Path(__file__).parent


def snippets(name: str) -> dict[str, str]:
    """The snippets of a file by their names."""
    parts = (HERE / name).read_text("utf-8").split("\n## ")[1:]
    return {title: source.strip() + "\n" for title, _, source in (part.partition("\n") for part in parts)}


BUILT, FINE = snippets("sql_built.txt"), snippets("sql_fine.txt")


@pytest.mark.parametrize("source", BUILT.values(), ids=BUILT)
def test_sql_built_as_a_string_is_found(source: str) -> None:
    assert {fault.rule for fault in faults(source)} == {"sql-built"}


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_sql_that_carries_no_value_in_its_text_is_left_alone(source: str) -> None:
    assert faults(source) == []


def test_finding_names_the_line_and_how_it_was_built() -> None:
    found = faults("\n\ndef f(c, x):\n    q = 'select %s' % x\n    c.execute(\n        q,\n    )\n")
    assert [(fault.line, fault.evidence) for fault in found] == [(5, "execute() is given %")]


def test_what_was_built_first_is_named() -> None:
    found = faults("def f(c, x):\n    c.execute('select 1 ' + f'where {x}')")
    assert [fault.evidence for fault in found] == ["execute() is given an f-string"]


LINE = "def f(c, t):\n    c.execute(f'select {t}')"


@pytest.mark.parametrize(
    ("comment", "rules"),
    [
        pytest.param("  # sql-lint: allow, t is one of TABLES", set[str](), id="with a reason"),
        pytest.param("  # noqa: S608  # sql-lint: allow, t is one of TABLES", set[str](), id="after another's"),
        pytest.param("  # sql-lint: allow", {"sql-built", "sql-allow-without-reason"}, id="without a reason"),
        pytest.param("  # sql-lint: allow,  ", {"sql-built", "sql-allow-without-reason"}, id="with an empty reason"),
        pytest.param("\n# sql-lint: allow, on another line", {"sql-built", "sql-allow-unused"}, id="elsewhere"),
        pytest.param("\nS = '# sql-lint: allow, x'", {"sql-built"}, id="in a text"),
        pytest.param("  # noqa", {"sql-built"}, id="another lint's"),
    ],
)
def test_only_a_reason_on_the_call_allows_it(comment: str, rules: set[str]) -> None:
    assert {fault.rule for fault in faults(LINE + comment)} == rules


def test_what_is_allowed_without_need_is_found() -> None:
    assert [fault.rule for fault in faults("x = 1  # sql-lint: allow, once")] == ["sql-allow-unused"]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def f(:", id="syntax"),
        pytest.param("x = '\0'", id="nul"),
        pytest.param("x = " + "(" * 5000 + ")" * 5000, id="nested too deep"),
        pytest.param("c.execute(" + "-" * 90_000 + "1)", id="operators too many"),
    ],
)
def test_module_that_cannot_be_read_is_a_finding(source: str) -> None:
    assert [fault.rule for fault in faults(source)] == ["sql-unreadable"]


def test_loops_within_loops_cost_no_more_than_their_text() -> None:
    depth = 40
    source = (
        "\n".join("    " * n + f"for x{n} in y:" for n in range(depth)) + "\n" + "    " * depth + "c.execute(f'{x}')"
    )
    assert len(faults(source)) == 1
    assert len(source) < MAX_BYTES


def test_text_that_doubles_costs_no_more_than_its_lines() -> None:
    source = "q = 'a'\n" + "q += q\n" * 60 + "c.execute(q)"
    assert faults(source) == []


def test_chain_of_functions_is_followed_however_they_are_ordered() -> None:
    chain = [f"def f{n}(x):\n    return f{n - 1}(x)" for n in range(1, 9)]
    for functions in (chain, chain[::-1]):
        source = "\n".join(["def f0(x):\n    return f'select {x}'", *functions, "def g(c, x):\n    c.execute(f8(x))"])
        assert [fault.rule for fault in faults(source)] == ["sql-built"]
