import contextlib
import time

import pytest

from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import MAX_BYTES, MAX_DEPTH, dumps, loads, loads_object


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'[{"a":{"b":1,"b":1}}]',
        b"NaN",
        b"-Infinity",
        b"1e309",
        b"-1e999",
        b"1" * 65,
        b'"\\ud800"',
        b'{"\\udc00":1}',
        b'[["\\uD834"]]',
        b'{"a":["\\ud800"]}',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{'a':1}",
        b"1 2",
        b'"\x00"',
        b'"tab\there"',
        b"\x0b1",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"0x1",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidInput):
        loads(text)


def test_a_sign_is_no_digit_whatever_else_the_text_holds() -> None:
    for rest in (b"", b',"\\n"'):
        assert loads(b"[-" + b"1" * 64 + rest + b"]") != []
        with pytest.raises(InvalidInput):
            loads(b"[-" + b"1" * 65 + rest + b"]")


def test_a_surrogate_pair_is_one_character() -> None:
    assert loads(b'"\\ud834\\udd1e"') == "\U0001d11e"


def test_depth_is_counted_outside_strings_only() -> None:
    assert loads(b'["' + b"[" * 100 + b'"]') == ["[" * 100]
    assert loads(b'["\\"' + b"{" * 100 + b'"]') == ['"' + "{" * 100]


def test_many_shallow_arrays_are_not_deep() -> None:
    assert loads(b"[" + b"[]," * 100 + b"[]]") == [[] for _ in range(101)]


def test_depth_ends_exactly_at_its_cap() -> None:
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(InvalidInput):
        loads(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_size_ends_exactly_at_its_cap() -> None:
    assert loads(b'"' + b"a" * (MAX_BYTES - 2) + b'"')
    with pytest.raises(TooLarge):
        loads(b'"' + b"a" * (MAX_BYTES - 1) + b'"')


def test_only_an_object_passes_where_an_object_is_expected() -> None:
    assert loads_object(b'{"a":[1,2.5,null,true]}') == {"a": [1, 2.5, None, True]}
    with pytest.raises(InvalidInput):
        loads_object(b"[]")


@pytest.mark.parametrize(
    "text",
    [
        b'["' + b'\\"' * 32_000,
        b"[" * 65_000,
        b'{"' * 30_000,
        b"[" * 40 + b'"' + b"\\" * 60_000,
        b"[" + b'["",' * 16_000,
        b'{"a":' * 10_000,
        b"-" * 65_000,
        b"1" * 65_000,
        b"0." + b"9" * 65_000,
        b'"' + b"\\u0041" * 10_900 + b'"',
    ],
    ids=range(10),
)
def test_no_text_within_the_cap_takes_long(text: bytes) -> None:
    """G35: a bomb of 64 KiB costs no more than any other text."""
    started = time.process_time()
    with contextlib.suppress(InvalidInput):
        loads(text)
    assert time.process_time() - started < 0.1


def test_marks_are_counted_where_they_are_structure() -> None:
    """Strings of thousands of commas are as good as any other; values aren't."""
    text = b'{"a":"' + b",[{" * 100 + b'\\\\","b":[1,2,3]}'
    assert loads(text, max_marks=5) == {"a": ",[{" * 100 + "\\", "b": [1, 2, 3]}
    with pytest.raises(TooLarge):
        loads(text, max_marks=4)


def test_a_string_that_never_ends_is_read_once() -> None:
    """Each quote in it could start a string anew: 32,000 of them once cost seconds."""
    started = time.process_time()
    with pytest.raises(InvalidInput):
        loads(b"[" * 40 + b'"' + b'\\"' * 32_000)
    assert time.process_time() - started < 0.1


def test_dumps_sorts_keys_and_wastes_no_byte() -> None:
    assert dumps({"b": [1, "é"], "a": None}) == '{"a":null,"b":[1,"é"]}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_dumps_refuses_what_loads_would(value: float | str) -> None:
    with pytest.raises(InvalidInput):
        dumps(value)
