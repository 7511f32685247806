"""Advisories in OSV's format (Open Source Vulnerability format 1.7): read, and matched against packages.

What can't be judged counts as affected: a version that isn't PEP 440, or an entry that doesn't say which versions.
"""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from airside.assurance.cvss import base_score
from airside.assurance.packages import Package
from airside.core.errors import InvalidInput, NotFound

MAX_ADVISORY: Final = 8 * 1024 * 1024  # bytes, of one
MAX_DATABASE: Final = 4 * 1024 * 1024 * 1024  # bytes, unpacked
MAX_ADVISORIES: Final = 1_000_000
CLOCK_SKEW: Final = timedelta(days=1)
LEVELS: Final = ("low", "medium", "high", "critical")
# What zipfile and its decompressors raise at bytes that they can't read.
_DAMAGED: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(NotImplementedError, RuntimeError, EOFError, OSError, ValueError),
)
_WORDS: Final = {"LOW": "low", "MODERATE": "medium", "MEDIUM": "medium", "HIGH": "high", "CRITICAL": "critical"}

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Ecosystem(msgspec.Struct, frozen=True):
    ecosystem: str = ""
    name: str = ""


class _Range(msgspec.Struct, frozen=True):
    type: str
    events: list[dict[str, str]] = []


class _Affected(msgspec.Struct, frozen=True):
    package: _Ecosystem | None = None
    ranges: list[_Range] = []
    versions: list[str] = []


class _Score(msgspec.Struct, frozen=True):
    type: str
    score: str


class Advisory(msgspec.Struct, frozen=True):
    """One advisory, as far as it is read; the format lets fields be added."""

    id: str
    modified: Moment
    aliases: list[str] = []
    withdrawn: Moment | None = None
    summary: str = ""
    details: str = ""
    affected: list[_Affected] = []
    severity: list[_Score] = []
    database_specific: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One package hit by what one or more advisories describe; `ids` are all its names, the first the one to say."""

    package: Package
    ids: tuple[str, ...]
    severity: str
    summary: str
    fixed: tuple[str, ...]


def read_database(source: Path | bytes) -> list[Advisory]:
    """Every advisory about Python packages in a folder, a zip (as the mirrors of OSV have them) or a JSON file.

    Raises:
        NotFound: nothing is there.
        InvalidInput: an advisory can't be read, or a cap is passed; a database that is read by half is none.
    """
    found: list[Advisory] = []
    unpacked = 0
    for name, text in _texts(source):
        unpacked += len(text)
        if len(text) > MAX_ADVISORY or unpacked > MAX_DATABASE or len(found) > MAX_ADVISORIES:
            raise InvalidInput(f"{name}: the database is over its cap", max_bytes=MAX_DATABASE)
        try:
            read = _DECODER.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidInput(f"{name} is no advisory: {error}") from None
        found += [each for each in (read if isinstance(read, list) else [read]) if _of_python(each)]
    return found


def _texts(source: Path | bytes) -> Iterator[tuple[str, bytes]]:
    if isinstance(source, bytes):
        yield from _unpacked(source) if source.startswith(b"PK") else [("the database", source)]
    elif source.is_dir():
        yield from ((str(file), file.read_bytes()) for file in sorted(source.rglob("*.json")))
    elif source.is_file():
        yield from _texts(source.read_bytes())
    else:
        raise NotFound(f"{source} isn't there")


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith(".json"):
                    with archive.open(entry) as file:
                        yield entry.filename, file.read(MAX_ADVISORY + 1)  # whatever its own head says of its size
    except _DAMAGED as error:
        raise InvalidInput(f"the database is no zip that can be read: {error}") from None


def _of_python(advisory: Advisory) -> bool:
    return any(
        each.package is not None and each.package.ecosystem.partition(":")[0] == "PyPI" for each in advisory.affected
    )


def newest(advisories: Iterable[Advisory], now: datetime) -> datetime | None:
    """When something in the database last changed; None if nothing has. A date over a day ahead of `now` is a mistake
    of whoever wrote it, and no sign that the database lives."""
    moments = (advisory.modified for advisory in advisories)
    return max((moment for moment in moments if moment <= now + CLOCK_SKEW), default=None)


def vulnerabilities(packages: Iterable[Package], advisories: Iterable[Advisory], now: datetime) -> list[Vulnerability]:
    """What is known against `packages`, each version of them; one for each and set of aliases. Withdrawn advisories
    don't count."""
    by_name: dict[str, dict[str, Package]] = {}
    for package in packages:
        by_name.setdefault(package.name, {})[package.version] = package
    hits: dict[tuple[str, str], list[tuple[Advisory, set[str]]]] = {}
    for advisory in advisories:
        if advisory.withdrawn is not None and advisory.withdrawn <= now:
            continue
        for affected in advisory.affected:
            if affected.package is None or affected.package.ecosystem.partition(":")[0] != "PyPI":
                continue
            name = canonicalize_name(affected.package.name)
            for version in by_name.get(name, ()):
                if _hits(version, affected):
                    fixed = {event["fixed"] for each in affected.ranges for event in each.events if "fixed" in event}
                    hits.setdefault((name, version), []).append((advisory, fixed))
    found = [
        _merged(by_name[name][version], group) for (name, version), each in hits.items() for group in _by_alias(each)
    ]
    return sorted(found, key=lambda one: (one.package.name, _order(one.package.version), one.ids))


