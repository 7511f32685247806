"""`airside deps`: it fails loudly where nothing could be checked."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airside.cli.dependencies import check as run_check
from airside.core.clock import SystemClock
from tests.cli.command import airside

DIGEST = "a" * 64
Told = tuple[int, str, str]
Check = Callable[..., Told]


def advisory(days: float = 1, **fields: Any) -> dict[str, Any]:
    moment = (SystemClock().now() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    affected = {
        "package": {"ecosystem": "PyPI", "name": "left-pad"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
    }
    return {"id": "CVE-1", "modified": moment, "summary": "pads too far", "affected": [affected], **fields}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lock.txt").write_text(f"left-pad==1.0 --hash=sha256:{DIGEST}\n", "utf-8")
    (tmp_path / "mended.txt").write_text(f"left-pad==2.0 --hash=sha256:{DIGEST}\n", "utf-8")
    (tmp_path / "db.json").write_text(json.dumps([advisory()]), "utf-8")
    return tmp_path


@pytest.fixture
def check(folder: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """The verb in this process, with its exit code and what it said: starting Python for each would take seconds."""

    def told(
        *,
        lock: str = "lock.txt",
        db: str = "db.json",
        fail_on: str = "low",
        form: str = "terminal",
        baseline: str | None = None,
    ) -> Told:
        source = db if "://" in db else str(folder / db)
        code = 0
        try:
            run_check(
                None, [folder / lock], source, None, 14, fail_on, form, None if baseline is None else folder / baseline
            )
        except SystemExit as end:
            code = int(str(end.code))
        said = capsys.readouterr()
        return code, said.out, said.err

    return told


def test_verb_exits_as_it_says(folder: Path) -> None:
    done = airside("deps", "check", "--lock", "lock.txt", "--advisories", "db.json", cwd=folder)
    assert done.returncode == 1
    assert "CVE-1" in done.stdout


def test_known_vulnerability_is_said_and_fails(check: Check) -> None:
    code, said, _ = check()
    assert code == 1
    assert said.splitlines()[1].split() == ["left-pad", "1.0", "high", "CVE-1", "2.0", "pads", "too", "far"]
    assert check(fail_on="critical")[0] == 0
    assert json.loads(check(form="json")[1])["vulnerabilities"][0]["fixed"] == ["2.0"]
    (result,) = json.loads(check(form="sarif")[1])["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("CVE-1", "error")


def test_mended_version_passes(check: Check) -> None:
    code, _, told = check(lock="mended.txt")
    assert (code, told.splitlines()[-1]) == (0, "0 known against 1 packages, by 1 advisories")


_BY_MARKERS = [("1.0", 'python_version < "3.12"'), ("2.0", 'python_version >= "3.12"')]


def test_package_that_is_pinned_twice_is_checked_twice(folder: Path, check: Check) -> None:
    pins = [f"left-pad=={version} ; {marker} --hash=sha256:{DIGEST}\n" for version, marker in _BY_MARKERS]
    (folder / "both.txt").write_text("".join(pins), "utf-8")
    code, said, _ = check(lock="both.txt")
    assert (code, "CVE-1" in said) == (1, True)


def test_advisory_of_tomorrow_does_not_hide_a_dead_mirror(folder: Path, check: Check) -> None:
    (folder / "db.json").write_text(json.dumps([advisory(30), advisory(-30)]), "utf-8")
    assert check()[0] == 2


def accepting(folder: Path, *, check: str = "CVE-1", where: str = "left-pad 1.0", days: float = 1) -> str:
    """The name of a baseline with one entry that ends in `days`."""
    end = (SystemClock().now() + timedelta(days=days)).date()
    reason = "nothing here is padded on the left"
    entry = f'[[accepted]]\ncheck = "{check}"\nwhere = "{where}"\nreason = "{reason}"\nexpires = {end}\n'
    (folder / "baseline.toml").write_text(entry, "utf-8")
    return "baseline.toml"


@pytest.mark.parametrize("name", ["CVE-1", "GHSA-1"])
def test_what_is_accepted_by_any_of_its_names_passes_and_is_counted(folder: Path, check: Check, name: str) -> None:
    (folder / "db.json").write_text(json.dumps([advisory(aliases=["GHSA-1"])]), "utf-8")
    code, said, told = check(baseline=accepting(folder, check=name))
    assert (code, "CVE-1" in said) == (0, False)
    assert told.splitlines()[-1] == "0 known against 1 packages, by 1 advisories; 1 accepted"
    document = json.loads(check(baseline="baseline.toml", form="json")[1])
    assert (document["vulnerabilities"], document["accepted"]) == ([], 1)
    assert json.loads(check(baseline="baseline.toml", form="sarif")[1])["runs"][0]["results"] == []


def test_what_is_accepted_elsewhere_or_no_longer_fails(folder: Path, check: Check) -> None:
    assert check(baseline=accepting(folder, where="left-pad 2.0"))[0] == 1
    code, _, told = check(baseline=accepting(folder, days=-1))
    assert (code, "no longer accepted since" in told) == (1, True)


def test_baseline_that_is_not_understood_is_no_pass(folder: Path, check: Check) -> None:
    assert check(baseline="gone.toml")[0] == 2
    code, _, told = check(baseline=accepting(folder, check="CVE-2"))
    assert (code, told.strip()) == (2, "refused entry 1 of the baseline names no check: CVE-2")


@pytest.mark.parametrize(
    ("lock", "database"),
    [
        pytest.param("lock.txt", [], id="empty database"),
        pytest.param("lock.txt", [advisory(days=15)], id="old database"),
        pytest.param("lock.txt", {"id": 1}, id="database that can't be read"),
        pytest.param("lock.txt", None, id="no database"),
        pytest.param("empty.txt", [advisory()], id="empty lock"),
        pytest.param("nowhere.txt", [advisory()], id="no lock"),
    ],
)
def test_nothing_checked_is_no_pass(folder: Path, check: Check, lock: str, database: object) -> None:
    (folder / "empty.txt").touch()
    (folder / "now.json").write_text(json.dumps(database), "utf-8")
    code, _, told = check(lock=lock, db="gone.json" if database is None else "now.json")
    assert code == 2
    assert told.startswith("refused ")


def test_mirror_without_tls_is_refused(check: Check) -> None:
    code, _, told = check(db="http://127.0.0.1:9/all.zip")
    assert (code, told.strip()) == (2, "refused the mirror's address must be an https:// URL")


def test_mirror_that_is_away_is_no_pass(check: Check) -> None:
    assert check(db="https://127.0.0.1:9/all.zip")[0] == 2


def test_bill_licences_and_pins_are_told(folder: Path) -> None:
    assert airside("deps", "sbom", "mine", "--lock", "lock.txt", "--output", "bom.json", cwd=folder).returncode == 0
    assert json.loads((folder / "bom.json").read_text("utf-8"))["components"][0]["purl"] == "pkg:pypi/left-pad@1.0"
    assert airside("deps", "pins", "lock.txt", cwd=folder).returncode == 0
    (folder / "lock.txt").write_text("left-pad==1.0\n", "utf-8")
    assert airside("deps", "pins", "lock.txt", cwd=folder).returncode == 1
    (folder / "policy.toml").write_text('allow = ["MIT"]\n', "utf-8")
    assert airside("deps", "licences", cwd=folder).returncode == 0
    refused = airside("deps", "licences", "--policy", "policy.toml", cwd=folder)
    assert (refused.returncode, "NOT TAKEN" in refused.stdout) == (1, True)
