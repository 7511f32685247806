"""Advisories in OSV's format hit the versions that they name, once for all their names, and no others."""

import json
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from airside.assurance.advisories import Vulnerability, newest, read_database, vulnerabilities
from airside.assurance.cvss import base_score
from airside.assurance.packages import Package
from airside.core.errors import InvalidInput, NotFound

NOW = datetime(2026, 11, 29, tzinfo=UTC)
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def advisory(name: str = "GHSA-1", **fields: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "PyPI", "name": fields.pop("package", "Left.Pad")},
        "ranges": [{"type": fields.pop("type", "ECOSYSTEM"), "events": fields.pop("events", [{"introduced": "0"}])}],
        "versions": fields.pop("versions", []),
    }
    return {"id": name, "modified": "2026-11-28T00:00:00Z", "affected": [affected]} | fields


def found(version: str, *advisories: dict[str, Any]) -> list[Vulnerability]:
    packages = [Package("left-pad", version), Package("other", "1.0")]
    return vulnerabilities(packages, read_database(json.dumps(advisories).encode()), NOW)


FIXED = [{"introduced": "1.0"}, {"fixed": "1.4"}]
TWICE = [{"fixed": "2.2"}, {"introduced": "2.0"}, {"introduced": "0"}, {"fixed": "1.4"}]


@pytest.mark.parametrize(
    ("events", "version", "hit"),
    [
        pytest.param([{"introduced": "0"}], "0.0.1a1", True, id="from the beginning"),
        pytest.param(FIXED, "0.9", False, id="before"),
        pytest.param(FIXED, "1.0", True, id="first"),
        pytest.param(FIXED, "1.3.99", True, id="within"),
        pytest.param(FIXED, "1.4rc1", True, id="pre-release of the mended one"),
        pytest.param(FIXED, "1.4", False, id="mended"),
        pytest.param(FIXED, "1.4.post1", False, id="after the mended one"),
        pytest.param(FIXED, "1!1.2", False, id="epoch"),
        pytest.param(FIXED, "1.10", False, id="ten is more than four"),
        pytest.param(FIXED, "1.2+local", True, id="local version"),
        pytest.param(TWICE, "1.3", True, id="first of two ranges, events in any order"),
        pytest.param(TWICE, "1.9", False, id="between two ranges"),
        pytest.param(TWICE, "2.1", True, id="second of two ranges"),
        pytest.param([{"introduced": "0"}, {"last_affected": "1.4"}], "1.4", True, id="last affected"),
        pytest.param([{"introduced": "0"}, {"last_affected": "1.4"}], "1.4.1", False, id="after the last affected"),
        pytest.param([{"introduced": "0"}, {"limit": "1.4"}], "1.4", False, id="beyond the limit"),
        pytest.param([{"introduced": "0"}, {"fixed": "what"}], "5", True, id="a bound that is no version"),
        pytest.param(FIXED, "unknown", True, id="a version that is none"),
    ],
)
def test_range_hits_what_it_names(events: list[dict[str, str]], version: str, hit: bool) -> None:
    assert bool(found(version, advisory(events=events))) is hit


def test_versions_named_outright_are_hit_however_they_are_spelt() -> None:
    one = advisory(events=[{"introduced": "9"}], versions=["1.0", "1.2.0"])
    assert [bool(found(version, one)) for version in ("1.0", "1.2", "v1.2", "1.1")] == [True, True, True, False]


@pytest.mark.parametrize("order", [("1.0", "2.0"), ("2.0", "1.0")])
def test_every_version_of_a_package_is_judged(order: tuple[str, ...]) -> None:
    """A lock pins one twice by markers, or two locks do."""
    packages = [Package("left-pad", version) for version in order]
    database = read_database(json.dumps(advisory(events=[{"introduced": "0"}, {"fixed": "1.4"}])).encode())
    assert [one.package.version for one in vulnerabilities(packages, database, NOW)] == ["1.0"]
    every = read_database(json.dumps(advisory()).encode())
    assert [one.package.version for one in vulnerabilities(packages, every, NOW)] == ["1.0", "2.0"]


@pytest.mark.parametrize(
    ("fields", "hit"),
    [
        pytest.param({"events": [{"introduced": "0"}, {"last_affected": "2.0"}]}, True, id="last affected"),
        pytest.param({"events": [{"introduced": "9"}], "versions": ["2.0"]}, True, id="named outright"),
        pytest.param({"events": [{"introduced": "0"}, {"fixed": "2.0+cpu"}]}, True, id="mended for others"),
        pytest.param({"events": [{"introduced": "0"}, {"fixed": "2.0"}]}, False, id="mended"),
        pytest.param({"events": [{"introduced": "0"}, {"last_affected": "1.9"}]}, False, id="after the last affected"),
    ],
)
def test_local_version_is_also_the_public_one_that_it_is_built_from(fields: dict[str, Any], hit: bool) -> None:
    assert bool(found("2.0+cpu", advisory(**fields))) is hit


