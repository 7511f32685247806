"""A bill of materials in CycloneDX 1.6 (ECMA-424): the same packages give the same bytes."""

import json
from collections.abc import Sequence
from typing import Any, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from airside.assurance.packages import Package

SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_HASHES: Final = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


def cyclonedx(packages: Sequence[Package], *, name: str, version: str = "") -> str:
    """The bill of `name`, as JSON text. Without a moment and a serial number, which would differ each time."""
    known: dict[str, list[str]] = {}  # a lock may pin a package more than once, by markers
    for package in packages:
        known.setdefault(package.name, []).append(package.purl)
    subject: dict[str, Any] = {"type": "application", "bom-ref": "subject", "name": name}
    if version:
        subject["version"] = version
    bill = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": subject},
        "components": [_component(package) for package in packages],
        "dependencies": [
            {"ref": "subject", "dependsOn": [package.purl for package in packages]},
            *(
                {"ref": package.purl, "dependsOn": [purl for need in package.needs for purl in known.get(need, ())]}
                for package in packages
            ),
        ],
    }
    return json.dumps(bill, indent=2, ensure_ascii=False) + "\n"


def _component(package: Package) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    }
    if package.licence:
        component["licenses"] = [_licence(package.licence)]
    if len(package.hashes) == 1:
        kind, _, digest = package.hashes[0].partition(":")
        component["hashes"] = [{"alg": _HASHES[kind], "content": digest}]
    elif package.hashes:
        # A lock names every file that may be installed; which one will be isn't known, so none is *the* component's.
        component["properties"] = [{"name": "airside:lock:hash", "value": each} for each in package.hashes]
    return component


def _licence(said: str) -> dict[str, Any]:
    try:
        return {"expression": canonicalize_license_expression(said)}
    except InvalidLicenseExpression:
        return {"license": {"name": said}}
