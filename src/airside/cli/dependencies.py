"""`airside deps`: what is known against the packages, their bill of materials, licences, and pins."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from airside.assurance import Baseline, read_baseline
from airside.assurance.advisories import LEVELS, Advisory, Vulnerability, newest, read_database, vulnerabilities
from airside.assurance.licences import licences as licensed
from airside.assurance.licences import read_policy
from airside.assurance.mirror import fetch_database
from airside.assurance.packages import Lock, Package, installed, read_lock
from airside.assurance.sarif import Level, SarifRow, sarif
from airside.assurance.sbom import cyclonedx
from airside.cli.session import CANNOT_START, busy, err, out, plain_refusals, table
from airside.core.clock import SystemClock
from airside.core.errors import Refusal


def check(
    environment: Path | None,
    locks: list[Path],
    source: str,
    ca_file: Path | None,
    days: int,
    fail_on: str,
    form: str,
    baseline: Path | None,
) -> None:
    """Print what is known against the packages.

    Raises:
        SystemExit: 1: something at or above `fail_on` is, and not accepted; 2: nothing was checked, or not against a
            living database.
    """
    now = SystemClock().now()
    try:
        packages, where = _packages(environment, locks)
        with busy("reading advisories"):
            advisories = read_database(_source(source, ca_file))
        accepted = Baseline() if baseline is None else read_baseline(baseline.read_bytes(), _names(advisories), now)
    except (Refusal, OSError) as refusal:
        _cannot(str(refusal))
    last = newest(advisories, now)
    if last is None:
        _cannot(f"{source} holds no advisory about Python packages of today or before: nothing was checked")
    if now - last > timedelta(days=days):
        _cannot(f"{source} heard last of anything on {last:%Y-%m-%d}, over {days} days ago: what is new isn't in it")
    known = vulnerabilities(packages, advisories, now)
    found = [one for one in known if not _is_accepted(one, accepted)]
    _show(found, len(known) - len(found), packages, advisories, where, form)
    for entry in accepted.expired:
        err.print(f"no longer accepted since {entry.expires}: {entry.check} {entry.where}".rstrip(), style="yellow")
    if any(LEVELS.index(each.severity) >= LEVELS.index(fail_on) for each in found):
        sys.exit(1)


def bill(environment: Path | None, locks: list[Path], name: str, version: str, output: Path | None) -> None:
    """Write the bill of materials to `output`, or print it."""
    with plain_refusals():
        text = cyclonedx(_packages(environment, locks)[0], name=name, version=version)
        if output is None:
            out.print(text, end="")
        else:
            output.write_text(text, "utf-8")


def licences(environment: Path | None, policy: Path | None) -> None:
    """Print the licence of each installed package.

    Raises:
        SystemExit: 1: the policy doesn't take one of them.
    """
    with plain_refusals():
        rules = None if policy is None else read_policy(policy.read_text("utf-8"))
        found = licensed(installed(environment), rules)
    said = {None: "", True: "taken", False: "NOT TAKEN"}
    table(
        ("package", "version", "licence", *([] if rules is None else ["policy"])),
        [
            (one.package.name, one.package.version, one.licence, *([] if rules is None else [said[one.allowed]]))
            for one in found
        ],
    )
    if any(one.allowed is False for one in found):
        sys.exit(1)


def pins(files: list[Path]) -> None:
    """Print every line of the lock files by which something else could be installed than was locked.

    Raises:
        SystemExit: 1: there is such a line.
    """
    with plain_refusals():
        locks = [(file, _lock(file)) for file in files]
    faults = [f"{file}: {fault}" for file, lock in locks for fault in lock.faults]
    for fault in faults:
        out.print(fault)
    err.print(f"{sum(len(lock.packages) for _, lock in locks)} pinned in {len(locks)} files, {len(faults)} at fault")
    if faults:
        sys.exit(1)


def _lock(file: Path) -> Lock:
    return read_lock(file.read_text("utf-8", "replace"))


def _packages(environment: Path | None, locks: list[Path]) -> tuple[list[Package], str]:
    """What is judged, and where it stands."""
    if not locks:
        return installed(environment), str(environment or "this environment")
    found = {(package.name, package.version): package for file in locks for package in _lock(file).packages}
    if not found:
        _cannot("the locks pin nothing: nothing was checked")
    return [found[key] for key in sorted(found)], locks[0].as_posix()


def _names(advisories: list[Advisory]) -> set[str]:
    return {name for advisory in advisories for name in (advisory.id, *advisory.aliases)}


def _is_accepted(one: Vulnerability, accepted: Baseline) -> bool:
    """By any of its names: which of them is said first may change with the database."""
    return any(accepted.accepts(name, f"{one.package.name} {one.package.version}") for name in one.ids)


def _source(source: str, ca_file: Path | None) -> Path | bytes:
    if "://" not in source:
        return Path(source)
    return asyncio.run(fetch_database(source, ca_file=ca_file))


def _show(
    found: list[Vulnerability],
    accepted: int,
    packages: list[Package],
    advisories: list[Advisory],
    where: str,
    form: str,
) -> None:
    if form == "json":
        rows = [
            {
                "package": one.package.name,
                "version": one.package.version,
                "ids": one.ids,
                "severity": one.severity,
                "summary": one.summary,
                "fixed": one.fixed,
            }
            for one in found
        ]
        counts = {"packages": len(packages), "advisories": len(advisories), "accepted": accepted}
        out.print(json.dumps({**counts, "vulnerabilities": rows}, indent=2, ensure_ascii=False))
    elif form == "sarif":
        out.print(sarif([_row(one, where) for one in found]), end="")
    else:
        columns = ("package", "version", "severity", "known as", "mended in", "what")
        table(columns, [_cells(one) for one in found])
        more = f"; {accepted} accepted" if accepted else ""
        err.print(f"{len(found)} known against {len(packages)} packages, by {len(advisories)} advisories{more}")


def _cells(one: Vulnerability) -> tuple[str, ...]:
    package = one.package
    return (package.name, package.version, one.severity, " ".join(one.ids), " ".join(one.fixed) or "-", one.summary)


def _row(one: Vulnerability, where: str) -> SarifRow:
    level: Level = "error" if one.severity in ("high", "critical") else "warning"
    mended = f", mended in {' or '.join(one.fixed)}" if one.fixed else ""
    message = f"{one.package.name} {one.package.version}: {one.summary or one.ids[0]}{mended}"
    return SarifRow(one.ids[0], one.summary or one.ids[0], level, where, None, message)


def _cannot(why: str) -> NoReturn:
    err.print(f"refused {why}")
    sys.exit(CANNOT_START)
