"""Every deliberate mistake fits the build that it is made in: a pipeline makes one of each test, another one each day."""

import tomllib
from pathlib import Path


def test_every_mistake_has_its_place_and_its_test(root: Path) -> None:
    odd = dict[str, str]()
    for path in sorted((root / "tests" / "mutants").glob("*.toml")):
        said: dict[str, str] = tomllib.loads(path.read_text("utf-8"))
        count = (root / said["file"]).read_text("utf-8").count(said["old"])
        file, _, name = said["gauntlet"].partition("::")
        found = (root / file).is_file() and name.partition("[")[0] in (root / file).read_text("utf-8")
        if count != 1 or said["old"] == said["new"] or not found:
            odd[path.name] = f"{count} times in {said['file']}, {said['gauntlet']} {'is' if found else 'is not'} there"
    assert odd == {}
