"""`airside fga`: models and store files without a server, and stores of a running one's database."""

from pathlib import Path

from airside.cli.session import out, plain_refusals, table
from airside.core.clock import SystemClock
from airside.permissions.language import ModelProblems, SyntaxProblem
from airside.permissions.offline import Offline
from airside.permissions.storefile import StoreFile, read_model, read_store
from airside.permissions.storetests import Answer, Outcome, outcome


def validate(file: Path) -> None:
    """Say what is wrong with a model, and where; exit 1 if anything is."""
    with plain_refusals():
        try:
            model = read_model(file)
        except SyntaxProblem as refusal:
            problems = (refusal.problem,)
        except ModelProblems as refusal:
            problems = refusal.problems
        else:
            relations = sum(len(definition.relations) for definition in model.types)
            counted = f"{len(model.types)} types, {relations} relations, {len(model.conditions)} conditions"
            out.print(f"{file}: valid, schema {model.schema_version}, {counted}")
            return
        for problem in problems:
            place = "" if problem.span is None else f":{problem.span.line + 1}:{problem.span.start + 1}"
            out.print(f"{file}{place}: {problem.message}")
        raise SystemExit(1)


def test(files: list[Path], external: bool) -> None:
    """Run the tests of store files in memory; exit 1 if an answer isn't the one expected."""
    passed = failed = 0
    with plain_refusals():
        for file in files:
            rows: list[tuple[str, ...]] = []
            for name, each in _outcomes(read_store(file, external=external)):
                if each.passed:
                    passed += 1
                else:
                    rows.append((name, str(each.assertion), _shown(each.assertion.expected), _got(each)))
            failed += len(rows)
            if rows:
                out.print(f"{file}")
                table(("test", "asked", "expected", "got"), rows)
    out.print(f"{passed} of {passed + failed} assertions hold in {len(files)} files")
    if failed:
        raise SystemExit(1)


def _outcomes(store: StoreFile) -> list[tuple[str, Outcome]]:
    return [
        (test.name, outcome(assertion, offline))
        for test in store.tests
        for offline in (Offline(store.model, (*store.grants, *test.grants), SystemClock().now()),)
        for assertion in test.assertions
    ]


def _got(each: Outcome) -> str:
    return each.refused if each.got is None else _shown(each.got)


def _shown(answer: Answer) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return ", ".join(answer) or "nothing"
