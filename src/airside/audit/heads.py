"""Signed heads: who signs them, what they say, and how a stranger reads one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.audit import records
from airside.audit.canonical import moment
from airside.audit.model import AuditKey, Head
from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, Refusal
from airside.core.ids import uuid7
from airside.core.strict_json import Json, dumps, loads_object
from airside.protocols.jose import (
    KeySet,
    SigningKey,
    VerificationKey,
    b64url_decode,
    key_from_jwk,
    public_jwk,
    sign_compact,
    thumbprint,
    verify_compact,
)
from airside.protocols.jose.jws import read_header, split
from airside.protocols.jose.keys import generate, private_from_pkcs8
from airside.store.context import RequestContext
from airside.vault import Place, Vault

TYPE: Final = "airside-head+jwt"
ALGORITHM: Final = "ES256"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a head says: the first `tree_size` records of the tenant have this root (hex), as of `timestamp`."""

    tenant_id: str
    tree_size: int
    root: str
    timestamp: str

    @classmethod
    def of(cls, tenant_id: UUID, head: Head) -> "Claims":
        """What `head`'s columns say."""
        return cls(str(tenant_id), head.tree_size, head.root.hex(), moment(head.at))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A head that somebody outside keeps: whose it is, what it says, and the thumbprint of its key."""

    tenant_id: UUID
    head: Head
    kid: str


def sign(key: SigningKey, tenant_id: UUID, *, tree_size: int, root: bytes, at: datetime) -> Head:
    """A head, signed."""
    claims = Claims.of(tenant_id, Head(tree_size, root, at, ""))
    payload: dict[str, Json] = {
        "tenant_id": claims.tenant_id,
        "tree_size": claims.tree_size,
        "root": claims.root,
        "timestamp": claims.timestamp,
    }
    return Head(tree_size, root, at, sign_compact(key, dumps(payload), typ=TYPE))


def verified_claims(jws: str, keys: KeySet) -> Claims | None:
    """What a head says, if one of `keys` signed it as a head; else None."""
    try:
        verified = verify_compact(jws, keys)
        return _claims(verified.payload) if verified.header.typ == TYPE else None
    except Refusal:
        return None


def read_checkpoint(jws: str) -> Checkpoint:
    """The head that the caller holds. It is the caller's to trust: its signature isn't what makes it true.

    Raises:
        InvalidInput: not a head.
    """
    try:
        head, body, _signature = split(jws)
        header = read_header(head)
        if (header.alg, header.typ) != (ALGORITHM, TYPE):
            raise InvalidInput("not a signed head of an audit log")
        claims = _claims(b64url_decode(body))
        at = datetime.fromisoformat(claims.timestamp)
        stated = Head(claims.tree_size, bytes.fromhex(claims.root), at, jws)
        return Checkpoint(UUID(claims.tenant_id), stated, header.kid)
    except (Refusal, ValueError):
        raise InvalidInput("not a signed head of an audit log") from None


def verification_key(jwk: str) -> VerificationKey | None:
    """The public key in an exported JWK, if its name is its own thumbprint (RFC 7638): then no other key can
    take that name."""
    try:
        key = key_from_jwk(loads_object(jwk.encode()), alg=ALGORITHM)
    except (Refusal, UnicodeEncodeError):
        return None
    return key if key.kid == thumbprint(key.public) else None


async def signing_key(ctx: RequestContext, vault: Vault, entropy: Entropy) -> SigningKey:
    """The tenant's key for heads, made at first use. The caller holds the tree's lock, so only one is made."""
    keyset = await vault.keyset(ctx)
    stored = await records.keys(ctx)
    if stored:
        last = stored[-1]
        private = private_from_pkcs8(keyset.open(_place(last.key_id), last.private_sealed))
        return SigningKey(thumbprint(private.public_key()), ALGORITHM, private)
    private = generate(ALGORITHM)
    key = SigningKey(thumbprint(private.public_key()), ALGORITHM, private)
    key_id = uuid7(ctx.now, entropy)
    sealed = keyset.seal(_place(key_id), key.pkcs8())
    public = dumps(public_jwk(key.verification())).decode()
    await records.insert_key(ctx, AuditKey(key_id, public, sealed, ctx.now))
    return key


def _place(key_id: UUID) -> Place:
    return Place("audit_key", "private_sealed", key_id)


def _claims(payload: bytes) -> Claims:
    value = loads_object(payload)
    match value:
        case {"tenant_id": str(tenant_id), "tree_size": int(size), "root": str(root), "timestamp": str(timestamp)} if (
            size is not True and size > 0
        ):
            return Claims(tenant_id, size, root, timestamp)
        case _:
            raise InvalidInput("not a signed head of an audit log")
