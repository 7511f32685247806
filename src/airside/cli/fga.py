"""`airside fga`: models and store files without a server, and stores of a running one's database."""

from pathlib import Path

from rich.text import Text

from airside.cli.session import out, plain_refusals, table
from airside.core.clock import SystemClock
from airside.core.errors import Refusal
from airside.permissions.language import ModelProblems
from airside.permissions.offline import Offline
from airside.permissions.storefile import StoreFile, read_model, read_store
from airside.permissions.storetests import Answer, Outcome, outcome


def validate(file: Path) -> None:
    """Say what is wrong with a model, and where; exit 1 if anything is."""
    with plain_refusals():
        try:
            model = read_model(file)
        except ModelProblems as refusal:
            _show(refusal)
            raise SystemExit(1) from None
    relations = sum(len(definition.relations) for definition in model.types)
    modules = {each.source.module for each in model.types if each.source}
    counts = [(len(model.types), "types"), (relations, "relations"), (len(model.conditions), "conditions")]
    counted = ", ".join(f"{count} {noun}" for count, noun in [*counts, *([(len(modules), "modules")] * bool(modules))])
    out.print(Text.assemble(("valid", "green"), f"  {file}  schema {model.schema_version}: {counted}"))


def test(files: list[Path], external: bool) -> None:
    """Run the tests of store files in memory; exit 1 if an answer isn't the one expected, or a file can't be read."""
    held = asked = 0
    refused = False
    for file in files:
        try:
            store = read_store(file, external=external)
            outcomes = _outcomes(store)
        except ModelProblems as refusal:
            _show(refusal)
            refused = True
            continue
        except (Refusal, OSError) as error:
            out.print(Text.assemble(("refused", "red"), f"  {file}  {error}"))
            refused = True
            continue
        wrong = [(name, each) for name, each in outcomes if not each.passed]
        asked += len(outcomes)
        held += len(outcomes) - len(wrong)
        mark = ("wrong", "red") if wrong else ("holds", "green")
        out.print(Text.assemble(mark, f"  {file}  {len(outcomes) - len(wrong)} of {len(outcomes)}"))
        if wrong:
            rows = [(f"{file}:{store.places.line(each.assertion.at)}", name, *_told(each)) for name, each in wrong]
            table(("place", "test", "asked", "expected", "got"), rows)
    out.print(f"{held} of {asked} assertions hold in {len(files)} files")
    if refused or held < asked:
        raise SystemExit(1)


def _show(refusal: ModelProblems) -> None:
    """Each problem as compilers tell theirs, so that editors find the place."""
    for problem in refusal.problems:
        span = problem.span
        place = "" if span is None else f"{span.file}:{span.line + 1}:{span.start + 1}: "
        out.print(f"{place}{problem.message}")


def _outcomes(store: StoreFile) -> list[tuple[str, Outcome]]:
    return [
        (test.name, outcome(assertion, offline))
        for test in store.tests
        for offline in (Offline(store.model, (*store.grants, *test.grants), SystemClock().now()),)
        for assertion in test.assertions
    ]


def _told(each: Outcome) -> tuple[str, str, str]:
    got = each.refused if each.got is None else _shown(each.got)
    return str(each.assertion), _shown(each.assertion.expected), got


def _shown(answer: Answer) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return ", ".join(answer) or "nothing"
