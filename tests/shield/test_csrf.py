import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import Forbidden, Misconfigured
from airside.shield.csrf import check, issue

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))


def test_a_token_passes_for_its_binding() -> None:
    check(KEY, "flw_1", issue(KEY, "flw_1"))


def test_the_wire_format_is_fixed() -> None:
    assert issue(KEY, "flw_1") == issue(KEY, "flw_1")
    assert len(issue(KEY, "flw_1")) == 43


@pytest.mark.parametrize("binding", ["flw_2", "flw_", "flw_1 ", "FLW_1"])
def test_a_token_of_another_binding_is_refused(binding: str) -> None:
    """N11: a form made for one visitor's flow doesn't work in another's."""
    with pytest.raises(Forbidden):
        check(KEY, "flw_1", issue(KEY, binding))


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(Forbidden):
        check(KEY, "flw_1", issue(OTHER, "flw_1"))


TOKEN = issue(KEY, "flw_1")


@pytest.mark.parametrize("token", ["", TOKEN[:-1], TOKEN + "A", TOKEN * 1000, "é" * 43, TOKEN[:-1] + "\udcff"])
def test_a_truncated_oversized_or_foreign_token_is_refused(token: str) -> None:
    """N38."""
    with pytest.raises(Forbidden):
        check(KEY, "flw_1", token)


@given(st.integers(0, 42), st.sampled_from("ABCDwxyz0189-_"))
def test_no_altered_character_passes(index: int, character: str) -> None:
    token = issue(KEY, "flw_1")
    altered = token[:index] + character + token[index + 1 :]
    if altered != token:
        with pytest.raises(Forbidden):
            check(KEY, "flw_1", altered)


def test_a_short_key_or_an_empty_binding_is_refused() -> None:
    with pytest.raises(Misconfigured):
        issue(KEY[:31], "flw_1")
    with pytest.raises(Misconfigured):
        check(KEY, "", "")
