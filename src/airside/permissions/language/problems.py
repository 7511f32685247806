"""What is wrong with a model, where, and of which class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from airside.permissions.model import Span
from airside.permissions.refusals import InvalidModel

MAX_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule. `kind` is OpenFGA's name of the rule; `span` is None for a model that came as JSON."""

    kind: str
    message: str
    span: Span | None = None

    def __str__(self) -> str:
        if self.span is None:
            return self.message
        file = f"{self.span.file}, " if self.span.file else ""
        return f"{file}line {self.span.line + 1}, column {self.span.start + 1}: {self.message}"


class SyntaxProblem(InvalidModel):
    """The text isn't a model: `problem` says where it stops making sense."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class ModelProblems(InvalidModel):
    """The model parses, and breaks rules: `problems` lists each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems[:MAX_SHOWN]))
        self.problems = tuple(problems)
