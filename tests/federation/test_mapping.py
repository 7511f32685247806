"""Rules, and what follows from them."""

import pytest

from airside.core.errors import InvalidInput
from airside.federation import AssuranceRule, ExternalClaims, MappingRules, RoleRule, parse_rules, render_rules
from airside.federation.mapping import MAX_GROUPS, follow

CLAIMS = ExternalClaims(
    "subject-1",
    email="ada@example.com",
    name="Ada",
    attributes={"mail": ("other@example.com", "second@example.com"), "cn": (" Ada L. ",), "groups": ("a", "b", "a")},
    acr="urn:mfa",
)


def test_without_rules_the_customary_words_count_for_the_least() -> None:
    mapped = follow(MappingRules(), CLAIMS)
    assert (mapped.email, mapped.name, mapped.groups, mapped.roles) == ("ada@example.com", "Ada", (), frozenset())
    assert mapped.assurance == "aal1"


def test_attributes_are_taken_by_name_and_roles_by_whole_group() -> None:
    rules = MappingRules(
        email="mail",
        name="cn",
        groups="groups",
        roles=(RoleRule("a", "member"), RoleRule("A", "administrator"), RoleRule("ab", "administrator")),
    )
    mapped = follow(rules, CLAIMS)
    assert (mapped.email, mapped.name, mapped.groups) == ("other@example.com", "Ada L.", ("a", "b"))
    assert mapped.roles == {"member"}


def test_address_of_another_attribute_is_not_taken_for_the_verified_one() -> None:
    """N17: `email_verified` speaks of `email` alone."""
    claims = ExternalClaims(
        "s", email="ada@example.com", email_verified=True, attributes={"mail": ("root@victim.example",)}
    )
    assert follow(MappingRules(email="mail"), claims).email == "ada@example.com"


def test_missing_attribute_is_empty_and_not_the_customary_one() -> None:
    mapped = follow(MappingRules(email="none", name="none", groups="none"), CLAIMS)
    assert (mapped.email, mapped.name, mapped.groups) == ("", None, ())


def test_strongest_matching_rule_says_what_a_sign_in_counts_for() -> None:
    rules = MappingRules(
        assurance=(AssuranceRule("urn:mfa", "aal1"), AssuranceRule("urn:mfa", "aal2"), AssuranceRule("urn:x", "aal3"))
    )
    assert follow(rules, CLAIMS).assurance == "aal2"
    assert follow(rules, ExternalClaims("s", acr="urn:MFA")).assurance == "aal1"
    assert follow(rules, ExternalClaims("s")).assurance == "aal1"


def test_groups_beyond_the_cap_give_nothing() -> None:
    claims = ExternalClaims("s", attributes={"groups": (*(str(n) for n in range(MAX_GROUPS)), "admins")})
    rules = MappingRules(groups="groups", roles=(RoleRule("admins", "administrator"),))
    assert follow(rules, claims).roles == frozenset()


def test_rules_are_read_as_they_are_written() -> None:
    rules = MappingRules(groups="groups", roles=(RoleRule("a", "member"),), assurance=(AssuranceRule("x", "aal2"),))
    assert parse_rules(dict(render_rules(rules))) == rules


@pytest.mark.parametrize(
    "said",
    [
        {"unknown": 1},
        {"roles": [{"group": "a", "role": "member"}]},
        {"groups": "g", "roles": [{"group": "a", "role": "operator"}]},
        {"groups": "g", "roles": [{"group": "a", "role": "rol_x"}]},
        {"groups": "g", "roles": [{"group": "", "role": "member"}]},
        {"groups": "g", "roles": [{"group": "a", "role": "member"}] * 101},
        {"assurance": [{"acr": "x", "assurance": "aal4"}]},
        {"groups": ""},
        [],
    ],
)
def test_what_is_no_lawful_mapping_is_refused(said: object) -> None:
    """N21: nothing that isn't named here can be said."""
    with pytest.raises(InvalidInput):
        parse_rules(said)  # type: ignore[arg-type]
