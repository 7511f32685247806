"""What software stands on: the packages of an environment, or those that lock files pin."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from airside.core.errors import InvalidInput, NotFound

MAX_LOCK: Final = 16 * 1024 * 1024  # bytes
MAX_LICENCE: Final = 60  # characters
_HASH: Final = re.compile(r"--hash=(sha256|sha384|sha512):([0-9a-f]{64,128})(?=\s|$)")
_LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class Package:
    """One package at one version. `name` is normalised (PEP 503); `licence` is what it says of itself, `hashes` are
    those of its files as a lock has them (`sha256:…`), `needs` the names of what it requires here."""

    name: str
    version: str
    licence: str = ""
    hashes: tuple[str, ...] = ()
    needs: tuple[str, ...] = field(default=(), compare=False)

    @property
    def purl(self) -> str:
        """Its package URL (purl specification, type pypi)."""
        return f"pkg:pypi/{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lock file pins, and what is wrong with it as one for `pip install --require-hashes`."""

    packages: tuple[Package, ...]
    faults: tuple[str, ...]


def installed(environment: Path | None = None) -> list[Package]:
    """The packages of a virtual environment or a folder of packages; of this process without one.

    Raises:
        NotFound: no such environment, or nothing in it: nothing to judge must not look like nothing found.
    """
    where = _folders(environment) if environment is not None else None
    found = distributions() if where is None else distributions(path=where)
    packages: dict[str, Package] = {}
    for distribution in found:
        if _said(distribution, "Name"):  # a folder that an uninstallation left behind has none
            package = _package(distribution)
            packages.setdefault(package.name, package)  # as an import would: the first on the path counts
    if not packages:
        raise NotFound(f"no package in {environment or 'this environment'}: nothing was judged")
    return sorted(packages.values(), key=lambda package: package.name)


def _folders(environment: Path) -> list[str]:
    if (environment / "pyvenv.cfg").is_file():
        found = [*environment.glob("lib/python*/site-packages"), *environment.glob("Lib/site-packages")]
        return [str(folder) for folder in sorted(found)]
    if not environment.is_dir():
        raise NotFound(f"{environment} is no environment")
    return [str(environment)]


def _package(distribution: Distribution) -> Package:
    classifiers = [line.rpartition(" :: ")[2] for line in _said(distribution, "Classifier") if "License ::" in line]
    short = "".join(_said(distribution, "License"))
    licence = "".join(_said(distribution, "License-Expression"))
    if not licence and len(short) <= MAX_LICENCE and "\n" not in short:
        licence = short  # longer ones are the text of a licence
    return Package(
        canonicalize_name(_said(distribution, "Name")[0]),
        distribution.version,
        licence.strip() or " AND ".join(name for name in classifiers if name != "OSI Approved"),
        needs=tuple(sorted({name for line in distribution.requires or [] if (name := _needed(line))})),
    )


def _said(distribution: Distribution, field: str) -> list[str]:
    """What the package's metadata says under `field` (core metadata specification)."""
    found: list[str] | None = distribution.metadata.get_all(field)
    return found or []


def _needed(line: str) -> str:
    """The name that a requirement asks for here, without extras; empty if it asks for nothing, or can't be read."""
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return ""
    here = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
    return canonicalize_name(wanted.name) if here else ""


def read_lock(text: str) -> Lock:
    """The packages that a requirements file pins, and each of its lines that pins none.

    Raises:
        InvalidInput: over its cap.
    """
    if len(text) > MAX_LOCK:
        raise InvalidInput("the lock is over its cap", max_bytes=MAX_LOCK)
    packages: list[Package] = []
    faults: list[str] = []
    for number, line in _lines(text):
        package, fault = _pinned(line)
        if package is not None:
            packages.append(package)
        if fault:
            faults.append(f"line {number}: {fault}")
    if not packages:
        faults.append("nothing is pinned")
    return Lock(tuple(packages), tuple(faults))


def _lines(text: str) -> Sequence[tuple[int, str]]:
    """The logical lines with the numbers where they begin, without comments (pip's requirements file format)."""
    lines: list[tuple[int, str]] = []
    held, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)#.*$", "", line).rstrip()
        start = start or number
        held += " " + bare.removesuffix("\\")
        if not bare.endswith("\\"):
            if held.strip():
                lines.append((start, held.strip()))
            held, start = "", 0
    return [*lines, (start, held.strip())] if held.strip() else lines


def _pinned(line: str) -> tuple[Package | None, str]:
    if line.startswith("-"):
        # Another file, another index, a folder: what is installed isn't said by this file any more.
        return None, f"the option {line.split(maxsplit=1)[0].partition('=')[0]} leads elsewhere"
    wanted, *options = re.split(r"\s(?=--)", line, maxsplit=1)
    try:
        requirement = Requirement(wanted)
    except InvalidRequirement:
        return None, f"is no requirement: {wanted[:60]}"
    if requirement.url:
        return None, f"{requirement.name} comes from an address"
    pins = list(requirement.specifier)
    if len(pins) != 1 or pins[0].operator not in ("==", "===") or pins[0].version.endswith(".*"):
        return None, f"{requirement.name} isn't pinned to one version"
    hashes = _HASH.findall(" ".join(options))
    good = tuple(sorted(f"{kind}:{digest}" for kind, digest in hashes if len(digest) == _LENGTHS[kind]))
    package = Package(canonicalize_name(requirement.name), pins[0].version, hashes=good)
    rest = _HASH.sub("", " ".join(options)).strip()
    fault = "has no hash" if not good else f"has an option that isn't known: {rest[:40]}" if rest else ""
    return package, f"{package.name} {fault}" if fault else ""
