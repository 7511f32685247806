import json

from hypothesis import given
from hypothesis import strategies as st

from airside.core import strict_json
from airside.core.errors import Refusal
from airside.core.strict_json import Json, dumps, loads

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALAR = (
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUE: st.SearchStrategy[Json] = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=20
)


@given(VALUE)
def test_what_is_written_is_read_again(value: Json) -> None:
    assert loads(dumps(value)) == value


@given(VALUE)
def test_writing_is_a_fixed_point(value: Json) -> None:
    assert dumps(loads(dumps(value))) == dumps(value)


@given(VALUE)
def test_spelling_in_escapes_changes_nothing(value: Json) -> None:
    assert loads(json.dumps(value, ensure_ascii=True, indent=1).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        loads(text)
    except Refusal:
        return


@given(st.text('[]{}",:\\u0dD8acnt1e.- \x00\ud7ff', max_size=60))
def test_what_is_read_the_standard_reader_reads_alike(text: str) -> None:
    """Stricter, never different."""
    data = text.encode("utf-8", "replace")
    try:
        value = loads(data)
    except Refusal:
        return
    assert json.loads(data) == value


@given(
    st.lists(
        st.sampled_from(
            [
                *'[]{},:"',
                *('"a"', '":"', '"a":', '":":', '{"a":1,"a":":"}', "\\u003a", " ", "null", "NaN"),
                *("0", "-1", "1e9", "1e999", "0.1e-400", "9" * 19, "9" * 64, "9" * 65, "1." + "3" * 70),
                *("\x00", "\x7f", "\u2028", "\ud7ff"),
            ]
        ),
        max_size=12,
    ).map("".join)
    | VALUE.map(lambda value: json.dumps(value, ensure_ascii=False))
)
def test_the_quick_reader_is_of_the_careful_ones_opinion(text: str) -> None:
    data = text.encode()
    read: list[str] = []
    for reader in (loads, strict_json._careful):  # pyright: ignore[reportPrivateUsage]
        try:
            read.append(repr(reader(data)))
        except Refusal as refusal:
            read.append(type(refusal).__name__)
    assert read[0] == read[1]
