"""Which licences packages are under, in SPDX's words where theirs lead there, and whether a policy has them."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from airside.assurance.packages import Package
from airside.core.errors import InvalidInput

MAX_POLICY: Final = 256 * 1024  # bytes
_KNOWN: Final = {
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "mit license": "MIT",
    "the mit license": "MIT",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "zpl 2.1": "ZPL-2.1",
}
"""Words of packages that mean one licence. "BSD" alone means several, so it stays what it is."""
_TOKEN: Final = re.compile(r"[()]|[^\s()]+")


class LicencePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """SPDX identifiers (or a package's own words) that are taken, and packages that are whatever they say, each with
    the reason. Nothing else is taken."""

    allow: list[str]
    packages: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Licensed:
    """A package, its licence, and whether the policy takes it; None where there is no policy."""

    package: Package
    licence: str
    allowed: bool | None


def read_policy(text: str) -> LicencePolicy:
    """The policy in TOML: `allow = […]`, and `[packages]` with name = reason.

    Raises:
        InvalidInput: no TOML, an unknown field, an exception without a reason, or over its cap.
    """
    if len(text) > MAX_POLICY:
        raise InvalidInput("the policy is over its cap", max_bytes=MAX_POLICY)
    try:
        policy = msgspec.convert(tomllib.loads(text), LicencePolicy)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidInput(f"the policy of licences: {error}") from None
    if not policy.allow or not all(reason.strip() for reason in policy.packages.values()):
        raise InvalidInput("the policy of licences allows nothing, or a package without a reason")
    return policy


def licences(packages: Iterable[Package], policy: LicencePolicy | None = None) -> list[Licensed]:
    """Every package with its licence; one that says none is taken by no policy."""
    found: list[Licensed] = []
    for package in packages:
        licence = in_spdx(package.licence)
        taken = None if policy is None else package.name in policy.packages or _takes(licence, set(policy.allow))
        found.append(Licensed(package, licence or "not said", taken))
    return found


def in_spdx(said: str) -> str:
    """What a package says of its licence as an SPDX expression, or in its own words."""
    known = _KNOWN.get(said.casefold(), said)
    try:
        return canonicalize_license_expression(known) if known else ""
    except InvalidLicenseExpression:
        return known


def _takes(licence: str, allowed: set[str]) -> bool:
    """Whether an expression can be fulfilled with what is allowed: one side of OR is enough, AND needs both."""
    if licence in allowed:
        return True
    tokens = _TOKEN.findall(licence)
    try:
        taken = _either(tokens, allowed)
    except IndexError:
        return False
    return taken and not tokens


def _either(tokens: list[str], allowed: set[str]) -> bool:
    taken = _both(tokens, allowed)
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        taken = _both(tokens, allowed) or taken
    return taken


def _both(tokens: list[str], allowed: set[str]) -> bool:
    taken = _one(tokens, allowed)
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        taken = _one(tokens, allowed) and taken
    return taken


def _one(tokens: list[str], allowed: set[str]) -> bool:
    token = tokens.pop(0)
    if token == "(":
        taken = _either(tokens, allowed)
        return tokens.pop(0) == ")" and taken
    if tokens and tokens[0] == "WITH":
        tokens.pop(0)
        return f"{token} WITH {tokens.pop(0)}" in allowed
    return token in allowed
