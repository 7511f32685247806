"""CBOR of strangers, let through only in the plain form that authenticators write (CTAP2's canonical form, §8).

The library decodes with every extension on, then writes what it decoded again: nested shared references (tags 28
and 29) of a hundred bytes would become gigabytes there. So whatever it is about to read is read here first, with
tags, indefinite lengths, duplicate keys and deep nesting refused.
"""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Final, NoReturn

from cbor2 import CBORDecoder

from airside.protocols.webauthn.refusals import CeremonyRefused, Reason, refusing

MAX_DEPTH: Final = 8


def _refuse_tag(*_: object) -> NoReturn:
    raise CeremonyRefused(Reason.MALFORMED)


class _EveryTag(Mapping[int, Any]):
    """For each tag there is, also those that the decoder knows by itself, the same decoder: a refusal."""

    def __getitem__(self, key: int) -> Any:
        return _refuse_tag

    def __iter__(self) -> Iterator[int]:
        return iter(range(2**16))

    def __len__(self) -> int:
        return 2**16


def read_item(data: bytes, start: int = 0) -> tuple[Any, int]:
    """The item that begins at `start`, and where it ends.

    Raises:
        CeremonyRefused: not CBOR, cut short, or of a form refused above.
    """
    stream = BytesIO(data)
    stream.seek(start)
    with refusing(Reason.MALFORMED):
        decoder = CBORDecoder(
            stream,
            tag_hook=_refuse_tag,
            semantic_decoders=_EveryTag(),
            read_size=1,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
        return decoder.decode(), stream.tell()


def read_whole(data: bytes) -> Any:
    """The one item that `data` is.

    Raises:
        CeremonyRefused: as `read_item`, or something follows it.
    """
    item, end = read_item(data)
    if end != len(data):
        raise CeremonyRefused(Reason.MALFORMED)
    return item
