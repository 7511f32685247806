"""What a tenant makes of what a provider says: rules, and what follows from them. Pure.

Rules name attributes and compare whole values; there is no expression in them that somebody elsewhere could bend.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from airside.core.errors import InvalidInput
from airside.core.ids import ROLE, parse_id
from airside.core.principal import Assurance
from airside.core.strict_json import Json
from airside.federation.model import ExternalClaims, Mapped
from airside.identity.users import MAX_NAME
from airside.tenancy import ROLES

MAX_RULES: Final = 100
MAX_GROUPS: Final = 1_000
"""Groups of one person that are looked at; whoever is in more gets nothing by those beyond."""

Attribute = Annotated[str, Meta(min_length=1, max_length=256)]
Value = Annotated[str, Meta(min_length=1, max_length=512)]
LEVELS: Final[tuple[Assurance, ...]] = ("aal1", "aal2", "aal3")


class RoleRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever is in `group`, spelled exactly so, has `role`: `administrator`, `member`, or `rol_…`."""

    group: Value
    role: Annotated[str, Meta(max_length=40)]


class AssuranceRule(Struct, frozen=True, forbid_unknown_fields=True):
    """A sign-in with this `acr` (an AuthnContextClassRef, in SAML) counts for `assurance`."""

    acr: Value
    assurance: Literal["aal1", "aal2", "aal3"]


class MappingRules(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A connection's mapping.

    Attributes:
        email: the attribute that is the address, where the provider doesn't say itself what it vouches for (SAML);
            None for the customary one.
        name: the attribute that is the person's name; None for the customary one.
        groups: the attribute whose values are groups; None for none.
        roles: which role follows from which group.
        assurance: what a sign-in counts for; what no rule names counts for `aal1`.
    """

    email: Attribute | None = None
    name: Attribute | None = None
    groups: Attribute | None = None
    roles: Annotated[tuple[RoleRule, ...], Meta(max_length=MAX_RULES)] = ()
    assurance: Annotated[tuple[AssuranceRule, ...], Meta(max_length=MAX_RULES)] = ()


def parse_rules(value: Json) -> MappingRules:
    """The rules that `value` spells.

    Raises:
        InvalidInput: an unknown field, a value of another kind or out of range, or no role.
    """
    try:
        rules = msgspec.convert(value, MappingRules)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), pointer="rules") from None
    for rule in rules.roles:
        if rule.role not in ROLES:
            try:
                parse_id(ROLE, rule.role)
            except InvalidInput:
                raise InvalidInput("no role", pointer="rules.roles") from None
    if rules.roles and rules.groups is None:
        raise InvalidInput("roles follow from groups: name their attribute", pointer="rules.groups")
    return rules


def render_rules(rules: MappingRules) -> Mapping[str, Json]:
    """The rules as JSON, what has its default too."""
    return {field: msgspec.to_builtins(getattr(rules, field)) for field in rules.__struct_fields__}


def follow(rules: MappingRules, claims: ExternalClaims) -> Mapped:
    """What `claims` mean by `rules`. The roles are bounded by nobody's rights yet."""
    email = claims.email
    if rules.email is not None and claims.email_verified is None:
        # Where a provider says which address it has verified, that is the one: another attribute is anybody's words.
        email = _first(claims, rules.email)
    name = claims.name if rules.name is None else _first(claims, rules.name)
    said = () if rules.groups is None else claims.attributes.get(rules.groups, ())[:MAX_GROUPS]
    groups = tuple(dict.fromkeys(said))
    return Mapped(
        email=email,
        name=name.strip()[:MAX_NAME] or None,
        groups=groups,
        roles=frozenset(rule.role for rule in rules.roles if rule.group in groups),
        assurance=_assurance(rules, claims.acr),
    )


def _first(claims: ExternalClaims, attribute: str) -> str:
    values = claims.attributes.get(attribute, ())
    return values[0] if values else ""


def _assurance(rules: MappingRules, acr: str) -> Assurance:
    found: list[Assurance] = [rule.assurance for rule in rules.assurance if acr and rule.acr == acr]
    return max(found, key=LEVELS.index) if found else "aal1"
