"""CBOR that no authenticator writes is refused before the library reads it."""

import json
import time

import cbor2
import pytest

from airside.protocols.webauthn import Reason
from airside.protocols.webauthn.cbor import read_item, read_whole
from tests.authenticator import ED, Authenticator, Twist, letters, octets
from tests.protocols.webauthn.kit import CREATE, GET, asserted, known, refused, registered

TOO_LONG = 2.0


def bomb(levels: int) -> bytes:
    """A list that holds one list twice, that holds one list twice, …: shared values, so it is short here."""
    item = b"\x81\x01"
    for level in reversed(range(levels)):
        item = b"\x82\xd8\x1c" + item + b"\xd8\x1d" + cbor2.dumps(level)
    return item


def test_plain_items_are_read_with_their_end() -> None:
    assert read_item(cbor2.dumps({1: b"a", "b": [-7, True]}) + b"\0") == ({1: b"a", "b": [-7, True]}, 9)
    assert read_item(b"\xff\x01", 1) == (1, 2)


@pytest.mark.parametrize(
    "item",
    [
        b"",
        b"\x01\x01",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x9f\x01\xff",
        b"\x5f\x41a\xff",
        b"\xa2\x01\x01\x01\x02",
        b"\xa2\x01\x01\xf5\x02",
        b"\x81" * 9 + b"\x01",
        b"\x81" * 60_000 + b"\x01",
        b"\x61\xff",
        b"\xd8\x1c\x80",
        b"\xd9\x01\x00\x81\x61a",
        b"\xd8\x23\x61(",
        b"\xc2\x41\x01",
        b"\xc0\x74" + b"2020-01-01T00:00:00Z",
        b"\xd9\xd9\xf7\x01",
        b"\xda\x00\x01\x00\x00\x01",
        b"\xf8\x18",
        bomb(3),
    ],
)
def test_what_no_authenticator_writes_is_refused(item: bytes) -> None:
    """Cut short, something after it, indefinite lengths, keys given twice (also as 1 and true), depth, tags."""
    assert refused(lambda: read_whole(item)) is Reason.MALFORMED


def test_shared_values_dont_grow_without_bound() -> None:
    """N36: of a hundred bytes, the library would write gigabytes. The bomb is tried where it reads: key, extension,
    statement."""
    small = bomb(8)
    assert len(cbor2.dumps(cbor2.loads(small))) > 10 * len(small)
    device = Authenticator()
    kept = known(device)
    began = time.perf_counter()
    assert refused(lambda: asserted(device.get(GET, Twist(extensions=bomb(60))), kept)) is Reason.MALFORMED
    assert refused(lambda: registered(Authenticator(), Twist(extensions=bomb(60)))) is Reason.MALFORMED
    whole = json.loads(Authenticator().create(CREATE))
    data = cbor2.loads(octets(whole["response"]["attestationObject"]))["authData"]
    in_key = data[:32] + bytes([data[32] & ~ED]) + data[33:55] + data[55:87] + bomb(60)
    in_statement = b"\xa3\x63fmt\x64none\x67attStmt\xa1\x63sig" + bomb(60) + b"\x68authData" + cbor2.dumps(data)
    for item in (cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": in_key}), in_statement):
        whole["response"]["attestationObject"] = letters(item)
        body = json.dumps(whole).encode()
        assert refused(lambda body=body: _verify(body)) is Reason.MALFORMED
    assert time.perf_counter() - began < TOO_LONG


def _verify(body: bytes) -> object:
    from airside.protocols.webauthn import verify_registration
    from tests.protocols.webauthn.kit import CHALLENGE, PARTY

    return verify_registration(body, challenge=CHALLENGE, party=PARTY)
