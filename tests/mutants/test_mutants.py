"""A gauntlet that can't fail proves nothing: each test below must go red on a build with one deliberate mistake.

Each `*.toml` beside this file names a gauntlet test, a source file, the exact text that is there and what a tired
hand could have written instead. The mistake is made in a copy of the package; the working tree is never touched.

In the short form each test meets one of its mistakes, another one every day; in full (`AIRSIDE_GAUNTLET_FULL=1`) all.
"""

import os
import shutil
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests import forked
from tests.mutants.broken import main

ROOT = Path(__file__).parents[2]
MUTANTS = sorted(Path(__file__).parent.glob("*.toml"))
FULL = "AIRSIDE_GAUNTLET_FULL"
SECONDS = 600
QUIET = (
    *("-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
    *("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"),
)
FAILED = 1
"""pytest's exit code when tests ran and failed; a broken import or a missing fixture has another."""


@dataclass(frozen=True)
class Mutant:
    gauntlet: str
    file: str
    old: str
    new: str
    why: str
    env: dict[str, str] = field(default_factory=dict[str, str])

    def made_in(self, text: str) -> str:
        """`text` of the file, with the mistake."""
        assert text.count(self.old) == 1, f"{self.file} no longer holds exactly one: {self.old!r}"
        return text.replace(self.old, self.new)


def _read(path: Path) -> Mutant:
    return Mutant(**tomllib.loads(path.read_text()))


def _drawn() -> list[Path]:
    """Which are made now."""
    if os.environ.get(FULL) == "1":
        return MUTANTS
    of_test = defaultdict[str, list[Path]](list)
    for path in MUTANTS:
        of_test[_read(path).gauntlet].append(path)
    day = datetime.now(UTC).date().toordinal()
    return [paths[day % len(paths)] for paths in of_test.values()]


def _parameter(path: Path) -> ParameterSet:
    measures = "mark.alone" in (ROOT / _read(path).gauntlet.split("::")[0]).read_text()
    return pytest.param(path, id=path.stem, marks=[pytest.mark.alone] if measures else [])


@pytest.mark.gauntlet
@pytest.mark.parametrize("path", [_parameter(path) for path in _drawn()])
def test_gauntlet_catches_the_broken_build(path: Path, tmp_path: Path):
    mutant = _read(path)
    package = tmp_path / "airside"
    # With what is compiled: the times of the sources vouch for it.
    shutil.copytree(ROOT / "src" / "airside", package)
    broken = tmp_path / mutant.file.removeprefix("src/")
    broken.write_text(mutant.made_in(broken.read_text()))
    for compiled in (broken.parent / "__pycache__").glob(f"{broken.stem}.*"):
        compiled.unlink()
    short = {name: value for name, value in os.environ.items() if name != FULL}
    done = forked.run(
        main,
        [*QUIET, "-x", mutant.gauntlet],
        preload=["tests.mutants.broken"],
        env={**short, **mutant.env, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=ROOT,
        seconds=SECONDS,
    )
    assert done.returncode == FAILED, f"{mutant.why}: not caught\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    print(f"\nmutant {path.stem}: caught ({mutant.why})")


def test_every_mistake_has_its_place():
    """Those too that aren't made today."""
    for mutant in map(_read, MUTANTS):
        mutant.made_in((ROOT / mutant.file).read_text())


def test_every_gauntlet_test_has_its_mutant():
    gauntlet = {path.name for path in (ROOT / "tests" / "gauntlet").glob("test_g*.py")}
    covered = {Path(_read(path).gauntlet.partition("::")[0]).name for path in MUTANTS}
    assert gauntlet <= covered, f"without a mutant: {sorted(gauntlet - covered)}"
