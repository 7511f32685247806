"""Distances between countries are never more than somebody has travelled."""

from itertools import pairwise

import pytest
from ip3country import CountryLookup

from airside.identity.countries import CIRCLES, apart

BORDERS = (
    "PT ES FR DE PL UA RU CN IN PK IR TR GR AL IT CH AT HU RO MD; US MX GT HN NI CR PA CO BR AR CL PE EC;"
    " NO SE FI RU US CA GL; MA DZ LY EG SD ET KE TZ MZ ZA NA AO CD CG CM NG NE ML MR; JP RU KZ UZ AF CN VN KH TH MY SG;"
    " MY ID PG AU NZ; SA YE OM AE QA BH SA IQ SY LB; GF BR SR GY VE; DK DE NL BE LU FR MC; IE GB FR; KR KP CN MN RU"
)
FAR = (
    ("DE", "JP", 6000),
    ("FR", "CN", 4000),
    ("US", "DE", 2500),
    ("GB", "IN", 3500),
    ("NG", "DE", 3000),
    ("AU", "GB", 9000),
)


def test_every_country_that_an_address_can_be_in_is_listed() -> None:
    table = CountryLookup()
    assert {code for code in table.countryCodes if code.isalpha()} - set(CIRCLES) == set()


def test_every_row_is_a_place_on_earth() -> None:
    for code, (latitude, longitude, reach) in CIRCLES.items():
        assert len(code) == 2
        assert -90 <= latitude <= 90, code
        assert -180 <= longitude <= 180, code
        assert 0 < reach <= 5000, code


@pytest.mark.parametrize("line", BORDERS.split(";"))
def test_neighbours_are_no_distance_apart(line: str) -> None:
    """Whoever crosses a border on foot has made no journey that is worth a word."""
    for one, other in pairwise(line.split()):
        assert apart(one, other) == apart(other, one)
        assert apart(one, other) < 300, (one, other)


@pytest.mark.parametrize(("one", "other", "least"), FAR)
def test_other_continents_are_far(one: str, other: str, least: float) -> None:
    assert least <= apart(one, other) == apart(other, one) <= 20_100


def test_the_same_country_and_an_unlisted_one_are_no_distance() -> None:
    assert apart("RU", "RU") == apart("DE", "ZZ") == apart("", "DE") == 0.0
