"""What a route demands, as data: no value of a path can change its meaning."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import Forbidden, Misconfigured
from airside.sdk.frameworks.demands import MAX_VALUE, demand

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
