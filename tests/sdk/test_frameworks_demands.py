"""What a route demands, as data: no value of a path can change its meaning."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import Forbidden, Misconfigured
from airside.sdk.frameworks.demands import MAX_VALUE, Demand, demand

PLAIN = string.ascii_letters + string.digits + "._~-"


def test_places_are_filled_from_the_path() -> None:
    wanted = demand(None, "note:{team}.{id}#editor")
    assert wanted.object_for({"team": "a", "id": 7, "other": "#"}) == "note:a.7"
    assert wanted.relation == "editor"


def test_object_without_a_place_is_always_the_same() -> None:
    assert demand(None, "app:main#admin").object_for({"id": "x"}) == "app:main"


@given(st.text(max_size=200))
def test_value_is_an_id_or_names_nothing(value: str) -> None:
    """N33."""
    wanted = demand(None, "note:{id}#editor")
    if value and len(value) <= MAX_VALUE and all(letter in PLAIN for letter in value):
        assert wanted.object_for({"id": value}) == f"note:{value}"
    else:
        with pytest.raises(Forbidden):
            wanted.object_for({"id": value})


def filled(wanted: Demand, values: dict[str, str]) -> str | None:
    """The object, or None where a value names nothing."""
    try:
        return wanted.object_for(values)
    except Forbidden:
        return None


VALUES = st.fixed_dictionaries({name: st.text("ab-._~", min_size=1, max_size=6) for name in "xyz"})
BETWEEN = st.text("ab-._~", min_size=1, max_size=2)


@given(st.tuples(*[BETWEEN] * 4), VALUES, VALUES)
def test_two_sets_of_values_are_never_one_object(
    texts: tuple[str, ...], values: dict[str, str], others: dict[str, str]
) -> None:
    """N33: whoever has `acme`'s `eu-7` has nothing of `acme-eu`'s `7`."""
    first, second, third, last = texts
    wanted = demand(None, f"note:{first}{{x}}{second}{{y}}{third}{{z}}{last}#editor")
    made = filled(wanted, values)
    assert made is None or values == others or made != filled(wanted, others)


@given(BETWEEN, st.text("ab-._~", min_size=2, max_size=12), st.data())
def test_one_text_is_parted_in_one_way_alone(between: str, whole: str, data: st.DataObject) -> None:
    """N33: of every way to read one text as two values, one is let through at most."""
    wanted = demand(None, f"document:{{org}}{between}{{id}}#editor")
    cut = data.draw(st.integers(1, len(whole) - 1))
    text = whole[:cut] + between + whole[cut:]
    ways = {
        (text[:place], text[place + len(between) :])
        for place in range(1, len(text) - len(between))
        if text.startswith(between, place)
    }
    assert sum(filled(wanted, {"org": org, "id": id}) == f"document:{text}" for org, id in ways) <= 1


@pytest.mark.parametrize(
    ("between", "org", "id"),
    [("-", "acme", "eu-7"), ("-", "acme-eu", "7"), (".", "acme", "eu.7"), ("-x-", "acme", "x7"), ("0", "1", "017")],
)
def test_value_with_a_letter_that_parts_places_names_nothing(between: str, org: str, id: str) -> None:
    wanted = demand(None, f"document:{{org}}{between}{{id}}#editor")
    with pytest.raises(Forbidden):
        wanted.object_for({"org": org, "id": id})
    assert wanted.object_for({"org": "acme", "id": 7}) == f"document:acme{between}7"


def test_text_around_all_places_binds_no_value() -> None:
    wanted = demand(None, "note:n-{team}.{id}-x#editor")
    assert wanted.object_for({"team": "a-n", "id": "x-7"}) == "note:n-a-n.x-7-x"


@pytest.mark.parametrize("permission", ["document:{org}{id}#editor", "document:{a}-{b}{c}#editor"])
def test_places_that_nothing_parts_are_refused_when_written(permission: str) -> None:
    with pytest.raises(Misconfigured, match="nothing between"):
        demand(None, permission)


def test_value_is_never_read_as_a_place() -> None:
    with pytest.raises(Forbidden):
        demand(None, "note:{id}#editor").object_for({"id": "{secret}", "secret": "1"})


def test_missing_parameter_is_the_applications_fault() -> None:
    with pytest.raises(Misconfigured):
        demand(None, "note:{id}#editor").object_for({})


@pytest.mark.parametrize("acr", ["", "aal0", "aal4", "AAL2", "urn:aal2"], ids=str)
def test_assurance_that_is_none_is_refused_when_written(acr: str) -> None:
    with pytest.raises(Misconfigured):
        demand(None, None, acr)
