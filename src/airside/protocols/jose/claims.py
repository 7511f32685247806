"""A payload as claims: strict JSON, with a short cut that decides nothing differently.

`msgspec` is ten times as fast but takes duplicate keys, of which the last wins. Where writing its answer again gives
the very bytes that were read, there were none (a repeated key would be missing), nor numbers or strings that
two readers could read differently. Everything else goes the long way, refusals included.
"""

from typing import Final, cast

import msgspec

from airside.core.errors import Refusal
from airside.core.strict_json import MAX_BYTES, MAX_DEPTH, Json, loads_object
from airside.protocols.jose.refusals import Reason, TokenRefused

_DECODER: Final = msgspec.json.Decoder(dict)
_ENCODER: Final = msgspec.json.Encoder()


def read_claims(payload: bytes) -> dict[str, Json]:
    """The object that `payload` spells.

    Raises:
        TokenRefused: not one strict JSON object (`core.strict_json`).
    """
    known = _short_cut(payload)
    if known is not None:
        return known
    try:
        return loads_object(payload)
    except Refusal:
        raise TokenRefused(Reason.MALFORMED) from None


def _short_cut(payload: bytes) -> dict[str, Json] | None:
    """The claims, or None where only the long way can tell."""
    if len(payload) > MAX_BYTES or payload.count(b"[") + payload.count(b"{") > MAX_DEPTH:
        return None
    try:
        claims = _DECODER.decode(payload)
        return cast(dict[str, Json], claims) if _ENCODER.encode(claims) == payload else None
    except (ValueError, RecursionError):
        return None
