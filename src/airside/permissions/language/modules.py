"""Several modules → one model: their types together, and the relations that modules add to each other's types."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from airside.permissions.language.parser import MODULAR, Document, document
from airside.permissions.language.problems import ModelProblems, Problem, SyntaxProblem
from airside.permissions.model import Condition, Model, Relation, TypeDefinition

MAX_FILES: Final = 100


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """A file's name, as the manifest says it, and what is in it."""

    name: str
    text: str


def combine(files: Iterable[ModuleFile]) -> Model:
    """The model that the modules make; its problems know their file. What it means is judged by `validate`.

    Raises:
        ModelProblems: a file that isn't a module, or what two of them say twice, or an extension of nothing.
    """
    problems: list[Problem] = []
    modules: list[Document] = []
    for file in files:
        try:
            read = document(file.text, file.name)
        except SyntaxProblem as refusal:
            problems.append(refusal.problem)
            continue
        if not read.module:
            problems.append(Problem("not-a-module", "a file of a modular model begins with 'module NAME'", read.place))
        modules.append(read)
    if problems:
        raise ModelProblems(problems)
    types, conditions = _Types(modules), _conditions(modules)
    problems = [*types.problems, *conditions.problems]
    if problems:
        raise ModelProblems(problems)
    return Model(MODULAR, types.extended(), tuple(conditions.found.values()))


class _Types:
    """The types of all modules, by name, with what others add to them."""

    def __init__(self, modules: list[Document]) -> None:
        self.problems: list[Problem] = []
        self._types: dict[str, TypeDefinition] = {}
        self._added: dict[str, dict[str, Relation]] = {}
        for definition in (each for module in modules for each in module.types):
            if definition.name in self._types:
                message = f"duplicate type definition {definition.name}"
                self.problems.append(Problem("duplicated-error", message, definition.span))
            self._types.setdefault(definition.name, definition)
        for extension in (each for module in modules for each in module.extensions):
            self.problems += self._extend(extension)

    def extended(self) -> tuple[TypeDefinition, ...]:
        """Each type with its own relations first."""
        return tuple(
            replace(each, relations=(*each.relations, *self._added.get(each.name, {}).values()))
            for each in self._types.values()
        )

    def _extend(self, extension: TypeDefinition) -> Iterator[Problem]:
        own = self._types.get(extension.name)
        if own is None:
            message = f"extended type {extension.name} does not exist"
            yield Problem("invalid-type", message, extension.span)
            return
        taken = {each.name for each in own.relations}
        added = self._added.setdefault(extension.name, {})
        for relation in extension.relations:
            if relation.name in taken or relation.name in added:
                message = f"relation {relation.name} already exists on type {extension.name}"
                yield Problem("duplicated-error", message, relation.span)
            added[relation.name] = relation


@dataclass(frozen=True, slots=True)
class _Conditions:
    found: dict[str, Condition]
    problems: list[Problem]


def _conditions(modules: list[Document]) -> _Conditions:
    found: dict[str, Condition] = {}
    problems: list[Problem] = []
    for condition in (each for module in modules for each in module.conditions):
        if condition.name in found:
            problems.append(Problem("duplicated-error", f"duplicate condition {condition.name}", condition.span))
        found.setdefault(condition.name, condition)
    return _Conditions(found, problems)