def test_date_to_come_is_no_sign_of_life() -> None:
    dates = ["2026-10-01T00:00:00Z", "2026-11-29T20:00:00Z", "2027-11-01T00:00:00Z"]
    read = read_database(json.dumps([advisory(modified=date) for date in dates]).encode())
    assert newest(read, NOW) == read[1].modified
    assert newest(read[2:], NOW) is None


def test_advisory_that_names_no_versions_counts_for_all() -> None:
    assert found("1.0", advisory(type="GIT", events=[{"introduced": "abc"}])) != []


def test_names_are_compared_normalised() -> None:
    assert found("1.0", advisory(package="left_PAD")) != []
    assert found("1.0", advisory(package="leftpad")) == []


def test_other_ecosystems_are_left_out() -> None:
    one = advisory()
    one["affected"][0]["package"]["ecosystem"] = "npm"
    assert read_database(json.dumps(one).encode()) == []


def test_withdrawn_advisory_counts_no_more() -> None:
    assert found("1.0", advisory(withdrawn="2026-11-01T00:00:00Z")) == []
    assert found("1.0", advisory(withdrawn="2027-11-01T00:00:00Z")) != []


def test_all_names_of_one_are_one() -> None:
    both = found(
        "1.0",
        advisory("GHSA-1", aliases=["CVE-1"], summary="short", events=[{"introduced": "0"}, {"fixed": "1.10"}]),
        advisory("OTHER-3", severity=[{"type": "CVSS_V3", "score": CRITICAL}]),
        advisory("PYSEC-1", aliases=["OTHER-3"]),
        advisory("PYSEC-2", aliases=["CVE-1", "PYSEC-1"], events=[{"introduced": "0"}, {"fixed": "1.9"}]),
    )
    assert [(one.ids[0], len(one.ids), one.severity, one.fixed) for one in both] == [
        ("CVE-1", 5, "critical", ("1.9", "1.10"))
    ]
    assert len(found("1.0", advisory("A"), advisory("B"))) == 2


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        pytest.param({}, "high", id="nobody says"),
        pytest.param({"database_specific": {"severity": "MODERATE"}}, "medium", id="in words"),
        pytest.param({"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}]}, "high", id="another scale"),
        pytest.param({"severity": [{"type": "CVSS_V3", "score": CRITICAL}]}, "critical", id="by its vector"),
    ],
)
def test_severity_is_the_vectors_or_the_authors(fields: dict[str, Any], level: str) -> None:
    (one,) = found("1.0", advisory(**fields))
    assert one.severity == level


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        # Examples of CVSS 3.1, FIRST: CVE-2013-1937, CVE-2013-0375, CVE-2014-3566, CVE-2012-1516, CVE-2009-0783.
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),
        ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:2.0/AV:N", None),
        ("CVSS:3.1/AV:N/AC:L", None),
    ],
)
def test_score_is_that_of_the_published_examples(vector: str, score: float | None) -> None:
    assert base_score(vector) == score


def test_moments_may_be_as_fine_as_the_format_lets_them() -> None:
    (one,) = read_database(json.dumps(advisory(modified="2026-11-28T00:00:00.123456789Z")).encode())
    assert one.modified.date() == datetime(2026, 11, 28, tzinfo=UTC).date()


def test_folder_zip_and_file_hold_the_same(tmp_path: Path) -> None:
    (tmp_path / "db" / "deep").mkdir(parents=True)
    (tmp_path / "db" / "deep" / "a.json").write_text(json.dumps(advisory()), "utf-8")
    (tmp_path / "db" / "readme.txt").write_text("no advisory", "utf-8")
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "db" / "deep" / "a.json", "a.json")
    places = (tmp_path / "db", tmp_path / "all.zip", tmp_path / "db" / "deep" / "a.json")
    assert [[one.id for one in read_database(place)] for place in places] == [["GHSA-1"]] * 3


def _damaged(method: int) -> bytes:
    """A zip of one advisory, forty bytes of it overwritten."""
    held = BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr("a.json", json.dumps([advisory(str(number)) for number in range(99)]))
    data = held.getvalue()
    return data[:60] + b"\xff" * 40 + data[100:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"{", id="no json"),
        pytest.param(b'{"id": "A"}', id="no moment"),
        pytest.param(b'{"modified": "2026-11-28T00:00:00Z"}', id="no id"),
        pytest.param(b'[{"id": 1, "modified": "2026-11-28T00:00:00Z"}]', id="wrong type"),
        pytest.param(b'{"id": "A", "modified": "2026-11-28T00:00:00"}', id="moment without a zone"),
        pytest.param(b"PK\x03\x04half", id="half a zip"),
        pytest.param(b"<html>please sign in</html>", id="a page"),
        pytest.param(_damaged(zipfile.ZIP_DEFLATED), id="a zip whose data are damaged"),
        pytest.param(_damaged(zipfile.ZIP_LZMA), id="another zip whose data are damaged"),
        pytest.param(_damaged(zipfile.ZIP_BZIP2), id="a third zip whose data are damaged"),
        pytest.param(b'{"id": "A", "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested without end"),
    ],
)
def test_database_that_is_read_by_half_is_none(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_database(data)


def test_database_that_is_away_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_database(tmp_path / "nowhere")
