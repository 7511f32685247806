from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import InvalidInput
from airside.core.ids import SESSION, USER, format_id, parse_id

VALUES = st.integers(0, 2**128 - 1).map(lambda value: UUID(int=value))


@given(VALUES)
def test_what_is_formatted_is_parsed_again(value: UUID) -> None:
    assert parse_id(USER, format_id(USER, value)) == value


@given(VALUES, VALUES)
def test_the_order_of_texts_is_the_order_of_values(one: UUID, other: UUID) -> None:
    assert (format_id(USER, one) < format_id(USER, other)) == (one < other)


@given(st.text(max_size=40) | VALUES.map(lambda value: format_id(SESSION, value)))
def test_whatever_parses_is_spelled_exactly_so(text: str) -> None:
    try:
        value = parse_id(USER, text)
    except InvalidInput:
        return
    assert format_id(USER, value) == text
