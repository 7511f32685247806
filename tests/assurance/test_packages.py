"""Packages of an environment and of lock files, their bill of materials, and their licences."""

import json
import venv
from pathlib import Path
from typing import Any

import pytest

from airside.assurance.licences import in_spdx, licences, read_policy
from airside.assurance.packages import Package, installed, read_lock
from airside.assurance.sbom import cyclonedx
from airside.core.errors import InvalidInput, NotFound

DIGEST = "a" * 64
GOOD = f"""left-pad==1.0 ; python_version >= '3.11' \\
    --hash=sha256:{DIGEST} \\
    --hash=sha256:{"b" * 64}
    # via x
"""


def test_packages_of_this_environment_are_found_with_what_they_need() -> None:
    found = {package.name: package for package in installed()}
    assert found["cryptography"].needs >= ("cffi",)
    assert found["cryptography"].licence == "Apache-2.0 OR BSD-3-Clause"
    assert found["cryptography"].purl.startswith("pkg:pypi/cryptography@")


def test_named_environment_is_read_instead(tmp_path: Path) -> None:
    venv.create(tmp_path / "env")
    with pytest.raises(NotFound):  # nothing in it yet
        installed(tmp_path / "env")
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    (site / "Left.Pad-1.0.dist-info").mkdir()
    (site / "Left.Pad-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: Left.Pad\nVersion: 1.0\n")
    (site / "gone-1.0.dist-info").mkdir()
    assert installed(tmp_path / "env") == [Package("left-pad", "1.0")] == installed(site)


@pytest.mark.parametrize("where", ["nowhere", "."])
def test_nothing_installed_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(NotFound):
        installed(tmp_path / where)


def test_lock_gives_packages_with_hashes() -> None:
    lock = read_lock(GOOD)
    assert lock.packages == (Package("left-pad", "1.0", hashes=(f"sha256:{DIGEST}", f"sha256:{'b' * 64}")),)
    assert lock.faults == ()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        pytest.param("a==1.0", "a has no hash", id="no hash"),
        pytest.param(f"a>=1.0 --hash=sha256:{DIGEST}", "a isn't pinned to one version", id="range"),
        pytest.param(f"a==1.* --hash=sha256:{DIGEST}", "a isn't pinned to one version", id="wildcard"),
        pytest.param(f"a --hash=sha256:{DIGEST}", "a isn't pinned to one version", id="no version"),
        pytest.param(f"a==1.0,<2 --hash=sha256:{DIGEST}", "a isn't pinned to one version", id="two bounds"),
        pytest.param("a==1.0 --hash=md5:" + "a" * 32, "a has no hash", id="weak hash"),
        pytest.param("a==1.0 --hash=sha256:" + "a" * 63 + "g", "a has no hash", id="no hexadecimal"),
        pytest.param("a==1.0 --hash=sha512:" + DIGEST, "a has no hash", id="hash of another length"),
        pytest.param(f"a @ https://host/a.whl --hash=sha256:{DIGEST}", "a comes from an address", id="address"),
        pytest.param("-e .", "the option -e leads elsewhere", id="editable"),
        pytest.param("-r other.txt", "the option -r leads elsewhere", id="another file"),
        pytest.param("--find-links=x", "the option --find-links leads elsewhere", id="another source"),
        pytest.param("./a.whl", "is no requirement: ./a.whl", id="path"),
        pytest.param(
            f"a==1.0 --hash=sha256:{DIGEST} --config-settings=x",
            "a has an option that isn't known: --config-settings=x",
            id="option",
        ),
        pytest.param("a==1.0 \\\n  # --hash=sha256:" + DIGEST, "a has no hash", id="hash in a comment"),
    ],
)
def test_line_by_which_something_else_could_be_installed_is_a_fault(line: str, fault: str) -> None:
    assert read_lock(GOOD + line + "\n").faults == (f"line 5: {fault}",)


