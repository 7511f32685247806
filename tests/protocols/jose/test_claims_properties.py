"""The short cut decides nothing differently from strict JSON."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from airside.core.errors import Refusal
from airside.core.strict_json import Json, dumps, loads_object
from airside.protocols.jose import TokenRefused
from airside.protocols.jose.claims import read_claims

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
WORDS = ("{ } [ ] : , 1 1.0 1e308 1e999 -0 -0.0 1E2 NaN true null é " + '"a" "b" "\\u0061" "\\ud800" "\\/"').split(" ")
pieces = st.sampled_from([*WORDS, " ", "\n", "\x00", "9" * 70, "123456789012345678901234567890"])


def outcome(payload: bytes) -> Json:
    try:
        return loads_object(payload)
    except Refusal:
        return "refused"


def short(payload: bytes) -> Json:
    try:
        return read_claims(payload)
    except TokenRefused:
        return "refused"


def same(payload: bytes) -> bool:
    one, other = outcome(payload), short(payload)
    return repr(one) == repr(other)  # repr tells 1 from 1.0 and -0.0 from 0.0, which == doesn't


@given(st.dictionaries(st.text(), values))
def test_texts_that_python_writes_are_read_the_same(claims: dict[str, Json]):
    assert same(json.dumps(claims).encode())
    assert same(json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


@given(st.lists(pieces, max_size=14).map("".join))
@example('{"a":1,"a":2}')
@example('{"a":{"b":1,"b":1}}')
@example('{"a":' + "[" * 33 + "]" * 33 + "}")
@example('{"a":' + "[" * 5000 + "]" * 5000 + "}")
@example('{"a":18446744073709551616}')
@example('{"a":1e400}')
@example('{"a":"\\ud800"}')
def test_near_misses_are_read_the_same(text: str):
    assert same(text.encode())


@given(st.binary(max_size=40))
@example(b'\xef\xbb\xbf{"a":1}')
@example(b'{"a":"\xed\xa0\x80"}')
@example(b'{"a":"\xff"}')
def test_any_bytes_are_read_the_same(payload: bytes):
    assert same(payload)


@given(st.dictionaries(st.text(), values))
def test_what_we_write_ourselves_comes_back(claims: dict[str, Json]):
    try:
        payload = dumps(claims)
    except Refusal:
        return
    assert same(payload)
