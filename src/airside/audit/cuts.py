"""Cuts: the log's own key says up to which leaf records have expired, so that nobody who merely rules the database can
pass a deletion off as one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.audit.canonical import moment
from airside.audit.heads import ALGORITHM
from airside.audit.model import Cut
from airside.core.errors import Refusal
from airside.core.strict_json import Json, dumps, loads_object
from airside.protocols.jose import (
    KeySet,
    SigningKey,
    VerificationKey,
    b64url_decode,
    b64url_encode,
    sign_compact,
    verify_compact,
)

TYPE: Final = "airside-cut+jwt"


def sign(key: SigningKey, tenant_id: UUID, *, tree_size: int, root: bytes, before: datetime) -> Cut:
    """A cut, signed: a compact JWS (RFC 7515 §3.1) of which only the signature is kept, for the rest follows."""
    jws = sign_compact(key, _payload(tenant_id, Cut(tree_size, root, before, b"")), typ=TYPE)
    return Cut(tree_size, root, before, b64url_decode(jws.rpartition(".")[2]))


def is_signed(cut: Cut, tenant_id: UUID, keys: Iterable[VerificationKey]) -> bool:
    """Whether one of `keys` signed it as a cut of that tenant's log."""
    return any(_verifies(cut, tenant_id, key) for key in keys)


def details(cut: Cut) -> dict[str, Json]:
    """What the record of a cut says. In hexadecimal: a signature in another spelling could look like a token."""
    return {
        "tree_size": cut.tree_size,
        "root": cut.root.hex(),
        "before": moment(cut.before),
        "signature": cut.signature.hex(),
    }


def read(text: str) -> Cut | None:
    """The cut that a record's details are; None where they are none."""
    try:
        match loads_object(text.encode()):
            case {"tree_size": int(size), "root": str(root), "before": str(before), "signature": str(signature)}:
                return Cut(size, bytes.fromhex(root), datetime.fromisoformat(before), bytes.fromhex(signature))
            case _:
                return None
    except (Refusal, ValueError):
        return None


def _verifies(cut: Cut, tenant_id: UUID, key: VerificationKey) -> bool:
    header = dumps({"alg": ALGORITHM, "kid": key.kid, "typ": TYPE})
    jws = ".".join(map(b64url_encode, (header, _payload(tenant_id, cut), cut.signature)))
    try:
        verify_compact(jws, KeySet([key]))
    except Refusal:
        return False
    return True


def _payload(tenant_id: UUID, cut: Cut) -> bytes:
    said: dict[str, Json] = {
        "tenant_id": str(tenant_id),
        "tree_size": cut.tree_size,
        "root": cut.root.hex(),
        "before": moment(cut.before),
    }
    return dumps(said)