def _by_alias(hits: list[tuple[Advisory, set[str]]]) -> list[list[tuple[Advisory, set[str]]]]:
    """Advisories that share a name, directly or through others, are one."""
    groups: list[tuple[set[str], list[tuple[Advisory, set[str]]]]] = []
    for advisory, fixed in hits:
        names, members = {advisory.id, *advisory.aliases}, [(advisory, fixed)]
        apart = [group for group in groups if not group[0] & names]
        for other_names, others in (group for group in groups if group[0] & names):
            names |= other_names
            members = [*others, *members]
        groups = [*apart, (names, members)]
    return [members for _, members in groups]


def _merged(package: Package, group: list[tuple[Advisory, set[str]]]) -> Vulnerability:
    advisories = [advisory for advisory, _ in group]
    names = {name for advisory in advisories for name in (advisory.id, *advisory.aliases)}
    levels = [level for advisory in advisories if (level := severity(advisory))]
    summary = next(
        (each.summary or each.details.split("\n")[0] for each in advisories if each.summary or each.details), ""
    )
    return Vulnerability(
        package,
        tuple(sorted(names, key=lambda name: (not name.startswith("CVE-"), name))),
        max(levels, key=LEVELS.index, default="high"),  # what nobody has rated isn't therefore harmless
        summary[:200],
        tuple(sorted({version for _, fixed in group for version in fixed}, key=_order)),
    )


def severity(advisory: Advisory) -> str:
    """One of `LEVELS`, by CVSS 3 or by the word of who wrote it; empty if neither says."""
    scores = [score for each in advisory.severity if (score := base_score(each.score)) is not None]
    if scores:
        top = max(scores)  # CVSS 3.1 §5: the qualitative scale
        return "critical" if top >= 9 else "high" if top >= 7 else "medium" if top >= 4 else "low"
    return _WORDS.get(str(advisory.database_specific.get("severity", "")).upper(), "")


def _hits(version: str, affected: _Affected) -> bool:
    """OSV's evaluation: named outright, or within a range. A local version (`2.0+cpu`) is also judged as the public one
    that it was built from: advisories name only that (PEP 440)."""
    ranges = [each for each in affected.ranges if each.type in ("ECOSYSTEM", "SEMVER")]
    if not affected.versions and not ranges:
        return True
    try:
        mine = {Version(version), Version(Version(version).public)}
        if version in affected.versions or any(Version(each) in mine for each in affected.versions if _parses(each)):
            return True
        return any(_within(one, each.events) for each in ranges for one in mine)
    except InvalidVersion:
        return True


def _parses(version: str) -> bool:
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


def _order(version: str) -> tuple[bool, Version | str]:
    return (False, Version(version)) if _parses(version) else (True, version)


def _within(mine: Version, events: list[dict[str, str]]) -> bool:
    limits = [event["limit"] for event in events if "limit" in event and event["limit"] != "*"]
    if limits and not any(mine < Version(limit) for limit in limits):
        return False
    marks = [(kind, value) for event in events for kind, value in event.items() if kind != "limit"]
    affected = False
    # Of one version the end comes before the next beginning.
    for kind, value in sorted(marks, key=lambda mark: (_floor(mark[1]), mark[0] == "introduced")):
        at = _floor(value)
        if kind == "introduced" and mine >= at:
            affected = True
        elif (kind == "fixed" and mine >= at) or (kind == "last_affected" and mine > at):
            affected = False
    return affected


def _floor(version: str) -> Version:
    """`0` stands before every version, pre-releases too."""
    return Version("0.dev0") if version == "0" else Version(version)


_DECODER: Final[msgspec.json.Decoder[Advisory | list[Advisory]]] = msgspec.json.Decoder(Advisory | list[Advisory])
