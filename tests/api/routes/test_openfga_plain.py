"""The quick reader of batches: it reads what the strict one reads, as the strict one reads it, or leaves it."""

import json
from typing import Any

import pytest

from airside.api.routes.openfga_plain import decode_batch, plain_batch
from airside.api.routes.openfga_wire import MAX_LARGE_BODY, BatchBody, decode
from airside.permissions.refusals import InvalidQuestion

KEY = {"user": "user:anne", "relation": "viewer", "object": "doc:1"}
ITEM: dict[str, Any] = {"tuple_key": KEY, "correlation_id": "a"}
PLAIN = json.dumps({"checks": [ITEM, {**ITEM, "correlation_id": "b"}]}).encode()


def batch(**more: Any) -> bytes:
    return json.dumps({"checks": [ITEM], **more}).encode()


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        PLAIN.replace(b" ", b""),
        json.dumps(json.loads(PLAIN), indent=2).encode(),
        batch(authorization_model_id="", consistency="UNSPECIFIED"),
        batch(consistency="HIGHER_CONSISTENCY"),
        json.dumps({"checks": [{**ITEM, "correlation_id": str(number)} for number in range(60)]}).encode(),
    ],
)
def test_plain_batch_is_read_as_the_strict_reader_reads_it(body: bytes) -> None:
    quickly = plain_batch(body)
    assert quickly is not None
    assert quickly == decode(body, BatchBody, MAX_LARGE_BODY)


@pytest.mark.parametrize(
    "body",
    [
        batch(unknown=1),
        batch(consistency=None),
        json.dumps({"checks": [{**ITEM, "context": {"a": 1}}]}).encode(),
        json.dumps({"checks": [{**ITEM, "context": None}]}).encode(),
        json.dumps({"checks": [{**ITEM, "contextual_tuples": {"tuple_keys": [KEY]}}]}).encode(),
        json.dumps({"checks": [{**ITEM, "unknown": "word"}]}).encode(),
        PLAIN.replace(b"anne", b"\\u0061nne"),
    ],
)
def test_any_other_batch_is_left_to_the_strict_reader(body: bytes) -> None:
    assert plain_batch(body) is None
    assert decode_batch(body) == decode(body, BatchBody, MAX_LARGE_BODY)


@pytest.mark.parametrize(
    "body",
    [
        PLAIN.replace(b'"user"', b'"user": "user:eve", "user"', 1),
        PLAIN.replace(b'"correlation_id"', b'"correlation_id": "x", "correlation_id"', 1),
        PLAIN[:-1] + b", " + PLAIN[1:],
        PLAIN[:-1] + b', "x": 1, "x": 2}',
        PLAIN[:-1] + b', "x": NaN}',
        PLAIN.replace(b"anne", b"\\ud800"),
        PLAIN.replace(b"anne", b"\xff"),
        PLAIN.replace(b"anne", b"an\x01ne"),
        PLAIN.replace(b'"user"', b'"\xff"'),
        PLAIN.replace(b'"b"', b'"a b"'),
        PLAIN.replace(b'"b"', b'"' + b"b" * 37 + b'"'),
        PLAIN.replace(b'"b"', b'""'),
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN + b"x",
        PLAIN[:-1],
        b'{"checks": []}',
        b'{"checks": {}}',
        b"[]",
        b"",
    ],
)
def test_batch_that_the_strict_reader_refuses_is_refused(body: bytes) -> None:
    """G25 on the hot path."""
    assert plain_batch(body) is None
    with pytest.raises(InvalidQuestion):
        decode_batch(body)
