from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import InvalidInput, TooLarge
from airside.shield.form_fields import FormFields, form_fields

BETWEEN = b"--a-a"
PIECES = st.lists(st.sampled_from([BETWEEN, b"-", b"--", b"a", b"--a-", b"\r\n", b""]), max_size=30).map(b"".join)


def refused(fields: FormFields, chunks: list[bytes]) -> bool:
    try:
        for chunk in chunks:
            fields.count(chunk)
    except TooLarge:
        return True
    return False


@given(body=PIECES, cuts=st.lists(st.integers(0, 150), max_size=12), most=st.integers(0, 8))
def test_it_is_the_same_however_the_body_comes(body: bytes, cuts: list[int], most: int) -> None:
    ends = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    chunks = [body[start:end] for start, end in pairwise(ends)]
    assert refused(FormFields(BETWEEN, most), chunks) == (body.count(BETWEEN) > most)


def test_what_stands_between_two_fields_may_come_in_two_pieces() -> None:
    body = b"x" + BETWEEN + b"-y" + BETWEEN
    for cut in range(len(body) + 1):
        assert refused(FormFields(BETWEEN, 1), [body[:cut], body[cut:]])
        assert not refused(FormFields(BETWEEN, 2), [body[:cut], body[cut:]])
    assert refused(FormFields(BETWEEN, 1), [bytes([byte]) for byte in body])


def test_what_is_no_form_has_no_fields() -> None:
    for kind in (b"application/json", b"text/plain; boundary=a", b"multipart/mixed; boundary=a", b""):
        assert form_fields({b"content-type": kind}, 1) is None
    assert form_fields({}, 1) is None


@pytest.mark.parametrize(
    "parameters",
    [
        rb'boundary="\\"',
        rb'boundary="a\b"',
        rb"boundary=a\b",
        b"boundary=a; boundary*=utf-8''b",
        b"boundary*=utf-8''b",
        b"x=\"boundary=a\"; boundary*=utf-8''b",
        b"boundary*0=a; boundary*1=b",
        b"boundary=a; boundary=b",
        b"boundary=",
        b"",
    ],
    ids=str,
)
def test_boundary_that_a_parser_could_read_otherwise_is_refused(parameters: bytes) -> None:
    """What is counted is what the parser of the application tells fields apart by."""
    with pytest.raises(InvalidInput):
        form_fields({b"content-type": b"multipart/form-data; " + parameters}, 1)
