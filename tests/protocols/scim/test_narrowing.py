"""Which resources a filter can be about, told without opening any."""

from typing import Any

import pytest
from scim2_models import InvalidFilterException, ScimFilter

from airside.protocols.scim import GROUP, USER, Attribute, comparable
from airside.protocols.scim.description import provider
from airside.protocols.scim.narrowing import Said, narrow, size_of


def _bound(kind: str, text: str) -> "ScimFilter[Any]":
    model: Any = provider().model_for(kind)
    return ScimFilter[model](text)


def _said(kind: str, attribute: Attribute, value: str) -> Said:
    return Said(attribute, comparable(kind, attribute, value))


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ('userName eq "Ada@Example.com"', "userName", "ada@example.COM"),
        ('username EQ "Ada"', "userName", "ada"),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"', "userName", "ada"),
        ('externalId eq "Exact"', "externalId", "Exact"),
        ('emails eq "a@example.com"', "emails.value", "A@example.com"),
        ('emails.value eq "a@example.com"', "emails.value", "a@example.com"),
        ('emails[type eq "work" and value eq "a@example.com"]', "emails.value", "a@example.com"),
        ('emails[type eq "work"].value eq "a@example.com"', "emails.value", "a@example.com"),
        ('active eq true and userName eq "ada"', "userName", "ada"),
    ],
)
def test_comparison_by_which_users_are_found_narrows(text: str, attribute: Attribute, value: str) -> None:
    """RFC 7644 §3.4.2.2: names and values compare without case unless the attribute is caseExact."""
    assert narrow(USER, _bound(USER, text)) == {_said(USER, attribute, value)}


def test_alternatives_narrow_to_either() -> None:
    wanted = _bound(USER, 'userName eq "ada" or externalId eq "7"')
    assert narrow(USER, wanted) == {_said(USER, "userName", "ada"), _said(USER, "externalId", "7")}


def test_groups_are_found_by_name_and_member() -> None:
    assert narrow(GROUP, _bound(GROUP, 'displayName eq "Staff"')) == {_said(GROUP, "displayName", "staff")}
    assert narrow(GROUP, _bound(GROUP, 'members[value eq "usr_1"]')) == {_said(GROUP, "members.value", "usr_1")}


@pytest.mark.parametrize(
    "text",
    [
        'not (userName eq "ada")',
        'userName ne "ada"',
        'userName sw "ada"',
        "title pr",
        'userName eq "ada" or title pr',
        'emails[not (value eq "a@example.com")]',
        'displayName eq "Ada"',
    ],
)
def test_filter_that_others_could_match_narrows_nothing(text: str) -> None:
    assert narrow(USER, _bound(USER, text)) is None


def test_external_id_keeps_its_case() -> None:
    assert comparable(USER, "externalId", "A") != comparable(USER, "externalId", "a")
    assert comparable(USER, "userName", "A") == comparable(USER, "userName", "a")


def test_filter_nested_too_deeply_is_refused() -> None:
    """N36: depth is bounded before anything walks the tree."""
    with pytest.raises(InvalidFilterException):
        _bound(USER, "not (" * 40 + "title pr" + ")" * 40)


@pytest.mark.parametrize(
    "text", ['userName eq "a" or 1=1', "userName eq 'a'", 'userName eq "a"; drop table x', "", "("]
)
def test_filter_of_another_grammar_is_refused(text: str) -> None:
    """N30."""
    with pytest.raises(InvalidFilterException):
        _bound(USER, text)


def test_comparisons_are_counted() -> None:
    assert size_of(_bound(USER, 'title pr and (userName eq "a" or emails[type eq "work" and value co "b"])').ast) == 5
    assert size_of(_bound(USER, "not (title pr)").ast) == 1