def test_empty_lock_is_a_fault() -> None:
    assert read_lock("# nothing\n").faults == ("nothing is pinned",)


def test_own_locks_are_pinned_with_hashes() -> None:
    root = Path(__file__).resolve().parents[2]
    for name in ("server.txt", "dev.txt"):
        lock = read_lock((root / "requirements" / name).read_text("utf-8"))
        assert lock.faults == ()
        assert len(lock.packages) > 50


def test_bill_is_the_same_bytes_each_time_and_keeps_the_rules() -> None:
    """What CycloneDX 1.6's JSON schema demands of the parts that are used."""
    text = cyclonedx(installed(), name="airside", version="1")
    assert text == cyclonedx(installed(), name="airside", version="1")
    bill: dict[str, Any] = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert bill.keys() <= {"$schema", "bomFormat", "specVersion", "version", "metadata", "components", "dependencies"}
    refs = [component["bom-ref"] for component in bill["components"]]
    assert len(refs) == len(set(refs)) > 50
    for component in bill["components"]:
        assert component["type"] == "library"
        assert component["name"]
        assert component["purl"] == component["bom-ref"] == f"pkg:pypi/{component['name']}@{component['version']}"
        for licence in component.get("licenses", []):
            assert ("expression" in licence) != ("license" in licence)
    assert [each["ref"] for each in bill["dependencies"]] == ["subject", *refs]
    for each in bill["dependencies"]:
        assert len(each["dependsOn"]) == len(set(each["dependsOn"]))
        assert set(each["dependsOn"]) <= set(refs)


def test_bill_of_a_lock_has_its_hashes() -> None:
    one = Package("a", "1", hashes=(f"sha256:{DIGEST}",))
    two = Package("b", "1", hashes=(f"sha256:{DIGEST}", f"sha512:{'c' * 128}"))
    first, second = json.loads(cyclonedx([one, two], name="x"))["components"]
    assert first["hashes"] == [{"alg": "SHA-256", "content": DIGEST}]
    assert [each["value"] for each in second["properties"]] == list(two.hashes)


def test_bill_names_every_version_that_is_needed() -> None:
    packages = [Package("a", "1", needs=("b",)), Package("b", "1"), Package("b", "2")]
    (_, of_a, *_) = json.loads(cyclonedx(packages, name="x"))["dependencies"]
    assert of_a["dependsOn"] == ["pkg:pypi/b@1", "pkg:pypi/b@2"]


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ("MIT License", "MIT"),
        ("apache-2.0", "Apache-2.0"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("BSD", "BSD"),
        ("Proprietary", "Proprietary"),
        ("", ""),
    ],
)
def test_licence_is_said_in_spdx_where_its_words_lead_there(said: str, licence: str) -> None:
    assert in_spdx(said) == licence


@pytest.mark.parametrize(
    ("licence", "taken"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MIT AND (GPL-3.0-only OR Apache-2.0)", True),
        ("MIT OR GPL-3.0-only AND GPL-2.0-only", True),
        ("(MIT OR GPL-3.0-only) AND GPL-2.0-only", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("Proprietary", False),
        ("", False),
    ],
)
def test_policy_takes_what_can_be_fulfilled(licence: str, taken: bool) -> None:
    policy = read_policy('allow = ["MIT", "Apache-2.0", "GPL-2.0-only"]'.replace(', "GPL-2.0-only"', ""))
    (one,) = licences([Package("a", "1", licence)], policy)
    assert one.allowed is taken


def test_package_is_taken_for_a_reason_alone() -> None:
    policy = read_policy('allow = ["MIT"]\n[packages]\na = "dynamically linked, unchanged"')
    assert [one.allowed for one in licences([Package("a", "1", "X"), Package("b", "1", "X")], policy)] == [True, False]


@pytest.mark.parametrize("text", ["allow = []", "deny = []", 'allow = ["MIT"]\n[packages]\na = " "', "allow = [", ""])
def test_policy_that_says_nothing_or_something_unknown_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_policy(text)
