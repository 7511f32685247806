"""Model files: text (`.fga`), JSON, and `fga.mod`, which names the modules of one model.

Whatever is wrong is told with the file, line and column of the file that it is in.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import loads
from airside.permissions.conditions import Conditions
from airside.permissions.language import (
    ModelProblems,
    ModuleFile,
    Problem,
    SyntaxProblem,
    combine,
    from_json,
    parse,
    problems_of,
    read_manifest,
)
from airside.permissions.model import Model, Span
from airside.permissions.refusals import InvalidModel

MAX_MODEL: Final = 1024 * 1024
"""Bytes of one model file."""
NOWHERE: Final = Span(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a file finds those that it names: below itself, or with `external` anywhere, so that a file from elsewhere
    can't read what its writer couldn't."""

    path: Path
    external: bool = False

    def find(self, name: str) -> Path:
        """The file called `name`, seen from the folder.

        Raises:
            InvalidInput: it lies outside.
        """
        found = self.path / name
        if not self.external and not found.resolve().is_relative_to(self.path.resolve()):
            raise InvalidInput(f"{name} lies outside the folder of the file that names it")
        return found


def read_model_file(path: Path, *, external: bool = False) -> Model:
    """The valid model in the file at `path`, conditions and all.

    Raises:
        ModelProblems: it isn't one; every problem's span has its file.
        InvalidInput: a module outside the manifest's folder, or not JSON.
        TooLarge: a file over `MAX_MODEL`.
        OSError: a file that can't be read.
    """
    if path.suffix == ".mod":
        folder = Folder(path.parent, external)
        return judged(lambda: _modular(path, folder), lambda span: replace(span, file=str(path.parent / span.file)))
    if path.suffix == ".json":
        body = read_bounded(path, MAX_MODEL)
        return judged(lambda: from_json(loads(body, max_bytes=MAX_MODEL)), lambda span: replace(span, file=str(path)))
    text = read_text(path)
    return judged(lambda: parse(text), lambda span: replace(span, file=str(path)))


def judged(read: Callable[[], Model], place: Callable[[Span], Span]) -> Model:
    """The model that `read` gives, if nothing is wrong with it. `place` says where a span of its text stands in a file.

    Raises:
        ModelProblems: the language's, placed.
    """
    try:
        model = read()
        problems = problems_of(model)
        if not problems:
            Conditions(model)
            return model
    except SyntaxProblem as refusal:
        problems = [refusal.problem]
    except ModelProblems as refusal:
        problems = list(refusal.problems)
    except InvalidModel as refusal:
        problems = [Problem("invalid", refusal.reason)]
    raise ModelProblems([replace(each, span=place(each.span or NOWHERE)) for each in problems]) from None


def read_text(path: Path) -> str:
    """The text of a model file.

    Raises:
        InvalidInput: not UTF-8.
        TooLarge, OSError: as `read_bounded`.
    """
    try:
        return read_bounded(path, MAX_MODEL).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: not UTF-8") from None


def read_bounded(path: Path, most: int) -> bytes:
    """The bytes of the file at `path`.

    Raises:
        TooLarge: more than `most`.
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        body = file.read(most + 1)
    if len(body) > most:
        raise TooLarge(f"{path}: over {most} bytes", max_bytes=most)
    return body


def _modular(path: Path, folder: Folder) -> Model:
    contents = read_manifest(read_text(path), path.name).contents
    return combine([ModuleFile(each.text, read_text(folder.find(each.text))) for each in contents])
