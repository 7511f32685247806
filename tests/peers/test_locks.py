"""What peers and judges consist of is known by hash; where it comes from is the business of whoever installs it."""

import re
from pathlib import Path

FOLDERS = [Path(__file__).parents[1] / name for name in ("peers", "judges")]


def test_locks_of_npm_packages_hold_hashes_and_name_no_registry() -> None:
    locks = sorted(lock for folder in FOLDERS for lock in folder.glob("*/package-lock.json"))
    assert {lock.parents[1] for lock in locks} == set(FOLDERS)
    for lock in locks:
        text = lock.read_text("utf-8")
        assert "resolved" not in text, lock
        packages = re.findall(r'^    "node_modules/', text, re.MULTILINE)
        assert text.count('"integrity": "sha512-') == len(packages), lock


def test_locks_of_python_packages_hold_hashes_and_name_no_index() -> None:
    locks = sorted(lock for folder in FOLDERS for lock in folder.glob("*/requirements.txt"))
    assert {lock.parents[1] for lock in locks} == set(FOLDERS)
    for lock in locks:
        text = lock.read_text("utf-8")
        assert not re.search(r"://|--(?:extra-)?index-url|--find-links", text), lock
        blocks = [block for block in re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE) if "==" in block]
        assert blocks != []
        assert all("--hash=sha256:" in block for block in blocks), lock
