"""Claims about a person: by scope (OpenID Connect Core §5.4) and by name (§5.5). Pure.

Only what is known is said: a claim without a value is left out (§5.3.2), whether it was essential or not (§5.5.1).
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from airside.core.strict_json import Json
from airside.identity import User

Member = Literal["userinfo", "id_token"]
Requested: TypeAlias = Mapping[str, Json]
"""The claims asked for by name, each with what its client expects of it, or None."""

SCOPE_CLAIMS: Final[Mapping[str, tuple[str, ...]]] = {
    "profile": ("name",),
    "email": ("email", "email_verified"),
}
"""Which claims a scope stands for, of those that are ever known here."""

SCOPE_OF: Final = {claim: scope for scope, claims in SCOPE_CLAIMS.items() for claim in claims}
"""Claims that are a person's own, and the scope that stands for each."""


def person_claims(user: User) -> dict[str, Json]:
    """Everything that is known of `user`."""
    claims: dict[str, Json] = {"email": user.email, "email_verified": user.email_verified}
    return {"name": user.name, **claims} if user.name else claims


def requested(claims: Mapping[str, Json] | None, member: Member) -> Requested:
    """What the request's `claims` ask for in `member`; nothing where they don't say."""
    asked = None if claims is None else claims.get(member)
    return asked if isinstance(asked, dict) else {}


def by_scope(known: Mapping[str, Json], scopes: frozenset[str]) -> dict[str, Json]:
    """Those of the `known` claims that `scopes` stand for."""
    return {name: value for name, value in known.items() if SCOPE_OF.get(name) in scopes}


def by_name(known: Mapping[str, Json], asked: Requested, reach: frozenset[str]) -> dict[str, Json]:
    """Those of the `known` claims that are asked for by name and have the value that is expected.

    `reach` are the scopes that the client may have: by its name nobody gets a claim whose scope they can't get. Whether
    the person allows it was asked before there was a code (`consent.wanted`).
    """
    return {
        name: value
        for name, value in known.items()
        if name in asked and fits(value, asked[name]) and (name not in SCOPE_OF or SCOPE_OF[name] in reach)
    }


def fits(value: Json, expected: Json) -> bool:
    """Whether `value` is one that the client expects (§5.5.1: `value`, `values`); it may expect nothing."""
    if not isinstance(expected, dict):
        return True
    if "value" in expected and expected["value"] != value:
        return False
    values = expected.get("values")
    return not isinstance(values, list) or value in values
